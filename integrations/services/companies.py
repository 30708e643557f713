"""Companies: which a connection reaches, whose they are, and whose token a call to them uses."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.exact.reads import Division
from integrations.models import Access, AuditEvent, Company, Connection, Customer, LinkPage
from integrations.rules import customers as rules
from integrations.rules.actors import PORTAL, Actor
from integrations.services import rights
from integrations.services.refusals import Refused

OWNERS_NAMED = 20


def keep(
    connection: Connection, divisions: Sequence[Division], *, complete: bool, link: LinkPage | None = None
) -> None:
    """Keep which companies the connection reaches: new ones are granted, absent ones withdrawn.

    Where the list was not read to its end nothing is withdrawn. ``link``: a user has just consented by it. What
    staff withdrew comes back by such a consent only, and only where the company is the customer's. A company
    that another connection reaches too keeps the one whose token it uses; who loses that gets another.
    """
    now = timezone.now()
    with transaction.atomic():
        seen = {company.pk: company for company in _named(connection, divisions)}
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
    """Let checks ask a company that is used, where staff withdrew the one that they asked."""
    ours = connection.accesses.exclude(withdrawn_by="")
    if connection.division is None or not ours.filter(company__division=connection.division).exists():
        return
    live = connection.accesses.filter(withdrawn_at__isnull=True).order_by("granted_at", "company__division")
    if division := live.values_list("company__division", flat=True).first():
        connection.division = division
        connection.save(update_fields=["division"])


def _named(connection: Connection, divisions: Sequence[Division]) -> list[Company]:
    rows = [
        Company(
            application_id=connection.application_id,
            division=division.code,
            name=(division.description or division.customer_name or str(division.code))[:200],
        )
        for division in divisions
    ]
    # A company that is known keeps its customer; only its name follows Exact's. An erased one stays so.
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
    """Grant what Exact shows, unless staff withdrew it and this is no new consent for it."""
    new, again = [], []
    for company in companies:
        consented = link is not None and link.customer_id == company.customer_id
        stopped = company.customer is not None and company.customer.disconnected_at is not None and not consented
        access = known.get(company.pk)
        if access is None:
            withdrawn = {"withdrawn_at": now, "withdrawn_by": str(PORTAL)} if stopped else {}
            new.append(Access(company=company, connection=connection, granted_at=now, **withdrawn))
        elif access.withdrawn_at and (consented or not (access.withdrawn_by or stopped)):
            again.append(access.pk)
    Access.objects.bulk_create(new)
    Access.objects.filter(pk__in=again).update(granted_at=now, withdrawn_at=None, withdrawn_by="")
