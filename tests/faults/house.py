"""The processes of docs/deploy.md, started one by one on the tests' database, so that each can be killed alone.

`make run` stops them all where one dies (tests/portal/test_run.py): then nobody is left who could say what happened.
"""

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.databases import database_url
from tests.portal.processes import PATIENCE, Process, kill, manage, of, wait_for
from tests.portal.test_deploy import block
from tests.ports import free_port

NAMES: Final = ("web", "worker", "beat")
BIND: Final = "127.0.0.1:8000"
LOOKS_WITHIN: Final = 45
"""Seconds in which the scheduler surely sends a look, every 20 s, and the worker takes it, on a busy machine."""


class House:
    """Web, worker and beat with a folder of their own. They see the practice Exact of this test."""

    def __init__(self, folder: Path, exact_url: str) -> None:
        self.var, self.folder, self.port = folder / "var", folder, free_port()
        self.var.mkdir(mode=0o700)
        self.url = f"http://127.0.0.1:{self.port}"
        self.variables = {
            **{name: os.environ[name] for name in ("SECRET_KEY", "PORTAL_KEYS", "INSTALLATION_ID")},
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": os.environ.get("TEST_REDIS_URL", ""),
            "PUBLIC_URL": self.url,
            "SANDBOX": "on",
            "EXACT_NL_URL": exact_url,
        }
        self.starts = dict.fromkeys(NAMES, 0)
        self.running: dict[str, Process] = {}

    def collect_static(self) -> None:
        ended = manage("collectstatic", "--no-input", var=self.var, **self.variables)
        assert ended.returncode == 0, ended.stderr

    def start(self, name: str) -> Process:
        """Start a process as docs/deploy.md does, and wait until it is at work."""
        program, *words = shlex.split(dict(zip(NAMES, block("processes").splitlines(), strict=True))[name])
        words = [word.replace(BIND, f"127.0.0.1:{self.port}") for word in words]
        self.starts[name] += 1
        output = self.folder / f"{name}-{self.starts[name]}.log"
        path = str(Path(sys.executable).parent / Path(program).name)
        process = Process(path, *words, var=self.var, output=output, **self.variables)
        self.running[name] = process
        process.says({"web": "Booting worker", "worker": "ready.", "beat": "beat: Starting"}[name])
        return process

    def kill(self, *names: str) -> None:
        """Kill processes at once, with all that they started; none of them can do anything about it."""
        processes = [self.running.pop(name) for name in names]
        for process in processes:
            assert process.popen.poll() is None, process.said
            process.group(signal.SIGKILL)
        assert [process.ends() for process in processes] == [-signal.SIGKILL] * len(processes)

    def end(self) -> None:
        kill(of(self.var))
        for process in self.running.values():
            process.ends()
        wait_for(lambda: not of(self.var), PATIENCE)


@contextmanager
def house(folder: Path, exact_url: str) -> Iterator[House]:
    made = House(folder, exact_url)
    try:
        yield made
    finally:
        made.end()
