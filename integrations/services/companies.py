"""Companies: which a connection reaches, whose they are, and whose token a call to them uses."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Max, Prefetch, Q, QuerySet, When
from django.utils import timezone

from integrations.exact.reads import Division
from integrations.models import Access, AuditEvent, Company, Connection, Customer, LinkPage
from integrations.rules import company_use
from integrations.rules import customers as rules
from integrations.rules.actors import PORTAL, Actor
from integrations.services import rights
from integrations.services.refusals import Refused

OWNERS_NAMED = 20
DRIFT_SHOWN = 50
CHOICE_OPEN = timedelta(hours=1)
"""For who has just consented; afterwards staff choose."""
CHOSEN = "connection.companies_chosen"
SEEN = "connection.changes_seen"
Use = Company.Use


def keep(
    connection: Connection,
    divisions: Sequence[Division],
    *,
    complete: bool,
    link: LinkPage | None = None,
    current: int | None = None,
) -> None:
    """Keep which companies the connection reaches: new ones are granted, absent ones withdrawn.

    What the app had not met before is used as ``rules.company_use`` says; ``current``: in which the user works.

    Where the list was not read to its end nothing is withdrawn. ``link``: a user has just consented by it. What
    staff withdrew comes back by such a consent only, and only where the company is the customer's. A company
    that another connection reaches too keeps the one whose token it uses; who loses that gets another.
    """
    now = timezone.now()
    with transaction.atomic():
        use = _use_of_new(connection, divisions, link, current)
        seen = {company.pk: company for company in _named(connection, divisions, use)}
        known = {access.company_id: access for access in connection.accesses.select_for_update()}
        if link is not None and link.customer_id:
            _assign_free(connection, seen.values(), known, link)
        _grant(connection, seen.values(), known, now, link)
        if complete:
            gone = [access.pk for pk, access in known.items() if pk not in seen and not access.withdrawn_at]
            Access.objects.filter(pk__in=gone).update(withdrawn_at=now)
        choose_primary(Company.objects.filter(accesses__connection=connection))
        pin(connection)


def assign(company: Company, customer: Customer | None, *, by: Actor) -> None:
    """Say whose the company is; None: ours.

    Raises:
        Refused: with every reason; or no right to it.
    """
    rights.require(by, "integrations.change_customer")
    with transaction.atomic():
        row = Company.objects.select_for_update().get(pk=company.pk)
        new = Customer.objects.select_for_update().get(pk=customer.pk) if customer else None
        if reasons := why_not_assigned(row, new):
            raise Refused(reasons)
        before, row.customer = row.customer_id, new
        row.save(update_fields=["customer"])
        details = {"customer": [str(before) if before else None, str(new.pk) if new else None]}
        AuditEvent.objects.record("company.assigned", row, by=by, details=details)
    company.refresh_from_db()


def why_not_assigned(company: Company, customer: Customer | None) -> tuple[str, ...]:
    return rules.why_not_assigned(
        same=company.customer_id == (customer.pk if customer else None),
        erased=customer is not None and customer.erased_at is not None,
        disconnected=customer is not None and customer.disconnected_at is not None,
        live=company.accesses.filter(withdrawn_at__isnull=True).exists(),
    )


def offered(connection: Connection, *, link: LinkPage | None = None) -> QuerySet[Company]:
    """Return the companies among which somebody chooses: for staff what the connection reaches. ``link``: the
    customer's choice, among what the consent by it reached, is the customer's, and staff need not confirm."""
    rows = Company.objects.filter(accesses__connection=connection, accesses__withdrawn_at__isnull=True)
    rows = rows.order_by("name_key", "division")
    if link is None:
        return rows.exclude(customer__erased_at__isnull=False)
    rows = rows.exclude(use=Use.TO_CONFIRM)
    return rows.filter(accesses__granted_at__gte=connection.consented_at, customer=link.customer_id)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a consent granted, for who gave it to choose from."""

    connection: Connection
    link: LinkPage
    companies: list[Company]


