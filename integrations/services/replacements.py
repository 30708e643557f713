"""Another user takes the place of a connection: first he connects, then the old connection ends, never the other
way round. What he does not reach stays with the old one, which lives on until he does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
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
NOTICED: Final = timedelta(days=links.DAYS)
"""For as long the page says that nobody was replaced."""
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
        made = links.make(connection.application, by=by, customer=next(iter(customers_of(connection)), None))
        made.page.replaces = connection
        made.page.save(update_fields=["replaces"])
        details = {"link": str(made.page.pk)}
        AuditEvent.objects.record("connection.replacement_asked", connection, by=by, details=details)
    return made


def follow(new: Connection, *, link: LinkPage | None = None) -> None:
    """After a consent, or a check, of ``new``: end what it was to replace, where it reaches all of that by now.

    The same user again is a renewal, and replaces nothing: staff are told. ``link``: what he has just connected by.
    """
    if link is not None and link.replaces_id == new.pk:
        again = {"link": str(link.pk)}
        AuditEvent.objects.record("connection.replacement_renewed", new, by=PORTAL, details=again)
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


def open_pages(old: Connection) -> list[LinkPage]:
    """Return the link pages by which another user can still take the place of this connection, the newest first."""
    pages = links.open_through(old.application).filter(replaces=old).select_related("customer")
    return list(pages.order_by("-created_at", "id")[:MOST_NAMED])


def renewed(old: Connection) -> LinkPage | None:
    """Return the link page by which the same user connected again, so that nobody was replaced; None where that is
    two weeks ago, or where staff went on since, by another page."""
    page = old.replacements.order_by("-created_at", "id").first()
    if page is None or page.connection_id != old.pk or page.connected_at is None:
        return None
    return page if page.connected_at > timezone.now() - NOTICED else None


def successor(old: Connection) -> Connection | None:
    """Return whose connection took the place of this one; None where nobody's did."""
    if old.status != Connection.Status.DISCONNECTED:
        return None
    pages = old.replacements.filter(connection__isnull=False, connected_at__gt=old.consented_at)
    page = pages.exclude(connection=old).select_related("connection").order_by("-connected_at").first()
    return page.connection if page and old.status_reason.startswith(REPLACED) else None


def customers_of(connection: Connection) -> list[Customer]:
    """Return the customers whose companies the connection reaches, with most of them first; none where it reaches
    only ours."""
    counts: dict[Customer, int] = {}
    for access in _used(connection).select_related("company__customer").order_by("company__name_key"):
        if access.company.customer is not None:
            counts[access.company.customer] = counts.get(access.company.customer, 0) + 1
    return sorted(counts, key=lambda customer: -counts[customer])


def customers_named(page: LinkPage) -> list[str]:
    """Return by name whom the page is for: of a replacement everybody whom the user serves who is replaced."""
    if page.customer is None:
        return []
    names = [page.customer.name]
    if page.replaces is not None:
        names += [customer.name for customer in customers_of(page.replaces) if customer != page.customer]
    return names


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
