"""The portal's own processes, started as `make run` starts them, in a folder and on a port of their own."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from portal.environment import base_directory
from tests import ports

ROOT: Final = base_directory()
BOX: Final = re.compile(r"│ (Address|User|Password): +(\S+) +│")
STARTS_WITHIN: Final = 90
STOPS_WITHIN: Final = 40
"""The portal's port, and those of its sandboxes above it."""


@dataclass(frozen=True)
class Portal:
    """A running portal, and what its box said."""

    process: subprocess.Popen[bytes]
    var: Path
    port: int
    output: Path
    box: dict[str, str]
    chosen: dict[str, str]

    @property
    def address(self) -> str:
        return self.box["Address"].rstrip("/")

    def manage(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command beside it, as somebody at a terminal does."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**environment(self.var, self.port), **self.chosen},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def add_app(self, *arguments: str, secret: str = "") -> dict[str, str]:
        """Add an app at the terminal and return what the command answered."""
        given = ("--secret-file", "-") if secret else ()
        done = self.manage("add_app", *arguments, *given, stdin=secret)
        assert done.returncode == 0, done.stderr
        answer: dict[str, str] = json.loads(done.stdout)
        return answer

    @contextmanager
    def without_table(self, table: str) -> Iterator[None]:
        """Take a table away, so that a page fails; its address is then answered with 500."""
        self._sql(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            yield
        finally:
            self._sql(f"ALTER TABLE {table}_away RENAME TO {table}")

    @contextmanager
    def standing_by(self) -> Iterator[None]:
        """Let another installation own the tokens for a while."""
        self._sql("UPDATE integrations_installation SET owner = 'x-' || owner")
        try:
            yield
        finally:
            self._sql("UPDATE integrations_installation SET owner = substr(owner, 3)")

    def _sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.var / "portal.sqlite3", timeout=20)) as database:
            database.execute(statement)
            database.commit()


def environment(var: Path, port: int, *, sandbox: str = "on") -> dict[str, str]:
    """Return this process's environment without what would steer a portal, and with its own place."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    ours = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, re.MULTILINE)) | {"DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in ours}
    return {**kept, "VAR_DIR": str(var), "PORT": str(port), "SANDBOX": sandbox}


def members(var: Path) -> list[int]:
    """Return the ids of all processes that were started for ``var``, whoever their parent is by now."""
    mark = f"VAR_DIR={var}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark in variables and state != "Z":
            found.append(int(folder.name))
    return found


def start(var: Path, port: int, *, sandbox: str = "on", **chosen: str) -> Portal:
    """Start the portal and wait for its box; without the sandbox it is furnished with nothing."""
    var.parent.mkdir(parents=True, exist_ok=True)
    output = var.with_name(f"{var.name}.output")
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.run"],
            cwd=ROOT,
            env={**environment(var, port, sandbox=sandbox), **chosen},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        text = output.read_text(encoding="utf-8", errors="replace")
        # The box comes as soon as there are pages; the practice Exacts answer some seconds later.
        if "└" in text and all(map(ports.taken, _practice_ports(port, sandbox, chosen))):
            return Portal(process, var, port, output, dict(BOX.findall(text)), chosen)
        time.sleep(0.05)
    stop(process, var)
    raise RuntimeError(f"The portal did not start:\n{output.read_text(encoding='utf-8', errors='replace')}")


def _practice_ports(port: int, sandbox: str, chosen: dict[str, str]) -> tuple[int, ...]:
    """Return where the portal runs practice Exacts of its own: nowhere that it was given an address for."""
    if sandbox != "on":
        return ()
    names = ("EXACT_NL_URL", "EXACT_UK_URL")
    return tuple(port + step for name, step in zip(names, ports.BESIDE[1:], strict=True) if name not in chosen)


def stop(process: subprocess.Popen[Any], var: Path) -> list[str]:
    """Stop it as Ctrl-C does, and return what went wrong: an exit code, or what it left behind."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        code = process.wait(STOPS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    wrong = [f"it ended with {code}"] if code else []
    for pid in members(var):
        try:
            wrong.append(f"it left {Path(f'/proc/{pid}/cmdline').read_bytes().replace(bytes(1), b' ').decode()}")
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue  # it ended meanwhile
    return wrong
