"""How customers stand: what the rules look at, for one or for a page of them, by the same few queries."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.utils import timezone

from integrations.models import Access, AuditEvent, Company, Connection, ConnectionCheck, Customer
from integrations.rules import customers as rules
from integrations.rules.customers import Consent, Facts
from integrations.services import links


def facts(customer: Customer) -> Facts:
    return of([customer])[customer.pk]


def of(customers: Sequence[Customer]) -> dict[UUID, Facts]:
    """Return what is true of each, by seven queries at most, however many they are."""
    ids = [customer.pk for customer in customers]
    counts = {row["customer_id"]: row for row in _counts(ids)}
    reached_by: dict[UUID, dict[UUID, bool]] = {}
    live = Access.objects.filter(company__customer__in=ids, withdrawn_at__isnull=True)
    for owner, connection, use in live.values_list("company__customer_id", "connection_id", "company__use").distinct():
        serves = reached_by.setdefault(owner, {})
        serves[connection] = serves.get(connection, False) or use == Company.Use.USED
    consents = _consents({pk for serves in reached_by.values() for pk in serves})
    open_links = links.open_for(customers).values_list("customer_id").annotate(Max("expires_at"))
    until: dict[UUID | None, datetime] = dict(open_links)
    importing = set(links.importing(customers).values_list("customer_id", flat=True))
    return {
        customer.pk: Facts(
            companies=counts.get(customer.pk, {}).get("companies", 0),
            reached=counts.get(customer.pk, {}).get("reached", 0),
            unused=counts.get(customer.pk, {}).get("unused", 0),
            consents=tuple(
                replace(consents[pk], serves=serves) for pk, serves in sorted(reached_by.get(customer.pk, {}).items())
            ),
            link_until=until.get(customer.pk),
            importing=customer.pk in importing,
            disconnected_at=customer.disconnected_at,
            erased_at=customer.erased_at,
        )
        for customer in customers
    }


def sentence(what: Facts) -> str:
    """Return the sentence, in the time of the organization."""
    return rules.sentence(what, timezone.now(), say)


def say(moment: datetime) -> str:
    local = timezone.localtime(moment)
    year = "" if local.year == timezone.localtime().year else f" {local.year}"
    return f"{local:%-d %B}{year}, {local:%H:%M}"


def _counts(ids: Iterable[UUID]) -> Iterable[Any]:
    living = Q(accesses__withdrawn_at__isnull=True, accesses__isnull=False)
    living &= ~Q(accesses__connection__status__in=Connection.ENDED)
    used, spare = Q(use=Company.Use.USED), Q(use=Company.Use.NOT_USED)
    return (
        Company.objects.filter(customer__in=ids)
        .order_by()
        .values("customer_id")
        .annotate(
            companies=Count("id", distinct=True, filter=used),
            reached=Count("id", distinct=True, filter=used & living),
            unused=Count("id", distinct=True, filter=spare & living),
        )
    )


def _consents(ids: Iterable[UUID]) -> dict[UUID, Consent]:
    last = ConnectionCheck.objects.filter(connection=OuterRef("pk")).order_by("-checked_at", "-id").values("pk")
    rows: list[Any] = list(Connection.objects.filter(pk__in=set(ids)).annotate(last_check=Subquery(last[:1])))
    checks = ConnectionCheck.objects.defer("evidence").in_bulk([row.last_check for row in rows if row.last_check])
    since = _dead_since([row for row in rows if row.status == Connection.Status.RECONNECT])
    found = {}
    for row in rows:
        check = checks.get(row.last_check)
        found[row.pk] = Consent(
            status=row.status,
            reason=row.status_reason,
            since=since.get(str(row.pk)),
            checked_at=check.checked_at if check else None,
            failed=check.detail or check.cause if check and not check.ok else "",
        )
    return found


def _dead_since(rows: Sequence[Connection]) -> dict[str, datetime]:
    events = AuditEvent.objects.filter(
        object_type="connection",
        object_id__in=[str(row.pk) for row in rows],
        action="connection.reconnect_needed",
    )
    return dict(events.order_by().values_list("object_id").annotate(Max("at")))
