"""The database as a whole: is it up to date, which release wrote it, and where its file is."""

from pathlib import Path

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder


def pending_migrations() -> list[str]:
    """Return the names of the migrations that were not applied yet.

    Raises:
        django.db.Error: the database cannot be reached.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def sqlite_file() -> Path | None:
    """Return the file of the database; None where it is no SQLite or lives in memory."""
    name = str(connection.settings_dict["NAME"])
    return Path(name) if connection.vendor == "sqlite" and "memory" not in name else None


def version() -> str:
    """Return the newest of the portal's own migrations that was applied, which tells the release; "" for none.

    Raises:
        django.db.Error: the database cannot be reached.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    return max((name for app, name in applied if app == "integrations"), default="")
