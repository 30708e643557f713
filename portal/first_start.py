"""What has to be there before the processes start: choices, folders, database, static files, an administrator.

Every step looks first and does nothing where nothing is missing, so that a second start takes seconds.
"""

import base64
import errno
import hashlib
import json
import os
import secrets
import socket
from io import StringIO
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections

from integrations.exact.regions import REGIONS, Region
from portal.environment import choices_in, var_directory

DEFAULTS: Final = {"SANDBOX": "on", "HOST": "127.0.0.1", "PORT": "8000"}
ADDRESSES: Final = ("PUBLIC_URL", *(f"EXACT_{region.code.upper()}_URL" for region in REGIONS))
"""Kept where they are set: without them a command would make apps for another Exact than the portal beside it."""


def unfit() -> str | None:
    """Write the choices of the first start and say what keeps the portal from starting, if anything does.

    A first start that is refused leaves no choices behind: the next one may choose another port.
    """
    path = var_directory() / "env"
    first = not path.exists()
    try:
        if first:
            write_choices(path)
        reason = cannot_listen(settings.HOST, settings.PORT) or _cannot_practise()
    except OSError as error:
        return f"{error.filename} cannot be used ({error.strerror}). Let this user write to it, or set VAR_DIR."
    except ImproperlyConfigured as error:
        reason = str(error)
    if reason and first:
        path.unlink(missing_ok=True)
    return reason


def write_choices(path: Path) -> None:
    """Write the choices of the first start, for this user only; later starts only read them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    choices = {name: os.environ.get(name) or default for name, default in DEFAULTS.items()}
    choices |= {name: os.environ[name] for name in ADDRESSES if os.environ.get(name)}
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


def only_this_time() -> list[str]:
    """Return the choices of the environment that are not those in the file, so that commands do not see them."""
    kept = choices_in(var_directory() / "env")
    chosen = {name: os.environ.get(name, "") for name in (*DEFAULTS, *ADDRESSES)}
    return [name for name, value in chosen.items() if value and value != kept.get(name)]


def cannot_listen(host: str, port: int) -> str | None:
    """Say why nothing can listen there; None where it can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"Port {port} of {host} is taken. Stop what uses it, or: make run PORT={port + 1}"
        return f"Nothing can listen on port {port} of {host} ({error.strerror}). Set another HOST or PORT."
    return None


def _cannot_practise() -> str | None:
    """Say why a practice Exact cannot listen; None where every one can, or none is wanted."""
    reasons = (cannot_listen("127.0.0.1", port) for port in settings.LOCAL_SANDBOXES.values())
    reason = next((reason for reason in reasons if reason), None)
    return (
        f"{reason.partition('. ')[0]}. The practice Exact needs it: stop what uses it, or choose another PORT."
        if reason
        else None
    )


def prepare() -> tuple[str, str] | None:
    """Bring database and static files up to date; return name and password of a new first administrator."""
    django.setup()
    # These need the settings and the models, which are loaded only now.
    from integrations.rules.actors import Actor  # noqa: PLC0415
    from integrations.services import accounts, database, installation, practice  # noqa: PLC0415

    if database.pending_migrations():
        call_command("migrate", verbosity=0, interactive=False)
    installation.settle(by=Actor.command("make run"))
    _collect_static()
    practice.furnish(_register, by=Actor.command("make run"))
    login = accounts.first_administrator(by=Actor.command("make run"))
    connections.close_all()  # or every process inherits it
    return (login.username, login.password) if login else None


def standing_by() -> tuple[str, ...]:
    """Return why the portal stands by, in words; nothing where it owns the tokens."""
    from integrations.services import installation  # noqa: PLC0415 (as in prepare)

    try:
        return tuple(reason.what for reason in installation.standing().reasons)
    finally:
        connections.close_all()


def _register(region: Region, name: str, redirect_url: str) -> dict[str, Any]:
    """Register an app at a region's practice Exact, and return its keys."""
    answer = StringIO()
    call_command("sandbox", region=region.code, register=name, redirect_url=redirect_url, granted=True, stdout=answer)
    keys: dict[str, Any] = json.loads(answer.getvalue())
    return keys


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
