"""Moving house: everything that a SQLite file holds, into the empty PostgreSQL database of DATABASE_URL.

Rows are copied as they are, ids included, so that every sealed value stays in its place and opens there. It is one
transaction: at the end either everything has moved, or nothing.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.color import no_style
from django.db import DataError, IntegrityError, connection, connections, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from integrations.models import Application, AuditEvent, Customer, User
from integrations.services import keyring, sealed_rows
from integrations.services.refusals import Refused

SOURCE: Final = "moved_from"
BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Moved:
    """What came along."""

    tables: int
    rows: int
    sealed: int
    """Sealed values, every one of which was opened in its new place."""


def move_in(file: Path) -> Moved:
    """Copy everything from a SQLite file into this database, and open every sealed value there.

    Raises:
        Refused: with the reason; nothing was changed.
        django.db.Error: this database cannot be reached.
    """
    if connection.vendor != "postgresql":
        raise Refused(["DATABASE_URL names no PostgreSQL. Set it to the database that everything moves into."])
    _sound(file)
    with _attached(file):
        _same_release()
        with transaction.atomic():
            _empty_here()
            own = AuditEvent.objects.count()
            rows = sum(_copy(model) for model in _tables())
            _close_up(own)
            sealed = _open_everything()
    keyring.forget()
    return Moved(len(_tables()), rows, sealed)


def _tables() -> list[type[models.Model]]:
    """Return a model for every table, those between two models included."""
    every = apps.get_models(include_auto_created=True)
    return [model for model in every if model._meta.managed and not model._meta.proxy]


def _sound(file: Path) -> None:
    if not file.is_file():
        raise Refused([f"There is no file {file}."])
    if any(file.with_name(file.name + ending).exists() for ending in ("-wal", "-journal")):
        raise Refused([f"{file} is in use, or was not closed. Take a copy of it by `manage.py backup`."])
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            ((found,),) = database.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.Error as error:
        raise Refused([f"{file} is no SQLite database that can be read: {error}."]) from None
    if found != "ok":
        raise Refused([f"{file} is damaged: {found}."])


@contextmanager
def _attached(file: Path) -> Iterator[None]:
    """Let Django read the file, and only read it, under a name of its own."""
    connections.settings[SOURCE] = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"{file.absolute().as_uri()}?mode=ro",
        "OPTIONS": {"uri": True},
    }
    try:
        yield
    finally:
        connections[SOURCE].close()
        del connections[SOURCE]
        del connections.settings[SOURCE]


def _same_release() -> None:
    there, here = (
        set(MigrationRecorder(connections[alias]).applied_migrations()) for alias in (SOURCE, connection.alias)
    )
    if there != here:
        (app, name), *_ = sorted(there ^ here)
        where = "the file" if (app, name) in there else "this database"
        reason = f"The two were migrated by different releases: only {where} has {app}.{name}."
        raise Refused([reason, "Bring both to this release by `manage.py migrate`."])


def _empty_here() -> None:
    """Take away what the migrations made here: it comes from the file, with other ids. Events stay, such as that this
    installation owns the tokens: the database would refuse to take them away.

    Raises:
        Refused: somebody uses this database already.
    """
    if used := next((model for model in (User, Application, Customer) if model._default_manager.exists()), None):
        raise Refused([f"This database is in use: it has {used._meta.verbose_name_plural}. Take a new one."])
    names = [model._meta.db_table for model in _tables() if model is not AuditEvent]
    for statement in connection.ops.sql_flush(no_style(), names):
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _copy(model: type[models.Model]) -> int:
    """Copy a table's rows as they are; no save(), no default, no signal comes between."""
    source = model._base_manager.using(SOURCE).order_by("pk")
    target: Any = model._base_manager.using(connection.alias)
    fields = list(model._meta.concrete_fields)
    count, batch = 0, list[models.Model]()
    try:
        for row in source.iterator(chunk_size=BATCH):
            batch.append(row)
            if len(batch) == BATCH:
                target._insert(batch, fields=fields, raw=True, using=connection.alias)
                count, batch = count + len(batch), []
        if batch:
            target._insert(batch, fields=fields, raw=True, using=connection.alias)
    except (DataError, IntegrityError, ValueError) as error:
        # PostgreSQL is stricter: lengths, and no null character within a text.
        raise Refused(
            [f"A row of {model._meta.db_table} does not fit PostgreSQL: {str(error).splitlines()[0]}"]
        ) from None
    return count + len(batch)


def _close_up(own: int) -> None:
    """Let the next ids follow those that came along, and look whether every row points to one that is there.

    ``own``: how many events there were here before.
    """
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), _tables()):
            cursor.execute(statement)
    try:
        connection.check_constraints()
    except IntegrityError as error:
        raise Refused([f"The file is not sound: {str(error).splitlines()[0]}"]) from None
    for model in _tables():
        there, here = (model._base_manager.using(alias).count() for alias in (SOURCE, connection.alias))
        if there != here - (own if model is AuditEvent else 0):
            raise Refused([f"{model._meta.db_table} has {there} rows in the file, and {here} here."])


def _open_everything() -> int:
    """Open every sealed value where it is now, and return how many there are.

    Raises:
        Refused: one does not open.
    """
    opened = 0
    for column in (sealed_rows.CANARY, *sealed_rows.COLUMNS):
        for rows in column.in_batches(column.rows(), BATCH):
            closed = [row.pk for row in rows if not keyring.opens(column.token(row), column.place(row))]
            if closed:
                reason = f"{column.name} {closed[0]} cannot be opened with the present keys."
                raise Refused([reason, "Set the PORTAL_KEYS with which the file was written."])
            opened += len(rows)
    return opened
