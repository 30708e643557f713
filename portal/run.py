"""``make run``: prepare, then web, worker and beat side by side until Ctrl-C."""

import os
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from honcho.manager import Manager
from honcho.printer import Message

from portal import first_start

BIN: Final = Path(sys.executable).parent
WIDTH: Final = 62
ANSWERS_WITHIN: Final = 60


class LogFiles:
    """Writes each process's output to ``var/log/<name>.log``, and what happens to the processes here too."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.width = 0  # honcho sets it; files need no columns

    def write(self, message: Message) -> None:
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        with (self.folder / f"{message.name}.log").open("a", encoding="utf-8") as log:
            log.write(text)
        if message.name == "system" and "stopped" in text and "rc=0" not in text:
            name = text.split()[0]
            print(f"{text.rstrip()}: see {self.folder / name}.log", flush=True)


def commands() -> dict[str, str]:
    """Return the shell command of each process; ``exec`` so that a signal reaches the process itself."""
    celery = f"exec {BIN}/celery -A portal.celery"
    web = f"exec {BIN}/gunicorn portal.wsgi --worker-class gthread --threads 8 --no-control-socket"
    bind = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    return {
        "web": f"{web} --forwarded-allow-ips= --bind {bind}:{settings.PORT}",
        "worker": f"{celery} worker --pool threads --concurrency 4 --loglevel INFO "
        "--without-gossip --without-mingle --without-heartbeat",
        "beat": f"{celery} beat --loglevel INFO --pidfile=",
    }


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    first_start.write_choices()
    try:
        if first_start.taken(settings.HOST, settings.PORT):
            return _fail(f"Port {settings.PORT} of {settings.HOST} is taken. Stop what uses it, or: make run PORT=8001")
        login = first_start.prepare()
    except ImproperlyConfigured as error:
        return _fail(str(error))
    manager = Manager(LogFiles(settings.VAR_DIR / "log"))
    for name, command in commands().items():
        manager.add_process(name, command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    threading.Thread(target=_box_when_it_answers, args=(login,), daemon=True).start()
    manager.loop()
    return 0 if manager.returncode == 130 else int(manager.returncode or 0)


def _fail(reason: str) -> int:
    print(f"The portal does not start: {reason}", file=sys.stderr)
    return 1


def _box_when_it_answers(login: tuple[str, str] | None) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.HOST, settings.HOST)  # noqa: S104
    url = f"http://{host}:{settings.PORT}/health/live"
    for _ in range(ANSWERS_WITHIN * 20):
        try:
            with urllib.request.urlopen(url, timeout=5):
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    else:
        print(
            f"The portal did not answer within {ANSWERS_WITHIN} seconds: see {settings.VAR_DIR / 'log'}",
            flush=True,
        )
        return
    _box(login)


def _box(login: tuple[str, str] | None) -> None:
    lines = [f"Address:  {settings.PUBLIC_URL}/"]
    if login:
        lines += [f"User:     {login[0]}", f"Password: {login[1]}"]
    else:
        lines += ["User:     as before; `make password` sets a new password"]
    lines += [f"Logs:     {settings.VAR_DIR / 'log'}", "Stop:     Ctrl-C"]
    width = max(WIDTH, *(len(line) for line in lines))
    body = "\n".join(f"│ {line.ljust(width)} │" for line in lines)
    print(f"┌{'─' * (width + 2)}┐\n{body}\n└{'─' * (width + 2)}┘", flush=True)


if __name__ == "__main__":
    sys.exit(main())
