"""One search box on every page. What is typed goes by POST: names, e-mails and links belong in no address."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from integrations.admin.base import require
from integrations.models import Application, Company, Connection, Customer, LinkPage
from integrations.rules.search import LONGEST, understand
from integrations.services import search, standings

NOT_SEARCHED: Final = f"Nothing was searched: it is longer than {LONGEST} characters, or has one that no name has."
LAST: Final = "search"
"""What was searched last, in the session: so that Back leads to the results again."""


class SearchForm(forms.Form):
    """What is typed: one line, without what no name can hold."""

    q = forms.CharField(max_length=LONGEST, required=False)


@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Find; one hit leads straight there."""
    if not search.kinds(request.user.has_perm):
        require(request, "integrations.view_customer")
    if request.method != "POST":
        typed = request.session.get(LAST, "")
        return _results(request, typed, search.find(understand(typed), request.user.has_perm))
    form = SearchForm(request.POST)
    if not form.is_valid():
        messages.error(request, NOT_SEARCHED)
    typed = form.cleaned_data.get("q", "").strip()
    found = search.find(understand(typed), request.user.has_perm)
    hits = [row for kind in found for row in kind.rows]
    if len(hits) == 1:
        return _straight(request, hits[0])
    if not hits:
        return _results(request, typed, found)
    request.session[LAST] = typed
    return redirect("search")


def _straight(request: HttpRequest, row: Any) -> HttpResponse:
    if isinstance(row, LinkPage):
        whom = row.customer.name if row.customer else "ourselves"
        messages.info(request, f"The link page was made for {whom} on {standings.say(row.created_at)}; {_use(row)}.")
    return redirect(_address(row))


def _use(row: LinkPage) -> str:
    if row.connected_at:
        return f"it was used on {standings.say(row.connected_at)}"
    open_ = row.expires_at > timezone.now()
    return f"it {'is open until' if open_ else 'closed on'} {standings.say(row.expires_at)}"


def _results(request: HttpRequest, typed: str, found: list[search.Found]) -> HttpResponse:
    sought = understand(typed)
    may_see = request.user.has_perm("integrations.view_customer")
    groups = [
        {"title": kind.title, "more": kind.more, "rows": [_row(row, may_see_customers=may_see) for row in kind.rows]}
        for kind in found
    ]
    context = {
        **admin.site.each_context(request),
        "title": "Search",
        "groups": groups,
        "in_search_box": "" if sought.is_link else typed,
        "sought": bool(typed),
        "is_link": sought.is_link,
        "searched": [kind.searched for kind in search.kinds(request.user.has_perm)],
        "most": search.MOST,
    }
    return TemplateResponse(request, "admin/portal/search.html", context)


def _row(row: Any, *, may_see_customers: bool) -> dict[str, str]:
    detail = ""
    match row:
        case Customer():
            detail = row.reference
        case Company():
            parts = [str(row.application), *([_whose(row)] if may_see_customers else [])]
            # One that is not used is found, too: it is by its number that support comes to turn it on.
            detail = ", ".join([*parts, *([] if row.use == Company.Use.USED else [row.get_use_display().lower()])])
        case Connection():
            detail = f"{row.email}, {row.application}"
        case Application():
            detail = row.region_title
    return {"title": str(row), "detail": detail, "url": _address(row)}


def _whose(company: Company) -> str:
    if company.customer is not None:
        return company.customer.name
    return "nobody's yet" if company.is_nobodys else "our own"


def _address(row: Any) -> str:
    match row:
        case Customer():
            return reverse("admin:customer", args=[row.pk])
        case Company():
            return reverse("admin:integrations_company_change", args=[row.pk])
        case Connection():
            return reverse("admin:integrations_connection_change", args=[row.pk])
        case LinkPage() if row.customer_id:
            return reverse("admin:customer", args=[row.customer_id])
        case Application():
            return reverse("admin:integrations_application_change", args=[row.pk])
        case _:
            return reverse("admin:index")
