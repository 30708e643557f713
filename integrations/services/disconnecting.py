"""One connection, disconnected: its tokens are destroyed, its history stays. What that stops is said before."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from integrations.models import Access, AuditEvent, AuthorizationState, Company, Connection, Customer, LinkPage
from integrations.rules import disconnecting as rules
from integrations.rules.actors import Actor
from integrations.services import companies, links, rights, standings, token_store
from integrations.services.refusals import Refused


@dataclass(frozen=True, slots=True)
class Effects:
    """What disconnecting would do, or did."""

    reasons: tuple[str, ...]
    """Why it is not possible; empty where it is."""
    cut_off: list[Company]
    """Which are used, and nobody else's connection reaches."""
    taken_over: list[Company]
    """Which are used, and another connection reaches, too: calls go on by that."""
    spare: int
    """Which are not used, so that no call stops."""
    customers: list[Customer]
    """Whose companies it reaches."""
    ours: bool
    """It reaches companies of our own."""
    links: int
    """Open link pages that were to replace its user, which close."""


def effects(connection: Connection) -> Effects:
    """Return what ``disconnect`` would do now, by a fixed number of queries."""
    own = connection.accesses.filter(withdrawn_at__isnull=True)
    others = Access.objects.filter(company=OuterRef("pk"), withdrawn_at__isnull=True)
    others = others.exclude(connection=connection).exclude(connection__status__in=Connection.ENDED)
    rows = Company.objects.told_whose().filter(pk__in=own.values("company")).select_related("customer")
    reached = list(rows.annotate(goes_on=Exists(others)).order_by("name_key", "division"))
    used = [company for company in reached if company.use == Company.Use.USED]
    served = {company.customer_id: company.customer for company in reached if company.customer is not None}
    return Effects(
        reasons=rules.why_not(connection.status),
        cut_off=[company for company in used if not getattr(company, "goes_on", False)],
        taken_over=[company for company in used if getattr(company, "goes_on", False)],
        spare=len(reached) - len(used),
        customers=sorted(served.values(), key=lambda customer: customer.name_key),
        ours=any(company.customer_id is None and not company.is_nobodys for company in reached),
        links=links.open_replacing(connection).count(),
    )


def disconnect(connection: Connection, *, by: Actor) -> Effects:
    """Stop using the connection: nothing of its tokens is left. A company that another connection reaches is
    called by that one's token from now on.

    Raises:
        Refused: with every reason; or no right to it.
    """
    rights.require(by, "integrations.disconnect_connection")
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        what = effects(row)
        if what.reasons:
            raise Refused(what.reasons)
        retire(row, f"Staff disconnected it on {standings.say(timezone.now())}.", by=by)
        companies_reached = len(what.cut_off) + len(what.taken_over) + what.spare
        counts = {"companies": companies_reached, "link_pages_closed": what.links}
        AuditEvent.objects.record("connection.disconnected", row, by=by, details=counts)
    connection.refresh_from_db()
    return what


def retire(row: Connection, reason: str, *, by: Actor) -> None:
    """Destroy the tokens of a connection that the caller has locked, and let others reach what it reached; whoever
    calls records the event."""
    now = timezone.now()
    close(links.open_replacing(row), by=by)
    row.accesses.filter(withdrawn_at__isnull=True).update(withdrawn_at=now, withdrawn_by=str(by))
    token_store.destroy(row, reason, by=by)
    companies.choose_primary(Company.objects.filter(primary_access__connection=row))


def close(pages: Iterable[LinkPage], *, by: Actor) -> None:
    """Revoke link pages, and end what was begun by them and did not come back yet."""
    now, ids = timezone.now(), [page.pk for page in pages]
    LinkPage.objects.filter(pk__in=ids).update(revoked_at=now, revoked_by=str(by))
    AuthorizationState.objects.filter(link__in=ids, used_at__isnull=True).update(used_at=now)
