"""The activity: a page of it, and all of it for a file."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.models import AuditEvent, Organization
from integrations.rules import wording
from integrations.rules.activity import NAMES, Asked, Filter, Place
from integrations.rules.actors import Actor
from integrations.rules.spreadsheets import safe
from integrations.services import people, rights
from integrations.services.refusals import Refused

PAGE: Final = 50
CHUNK: Final = 1_000
MOST_EXPORTED: Final = 250_000
FORMATS: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
COLUMNS: Final = ("at", "who", "who_name", "action", "action_words", "about", "about_id", "about_name", "details")
BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it Excel takes UTF-8 for something else."""


def page(asked: Asked) -> tuple[list[AuditEvent], Place | None]:
    """Return the events of one page, the newest first, and where the next page begins (None: nowhere)."""
    found = list(AuditEvent.objects.matching(asked.filter).older_than(asked.older)[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].place if len(found) > PAGE else None


def export(asked: Asked, file_format: str, *, by: Actor) -> Iterator[str]:
    """Return the text of a file with every event that the filter means, in parts; the export is an event itself.

    ``csv``: a line each behind a line of names. ``json``: a list with a line each. Times are UTC.

    Raises:
        Refused: there are more than fit into a file, or no such format; or no right to it.
    """
    rights.require(by, "integrations.export_auditevent")
    if file_format not in FORMATS:
        raise Refused(["Choose CSV or JSON."])
    now = timezone.now()
    number = AuditEvent.objects.matching(asked.filter).filter(at__lt=now).order_by()[: MOST_EXPORTED + 1].count()
    if number > MOST_EXPORTED:
        raise Refused([f"These are more than {MOST_EXPORTED:,} events. Choose a shorter period, and export in parts."])
    given = {name: asked.values[name] for name in NAMES if asked.values[name]}
    with transaction.atomic():
        details = {"format": file_format, "events": number, **given}
        AuditEvent.objects.record("activity.exported", Organization.objects.ours(), by=by, details=details)
    rows = _rows(asked.filter, now)
    return _csv(rows) if file_format == "csv" else _json(rows)


def _rows(wanted: Filter, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the events from before ``now``; short queries, so that a slow reader holds nothing up."""
    place: Place | None = Place(now, UUID(int=0))
    while place is not None:
        events = list(AuditEvent.objects.matching(wanted).older_than(place)[:CHUNK])
        called = people.doers(events)
        subjects = people.subjects((event.object_type, event.object_id) for event in events)
        for event in events:
            yield _row(event, called[event.pk], subjects)
        place = events[-1].place if len(events) == CHUNK else None


def _row(event: AuditEvent, who: str, subjects: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    about = subjects.get((event.object_type, event.object_id), "")
    values = (
        event.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        event.actor,
        who,
        event.action,
        wording.action(event.action),
        event.object_type,
        event.object_id,
        about,
        event.details,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO(BYTE_ORDER_MARK, newline="")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in rows:
        details = json.dumps(row["details"], ensure_ascii=False) if row["details"] else ""
        writer.writerow(safe(str(value)) for value in {**row, "details": details}.values())
        if buffer.tell() > io.DEFAULT_BUFFER_SIZE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _json(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    between = "[\n"
    for row in rows:
        yield between + json.dumps(row, ensure_ascii=False)
        between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"
