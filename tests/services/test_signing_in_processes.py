"""16 threads in 4 processes try a name from one place at once: five passwords are looked at, on any database.

``python -m tests.services.test_signing_in_processes NAMES ADDRESS`` is such a process. It says that it is ready, waits
for a line, and prints how many of its tries were looked at.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import django
import pytest
from django.db import connection

if __name__ == "__main__":
    django.setup()

from integrations.models import User
from integrations.services import signing_in
from integrations.services.refusals import Refused
from integrations.services.signing_in import Throttled, Visitor
from tests.services.test_usage_processes import environment, say

PROCESSES, THREADS, TRIES = 4, 4, 5


def worker(usernames: str, address: str) -> None:
    def looked_at(_: int) -> int:
        looked = 0
        try:
            for username in usernames.split() * TRIES:
                try:
                    signing_in.sign_in(username, "guess", at=Visitor(address))
                except Throttled:
                    continue
                except Refused:
                    looked += 1
            return looked
        finally:
            connection.close()

    say("ready")
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as pool:
        say(sum(pool.map(looked_at, range(THREADS))))


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("usernames", ["anna", "nobody", "anna eva nobody max"])
def test_80_tries_of_a_name_at_once_are_five(anna: User, tmp_path: Path, usernames: str) -> None:
    command = [sys.executable, "-W", "error", "-m", __name__, usernames, "203.0.113.7"]
    variables = environment(tmp_path)
    with ExitStack() as stack:
        processes = []
        for _ in range(PROCESSES):
            process = subprocess.Popen(
                command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
        assert sum(int(process.stdout.readline()) for process in processes) == 5 * len(usernames.split())
        assert [process.wait(timeout=30) for process in processes] == [0] * PROCESSES


if __name__ == "__main__":
    worker(*sys.argv[1:])
