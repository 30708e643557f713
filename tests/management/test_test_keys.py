"""``manage.py test_keys``: the two verdicts on a line, and an exit code that scripts can rely on."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from integrations.models import KeyTest
from integrations.services import secrets
from tests.conftest import CLIENT_ID, SOMEBODY
from tests.owning import own
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(settings: Any, tmp_path: Path, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as made:
        yield made


@pytest.fixture
def tested(capsys: pytest.CaptureFixture[str]) -> Callable[[Any], tuple[int, list[Any], str]]:
    """Run the command; return its exit code, its lines, and the reason for the code."""

    def run(app: Any) -> tuple[int, list[Any], str]:
        code, reason = 0, ""
        try:
            call_command("test_keys", "--app", str(app))
        except CommandError as error:
            code, reason = error.returncode, str(error)
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()], reason

    return run


Tested = Callable[[Any], tuple[int, list[Any], str]]


def test_good_keys_are_a_line_and_exit_with_0(house: Practice, tested: Tested) -> None:
    code, (line,), reason = tested(house.application.pk)
    assert (code, reason) == (0, "")
    row = KeyTest.objects.get()
    assert datetime.fromisoformat(line.pop("tested_at")) == row.asked_at
    assert line == {"id": str(house.application.pk), "client": "accepted", "secret": "accepted"}
    assert row.asked_by.startswith("command:")


def test_a_wrong_secret_is_a_line_and_exits_with_1_and_the_mend(house: Practice, tested: Tested) -> None:
    secrets.set(house.application, "another1secret", by=SOMEBODY)
    code, (line,), reason = tested(house.application.pk)
    assert code == 1
    assert (line["client"], line["secret"]) == ("accepted", "secret_refused")
    assert reason.startswith("Does Exact (Netherlands) accept the Client secret? Client secret refused. Press Show")


def test_a_question_that_was_not_asked_has_no_verdict(house: Practice, tested: Tested) -> None:
    house.application.client_id = CLIENT_ID
    house.application.save()
    code, (line,), reason = tested(house.application.pk)
    assert code == 1
    assert (line["client"], line["secret"]) == ("unknown_client", None)
    assert reason.count("\n") == 1


def test_no_clear_answer_exits_with_1(house: Practice, tested: Tested) -> None:
    house.sandbox.order("error_500", "token")
    code, (line,), reason = tested(house.application.pk)
    assert code == 1
    assert (line["client"], line["secret"]) == ("accepted", "unclear")
    assert "Exact gave no clear answer. Test again later" in reason


def test_the_fourth_within_an_hour_prints_no_line(house: Practice, tested: Tested) -> None:
    for _ in range(3):
        tested(house.application.pk)
    code, lines, reason = tested(house.application.pk)
    assert (code, lines) == (1, [])
    assert "three times within an hour" in reason


def test_a_portal_that_stands_by_says_so(house: Practice, tested: Tested) -> None:
    own(owner="the-other-installation")
    code, lines, reason = tested(house.application.pk)
    assert (code, lines) == (1, [])
    assert "This portal stands by." in reason


def test_an_unknown_app_is_refused(tested: Tested) -> None:
    code, lines, reason = tested(uuid4())
    assert (code, lines) == (1, [])
    assert reason.startswith("There is no app")
