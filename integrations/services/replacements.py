"""Another user takes the place of a connection: first he connects, then the old connection ends, never the other
way round. What he does not reach stays with the old one, which lives on until he does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import Access, AuditEvent, Company, Connection, Customer, LinkPage
from integrations.rules import disconnecting as rules
from integrations.rules.actors import PORTAL, Actor
from integrations.services import disconnecting, links, rights, standings
from integrations.services.links import MadeLink
from integrations.services.refusals import Refused

MOST_NAMED: Final = 20
REPLACED: Final = "Another Exact user took its place"
"""How the reason begins; it names nobody, since reasons outlive the erasing of a customer."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another user connected to replace a connection, and does not reach all of its companies."""

    new: Connection
    missing: Sequence[Company]


def make(connection: Connection, *, by: Actor) -> MadeLink:
    """Make a link page by which another user of the same customer takes the place of this connection's.

    It is for the customer most of whose companies the connection reaches; for ourselves where none is reached.

    Raises:
        Refused: the connection has been ended by staff, or nobody can connect through the app; or no right to it.
        StandingBy: another portal owns the tokens.
    """
    rights.require(by, "integrations.connect")
    if reasons := rules.why_not_replaced(connection.status):
        raise Refused(reasons)
    with transaction.atomic():
        made = links.make(connection.application, by=by, customer=customer_of(connection))
        made.page.replaces = connection
        made.page.save(update_fields=["replaces"])
        details = {"link": str(made.page.pk)}
        AuditEvent.objects.record("connection.replacement_asked", connection, by=by, details=details)
    return made


def follow(new: Connection, *, link: LinkPage | None = None) -> None:
    """After a consent, or a check, of ``new``: end what it was to replace, where it reaches all of that by now.

    The same user again is a renewal, and replaces nothing. ``link``: what he has just connected by.
    """
    for old in _to_be_replaced(new):
        with transaction.atomic():
            rows = Connection.objects.select_for_update().order_by("pk").in_bulk([old.pk, new.pk])
            row, other = rows[old.pk], rows[new.pk]
            if rules.why_not_replaced(row.status) or other.status in Connection.ENDED:
                continue
            if missing := list(_missing(row, other)[:MOST_NAMED]):
                if link is not None:
                    details = {"connection": str(other.pk), "companies": [str(company.pk) for company in missing]}
                    AuditEvent.objects.record("connection.replacement_waits", row, by=PORTAL, details=details)
                continue
            _take_over(row, other)


def waiting(old: Connection) -> Waiting | None:
    """Return who connected to replace this connection, and what he does not reach yet; None where nobody did."""
    if rules.why_not_replaced(old.status):
        return None
    pages = old.replacements.filter(connection__isnull=False, connected_at__isnull=False).exclude(connection=old)
    page = pages.select_related("connection").order_by("-connected_at").first()
    if page is None or page.connection is None or page.connection.status in Connection.ENDED:
        return None
    return Waiting(page.connection, list(_missing(old, page.connection)[:MOST_NAMED]))


def successor(old: Connection) -> Connection | None:
    """Return whose connection took the place of this one; None where nobody's did."""
    if old.status != Connection.Status.DISCONNECTED:
        return None
    pages = old.replacements.filter(connection__isnull=False, connected_at__gt=old.consented_at)
    page = pages.exclude(connection=old).select_related("connection").order_by("-connected_at").first()
    return page.connection if page and old.status_reason.startswith(REPLACED) else None


def customer_of(connection: Connection) -> Customer | None:
    """Return the customer most of whose companies the connection reaches; None where it reaches only ours."""
    counts: dict[Customer, int] = {}
    for access in _used(connection).select_related("company__customer").order_by("company__name_key"):
        if access.company.customer is not None:
            counts[access.company.customer] = counts.get(access.company.customer, 0) + 1
    return max(counts, key=lambda customer: counts[customer], default=None)


def _to_be_replaced(new: Connection) -> QuerySet[Connection]:
    pages = LinkPage.objects.filter(connection=new, replaces__isnull=False, connected_at__isnull=False)
    rows = Connection.objects.filter(pk__in=pages.values("replaces")).exclude(pk=new.pk)
    return rows.exclude(status=Connection.Status.DISCONNECTED).order_by("pk")


def _used(connection: Connection) -> QuerySet[Access]:
    return connection.accesses.filter(withdrawn_at__isnull=True, company__use=Company.Use.USED)


def _missing(old: Connection, new: Connection) -> QuerySet[Company]:
    reached = new.accesses.filter(withdrawn_at__isnull=True)
    rows = Company.objects.filter(pk__in=_used(old).values("company")).exclude(pk__in=reached.values("company"))
    return rows.order_by("name_key", "division")


def _take_over(old: Connection, new: Connection) -> None:
    """Let calls use the tokens of ``new``, and destroy those of ``old``; both are locked. What ``new`` does not reach
    goes to whom else reaches it."""
    reached = {access.company_id: access for access in new.accesses.filter(withdrawn_at__isnull=True)}
    moved = list(Company.objects.filter(primary_access__connection=old, pk__in=reached))
    for company in moved:
        company.primary_access = reached[company.pk]
    Company.objects.bulk_update(moved, ["primary_access"])
    disconnecting.retire(old, f"{REPLACED} on {standings.say(timezone.now())}.", by=PORTAL)
    details = {"connection": str(new.pk), "companies": len(moved)}
    AuditEvent.objects.record("connection.replaced", old, by=PORTAL, details=details)
