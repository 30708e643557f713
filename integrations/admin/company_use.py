"""Which companies we use, as staff choose it: on the page of a connection, of a company and of a customer."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from integrations.admin.base import acting, may, say_why_not
from integrations.models import Access, Company, Connection, Customer
from integrations.rules import company_use
from integrations.services import companies
from integrations.services.refusals import Refused

MOST_OFFERED = 500
MOST_CHOSEN_AT = 3
"""Connections to which a customer's page leads, where some of what they reach is not used."""
RIGHTS = ("integrations.view_company", "integrations.view_customer", "integrations.change_customer")
NO_SUCH = "Say whether the company is used or not. Nothing was changed."


def may_choose(request: HttpRequest) -> bool:
    return all(may(request, right) for right in RIGHTS)


def of_connection(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    """Return what the connection's page says of use, by a fixed number of queries."""
    chooses = may_choose(request)
    offered = list(companies.offered(connection)[: MOST_OFFERED + 1]) if chooses else []
    live = connection.accesses.filter(withdrawn_at__isnull=True, company__use=Company.Use.TO_CONFIRM)
    return {
        "can_choose": chooses,
        "offered": offered[:MOST_OFFERED],
        "most_offered": MOST_OFFERED if len(offered) > MOST_OFFERED else 0,
        "to_confirm": [access.company for access in live.select_related("company__customer")],
        "drift": companies.drift(connection),
        "serves": companies.serves(connection) if request.user.has_perm("integrations.view_customer") else [],
    }


def of_customer(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """Return which of the customer's companies wait for staff, and which Exact no longer shows."""
    waiting = customer.companies.filter(use=Company.Use.TO_CONFIRM, accesses__withdrawn_at__isnull=True)
    gone = Access.objects.filter(company__customer=customer, company__use=Company.Use.USED, withdrawn_by="")
    unreached = gone.filter(withdrawn_at__isnull=False, company__primary_access__isnull=True)
    spare = Access.objects.filter(company__customer=customer, company__use=Company.Use.NOT_USED, withdrawn_at=None)
    return {
        "choose_at": list(Connection.objects.linked().filter(pk__in=spare.values("connection"))[:MOST_CHOSEN_AT]),
        "can_choose": may_choose(request),
        "to_confirm": list(waiting.distinct().order_by("name_key", "division")[:MOST_OFFERED]),
        "withdrawn": list(unreached.select_related("company").order_by("company__name_key")[:MOST_OFFERED]),
    }


def urls(site: admin.AdminSite) -> dict[str, URLPattern]:
    choose, see, turn = (require_POST(site.admin_view(view)) for view in (choose_view, see_view, turn_view))
    return {
        "changes": path("<uuid:pk>/changes-seen/", see, name="see-changes"),
        "connection": path("<uuid:pk>/companies/", choose, name="choose-companies"),
        "company": path("<uuid:pk>/use/", turn, name="turn-company"),
    }


def choose_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep which of the companies that the connection reaches are used."""
    connection = _connection(request, pk)
    try:
        ids = _ids(request.POST.getlist("company"))
        shown = [company.pk for company in companies.offered(connection)[:MOST_OFFERED]]
        used = companies.choose(connection, ids, by=acting(request), among=shown)
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        messages.success(request, f"{used} {'company is' if used == 1 else 'companies are'} used from now on.")
    return redirect("admin:integrations_connection_change", pk)


def see_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Leave what changed at Exact as it is."""
    try:
        companies.see(_connection(request, pk), by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        messages.success(request, "What changed at Exact stays as it is. What changes from now on is shown again.")
    return redirect("admin:integrations_connection_change", pk)


def turn_view(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Use the company from now on, or do not; and go back to the page on which that was said."""
    if not may_choose(request):
        raise PermissionDenied
    company = get_object_or_404(Company, pk=pk)
    said = {"yes": True, "no": False}.get(request.POST.get("used", ""))
    if said is None:
        messages.error(request, NO_SUCH)
        return _back(request, company)
    try:
        companies.turn(company, used=said, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        messages.success(request, f"{company} is {'used' if said else 'not used'} from now on.")
    return _back(request, company)


def _connection(request: HttpRequest, pk: UUID) -> Connection:
    if not (may(request, "integrations.view_connection") and may_choose(request)):
        raise PermissionDenied
    return get_object_or_404(Connection, pk=pk)


def _back(request: HttpRequest, company: Company) -> HttpResponse:
    if request.POST.get("back") == "customer" and company.customer_id:
        return redirect("admin:customer", company.customer_id)
    if connection := company.accesses.filter(connection__in=_ids_or_none(request.POST.get("back", ""))).first():
        return redirect("admin:integrations_connection_change", connection.connection_id)
    return redirect("admin:integrations_company_change", company.pk)


def _ids_or_none(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _ids(texts: list[str]) -> list[UUID]:
    found = [pk for text in texts for pk in _ids_or_none(text)]
    if len(found) < len(texts):
        raise Refused(company_use.why_not_chosen(("one",), ("another",)))
    return found
