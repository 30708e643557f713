"""What staff do with one connection: refresh it now, replace its user, disconnect it."""

from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from integrations.admin import customer_link_pages
from integrations.admin.base import acting, require, say_why_not
from integrations.models import Connection
from integrations.rules import disconnecting as rules
from integrations.services import disconnecting, ending_letters, refreshing, replacements, tokens
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused

PAGE: Final = "admin:integrations_connection_change"
TEMPLATES: Final = "admin/integrations/connection"
REFRESH: Final = "integrations.check_connection"
CONNECT: Final = "integrations.connect"
DISCONNECT: Final = "integrations.disconnect_connection"
SHOWN: Final = 20
"""Of the companies; the others are a number."""


def urls(admin_view: Any) -> list[URLPattern]:
    return [
        path("<uuid:pk>/refresh/", admin_view(require_POST(refresh)), name="refresh-connection"),
        path("<uuid:pk>/replace/", admin_view(replace), name="replace-connection"),
        path("<uuid:pk>/disconnect/", admin_view(disconnect), name="disconnect-connection"),
    ]


def offered(request: HttpRequest, connection: Connection) -> dict[str, Any]:
    """Return what the page of the connection offers to whoever looks, and who replaces it or did."""
    may = request.user.has_perm
    return {
        "can_refresh": may(REFRESH) and connection.status in {"connected", "verifying"},
        "can_replace": may(CONNECT) and not rules.why_not_replaced(connection.status),
        "waiting": replacements.waiting(connection),
        "replacing": replacements.open_pages(connection),
        "can_see_link": may(CONNECT) and may("integrations.view_customer"),
        "renewed": replacements.renewed(connection),
        "successor": replacements.successor(connection),
        "letters": _letters(connection) if connection.status == Connection.Status.DISCONNECTED else [],
        "can_disconnect": may(DISCONNECT) and not rules.why_not(connection.status),
    }


def refresh(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask Exact for a new token in this request, where that is due; else say why it is not."""
    connection = _connection(request, pk, REFRESH)
    try:
        outcome = refreshing.run(connection, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    except (WrongKeyRing, tokens.StandingBy) as error:
        messages.error(request, str(error))
    else:
        level = messages.WARNING if outcome.failed else messages.SUCCESS if outcome.refreshed else messages.INFO
        messages.add_message(request, level, outcome.said)
    return redirect(PAGE, pk)


@sensitive_variables("made", "context")
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say how it goes; a POST makes the link page, whose address is in that answer and never again anywhere."""
    connection = _connection(request, pk, CONNECT)
    reasons, made = rules.why_not_replaced(connection.status), None
    sees = request.user.has_perm("integrations.view_customer")
    if request.method == "POST" and not reasons:
        try:
            made = replacements.make(connection, by=acting(request))
        except Refused as refusal:
            reasons = refusal.reasons
        except tokens.StandingBy as error:
            reasons = (str(error),)
    context = {
        **admin.site.each_context(request),
        "title": f"Replace {connection}",
        "connection": connection,
        "reasons": reasons,
        "address": made.url if made else "",
        "page": made.page if made else None,
        "see_customers": sees,
        "customers": replacements.customers_of(connection),
        "shown": SHOWN,
        "more": -SHOWN,
        **(customer_link_pages.letters(made, made.page.customer) if made and made.page.customer and sees else {}),
    }
    return TemplateResponse(request, f"{TEMPLATES}/replace.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what stops, for whom, and what goes on; then do it."""
    connection = _connection(request, pk, DISCONNECT)
    if request.method == "POST":
        try:
            disconnecting.disconnect(connection, by=acting(request))
        except Refused as refusal:
            say_why_not(request, refusal)
        else:
            messages.success(request, f"{connection} is disconnected. Its tokens are destroyed; its history is kept.")
        return redirect(PAGE, pk)
    context = {
        **admin.site.each_context(request),
        "title": f"Disconnect {connection}?",
        "connection": connection,
        "effects": disconnecting.effects(connection),
        "letters": _letters(connection),
        "shown": SHOWN,
        "see_customers": request.user.has_perm("integrations.view_customer"),
    }
    return TemplateResponse(request, f"{TEMPLATES}/disconnect.html", context)


def _letters(connection: Connection) -> list[dict[str, Any]]:
    return customer_link_pages.labelled(ending_letters.of_connection(connection))


def _connection(request: HttpRequest, pk: UUID, right: str) -> Connection:
    require(request, "integrations.view_connection")
    require(request, right)
    return get_object_or_404(Connection.objects.select_related("application"), pk=pk)