def choice(connection_id: UUID, link_id: UUID) -> Choice | None:
    """Return what there is to choose of a consent by a link page; None where it is over: an hour later, after another
    consent, or where the connection has ended.
    """
    link = LinkPage.objects.filter(pk=link_id, connection=connection_id, revoked_at__isnull=True).first()
    connection = Connection.objects.linked().filter(pk=connection_id).first()
    if link is None or connection is None or link.connected_at is None:
        return None
    if timezone.now() - link.connected_at > CHOICE_OPEN or link.connected_at < connection.consented_at:
        return None
    return Choice(connection, link, list(offered(connection, link=link)))


def choose(
    connection: Connection,
    used_ids: Collection[UUID],
    *,
    by: Actor,
    link: LinkPage | None = None,
    among: Collection[UUID] | None = None,
) -> int:
    """Say which of the companies that the connection reaches are used, and return how many; the others are not.
    One to be confirmed that is not chosen stays so: nobody has answered whether it is meant. ``among``: what was
    shown, where that was not everything; the rest stays as it is.

    Raises:
        Refused: one is not offered, or the consent was not by this link; or no right to it.
    """
    rights.require(by, "integrations.change_customer")
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        if link is not None and link.connection_id != row.pk:
            raise Refused(company_use.why_not_chosen((), ()))
        rows = Company.objects.filter(pk__in=offered(row, link=link).values("pk"))
        ids = set(rows.values_list("pk", flat=True))
        ids = ids if among is None else ids & set(among)
        chosen = set(used_ids)
        if reasons := company_use.why_not_chosen([str(pk) for pk in ids], [str(pk) for pk in chosen]):
            raise Refused(reasons)
        asked = set(rows.filter(use=Use.TO_CONFIRM).values_list("pk", flat=True)) - chosen
        Company.objects.filter(pk__in=chosen).update(use=Use.USED)
        Company.objects.filter(pk__in=ids - chosen - asked).update(use=Use.NOT_USED)
        pin(row)
        details: dict[str, Any] = {"used": len(chosen), "not_used": len(ids - chosen - asked)}
        if link is not None and link.customer_id:
            details["link"] = str(link.pk)
        elif link is not None:
            by = Actor.parse(link.created_by)  # whoever of us connected by it
        AuditEvent.objects.record("connection.companies_chosen", row, by=by, details=details)
    return len(chosen)


def turn(company: Company, *, used: bool, by: Actor) -> None:
    """Use the company from now on, or do not use it: what a relink or a check brought, or what was chosen before.

    Raises:
        Refused: with every reason; or no right to it.
    """
    rights.require(by, "integrations.change_customer")
    to = Use.USED if used else Use.NOT_USED
    with transaction.atomic():
        row = Company.objects.select_for_update(of=("self",)).select_related("customer").get(pk=company.pk)
        erased = row.customer is not None and row.customer.erased_at is not None
        if reasons := company_use.why_not_turned(use=row.use, to=to, erased=erased):
            raise Refused(reasons)
        before, row.use = row.use, to
        row.save(update_fields=["use"])
        for connection in Connection.objects.filter(accesses__company=row, accesses__withdrawn_at__isnull=True):
            pin(connection)
        action = "company.used" if used else "company.not_used"
        AuditEvent.objects.record(action, row, by=by, details={"use": [before, str(to)]})
    company.refresh_from_db()


@dataclass(frozen=True, slots=True)
class Drift:
    """What Exact shows of a connection and nobody has decided on."""

    granted: list[Access]
    """Newly granted since the consent, and not used yet."""
    withdrawn: list[Access]
    """Of companies that we use, no longer shown by Exact."""

    @property
    def is_any(self) -> bool:
        return bool(self.granted or self.withdrawn)


