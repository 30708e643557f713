"""16 threads in 4 processes call one company at once: as many are admitted as the limit says, on any database.

``python -m tests.services.test_usage_processes APP DIVISION…`` is such a process. For each company it says that it is
ready, waits for a line, and prints how many calls it was admitted.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import django
import pytest
from django.db import connection

if __name__ == "__main__":
    django.setup()

from integrations.models import Application, UsageWindow
from integrations.services import usage

PROCESSES, THREADS = 4, 4


def worker(application_id: UUID, divisions: list[int]) -> None:
    def calls(division: int) -> int:
        application, admitted = Application(pk=application_id), 0
        try:
            while True:
                usage.reserve(application=application, division=division)
                admitted += 1
        except usage.LimitReached:
            return admitted
        finally:
            connection.close()

    for division in divisions:
        say("ready")
        sys.stdin.readline()
        with ThreadPoolExecutor(THREADS) as pool:
            say(sum(pool.map(calls, [division] * THREADS)))


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def environment(folder: Path) -> dict[str, str]:
    """Return what makes another process use this test's database; SQLite's is in memory, so it gets a copy."""
    variables = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "VAR_DIR": str(folder)}
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(folder / "portal.sqlite3")) as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=WAL")  # changing it waits for nobody, so not all processes at once
        return variables
    values = {name: quote(str(value), safe="") for name, value in connection.settings_dict.items() if name.isupper()}
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**values)
    return variables | {"TEST_DATABASE_URL": url}


@contextmanager
def workers(folder: Path, *words: object) -> Iterator[Callable[[], int]]:
    """Start the processes; what they yield sends them on to their next company, and returns what was admitted."""
    command = [sys.executable, "-W", "error", "-m", __name__, *map(str, words)]
    variables = environment(folder)
    with ExitStack() as stack:
        processes = []
        for _ in range(PROCESSES):
            process = subprocess.Popen(
                command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)

        def go() -> int:
            for process in processes:
                assert process.stdout.readline() == "ready\n"
            for process in processes:
                process.stdin.write("go\n")
            return sum(int(process.stdout.readline()) for process in processes)

        yield go
        assert [process.wait(timeout=30) for process in processes] == [0] * PROCESSES


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_16_threads_in_4_processes_are_admitted_the_limit_and_not_one_more(
    make_app: Callable[..., Any], tmp_path: Path
) -> None:
    application = make_app(secret=None)
    values = {"minute_limit": 1_000, "minute_ring": "0" * 13 * 1_000, "day_limit": 200}
    UsageWindow.objects.create(application=application, division=2, **values)
    with workers(tmp_path, application.pk, 1, 2) as go:
        assert go() == 60, "of the minute, in a row that is made meanwhile"
        assert go() == 200, "of the day"
    query = "SELECT division, day_used FROM integrations_usagewindow ORDER BY division"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(query)
            assert cursor.fetchall() == [(1, 60), (2, 200)]
        return
    with closing(sqlite3.connect(tmp_path / "portal.sqlite3")) as copy:
        assert copy.execute(query).fetchall() == [(1, 60), (2, 200)]


if __name__ == "__main__":
    worker(UUID(sys.argv[1]), [int(word) for word in sys.argv[2:]])
