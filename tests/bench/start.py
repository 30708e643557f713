"""`make run` again, to the first page, against a bare Django project's start to the same page.

Both are prepared: migrated, static files collected, byte code compiled by a start that is not counted.
"""

import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests import ports
from tests.bench.figures import Figure
from tests.browser import running

PAIRS: Final = 7
GOAL: Final = 3.0
PAGE: Final = "/admin/login/"
GIVES_UP: Final = 60
UNSTEADY: Final = {"DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"}


def measure() -> list[Figure]:
    """Start both in turn, and compare the medians."""
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        bare, var = _bare_project(Path(folder) / "bare"), Path(folder) / "var"
        port = ports.free_port()
        _time_portal(var, port)
        _time_bare(bare, port)
        pairs = [(_time_portal(var, port), _time_bare(bare, port)) for _ in range(PAIRS)]
    ours, floor = (statistics.median(times) for times in zip(*pairs, strict=True))
    spread = ", ".join(f"{portal:.2f}/{django:.2f}" for portal, django in pairs)
    said = f"The portal {ours:.2f} s, bare Django {floor:.2f} s; medians of {PAIRS} pairs: {spread}."
    return [Figure("Start to the first page", said, ours / floor, GOAL, " ×")]


def _time_portal(var: Path, port: int) -> float:
    command = [sys.executable, "-m", "portal.run"]
    with _started(command, running.ROOT, _steady(running.environment(var, port), var), var) as since:
        return _first_page(port) - since


def _time_bare(project: Path, port: int) -> float:
    command = [sys.executable, "manage.py", "runserver", "--noreload", str(port)]
    with _started(command, project, _steady({**os.environ, "VAR_DIR": str(project)}, project), project) as since:
        return _first_page(port) - since


def _steady(environment: dict[str, str], mark: Path) -> dict[str, str]:
    """Keep byte code, beside what is measured, whatever this machine is set to."""
    kept = {name: value for name, value in environment.items() if name not in UNSTEADY}
    return {**kept, "PYTHONPYCACHEPREFIX": str(mark.parent / "bytecode")}


@contextmanager
def _started(command: list[str], folder: Path, environment: dict[str, str], mark: Path) -> Iterator[float]:
    since = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield since
    finally:
        running.stop(process, mark)


def _first_page(port: int) -> float:
    """Return when the page was answered."""
    deadline = time.monotonic() + GIVES_UP
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{PAGE}", timeout=10) as answer:
                answer.read()
                return time.monotonic()
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(f"Nobody answered {PAGE} within {GIVES_UP} s.")


def _bare_project(folder: Path) -> Path:
    folder.mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in UNSTEADY}
    for command in (["-m", "django", "startproject", "bare", "."], ["manage.py", "migrate", "--verbosity", "0"]):
        subprocess.run([sys.executable, *command], cwd=folder, env=environment, check=True)
    return folder