def drift(connection: Connection) -> Drift:
    """Return what was granted or withdrawn at Exact since somebody looked, or chose, by five queries."""
    rows = with_companies(connection).order_by("company__name_key", "company__division")
    looks = AuditEvent.objects.filter(object_type="connection", object_id=str(connection.pk), action__in=[CHOSEN, SEEN])
    times = looks.aggregate(looked=Max("at"), seen=Max("at", filter=Q(action=SEEN)))
    looked_at, seen_at = times["looked"] or connection.consented_at, times["seen"]  # a choice shows no withdrawn ones
    live = rows.filter(withdrawn_at__isnull=True, company__use=Use.NOT_USED)
    granted = list(live.filter(granted_at__gt=max(looked_at, connection.consented_at))[:DRIFT_SHOWN])
    withdrawn = rows.filter(withdrawn_at__isnull=False, withdrawn_by="", company__use=Use.USED)
    if seen_at:
        withdrawn = withdrawn.filter(withdrawn_at__gt=seen_at)
    return Drift(granted, list(withdrawn[:DRIFT_SHOWN]))


def see(connection: Connection, *, by: Actor) -> None:
    """Leave what changed at Exact as it is: somebody looked, and decided nothing. What changes later shows again.

    Raises:
        Refused: nothing has changed; or no right to it.
    """
    rights.require(by, "integrations.change_customer")
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        found = drift(row)
        if not found.is_any:
            raise Refused(["Nothing has changed at Exact since somebody looked."])
        details = {"granted": len(found.granted), "withdrawn": len(found.withdrawn)}
        AuditEvent.objects.record("connection.changes_seen", row, by=by, details=details)


def with_companies(connection: Connection) -> QuerySet[Access]:
    """Return what the connection reaches, or reached, each company with whose it is."""
    companies = Company.objects.told_whose().select_related("customer")
    return connection.accesses.prefetch_related(Prefetch("company", companies))


def serves(connection: Connection) -> list[str]:
    """Return by name the customers whom the connection serves, and ourselves."""
    rows = Company.objects.owned().filter(accesses__connection=connection, accesses__withdrawn_at__isnull=True)
    names = rows.order_by().values_list("customer_id", "customer__name").distinct()[: OWNERS_NAMED + 1]
    return sorted(name or "our own companies" for _, name in names)


def choose_primary(companies: QuerySet[Company]) -> None:
    """Give each company whose token is gone another connection that still reaches it, or none."""
    for company in companies.select_related("primary_access__connection"):
        primary = company.primary_access
        if primary and not primary.withdrawn_at and primary.connection.status not in Connection.ENDED:
            continue
        alive = company.accesses.filter(withdrawn_at__isnull=True).exclude(connection__status__in=Connection.ENDED)
        company.primary_access = alive.order_by("granted_at").first()
        company.save(update_fields=["primary_access"])


def pin(connection: Connection) -> None:
    """Let checks ask a company that is used, where staff withdrew the one that they asked or it is not used."""
    theirs = connection.accesses.filter(company__division=connection.division or 0)
    if connection.division is None or not theirs.filter(~Q(withdrawn_by="") | ~Q(company__use=Use.USED)).exists():
        return
    live = connection.accesses.filter(withdrawn_at__isnull=True).annotate(
        spare=Case(When(company__use=Use.USED, then=0), default=1)
    )
    divisions = live.order_by("spare", "granted_at", "company__division").values_list("company__division", "spare")
    division, spare = divisions.first() or (None, 1)
    withdrawn = theirs.exclude(withdrawn_by="").exists()
    if division and division != connection.division and (withdrawn or not spare):
        connection.division = division
        connection.save(update_fields=["division"])


def not_granted(connection: Connection) -> str:
    """Return which company to tick and where: Exact says that the pinned one is not within the consent's scope."""
    rows = Company.objects.filter(application_id=connection.application_id, division=connection.division or 0)
    return company_use.not_granted(str(rows.first() or connection.division), connection.full_name)


