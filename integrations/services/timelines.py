"""What happened to a customer, newest first: events, and the checks that found something else than before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, Window
from django.db.models.functions import Lag
from django.utils import timezone

from integrations.models import AuditEvent, ConnectionCheck, Customer
from integrations.rules import wording
from integrations.services import people

MOST: Final = 50
CHECKS_LOOKED_AT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    who: str
    what: str
    about: str
    details: str


def of(customer: Customer, *, connections: Collection[UUID], companies: Collection[UUID]) -> list[Entry]:
    """Return the newest entries, by a fixed number of queries."""
    entries = [*_events(customer, connections, companies), *_checks(connections)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST]


def _events(customer: Customer, connections: Collection[UUID], companies: Collection[UUID]) -> list[Entry]:
    about = Q(object_type="customer", object_id=str(customer.pk))
    for kind, ids in (("connection", connections), ("company", companies)):
        about |= Q(object_type=kind, object_id__in=[str(pk) for pk in ids])
    rows = list(AuditEvent.objects.filter(about)[:MOST])
    called, zone = people.doers(rows), timezone.get_current_timezone()
    subjects = people.subjects((row.object_type, row.object_id) for row in rows if row.object_type != "customer")
    return [
        Entry(
            row.at,
            called[row.pk],
            wording.action(row.action),
            subjects.get((row.object_type, row.object_id), ""),
            wording.details({name: value for name, value in row.details.items() if not _is_id(value)}, zone=zone),
        )
        for row in rows
    ]


def _checks(connections: Collection[UUID]) -> list[Entry]:
    since = timezone.now() - CHECKS_LOOKED_AT
    rows = ConnectionCheck.objects.filter(connection__in=connections, checked_at__gte=since)
    before = Window(Lag("ok"), partition_by=F("connection"), order_by=[F("checked_at").asc(), F("id").asc()])
    turned = Q(before__isnull=False) & ~Q(before=F("ok"))
    changed = rows.annotate(before=before).filter(turned | Q(before__isnull=True, ok=False))
    newest = changed.select_related("connection").defer("evidence").order_by("-checked_at")[:MOST]
    return [
        Entry(
            row.checked_at,
            "the portal",
            "found that all is well again" if row.ok else "found trouble",
            str(row.connection),
            row.detail,
        )
        for row in newest
    ]


def _is_id(value: Any) -> bool:
    """Tell whether a detail holds ids, which say nothing to people."""
    values = [item for item in value if item is not None] if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(item, str) and _uuid(item) for item in values)


def _uuid(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
