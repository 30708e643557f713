"""What has to be there before the processes start: choices, folders, database, static files, an administrator.

Every step looks first and does nothing where nothing is missing, so that a second start takes seconds.
"""

import base64
import hashlib
import os
import secrets
import socket
from io import StringIO
from pathlib import Path
from typing import Final

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from portal.environment import var_directory

KEPT: Final = ("SANDBOX", "HOST", "PORT")
DEFAULTS: Final = {"SANDBOX": "on", "HOST": "127.0.0.1", "PORT": "8000"}


def write_choices() -> Path:
    """Write the choices of the first start to ``var/env``, for this user only; later starts only read it."""
    path = var_directory() / "env"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        choices = {name: os.environ.get(name) or DEFAULTS[name] for name in KEPT}
        for name, make in (("SECRET_KEY", _secret_key), ("PORTAL_KEYS", _portal_keys)):
            if not (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
                choices[name] = make()
        lines = [
            "# Written once by `make run`. The environment wins over this file.",
            "# Keep a copy of PORTAL_KEYS elsewhere, never beside a backup: without it no stored secret opens.",
            *(f"{name}={value}" for name, value in choices.items()),
        ]
        unfinished = path.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
        unfinished.replace(path)
    return path


def taken(host: str, port: int) -> bool:
    """Tell whether somebody listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def prepare() -> tuple[str, str] | None:
    """Bring database and static files up to date; return name and password of a new first administrator."""
    django.setup()
    # These need the settings and the models, which are loaded only now.
    from integrations.rules.actors import Actor  # noqa: PLC0415
    from integrations.services import accounts, database  # noqa: PLC0415

    if database.pending_migrations():
        call_command("migrate", verbosity=0, interactive=False)
    _collect_static()
    login = accounts.first_administrator(by=Actor.command("make run"))
    return (login.username, login.password) if login else None


def _collect_static() -> None:
    """Collect where any source changed since the last time; collecting takes seconds, looking does not."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    mark = settings.STATIC_ROOT / ".collected"
    if not mark.is_file() or mark.read_text(encoding="ascii") != digest.hexdigest():
        call_command("collectstatic", verbosity=0, interactive=False, clear=True, stdout=StringIO())
        mark.write_text(digest.hexdigest(), encoding="ascii")


def _secret_key() -> str:
    return secrets.token_urlsafe(48)


def _portal_keys() -> str:
    return f"k1:{base64.b64encode(secrets.token_bytes(32)).decode('ascii')}"
