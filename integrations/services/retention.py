"""The clearing: what is older than its age goes, in chunks; some of it is folded into sums first.

Each chunk is one short transaction that also writes how much went, so that a run may be stopped anywhere: the next
one goes on. Two runs never share a chunk: each chunk begins by locking the row of its run.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import AuditEvent, RetentionRun
from integrations.rules import retention as rules
from integrations.rules.actors import Actor
from integrations.services import rights
from integrations.services.refusals import Refused
from integrations.services.retention_rows import SOURCES, Rows, Source

CHUNK: Final = 1_000
PAUSE: Final = 0.01
"""Seconds between chunks: SQLite has one writer at a time, and nobody queues."""
SECONDS: Final = 8 * 60
"""Below the time that a task may take."""
SILENT: Final = timedelta(minutes=15)
"""A run that has not said anything for so long was killed."""
MOST_COUNTED: Final = 10_001
State = RetentionRun.State


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many rows of a kind there are, and how many would go now; 10,001 means more than 10,000."""

    kind: rules.Kind
    rows: int
    going: int


class _Overtaken(Exception):
    """Another run has taken the place of this one."""


def outlook() -> list[Outlook]:
    """Return what a run would do now, counted no further than 10,001: two queries a kind."""
    now = timezone.now()
    return [
        Outlook(kind, _count(SOURCES[kind.name].rows()), _count(SOURCES[kind.name].old(rules.before(kind, now))))
        for kind in rules.KINDS
    ]


def last_run() -> RetentionRun | None:
    return RetentionRun.objects.first()


def run(*, by: Actor, seconds: float = SECONDS) -> RetentionRun:
    """Clear everything that is old; no new chunk is begun after ``seconds``, and the next run goes on from there.

    Raises:
        Refused: another run is at work; or no right to it.
    """
    rights.require(by, "integrations.operate_portal")
    now, until = timezone.now(), time.monotonic() + seconds
    row = _begin(by, now)
    state = State.STOPPED
    try:
        for _ in _chunks(row, now):
            if time.monotonic() >= until:
                break
            time.sleep(PAUSE)
        else:
            state = State.DONE
    except _Overtaken:
        pass
    finally:
        _end(row, state)
    row.refresh_from_db()
    return row


def _chunks(row: RetentionRun, now: datetime) -> Iterator[int]:
    """Do one chunk after the other, and yield how many rows went by each."""
    for kind in rules.KINDS:
        source, before = SOURCES[kind.name], rules.before(kind, now)
        yield from _folding(row, kind, source, before) if kind.period else _deleting(row, kind, source, before)


def _deleting(row: RetentionRun, kind: rules.Kind, source: Source, before: datetime) -> Iterator[int]:
    old = source.old(before)

    def delete() -> int:
        return _delete(old.model._default_manager.filter(pk__in=old.values("pk")[:CHUNK]))

    went = CHUNK if old.exists() else 0
    while went >= CHUNK:
        went = _chunk(row, kind, delete)
        yield went


def _folding(row: RetentionRun, kind: rules.Kind, source: Source, before: datetime) -> Iterator[int]:
    """Fold one period after the other, the oldest first.

    Nothing is written into a period that is so long over: what is folded is what is deleted.
    """
    period = kind.period or rules.DAY
    while (oldest := source.old(before).values_list(source.since, flat=True).first()) is not None:
        start = rules.start_of(oldest, period)
        for piece in source.pieces(source.within(start, start + period), CHUNK):
            yield _chunk(row, kind, lambda piece=piece, start=start: _fold(source, piece, start))  # type: ignore[misc]


def _fold(source: Source, piece: Rows, start: datetime) -> int:
    if source.fold is not None:
        source.fold(piece, start)
    return _delete(piece)


def _delete(rows: Rows) -> int:
    """Delete rows with what belongs to them, and return how many of their own kind went."""
    return rows.order_by().delete()[1].get(rows.model._meta.label, 0)


def _chunk(row: RetentionRun, kind: rules.Kind, work: Callable[[], int]) -> int:
    with transaction.atomic():
        running = RetentionRun.objects.running().select_for_update().filter(pk=row.pk).first()
        if running is None:
            raise _Overtaken
        went = work()
        if went:
            running.went[kind.name] = running.went.get(kind.name, 0) + went
        running.alive_at = max(timezone.now(), running.started_at)
        running.save(update_fields=["went", "alive_at"])
    return went


def _begin(by: Actor, now: datetime) -> RetentionRun:
    try:
        with transaction.atomic():
            other = RetentionRun.objects.running().select_for_update().first()
            if other is not None:
                if abs(now - other.alive_at) < SILENT:
                    raise Refused([f"The clearing is at work already, since {other.started_at:%H:%M} UTC."])
                _close(other, State.STOPPED)
            return RetentionRun.objects.create(by=str(by), started_at=now, alive_at=now)
    except IntegrityError:  # somebody else began between our look and our write
        raise Refused(["The clearing is at work already."]) from None


def _end(row: RetentionRun, state: State) -> None:
    with transaction.atomic():
        running = RetentionRun.objects.running().select_for_update().filter(pk=row.pk).first()
        if running is not None:
            _close(running, state)


def _close(row: RetentionRun, state: State) -> None:
    """End a run, and record what went: nothing where nothing did."""
    row.state, row.ended_at = state, max(timezone.now(), row.started_at)
    row.save(update_fields=["state", "ended_at"])
    if row.went:
        AuditEvent.objects.record("retention.cleared", row, by=Actor.parse(row.by), details=row.went)


def _count(rows: Rows) -> int:
    return rows.order_by()[:MOST_COUNTED].count()
