"""Processes that call a company through the one door, as often as they are let: what is sent, Exact receives.

``python -m tests.services.demanding COMPANY THREADS SECONDS OFF`` is one. It says that it is ready, waits for a line,
calls for so many seconds, then on until it is refused in every thread, and prints what it got. Its own clock is OFF
seconds from the machine's.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import django
import time_machine
from django.conf import settings
from django.db import connection

if __name__ == "__main__":
    django.setup()

from integrations.models import Company
from integrations.services import calls, usage
from tests.databases import database_url

AGAIN_SECONDS: Final = 0.2
ENDS_WITHIN: Final = 60


def demand(company: Company, seconds: float) -> Counter[str]:
    """Call without end, and go on where there is no room; return how often Exact answered, and how often not."""
    got: Counter[str] = Counter()
    until = time.monotonic() + seconds
    path = f"/api/v1/{company.division}/hrm/Divisions"
    try:
        while True:
            try:
                got[f"answered {calls.send(company, 'GET', path).status}"] += 1
            except calls.TooSlow:
                got["too slow"] += 1
            except usage.LimitReached as limit:
                got[limit.window] += 1
                if time.monotonic() > until:
                    return got
                time.sleep(AGAIN_SECONDS)
    finally:
        connection.close()


def worker(company_id: UUID, threads: int, seconds: float, off: float) -> None:
    company = Company.objects.get(pk=company_id)
    connection.close()
    say("ready")
    sys.stdin.readline()
    there = datetime.now(UTC) + timedelta(seconds=off)
    with time_machine.travel(there, tick=True) if off else ExitStack(), ThreadPoolExecutor(threads) as pool:
        say(json.dumps(sum(pool.map(demand, [company] * threads, [seconds] * threads), Counter())))


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class Crowd:
    """Processes that are ready to call."""

    def __init__(self, processes: list["subprocess.Popen[str]"]) -> None:
        self.processes = processes

    def start(self) -> None:
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"
        for process in self.processes:
            process.stdin.write("go\n")

    def got(self) -> list[Counter[str]]:
        """Return what each of them got, at its end."""
        found = [Counter(json.loads(process.stdout.readline())) for process in self.processes]
        assert [process.wait(timeout=ENDS_WITHIN) for process in self.processes] == [0] * len(self.processes)
        return found


@contextmanager
def crowd(company: Company, *, threads: int, seconds: float = 0, clocks: Sequence[float]) -> Iterator[Crowd]:
    """Make a process for each of ``clocks``, which says by how many seconds its own clock is off."""
    origins = {f"EXACT_{code.upper()}_URL": origin for code, origin in settings.EXACT_ORIGINS.items()}
    variables = os.environ | origins | {"TEST_DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-W", "error", "-m", __name__, str(company.pk), str(threads), str(seconds)]
    with ExitStack() as stack:
        processes = []
        for off in clocks:
            process = subprocess.Popen(
                [*command, str(off)],
                env=variables,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
        yield Crowd(processes)


if __name__ == "__main__":
    worker(UUID(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
