"""What processes that died, databases that came back from a backup, and full disks left of token requests."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.models import Application, AuditEvent, Connection, LinkPage
from integrations.rules.actors import PORTAL
from integrations.rules.lifetimes import UNUSED
from integrations.services import connection_statuses, installation, token_journal, token_lease, token_store, tokens
from integrations.services.row_failures import Failures
from integrations.services.token_journal import Entry

BATCH: Final = 500
NAMELESS: Final = timedelta(days=1)
"""For how long tokens are kept of which nobody knows whose they are; as for pending connections."""
YOUNG: Final = timedelta(minutes=1)
"""Whoever wrote such a file is writing its row."""
UNFINISHED: Final = timedelta(hours=1)
CONSENT: Final = "consent"
"""By this name an event keeps which pending connection it was whose tokens moved to another."""
MOVES: Final = ("connection.renewed", "connection.import_finished")
"""The events that may keep one."""
Status = Connection.Status


@dataclass(slots=True)
class Swept:
    """How many connections were brought in line."""

    adopted: int = 0
    verifying: int = 0
    found_again: int = 0
    removed: int = 0


def requests() -> Swept:
    """Look after requests whose lease is over and whose answer nobody stored: the answer is in the file, or lost.

    Whoever held the lease was killed, or stands still. A lost one is being verified from now on.

    Raises:
        Incomplete: some could not be looked after; the others were.
    """
    swept, failures = Swept(), Failures()
    if installation.standing().reasons:
        return swept
    over = Connection.objects.filter(lease_until__lt=token_lease.clock(timezone.now())).exclude(
        status__in=Connection.ENDED
    )
    for row in over[:BATCH]:
        with failures.apart(row.pk):
            if token_store.adopt(row):
                swept.adopted += 1
            elif token_store.abandon(row):
                swept.verifying += 1
    failures.tell()
    return swept


def files() -> Swept:
    """Compare every file with its row: take what the row has missed, and remove what belongs to nobody.

    Raises:
        Incomplete: some could not be compared; the others were.
    """
    swept, failures = Swept(), Failures()
    if installation.standing().reasons:
        return swept
    token_journal.sweep_unfinished(time.time() - UNFINISHED.total_seconds())
    for ids in _batches():
        rows = Connection.objects.in_bulk(ids)
        for connection_id in ids:
            with failures.apart(connection_id):
                _compare(connection_id, rows.get(connection_id), swept)
    failures.tell()
    return swept


def ahead() -> Iterator[UUID]:
    """Yield the living connections whose file is ahead of their row."""
    for ids in _batches():
        rows = Connection.objects.exclude(status=Status.DISCONNECTED).only("token_generation").in_bulk(ids)
        yield from (pk for pk, row in rows.items() if token_journal.ahead_of(pk, row.token_generation))


def forget(ids: Iterable[UUID]) -> None:
    """Remove the files of connections that are deleted, once they are."""

    def remove() -> None:
        for connection_id in gone:
            token_journal.remove(connection_id)

    gone = list(ids)
    transaction.on_commit(remove)


def _batches() -> Iterator[list[UUID]]:
    ids = list(token_journal.ids())
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _compare(connection_id: UUID, row: Connection | None, swept: Swept) -> None:
    if row is None:
        entry = token_journal.read(connection_id)
        if entry is not None:
            _without_a_row(entry, timezone.now(), swept)
    elif row.status == Status.DISCONNECTED:
        token_journal.remove(connection_id)
        swept.removed += 1
    elif token_store.adopt(row):
        swept.adopted += 1


def _without_a_row(entry: Entry, now: datetime, swept: Swept) -> None:
    """A consent that the database never knew, or forgot by a backup: its tokens may live, so it is found again."""
    age = now - entry.answered_at
    application = Application.objects.filter(pk=entry.application_id).first()
    if application is None or age > UNUSED or (not entry.user and age > NAMELESS):
        token_journal.remove(entry.connection_id)
        swept.removed += 1
    elif age > YOUNG and (moved := _moved_to(entry)) is not None:
        _finish_move(entry, moved, swept)
    elif age > YOUNG:
        _find_again(application, entry)
        swept.found_again += 1


def _moved_to(entry: Entry) -> AuditEvent | None:
    """Return by which event another connection got the tokens of a file without a row, and whose file was left."""
    consent = {f"details__{CONSENT}": str(entry.connection_id)}
    return AuditEvent.objects.filter(action__in=MOVES, **consent).first()


def _finish_move(entry: Entry, moved: AuditEvent, swept: Swept) -> None:
    """The tokens of the file are, or were, those of another connection: its own file gets what its row has first, so
    that they are on the disk all the while."""
    row = Connection.objects.exclude(status__in=Connection.ENDED).filter(pk=moved.object_id).first()
    if row is not None:
        tokens.name(row)
    kept = None if row is None else token_journal.read(row.pk)
    if row is None or (kept is not None and kept.generation >= row.token_generation):
        token_journal.remove(entry.connection_id)
        swept.removed += 1


def _find_again(application: Application, entry: Entry) -> None:
    row = Connection(
        pk=entry.connection_id,
        application=application,
        consented_at=entry.answered_at,
        created_at=entry.answered_at,
        token_lifetime=entry.lifetime,
        token_answered_at=entry.answered_at,
    )
    token_store.put(row, entry.access_token, entry.refresh_token, generation=entry.generation)
    with transaction.atomic():
        row.save(force_insert=True)
        # A consent has the id of the way by which it came: whoever finishes it has to know for whom it is.
        LinkPage.objects.filter(states=row.pk, connected_at__isnull=True).update(connection=row)
        connection_statuses.begun(row, cause=token_store.CAME_BACK, by=PORTAL)
        AuditEvent.objects.record("connection.found_again", row, by=PORTAL)
