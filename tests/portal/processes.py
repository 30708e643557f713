"""Runs the portal's own processes with variables of the test's choice, and looks what is left of them."""

import base64
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
SECRET_KEY: Final = base64.b64encode(hashlib.sha512(b"processes").digest()).decode("ascii")
PORTAL_KEYS: Final = f"t1:{base64.b64encode(hashlib.sha256(b'processes').digest()).decode('ascii')}"
KEYS: Final = {"SECRET_KEY": SECRET_KEY, "PORTAL_KEYS": PORTAL_KEYS}
PATIENCE: Final = 30


def variables(var: Path, **chosen: str) -> dict[str, str]:
    """Return an environment with nothing of the tests' own but where Python and coverage find themselves."""
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    return {**inherited, **measured, "PYTHONDONTWRITEBYTECODE": "1", "VAR_DIR": str(var), **chosen}


def python(*arguments: str, var: Path, timeout: float = PATIENCE, **chosen: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with just these variables to its end."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=variables(var, **chosen),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def manage(*arguments: str, var: Path, **chosen: str) -> "subprocess.CompletedProcess[str]":
    return python("manage.py", *arguments, var=var, **chosen)


class Process:
    """A process that runs on, leading a group of its own; what it says goes to a file."""

    def __init__(self, *arguments: str, var: Path, output: Path, cwd: Path = ROOT, **chosen: str) -> None:
        self.output = output
        with output.open("wb") as file:
            self.popen: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=cwd,
                env=variables(var, **chosen),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def says(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until it has said ``text``; fail where it ends before."""
        wait_for(lambda: text in self.said or self.popen.poll() is not None, seconds, lambda: self.said)
        assert text in self.said, self.said

    def group(self, number: signal.Signals) -> None:
        """Send what a terminal sends to everything in the foreground."""
        os.killpg(self.popen.pid, number)

    def ends(self, seconds: float = PATIENCE) -> int:
        return self.popen.wait(seconds)


@contextmanager
def running(*arguments: str, var: Path, output: Path, **chosen: Any) -> Iterator[Process]:
    """Run a process, and kill whatever is left of it and of those that it started."""
    process = Process(*arguments, var=var, output=output, **chosen)
    try:
        yield process
    finally:
        kill(of(var))
        process.popen.wait(PATIENCE)


def of(var: Path) -> list[int]:
    """Return the living processes that were started with this VAR_DIR."""
    mark = f"VAR_DIR={var}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        # Processes end while we look; those that ended and were not waited for have an empty environment.
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for(
    condition: Callable[[], object], seconds: float = PATIENCE, seen: Callable[[], object] = lambda: ""
) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"Waited {seconds} s in vain. {seen()}"
        time.sleep(0.01)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
