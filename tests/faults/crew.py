"""The worker processes of a test: started, waited for, killed and stopped for real."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, Final

from tests.faults import worker
from tests.faults.times import VARIABLES
from tests.faults.worker import Job

PATIENCE: Final = 60


class Beaten(AssertionError):
    """The worker ended without coming to its point, with what it says: somebody else was faster."""


class Worker:
    """One process at work."""

    def __init__(self, context: Any, job: Job) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=worker.work, args=(theirs, job), daemon=True)
        self.process.start()
        theirs.close()
        self.backend: int | None = None

    def reaches(self) -> None:
        """Wait until it stands still at its point."""
        said = self._said()
        if "reached" not in said:
            raise Beaten(said)
        self.backend = said["backend"]
        self._until("T")

    def answer(self) -> dict[str, Any]:
        """Wait for what came of it."""
        said = self._said()
        self.process.join(PATIENCE)
        return said

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)
        self._until("T")

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        if self.process.is_alive():
            self.kill()
        self.pipe.close()

    def _said(self) -> dict[str, Any]:
        assert self.pipe.poll(PATIENCE), "the worker says nothing"
        try:
            return self.pipe.recv()
        except EOFError:
            return {"error": "died", "reason": f"exit code {self.process.exitcode}", "until": None}

    def _until(self, state: str) -> None:
        patience = time.monotonic() + PATIENCE
        while _state(self.process.pid) != state:
            assert time.monotonic() < patience, state
            time.sleep(0.005)


class Crew:
    """All workers of a test. Threads may share it."""

    def __init__(self, context: Any) -> None:
        self._context, self._lock = context, threading.Lock()
        self._workers: list[Worker] = []

    def start(self, job: Job) -> Worker:
        with self._lock:
            made = Worker(self._context, job)
            self._workers.append(made)
        return made

    def end(self) -> None:
        for made in self._workers:
            made.end()


@contextmanager
def crew() -> Iterator[Crew]:
    """The first one of a run starts the parent of all workers, with short times in its environment."""
    context = multiprocessing.get_context("forkserver")
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(VARIABLES)
    try:
        context.set_forkserver_preload(["pytest", worker.__name__])
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    made = Crew(context)
    try:
        yield made
    finally:
        made.end()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
