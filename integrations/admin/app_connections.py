"""The connections of one app: who consented, whom it serves, and how each stands."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Page
from django.db.models import Count, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from integrations.admin import app_pages
from integrations.admin.app_pages import Tab
from integrations.admin.base import CappedPaginator
from integrations.models import Connection, ConnectionCheck, Customer
from integrations.services import applications

PER_PAGE: Final = 50
SHOWN: Final = [status for status in Connection.Status if status is not Connection.Status.PENDING]
"""One that is being set up is nobody's yet."""
SEE_CUSTOMERS: Final = "integrations.view_customer"


def urls(admin_view: Any) -> list[URLPattern]:
    return [path("<uuid:pk>/connections/", admin_view(require_safe(page)), name="app-connections")]


def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List them, the newest consent first, by a fixed number of queries."""
    application = app_pages.find(request, pk, app_pages.SEE_CONNECTIONS)
    if not {"state", "p"}.issuperset(request.GET):
        raise SuspiciousOperation("This page is filtered by state and p only.")
    chosen = _state(request.GET.get("state", ""))
    rows = application.connections.filter(status__in=[chosen] if chosen else SHOWN).order_by("-consented_at", "id")
    shown: Page[Connection] = CappedPaginator(rows, PER_PAGE).get_page(request.GET.get("p"))
    context = {
        "rows": _told([connection.pk for connection in shown.object_list]),
        "pages": shown,
        "chosen": chosen,
        "states": [{"value": status.value, "label": status.label} for status in SHOWN],
        "see_customers": request.user.has_perm(SEE_CUSTOMERS),
        "may_connect": request.user.has_perm("integrations.connect"),
        "why_not_connected": applications.why_not_usable(application),
    }
    return app_pages.answer(request, application, Tab.CONNECTIONS, "connections.html", **context)


def _state(text: str) -> str:
    if text and text not in SHOWN:
        raise SuspiciousOperation("There is no such state.")
    return text


def _told(ids: Iterable[UUID]) -> list[Connection]:
    """Return the connections of one page with what a line says of each: how many companies it reaches (``reach``),
    how many customers it serves and who is the first of them, and the last check."""
    living = Q(accesses__withdrawn_at__isnull=True)
    checks = ConnectionCheck.objects.filter(connection=OuterRef("pk")).order_by("-checked_at", "-id")
    served = Customer.objects.filter(
        companies__accesses__connection=OuterRef("pk"), companies__accesses__withdrawn_at__isnull=True
    ).order_by("name_key", "id")
    rows = Connection.objects.filter(pk__in=ids).annotate(
        reach=Count("accesses", filter=living, distinct=True),
        serves=Count("accesses__company__customer", filter=living, distinct=True),
        first_customer=Subquery(served.values("name")[:1]),
        first_customer_id=Subquery(served.values("pk")[:1]),
        checked_at=Subquery(checks.values("checked_at")[:1]),
        checked_ok=Subquery(checks.values("ok")[:1]),
        check_detail=Subquery(checks.values("detail")[:1]),
    )
    return list(rows.order_by("-consented_at", "id"))
