"""The database as a whole: is it reachable, is it up to date, and a copy of the SQLite file."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

KEEP_COPIES: Final = 5


def pending_migrations() -> list[str]:
    """Return the names of the migrations that were not applied yet.

    Raises:
        django.db.Error: the database cannot be reached.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def copy_aside() -> Path | None:
    """Copy the SQLite file to ``var/backups``, for this user only; None where there is nothing to copy.

    The copy is consistent although others write meanwhile. The five newest copies are kept.
    """
    source = sqlite_file()
    if source is None or not source.is_file() or not MigrationRecorder(connection).has_table():
        return None
    folder = settings.VAR_DIR / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{source.stem}-{timezone.now():%Y%m%d-%H%M%S-%f}.sqlite3"
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
    for old in sorted(folder.glob(f"{source.stem}-*.sqlite3"))[:-KEEP_COPIES]:
        old.unlink()
    return target


def sqlite_file() -> Path | None:
    """Return the file of the database; None where it is no SQLite or lives in memory."""
    name = str(connection.settings_dict["NAME"])
    return Path(name) if connection.vendor == "sqlite" and "memory" not in name else None
