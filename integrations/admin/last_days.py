"""The calendar of last possible days: the connections that are not kept alive, and one's own calendar feed of them."""

from itertools import groupby
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.admin.base import CappedPaginator, acting, require, say_why_not
from integrations.models import User
from integrations.services import calendar_feeds, last_days
from integrations.services.refusals import Refused
from integrations.templatetags.portal import MOST_COUNTED

TEMPLATE: Final = "admin/integrations/connection/last_days.html"
QUESTION: Final = "admin/integrations/connection/revoke_feed.html"
PER_PAGE: Final = 50


def urls(admin_view: Any) -> list[URLPattern]:
    return [
        path("last-days/", admin_view(require_safe(page)), name="last-days"),
        path("last-days/feed/", admin_view(require_POST(make)), name="make-feed"),
        path("last-days/feed/revoke/", admin_view(revoke), name="revoke-feed"),
    ]


def page(request: HttpRequest) -> HttpResponse:
    """List what is not kept alive, the nearest day first; what is well is a number."""
    require(request, calendar_feeds.SEE)
    if not {"p"}.issuperset(request.GET):
        raise SuspiciousOperation("This page is filtered by p only.")
    return _answer(request)


@sensitive_variables("made")
def make(request: HttpRequest) -> HttpResponse:
    """Make one's own feed; its address is in this answer, and never again anywhere."""
    require(request, calendar_feeds.SEE)
    try:
        made = calendar_feeds.make(_person(request), by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
        return redirect("admin:last-days")
    return _answer(request, address=made.url)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest) -> HttpResponse:
    """Say what stops; then end one's own feed."""
    require(request, calendar_feeds.SEE)
    if request.method != "POST":
        return _question(request) if calendar_feeds.of(_person(request)) else redirect("admin:last-days")
    try:
        calendar_feeds.revoke(_person(request), by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        messages.success(request, "Your calendar feed is revoked: its address is not found any more.")
    return redirect("admin:last-days")


def _question(request: HttpRequest) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Revoke your calendar feed?",
        "lead": "Its address is not found any more, and calendar programs that read it show these days no longer.",
        "facts": [{"label": "Afterwards", "text": "A new feed can be made at any time, with another address."}],
        "action": "Revoke",
        "tone": "bad",
        "cancel_url": reverse("admin:last-days"),
    }
    return TemplateResponse(request, QUESTION, context)


def _answer(request: HttpRequest, **context: Any) -> HttpResponse:
    now = timezone.now()
    shown = CappedPaginator(last_days.failing(now), PER_PAGE).get_page(request.GET.get("p"))
    lines = last_days.lines(list(shown.object_list), now)
    everything = {
        **admin.site.each_context(request),
        "title": "Last possible days",
        "groups": [(step, list(group)) for step, group in groupby(lines, key=lambda line: line.step)],
        "failing": _number(shown.paginator.count),
        "healthy": _number(last_days.healthy(now).order_by()[:MOST_COUNTED].count()),
        "pages": shown,
        "feed": calendar_feeds.of(_person(request)),
        "see_customers": request.user.has_perm("integrations.view_customer"),
        **context,
    }
    return TemplateResponse(request, TEMPLATE, everything)


def _number(count: int) -> dict[str, Any]:
    most = MOST_COUNTED - 1
    return {"one": count == 1, "none": not count, "text": f"over {most:,}" if count > most else f"{count:,}"}


def _person(request: HttpRequest) -> User:
    """Return who is signed in.

    Raises:
        PermissionDenied: nobody is.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
