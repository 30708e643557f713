"""The link pages of a customer: the list on the customer's page, the preview, and revoking one."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

from integrations.admin.base import PortalModelAdmin, acting, require, say_why_not
from integrations.models import Customer, Language, LinkPage, Organization
from integrations.rules import link_states
from integrations.rules.link_states import LinkState
from integrations.rules.link_texts import NAMES
from integrations.services import link_pages, links, people
from integrations.services.link_pages import Letter
from integrations.services.links import MadeLink
from integrations.services.refusals import Refused

SHOWN: Final = 20
CONNECT: Final = "integrations.connect"


def urls(owner: PortalModelAdmin) -> list[URLPattern]:
    def page(route: str, view: Any, name: str) -> URLPattern:
        pattern: URLPattern = path(f"<uuid:pk>/links/<uuid:link>/{route}", owner.admin_site.admin_view(view), name=name)
        return pattern

    def revoke(request: HttpRequest, pk: UUID, link: UUID) -> HttpResponse:
        return revoke_view(request, pk, link, owner.admin_site.each_context(request))

    return [page("preview/", preview_view, "preview-customer-link"), page("revoke/", revoke, "revoke-customer-link")]


def listed(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """Return the newest link pages of the customer with their states, by two statements."""
    may = request.user.has_perm(CONNECT)
    rows = list(customer.links.select_related("application").order_by("-created_at", "id")[: SHOWN + 1])
    names = people.names({actor for row in rows for actor in (row.created_by, row.revoked_by)})
    lines = [_line(row, names, may=may) for row in rows]
    return {
        "lines": lines[:SHOWN],
        "most": SHOWN if len(lines) > SHOWN else 0,
        "can_preview": may,
        "any_import": any(row.brought for row in rows),
    }


def letters(made: MadeLink, customer: Customer) -> dict[str, Any]:
    """Return the letter in both languages as the page shows it, once; the customer's language first. Before the
    organization has a name there is a gap in it."""
    return {
        "letters": labelled(link_pages.letters(made, customer)),
        "unnamed": not Organization.objects.ours().name,
    }


def labelled(letters: Iterable[Letter]) -> list[dict[str, Any]]:
    """Return each letter with its language in words."""
    labels = dict(Language.choices)
    return [{"label": labels[one.language], "letter": one} for one in letters]


def _line(row: LinkPage, names: dict[str, str], *, may: bool) -> dict[str, Any]:
    if row.brought:
        return _import_line(row, names[row.created_by])
    state = links.state(row)
    # Tokens are there, and Exact has not said yet whose.
    under_way = state is LinkState.OPEN and row.connection_id is not None
    label, tone = ("Being finished", "info") if under_way else link_states.LABELS[state]
    return {
        "page": row,
        "made_by": names.get(row.created_by, ""),
        "revoked_by": names.get(row.revoked_by, ""),
        "under_way": under_way,
        "nobody_replaced": row.connected_at is not None and row.replaces_id in {row.connection_id} - {None},
        "label": label,
        "tone": tone,
        "state": str(state),
        "can_revoke": may and state is LinkState.OPEN,
    }


def _import_line(row: LinkPage, made_by: str) -> dict[str, Any]:
    """Return the line of an import, which is no page: there is nothing to preview, and nothing to revoke."""
    state = link_states.import_state(
        connected_at=row.connected_at, revoked_at=row.revoked_at, kept=row.connection_id is not None
    )
    label, tone = link_states.IMPORT_LABELS[state]
    return {
        "page": row,
        "made_by": made_by,
        "is_import": True,
        "label": label,
        "tone": tone,
        "state": str(state),
        "ended_at": row.revoked_at or row.expires_at,
    }


@require_safe
def preview_view(request: HttpRequest, pk: UUID, link: UUID) -> HttpResponse:
    """Show what the customer sees, in either language; nothing is bound, and the button is inert."""
    page = _page(request, pk, link)
    asked = request.GET.get("lang", "")
    language = asked if asked in NAMES else str(page.customer.language if page.customer else "")
    context = {
        **link_pages.shown(page, language),
        "languages": NAMES,
        "preview": True,
        "back": reverse("admin:customer", args=[pk]),
    }
    return render(request, "connect/link.html", context)


def revoke_view(request: HttpRequest, pk: UUID, link: UUID, everything: dict[str, Any]) -> HttpResponse:
    """Say what stops; then do it."""
    page = _page(request, pk, link)
    if request.method == "POST":
        try:
            links.revoke(page, by=acting(request))
        except Refused as refusal:
            say_why_not(request, refusal)
        else:
            messages.success(request, "The link page is revoked: nobody can connect by it any more.")
        return redirect("admin:customer", pk)
    context = {
        **everything,
        "title": "Revoke the link page?",
        "home": reverse("admin:integrations_customer_changelist"),
        "customer": page.customer,
        "page": page,
        "reasons": link_states.why_not_revoked(links.state(page)),
    }
    return TemplateResponse(request, "admin/integrations/customer/revoke_link.html", context)


def _page(request: HttpRequest, pk: UUID, link: UUID) -> LinkPage:
    require(request, "integrations.view_customer")
    require(request, CONNECT)
    pages: Any = LinkPage.objects.select_related("application", "customer").filter(customer=pk, brought="")
    page: LinkPage = get_object_or_404(pages, pk=link)
    return page
