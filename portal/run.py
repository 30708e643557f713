"""``make run``: prepare, then web, worker, beat and the practice Exacts side by side until Ctrl-C.

The web process starts first, and the others once it answers: started together they take turns on the
processor, and the first page is a third later.
"""

import os
import shlex
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.db import OperationalError
from honcho.manager import Manager
from honcho.printer import Message

from portal import first_start

WIDTH: Final = 62
ANSWERS_WITHIN: Final = 60
WEB: Final = "web"


class Gate:
    """A named pipe: a shell that opens it to read waits there until we open it to write."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        os.mkfifo(path, mode=0o600)
        self.path = path

    def behind(self, command: str) -> str:
        """Return ``command`` as a shell waits with it."""
        return f": < {shlex.quote(str(self.path))}; {command}"

    def open(self) -> None:
        """Let everybody through, from now until this process ends."""
        os.open(self.path, os.O_RDWR)


class LogFiles:
    """Writes each process's output to ``var/log/<name>.log``, and what happens to the processes to system.log."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.width = 0  # honcho sets it; files need no columns

    def write(self, message: Message) -> None:
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        with self.path(message.name).open("a", encoding="utf-8") as log:
            log.write(text)

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.log"


class Processes(Manager):
    """honcho's manager, which also stops processes that are only being started.

    Its own asks for the pids at once; a signal in the first moments finds none, and leaves everything running.
    """

    def __init__(self, logs: LogFiles, when_started: threading.Thread) -> None:
        super().__init__(logs)
        self.logs = logs
        self.when_started = when_started
        self.own_pid = os.getpid()
        self.ending = False
        self.died: list[str] = []

    def terminate(self) -> None:
        # honcho's child of ours inherits this as the handler of signals; it has to outlive the process it watches.
        if self.ending or os.getpid() != self.own_pid:
            return
        self._tell_who_died()
        self.ending = True
        self._all_started()

    def _any_stopped(self) -> bool:
        """Tell whether the others have to stop: where the pages are gone, or somebody asked.

        Without worker, beat or a practice Exact the pages stay, and say what is missing.
        """
        if self.ending:
            return bool(super()._any_stopped())
        self._tell_who_died()
        return WEB in self.died

    def _tell_who_died(self) -> None:
        dead = [name for name, process in self._processes.items() if "returncode" in process]
        for name in dead:
            if name not in self.died:
                left = "and with it the portal" if name == WEB else "the pages stay; Ctrl-C and make run start it again"
                print(f"{name} stopped, {left}: see {self.logs.path(name)}", flush=True)
        self.died = dead

    def _start(self) -> None:
        super()._start()
        self.when_started.start()  # only now: a thread's locks would be copied into the processes

    def _all_started(self) -> bool:
        started = bool(super()._all_started())
        if started and self.ending:
            super().terminate()
        return started


def commands() -> dict[str, str]:
    """Return the shell command of each process; ``exec`` so that a signal reaches the process itself."""
    bind = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    celery = ["celery", "-A", "portal.celery"]
    web = ["--worker-class", "gthread", "--threads", "8", "--no-control-socket"]
    worker = ["--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    arguments = {
        WEB: ["gunicorn", "portal.wsgi", "--bind", f"{bind}:{settings.PORT}", "--forwarded-allow-ips=", *web],
        "worker": [*celery, "worker", "--loglevel", "INFO", *worker],
        "beat": [*celery, "beat", "--loglevel", "INFO", "--pidfile="],
    }
    for code, port in settings.LOCAL_SANDBOXES.items():
        words = ["django", "sandbox", "--region", code, "--port", str(port)]
        arguments[f"sandbox-{code}"] = words
    return {name: f"exec {shlex.join([sys.executable, '-m', *words])}" for name, words in arguments.items()}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        if reason := first_start.unfit():
            return _fail(reason)
        if names := first_start.only_this_time():
            print(f"Not as in {settings.VAR_DIR / 'env'}, so commands have to be given it too: {', '.join(names)}")
        login, standby = first_start.prepare(), first_start.standing_by()
    except (ImproperlyConfigured, CommandError) as error:
        return _fail(str(error))
    except OperationalError as error:
        return _fail(f"The database does not answer ({type(error).__name__}). Start it, or mend DATABASE_URL.")
    except KeyboardInterrupt:
        return 130
    gate = Gate(settings.VAR_DIR / "web-answers")
    box = threading.Thread(target=_box_when_it_answers, args=(login, standby, gate), daemon=True)
    processes = Processes(LogFiles(settings.VAR_DIR / "log"), box)
    for name, command in commands().items():
        waiting = command if name == WEB else gate.behind(command)
        processes.add_process(name, waiting, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    processes.loop()
    return 1 if processes.died else 0


def _fail(reason: str) -> int:
    print(f"The portal does not start: {reason}", file=sys.stderr)
    return 1


def _box_when_it_answers(login: tuple[str, str] | None, standby: tuple[str, ...], gate: Gate) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104
    answered = _answers(f"http://{host}:{settings.PORT}/health/live")
    gate.open()
    if answered:
        _box(login, standby)
    else:
        where = settings.VAR_DIR / "log"
        print(f"The portal did not answer within {ANSWERS_WITHIN} seconds: see {where}", flush=True)


def _answers(url: str) -> bool:
    for _ in range(ANSWERS_WITHIN * 20):
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own address)
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def _box(login: tuple[str, str] | None, standby: tuple[str, ...]) -> None:
    lines = [f"Address:  {settings.PUBLIC_URL}/"]
    if login:
        lines += [f"User:     {login[0]}", f"Password: {login[1]}"]
    else:
        lines += ["User:     as before; `make password` sets a new password"]
    lines += [f"Standby:  {reason}" for reason in standby]
    lines += [f"Logs:     {settings.VAR_DIR / 'log'}", "Stop:     Ctrl-C"]
    width = max(WIDTH, *(len(line) for line in lines))
    body = "\n".join(f"│ {line.ljust(width)} │" for line in lines)
    print(f"┌{'─' * (width + 2)}┐\n{body}\n└{'─' * (width + 2)}┘", flush=True)


if __name__ == "__main__":
    sys.exit(main())
