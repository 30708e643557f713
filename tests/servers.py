"""``python -m tests.servers COMMAND…``: runs a command beside a throwaway PostgreSQL and a throwaway Redis.

``TEST_DATABASE_URL`` and ``TEST_REDIS_URL`` name other servers, which are then used as they are. Whatever
happens to the command, the servers stop and their folder goes; the exit code is the command's.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final

STARTS_WITHIN: Final = 60
STOPS_WITHIN: Final = 10
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INITDB: Final = ("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
INSTALL: Final = (
    "{name} is not installed. On Debian: apt-get install postgresql redis-server. "
    "Or name running servers: TEST_DATABASE_URL and TEST_REDIS_URL."
)


class CannotStart(Exception):
    """A server is missing or does not come up; says what to do."""


class Stopped(BaseException):
    """A signal asked us to stop while no command was running."""


def main(command: Sequence[str]) -> int:
    if not command:
        return say("usage: python -m tests.servers COMMAND…", 2)
    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        with contextlib.ExitStack() as stack:
            variables = dict(os.environ)
            for name, start in (("TEST_DATABASE_URL", postgresql), ("TEST_REDIS_URL", redis)):
                if not variables.get(name):
                    variables[name] = stack.enter_context(start())
            return run(command, variables)
    except CannotStart as error:
        return say(str(error), 1)
    except FileNotFoundError as error:
        return say(f"There is no command {error.filename}.", 127)
    except Stopped as stopped:
        return 128 + int(stopped.args[0])


def run(command: Sequence[str], variables: dict[str, str]) -> int:
    """Run the command, pass signals on to it, and return its exit code as a shell would say it.

    It stands in a session of its own, so that it hears of a Ctrl-C once, and from here.
    """
    with subprocess.Popen(command, env=variables, start_new_session=True) as process:
        for number in SIGNALS:
            signal.signal(number, lambda number, frame: process.send_signal(number))
        code = process.wait()
    # From here on the servers are being stopped: let that be finished.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    return code if code >= 0 else 128 - code


def stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def say(text: str, code: int) -> int:
    sys.stderr.write(f"{text}\n")
    return code


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL of our own and yield its URL; as root it runs as a user without rights."""
    initdb, postgres, ready = (find(name, "PostgreSQL") for name in ("initdb", "postgres", "pg_isready"))
    with folder() as place:
        user = unprivileged(place)
        password, port, data = secrets.token_hex(16), free_port(), place / "data"
        (place / "password").write_text(password, encoding="ascii")
        initialised = subprocess.run(
            [initdb, "-D", data, "-U", "portal", "--pwfile", place / "password", *INITDB],
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **user,
        )
        if initialised.returncode:
            raise CannotStart(f"initdb failed:\n{initialised.stdout}")
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
        }
        command = [postgres, "-D", data, "-p", str(port)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        asks = [ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client.
        with server("PostgreSQL", command, place, signal.SIGINT, lambda: not subprocess.run(asks).returncode, user):
            yield f"postgres://portal:{password}@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Start a Redis of our own, which keeps nothing, and yield its URL."""
    program = find("redis-server", "Redis")
    with folder() as place:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(place)]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        with server("Redis", command, place, signal.SIGTERM, lambda: listens(port), unprivileged(place)):
            yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def server(
    name: str,
    command: Sequence[str | Path],
    place: Path,
    ends: signal.Signals,
    answers: Callable[[], bool],
    user: dict[str, Any],
) -> Iterator[None]:
    """Run ``command`` in a session of its own, where no Ctrl-C reaches it, from its first answer to the end."""
    log = place / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=place, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **user
        )
    try:
        until = time.monotonic() + STARTS_WITHIN
        while not answers():
            if process.poll() is not None or time.monotonic() > until:
                raise CannotStart(f"{name} does not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(ends)
        try:
            process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    # As root not in root's own TMPDIR, which the user without rights may not enter.
    path = Path(tempfile.mkdtemp(prefix="portal-servers-", dir="/tmp" if os.getuid() == 0 else None))  # noqa: S108
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def unprivileged(place: Path) -> dict[str, Any]:
    """Return what makes subprocess run as a user without rights, and give that user ``place``; for root only."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(place, user.pw_uid, user.pw_gid)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise CannotStart("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


def find(program: str, name: str) -> str:
    """Find a server's program in PATH or where Debian keeps those of PostgreSQL, the newest first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, debian), "/usr/sbin", "/usr/local/bin"])
    if found := shutil.which(program, path=path):
        return found
    raise CannotStart(INSTALL.format(name=name))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
