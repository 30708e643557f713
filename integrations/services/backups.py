"""Copies of the database: aside before a migration, and as a backup whenever somebody asks.

A copy is consistent although others write meanwhile, is looked through before it gets its name, and can be read by
its owner only. No password stands on a command line: ``ps`` shows those to everybody.
"""

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from integrations.models import AuditEvent, Organization
from integrations.rules.actors import Actor
from integrations.services import database
from integrations.services.disk import to_disk
from integrations.services.refusals import Refused

KEEP_COPIES: Final = 5
CONNECTION_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "dbname": "PGDATABASE",
    "service": "PGSERVICE",
    "options": "PGOPTIONS",
    "passfile": "PGPASSFILE",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
"""What libpq calls a parameter in the environment (PostgreSQL documentation, 34.15 Environment Variables)."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished copy of the database."""

    path: Path
    bytes: int
    database: str
    """``sqlite`` or ``postgresql``."""
    version: str
    """The newest migration that it holds."""


def back_up(to: Path | None = None) -> Backup:
    """Write a backup to a file, or under a name of its own into a folder; ``var/backups`` unless said otherwise.

    Raises:
        Refused: there is such a file already, it cannot be written, or the copy is not sound. No file is left.
        django.db.Error: the database cannot be reached.
    """
    dump, ending = (_dump_postgresql, "dump") if connection.vendor == "postgresql" else (_copy_sqlite, "sqlite3")
    version = database.version()
    target = (to or _folder()).absolute()
    if target.is_dir():
        target /= f"backup-{_now()}-{version}.{ending}"
    _write(target, dump)
    return Backup(target, target.stat().st_size, connection.vendor, version)


def record(made: Backup, *, by: Actor) -> None:
    """Record who took a backup: it holds everything that the database does. It is not in the backup itself."""
    AuditEvent.objects.record("backup.made", Organization.objects.ours(), by=by, details={"bytes": made.bytes})


def copy_aside() -> Path | None:
    """Copy the SQLite file to ``var/backups`` before it is changed; None where there is nothing to copy.

    Its name tells the time and the newest migration that it holds. The five newest copies are kept.

    Raises:
        Refused: it cannot be written, as on a full disk.
    """
    source, version = database.sqlite_file(), database.version()
    if source is None or not source.is_file() or not version:
        return None
    target = _folder() / f"{source.stem}-{_now()}-{version}.sqlite3"
    _write(target, _copy_sqlite)
    for old in sorted(target.parent.glob(f"{source.stem}-2*.sqlite3"))[:-KEEP_COPIES]:
        old.unlink()
    return target


def beside_the_keys(path: Path) -> bool:
    """Tell whether a copy lies below VAR_DIR, where ``env`` holds the keys of an installation by `make run`."""
    return (settings.VAR_DIR / "env").is_file() and path.resolve().is_relative_to(settings.VAR_DIR.resolve())


def _folder() -> Path:
    folder: Path = settings.VAR_DIR / "backups"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused([f"{folder} cannot be made ({error.strerror})."]) from None
    return folder


def _now() -> str:
    return f"{timezone.now():%Y%m%d-%H%M%S-%f}"


def _write(target: Path, dump: Callable[[Path], None]) -> None:
    """Let ``dump`` fill an unfinished file of our own beside the target; sound and on the disk, it gets its name."""
    if target.exists():
        raise Refused([f"{target} is there already; nothing was overwritten."])
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)  # mode 0600
        os.close(handle)
        unfinished = Path(name)
        try:
            dump(unfinished)
            to_disk(unfinished)
            _name(unfinished, target)
            to_disk(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise Refused([f"{target} cannot be written ({error.strerror}). Nothing was left there."]) from None


def _name(unfinished: Path, target: Path) -> None:
    """Name the file, in one step that fails where somebody else took the name meanwhile."""
    try:
        os.link(unfinished, target)
    except FileExistsError:
        raise Refused([f"{target} is there already; nothing was overwritten."]) from None
    except OSError:  # a file system without hard links
        unfinished.rename(target)


# --- SQLite -------------------------------------------------------------------------------------------------


def _copy_sqlite(target: Path) -> None:
    source = database.sqlite_file()
    if source is None:
        raise Refused(["This database lives in memory; there is no file to copy."])
    try:
        with closing(sqlite3.connect(source, timeout=20, isolation_level=None)) as original:
            original.execute("VACUUM INTO ?", [str(target)])
        with closing(sqlite3.connect(f"file:{target}?mode=ro&immutable=1", uri=True)) as copy:
            found = [str(line) for (line,) in copy.execute("PRAGMA integrity_check(3)")]
            loose = copy.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise Refused([f"SQLite cannot copy {source}: {error}."]) from None
    if found != ["ok"]:
        raise Refused([f"The copy of {source} is not sound: {'; '.join(found)}."])
    if loose:
        raise Refused([f"The copy of {source} is not sound: a row of {loose[0]} points to no row of {loose[2]}."])


# --- PostgreSQL ---------------------------------------------------------------------------------------------


def _dump_postgresql(target: Path) -> None:
    with _libpq() as environment:
        _run("pg_dump", ["--format=custom", "--no-password", f"--file={target}"], environment)
    # Reads the archive to its end, and so finds what is cut short or damaged.
    _run("pg_restore", ["--file=/dev/null", str(target)], dict(os.environ))


@contextmanager
def _libpq() -> Iterator[dict[str, str]]:
    """Yield an environment by which PostgreSQL's programs reach our database; the password stands in a file."""
    parameters: dict[str, Any] = connection.get_connection_params()
    environment = dict(os.environ)
    for name, variable in CONNECTION_VARIABLES.items():
        if parameters.get(name):
            environment[variable] = str(parameters[name])
    with tempfile.TemporaryDirectory(prefix="portal-") as folder:  # mode 0700
        if password := parameters.get("password"):
            file = Path(folder) / "pgpass"
            file.touch(mode=0o600)
            escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
            file.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
            environment["PGPASSFILE"] = str(file)
            environment.pop("PGPASSWORD", None)  # it would win
        yield environment


def _run(program: str, arguments: list[str], environment: dict[str, str]) -> None:
    path = shutil.which(program)
    if path is None:
        raise Refused([f"{program} is not installed. On Debian: apt-get install postgresql-client."])
    done = subprocess.run([path, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Refused([f"{program} failed: {said[0] if said else f'exit code {done.returncode}'}"])
