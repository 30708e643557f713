"""The database as a whole: is it up to date, which release wrote it, and where its file is."""

import os
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from integrations.models import Installation

_marks: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def pending_migrations() -> list[str]:
    """Return the names of the migrations that were not applied yet.

    Raises:
        django.db.Error: the database cannot be reached.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def has_table(model: type[Model]) -> bool:
    return model._meta.db_table in connection.introspection.table_names()


def sqlite_file() -> Path | None:
    """Return the file of the database; None where it is no SQLite or lives in memory."""
    name = str(connection.settings_dict["NAME"])
    in_memory = name == ":memory:" or "mode=memory" in name
    return Path(name) if connection.vendor == "sqlite" and not in_memory else None


def version() -> str:
    """Return the newest of the portal's own migrations that was applied, which tells the release; "" for none.

    Raises:
        django.db.Error: the database cannot be reached.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    return max((name for app, name in applied if app == "integrations"), default="")


def mark() -> str:
    """Return what tells this database from every copy of it; empty where that cannot be told.

    Of SQLite it is the file system and the inode of the file: another file has another one, wherever it lies
    and whatever it is called. They are read anew each time, so that a file which was exchanged under a running
    portal is noticed. Of PostgreSQL it is the identifier of the cluster, made by initdb, and the number of the
    database in it: a dump that is restored gets others. Neither changes by a restart or an upgrade of the
    portal, nor does renaming the file or moving it within its file system.
    """
    if connection.vendor == "postgresql":
        return _postgresql_mark()
    file = sqlite_file()
    return sqlite_mark(file) if file else ""


def sqlite_mark(file: Path) -> str:
    """Return the mark of a SQLite file; empty where there is none."""
    try:
        status, system = file.stat(), os.statvfs(file).f_fsid
    except OSError:
        return ""
    # The number of the device is given anew at each start of some machines; that of the file system stays.
    return f"{Installation.SQLITE}{system or status.st_dev:x}:{status.st_ino}"


def _postgresql_mark() -> str:
    """Asked once for each connection: a connection never changes its database."""
    connection.ensure_connection()
    session = connection.connection
    if session not in _marks:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT oid, has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') "
                "FROM pg_database WHERE datname = current_database()"
            )
            number, may_ask = cursor.fetchone()
            cluster = ""
            if may_ask:
                cursor.execute("SELECT system_identifier FROM pg_control_system()")
                (cluster,) = cursor.fetchone()
        _marks[session] = f"{Installation.POSTGRESQL}{cluster}:{number}"
    return _marks[session]
