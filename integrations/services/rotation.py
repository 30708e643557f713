"""Seals everything under the ring's first key, so that an older key can be taken out of the ring."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.db.models import Model

from integrations.crypto import CannotOpen
from integrations.models import AuditEvent, KeyRingCanary
from integrations.rules.actors import Actor
from integrations.services import keyring, token_journal
from integrations.services.sealed_rows import CANARY, COLUMNS, SealedColumn

BATCH: Final = 500


@dataclass(slots=True)
class Progress:
    """What became of one column."""

    column: str
    resealed: int = 0
    changed_meanwhile: int = 0
    """Rows that somebody else replaced between reading and writing; they are sealed under the first key."""
    cannot_open: list[str] = field(default_factory=list)
    """Ids of the rows that no present key opens; they are left as they are."""


@dataclass(frozen=True, slots=True)
class KeysNeeded:
    """Which keys the database still needs."""

    needed: tuple[str, ...]
    removable: tuple[str, ...]
    unreadable: int
    """Rows that no key of the ring has sealed."""


def rotate(*, by: Actor, batch: int = BATCH) -> Iterator[Progress]:
    """Seal every row again that another key sealed; yields after each column.

    Each batch is a transaction of its own: stopped anywhere, it goes on from there when called again.
    """
    everything = [_rotate(column, batch) for column in COLUMNS]
    yield from everything
    yield _rotate_files()
    yield _rotate_canary(everything, batch)
    resealed = sum(progress.resealed for progress in everything)
    with transaction.atomic():
        AuditEvent.objects.record("keys.rotated", KeyRingCanary(), by=by, details={"resealed": resealed})


def keys_needed() -> KeysNeeded:
    ids = keyring.ring().ids
    columns = (*COLUMNS, CANARY)
    files = token_journal.sealed_by()
    needed = tuple(
        key_id for key_id in ids if key_id in files or any(column.sealed_by(key_id).exists() for column in columns)
    )
    rows = sum(column.rows().count() for column in columns) + sum(files.values())
    readable = sum(column.sealed_by(key_id).count() for column in columns for key_id in ids)
    readable += sum(count for key_id, count in files.items() if key_id in ids)
    first = keyring.ring().first.id
    removable = tuple(key_id for key_id in ids if key_id not in needed and key_id != first)
    return KeysNeeded(needed, removable, rows - readable)


def _rotate(column: SealedColumn, batch: int) -> Progress:
    progress = Progress(column.name)
    first = keyring.ring().first.id
    others = column.rows().exclude(pk__in=column.sealed_by(first).values("pk"))
    for rows in column.in_batches(others, batch):
        with transaction.atomic():
            for row in rows:
                _reseal(column, row, progress)
    return progress


def _rotate_files() -> Progress:
    resealed, closed = token_journal.reseal()
    return Progress(token_journal.PURPOSE, resealed, cannot_open=[f"{closed} files"] if closed else [])


def _reseal(column: SealedColumn, row: Model, progress: Progress) -> None:
    old, place = column.token(row), column.place(row)
    try:
        new = keyring.ring().seal(keyring.open_(old, place), place)
    except CannotOpen:
        progress.cannot_open.append(str(row.pk))
        return
    if column.model._default_manager.filter(**{"pk": row.pk, column.field: old}).update(**{column.field: new}):
        progress.resealed += 1
    else:
        progress.changed_meanwhile += 1


def _rotate_canary(everything: list[Progress], batch: int) -> Progress:
    """Seal the canary again; a lost one is made anew, but only where every row opens with these keys."""
    progress = _rotate(CANARY, batch)
    missing = not CANARY.rows().exists()
    if (progress.cannot_open or missing) and all(_opens_whole(column, batch) for column in COLUMNS):
        with transaction.atomic():
            keyring.make_canary()
        keyring.forget()
        return Progress(CANARY.name, resealed=1)
    return progress


def _opens_whole(column: SealedColumn, batch: int) -> bool:
    return all(
        keyring.opens(column.token(row), column.place(row))
        for rows in column.in_batches(column.rows(), batch)
        for row in rows
    )
