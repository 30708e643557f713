"""What the list of customers and the page of one show; each by a fixed number of queries."""

from typing import Any, Final
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Page
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest
from django.utils import timezone

from integrations.admin import company_use
from integrations.admin.base import CappedPaginator
from integrations.models import Access, Company, Connection, ConnectionCheck, Customer, UsageWindow
from integrations.rules import customers as rules
from integrations.rules import roles
from integrations.rules.customers import State
from integrations.services import standings, timelines, usage

PER_PAGE: Final = 50
COMPANIES: Final = 20
CONNECTIONS: Final = 20
UNASSIGNED: Final = 10
MOST_IN_TIMELINE: Final = 500
SHOWN_STATES: Final = [state for state in State if state is not State.ERASED]


def listed(request: HttpRequest) -> dict[str, Any]:
    """Return a page of customers, each with a sentence of what is true.

    Raises:
        SuspiciousOperation: the address asks for something that is no filter.
    """
    if not {"q", "state", "p"}.issuperset(request.GET):
        raise SuspiciousOperation("This page is filtered by q, state and p only.")
    query, chosen = request.GET.get("q", "").strip()[:200], _state(request.GET.get("state", ""))
    rows = Customer.objects.in_state(chosen) if chosen else Customer.objects.filter(erased_at=None)
    if query:
        rows = rows.filter(Q(name_key__prefix=query) | Q(reference_key__prefix=query))
    page = CappedPaginator(rows.order_by("name_key", "id"), PER_PAGE).get_page(request.GET.get("p"))
    customers = list(page.object_list)
    stand = standings.of(customers)
    return {
        "rows": [_row(customer, stand[customer.pk]) for customer in customers],
        "pages": page,
        "query": query,
        "chosen": chosen or "",
        "states": [{"value": str(state), "label": rules.LABELS[state][0]} for state in State],
    }


def _row(customer: Customer, facts: rules.Facts) -> dict[str, Any]:
    label, tone = rules.LABELS[rules.state(facts)]
    return {"customer": customer, "label": label, "tone": tone, "sentence": standings.sentence(facts)}


def _state(text: str) -> State | None:
    try:
        return State(text) if text else None
    except ValueError:
        raise SuspiciousOperation("There is no such state.") from None


def shown(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """Return what the page of one customer shows, as far as the person's rights go."""
    may = request.user.has_perm
    facts = standings.facts(customer)
    ids = customer.companies.order_by("name_key").values_list("pk", flat=True)[:MOST_IN_TIMELINE]
    connections = _connections(customer)
    timeline = timelines.of(customer, connections=[row.pk for row in connections], companies=list(ids))
    may_see_companies = may("integrations.view_company")
    may_disconnect = may("integrations.disconnect_connection") and not rules.why_not_disconnected(facts)
    return {
        **_row(customer, facts),
        "unused": facts.unused,
        "companies": companies_of(request, customer) if may_see_companies else None,
        "unassigned": _unassigned(customer) if may_see_companies else [],
        **(company_use.of_customer(request, customer) if may_see_companies else {}),
        "connections": connections if may("integrations.view_connection") else None,
        "timeline": timeline,
        "most": timelines.MOST,
        "can_link": may("integrations.connect") and not rules.why_not_linked(facts),
        "link_is_open": facts.link_until is not None,
        "importing": facts.importing,
        "who_may_link": f"Next is a link page. {roles.who_may('integrations.connect')}",
        "can_change": may("integrations.change_customer") and not customer.erased_at,
        "can_disconnect": may_disconnect,
        "can_erase": may("integrations.erase_customer") and not rules.why_not_erased(facts),
    }


def companies_of(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """Return a page of the companies, each with its meters."""
    rows = (
        customer.companies.filter(use=Company.Use.USED)
        .select_related("application", "primary_access__connection")
        .order_by("name_key", "division")
    )
    page: Page[Company] = CappedPaginator(rows, COMPANIES).get_page(request.GET.get("p"))
    companies = list(page.object_list)
    windows = _windows(companies)
    now = timezone.now()
    lines = []
    for company in companies:
        window = windows.get((company.application_id, company.division))
        access = company.primary_access
        lines.append(
            {
                "company": company,
                "through": access.connection if access and not access.withdrawn_at else None,
                "meters": usage.meter(window, now) if window else None,
            }
        )
    return {"lines": lines, "pages": page}


def _windows(companies: list[Company]) -> dict[tuple[UUID, int], UsageWindow]:
    found = UsageWindow.objects.filter(
        application__in={company.application_id for company in companies},
        division__in={company.division for company in companies},
    )
    return {(window.application_id, window.division): window for window in found}


def _connections(customer: Customer) -> list[Connection]:
    """Return who consented: the connections that reach, or reached, a company of the customer, or came of a link
    page for him. Each with its last check and how many of his companies it reaches."""
    reached = Access.objects.filter(company__customer=customer)
    last = ConnectionCheck.objects.filter(connection=OuterRef("pk")).order_by("-checked_at", "-id").values("checked_at")
    own = Q(accesses__company__customer=customer, accesses__withdrawn_at__isnull=True)
    rows = Connection.objects.filter(Q(pk__in=reached.values("connection")) | Q(pk__in=_linked(customer)))
    counted = rows.select_related("application").annotate(
        reach=Count("accesses", filter=own), checked_at=Subquery(last[:1])
    )
    return list(counted.order_by("-consented_at", "id")[:CONNECTIONS])


def _linked(customer: Customer) -> Any:
    return customer.links.filter(connected_at__isnull=False, connection__isnull=False).values("connection")


def _unassigned(customer: Customer) -> list[Company]:
    """Return companies that consents for this customer reach, and that belong to nobody."""
    live = Access.objects.filter(connection__in=_linked(customer), withdrawn_at__isnull=True)
    rows = Company.objects.told_whose().filter(pk__in=live.values("company"), customer__isnull=True)
    return list(rows.order_by("name_key", "division")[:UNASSIGNED])
