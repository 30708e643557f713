"""The last possible days: which connections are not kept alive, until when each can still be saved, and how.

Those in health are counted, and never read: a list costs the same with ten connections and with a hundred thousand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from integrations.models import Access, Company, Connection, ConnectionCheck, Customer
from integrations.rules import last_days as rules
from integrations.rules.last_days import Facts, Step

MOST_NAMED: Final = 5
"""Customers of a connection; the others are a number."""


@dataclass(frozen=True, slots=True)
class Line:
    """A connection that is not kept alive."""

    connection: Connection
    last_at: datetime
    step: Step
    why: str
    what_to_do: str
    customers: Sequence[Customer]
    """Whose companies it reaches, at most ``MOST_NAMED``."""
    more: int
    """Further ones."""
    ours: bool
    """It reaches companies of our own."""


def failing(now: datetime) -> QuerySet[Connection]:
    """Return those that were not refreshed in time, or will not be: whose last day is nearest come first."""
    lost = Q(token_answered_at__lt=rules.late_before(now)) | Q(application__stopped_at__isnull=False)
    return _counted().filter(lost).order_by("token_answered_at", "id")


def healthy(now: datetime) -> QuerySet[Connection]:
    """Return the others, to be counted."""
    return _counted().filter(token_answered_at__gte=rules.late_before(now), application__stopped_at__isnull=True)


def lines(connections: Iterable[Connection], now: datetime) -> list[Line]:
    """Return what is said of each, by a fixed number of queries; in the same order."""
    found = {row.pk: row for row in _told([row.pk for row in connections])}
    serves = _serves(found)
    return [_line(found[row.pk], serves.get(row.pk, {}), now) for row in connections if row.pk in found]


def _counted() -> QuerySet[Connection]:
    return Connection.objects.linked().filter(token_answered_at__isnull=False)


def _told(ids: Iterable[UUID]) -> QuerySet[Connection]:
    checks = ConnectionCheck.objects.filter(connection=OuterRef("pk")).order_by("-checked_at", "-id")
    ours = Company.objects.owned().filter(customer__isnull=True)
    own = Access.objects.filter(connection=OuterRef("pk"), withdrawn_at__isnull=True, company__in=ours)
    rows = Connection.objects.filter(pk__in=list(ids)).select_related("application")
    return rows.annotate(
        check_ok=Subquery(checks.values("ok")[:1]),
        check_detail=Subquery(checks.values("detail")[:1]),
        ours=Exists(own),
    )


def _serves(ids: Iterable[UUID]) -> dict[UUID, dict[UUID, Customer]]:
    """Return the customers of each connection, by name."""
    live = Access.objects.filter(connection__in=list(ids), withdrawn_at__isnull=True, company__customer__isnull=False)
    pairs = set(live.values_list("connection_id", "company__customer_id"))
    by_customer: dict[UUID, list[UUID]] = {}
    for connection, owner in pairs:
        by_customer.setdefault(owner, []).append(connection)
    found: dict[UUID, dict[UUID, Customer]] = {}
    for customer in Customer.objects.filter(pk__in=list(by_customer)).order_by("name_key", "id"):
        for connection in by_customer[customer.pk]:
            found.setdefault(connection, {})[customer.pk] = customer
    return found


def _line(row: Connection, serves: dict[UUID, Customer], now: datetime) -> Line:
    facts = _facts(row)
    named = list(serves.values())[:MOST_NAMED]
    return Line(
        connection=row,
        last_at=rules.last_at(facts.answered_at),
        step=rules.step(facts.answered_at, now),
        why=rules.why(facts),
        what_to_do=rules.what_to_do(facts, now),
        customers=named,
        more=len(serves) - len(named),
        ours=bool(getattr(row, "ours", False)),
    )


def _facts(row: Connection) -> Facts:
    failed = getattr(row, "check_detail", "") if getattr(row, "check_ok", None) is False else ""
    return Facts(
        answered_at=row.token_answered_at or row.consented_at,
        stopped=row.application.is_stopped,
        asleep=not row.application.is_awake,
        keys_refused=row.application.keys_refused_at is not None,
        verifying=row.status == Connection.Status.VERIFYING,
        failed=failed or "",
    )