def _use_of_new(
    connection: Connection, divisions: Sequence[Division], link: LinkPage | None, current: int | None
) -> dict[int, str]:
    """Return the use of each company that the app meets for the first time."""
    codes = [division.code for division in divisions]
    rows = Company.objects.filter(application_id=connection.application_id)
    met = set(rows.filter(division__in=codes).values_list("division", flat=True))
    new = [code for code in codes if code not in met]
    if not new:
        return {}
    before = link is not None and _connected_before(connection, link)
    return company_use.proposed(new, consented=link is not None, relinked=before, current=current)


def _connected_before(connection: Connection, link: LinkPage) -> bool:
    """Tell whether whom the link is for was connected already: the customer by anybody, ourselves by this user.

    A user who returns for another customer brings that one's first companies: they are no surprise.
    """
    rows = Access.objects.filter(company__customer=link.customer_id)
    return (rows if link.customer_id else rows.filter(connection=connection)).exists()


def _named(connection: Connection, divisions: Sequence[Division], use: Mapping[int, str]) -> list[Company]:
    rows = [
        Company(
            application_id=connection.application_id,
            division=division.code,
            name=(division.description or division.customer_name or str(division.code))[:200],
            use=use.get(division.code, Use.USED),
        )
        for division in divisions
    ]
    # A company that is known keeps its customer and its use; only its name follows Exact's. An erased one stays so.
    erased = Company.objects.filter(application_id=connection.application_id, customer__erased_at__isnull=False)
    nameless = set(erased.values_list("division", flat=True)) if rows else set()
    Company.objects.bulk_create(
        [row for row in rows if row.division not in nameless],
        update_conflicts=True,
        unique_fields=["application", "division"],
        update_fields=["name", "name_key"],
    )
    codes = [division.code for division in divisions]
    found = Company.objects.filter(application_id=connection.application_id, division__in=codes)
    return list(found.select_related("customer"))


def _assign_free(
    connection: Connection, companies: Collection[Company], known: Mapping[UUID, Access], link: LinkPage
) -> None:
    """Give the link's customer what the consent newly reaches and belongs to nobody; tell what stays with others."""
    newly = [company for company in companies if company.pk not in known or known[company.pk].withdrawn_at]
    free = [company for company in newly if company.customer_id is None]
    for company in free:
        company.customer = link.customer
    Company.objects.filter(pk__in=[company.pk for company in free]).update(customer=link.customer)
    stayed = [company for company in companies if company.customer_id != link.customer_id]
    owners = sorted({str(company.customer_id) for company in stayed if company.customer_id})[:OWNERS_NAMED]
    where = {"connection": str(connection.pk), "link": str(link.pk)}
    if free and link.customer:
        details = {"companies": len(free), **where}
        AuditEvent.objects.record("customer.companies_assigned", link.customer, by=PORTAL, details=details)
    if stayed and link.customer:
        details = {"companies": len(stayed), "owners": owners, **where}
        AuditEvent.objects.record("customer.companies_stayed", link.customer, by=PORTAL, details=details)


def _grant(
    connection: Connection,
    companies: Collection[Company],
    known: Mapping[UUID, Access],
    now: datetime,
    link: LinkPage | None,
) -> None:
    """Grant what Exact shows, unless staff withdrew it and this is no new consent for it.

    What a consent grants was granted when it was given: what a check finds later is newer than the consent.
    """
    new, again = [], []
    granted_at = connection.consented_at if link is not None else now
    for company in companies:
        consented = link is not None and link.customer_id == company.customer_id
        stopped = company.customer is not None and company.customer.disconnected_at is not None and not consented
        access = known.get(company.pk)
        if access is None:
            withdrawn = {"withdrawn_at": now, "withdrawn_by": str(PORTAL)} if stopped else {}
            new.append(Access(company=company, connection=connection, granted_at=granted_at, **withdrawn))
        elif access.withdrawn_at and (consented or not (access.withdrawn_by or stopped)):
            again.append(access.pk)
    Access.objects.bulk_create(new)
    Access.objects.filter(pk__in=again).update(granted_at=granted_at, withdrawn_at=None, withdrawn_by="")
