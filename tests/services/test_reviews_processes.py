"""Several processes decide one round at once: one decision is recorded, every other is refused and leaves an event.

``python -m tests.services.test_reviews_processes REVIEW CODE`` is such a process. It says that it is ready, waits for a
line, and prints whether its decision was recorded; with ``look`` for a code it prints what stands there.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import django
import pytest

if __name__ == "__main__":
    django.setup()

from django.utils import timezone

from integrations.models import Application, AuditEvent, Review, ScopeApproval, WorkflowStep
from integrations.rules.actors import Actor
from integrations.services import reviews
from integrations.services.refusals import Refused
from tests.reviews import drafted, taken
from tests.services.test_usage_processes import environment, say

DECISIONS = ("approve", "reject", "approve", "reject", "begin", "approve")


def look(pk: str) -> None:
    decided = WorkflowStep.objects.filter(review=pk, code__in=("approve", "reject"))
    refusals = AuditEvent.objects.filter(action="workflow.refused")
    opened = Review.objects.exclude(pk=pk)
    say(f"{decided.count()} {ScopeApproval.objects.count() + opened.count()} {refusals.count()}")


def decide(pk: str, code: str) -> None:
    review = Review.objects.select_related("application").get(pk=pk)
    say("ready")
    sys.stdin.readline()
    try:
        reviews.take(review, code, by=Actor.command("tests"), on=timezone.localdate(), note="Decided.")
    except Refused:
        say("refused")
    else:
        say("recorded")


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_of_many_who_decide_at_once_one_is_recorded(make_app: Callable[..., Application], tmp_path: Path) -> None:
    review = taken(drafted(make_app()), "submit", "begin")
    variables = environment(tmp_path)
    with ExitStack() as stack:
        processes = []
        for code in DECISIONS:
            command = [sys.executable, "-W", "error", "-m", __name__, str(review.pk), code]
            process = subprocess.Popen(
                command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
        told = sorted(process.stdout.readline().strip() for process in processes)
        assert told == ["recorded", *["refused"] * (len(DECISIONS) - 1)]
        assert [process.wait(timeout=30) for process in processes] == [0] * len(DECISIONS)
    looked = subprocess.run([*command[:-1], "look"], env=variables, capture_output=True, text=True)
    assert looked.stdout == f"1 1 {len(DECISIONS) - 1}\n", looked.stderr


if __name__ == "__main__":
    pk, code = sys.argv[1:]
    if code == "look":
        look(pk)
    else:
        decide(pk, code)
