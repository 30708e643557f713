"""The scopes of an app: Exact's form as a grid, what a choice would change, and where Exact refused for want of one."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

from integrations.admin import app_pages, app_scopes_grid, conflicts
from integrations.admin.app_pages import Tab
from integrations.admin.app_scopes_grid import Shown, Typed
from integrations.admin.base import acting, require
from integrations.exact import regions, review
from integrations.exact.scopes import SCOPES, Level
from integrations.models import Application
from integrations.rules import roles
from integrations.rules.editions import EDITIONS, Edition, UnknownEdition, named
from integrations.rules.reach import simulate
from integrations.rules.scope_grids import Grid, level
from integrations.rules.scope_traps import traps
from integrations.services import scope_refusals, scope_use, scopes
from integrations.services.refusals import Conflict, Refused
from integrations.services.scope_refusals import Affected
from integrations.services.scopes import Changed

SELECT: Final = scopes.SELECT
NAMED: Final = 20
"""Of the companies that a refusal hit; the others are a number."""
LONGEST_FILTER: Final = 60
QUERY: Final = frozenset({"filter", "scope", "edition"})


def urls(admin_view: Any) -> list[URLPattern]:
    return [path("<uuid:pk>/scopes/", admin_view(page), name="app-scopes")]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the grid; a POST stores what was chosen, or shows what it would change."""
    application = app_pages.find(request, pk)
    if request.method != "POST":
        return _shown(request, application)
    require(request, SELECT)
    typed = app_scopes_grid.read(request.POST)
    try:
        if typed.problems or request.POST.get("do") == "show":
            return _looked_at(request, application, typed)
        changed = scopes.select(
            application, typed.pairs, by=acting(request), reasons=typed.reasons, version=typed.version
        )
    except Conflict as conflict:
        return _conflicting(request, application, typed, conflict)
    except Refused as refusal:
        return _shown(request, application, typed, problems=refusal.reasons)
    say_changed(request, changed)
    return redirect(app_pages.address(application, Tab.SCOPES))


def _looked_at(request: HttpRequest, application: Application, typed: Typed) -> HttpResponse:
    """Show what the choice would change, and store nothing.

    Raises:
        Refused: it is none that could be stored, or came back with parts missing.
    """
    scopes.refuse(application, typed.pairs, by=acting(request))
    if typed.problems:
        raise Refused(typed.problems)
    return _shown(request, application, typed, preview=_preview(application, typed.grid))


def say_changed(request: HttpRequest, changed: Changed) -> None:
    if changed.levels:
        number = len(changed.levels)
        is_changed = "1 scope was changed" if number == 1 else f"{number} scopes were changed"
        messages.success(request, f"Saved: {is_changed}. Nothing changes at Exact before Exact approves it.")
    elif changed.reasons:
        messages.success(request, "Saved: the reasons were changed.")
    else:
        messages.info(request, "That is how it was chosen already. Nothing was changed.")


def _conflicting(request: HttpRequest, application: Application, typed: Typed, conflict: Conflict) -> HttpResponse:
    """Keep what was chosen, and show what saving once more would overwrite: that is then done knowingly."""
    stored = scopes.selected(application)
    told = {
        "reasons": conflict.reasons,
        "events": conflicts.events(application, since=typed.version or conflict.version),
        "differences": [
            {
                "label": scope,
                "stored": level(stored, scope).capitalize(),
                "typed": level(typed.grid, scope).capitalize(),
            }
            for scope in SCOPES
            if level(stored, scope) is not level(typed.grid, scope)
        ],
    }
    return _shown(request, application, typed, conflict=told, version=conflict.version)


# --- What it shows --------------------------------------------------------------------------------------------


def _shown(request: HttpRequest, application: Application, typed: Typed | None = None, **context: Any) -> HttpResponse:
    looked_for, pointed, edition = _asked(request)
    stored = app_scopes_grid.three(application)
    chosen = typed.grid if typed else stored.selected
    reasons = {**scopes.reasons(application), **(typed.reasons if typed else {})}
    shown = Shown(stored, chosen, edition, reasons, looked_for, pointed)
    groups = app_scopes_grid.groups(shown)
    everything = {
        "page": "app-scopes",
        "groups": groups,
        "found": any(group.matches for group in groups),
        "stored": stored,
        "typed": typed,
        "version": (typed and typed.version) or application.version,
        "looked_for": looked_for,
        "pointed": pointed,
        "edition": edition,
        "editions": EDITIONS,
        "may_select": request.user.has_perm(SELECT),
        "who_may_select": roles.who_may(SELECT),
        "levels": _levels(application),
        "region": regions.by_code(application.region),
        "longest": scopes.REASON_LENGTH,
        "traps": [
            {"code": trap.code, "text": trap.text, "url": scope_url(application.pk, trap.scope)}
            for trap in traps(chosen)
        ],
        "affected": _told(request, application, stored),
        **context,
    }
    return app_pages.answer(request, application, Tab.SCOPES, "scopes/grid.html", **everything)


def _levels(application: Application) -> list[dict[str, str]]:
    """Return the levels as the heading has them; and as Exact's form has them in another language."""
    local = review.local_levels(application.region)
    return [{"label": each.capitalize(), "local": local.get(each, "")} for each in Level]


def _asked(request: HttpRequest) -> tuple[str, str, Edition]:
    """Return what the page is asked for: a text to look for, a scope to point at, a recommended list.

    Raises:
        SuspiciousOperation: there is no such scope or list, or it is asked for anything else.
    """
    if not QUERY.issuperset(request.GET):
        raise SuspiciousOperation("This page is asked for filter, scope and edition only.")
    pointed = request.GET.get("scope", "")
    if pointed and pointed not in SCOPES:
        raise SuspiciousOperation("There is no such scope.")
    return " ".join(request.GET.get("filter", "").split())[:LONGEST_FILTER], pointed, chosen_edition(request)


def chosen_edition(request: HttpRequest) -> Edition:
    """Return the recommended list that was asked for, else the newest.

    Raises:
        SuspiciousOperation: there is none of that name.
    """
    name = request.GET.get("edition", "")
    try:
        return named(name) if name else EDITIONS[-1]
    except UnknownEdition as error:
        raise SuspiciousOperation(str(error)) from None


def _preview(application: Application, grid: Grid) -> dict[str, Any]:
    """Return what would be different at Exact, once it approved the choice."""
    change = simulate(scopes.selected(application), grid)
    closing = tuple(dict.fromkeys((*change.closes_reading, *change.closes_writing)))
    parts = (
        ("would open for reading", change.opens_reading),
        ("would open for writing", change.opens_writing),
        ("would answer 403 to reading", change.closes_reading),
        ("would answer 403 to writing", change.closes_writing),
        ("would change, and nobody knows how: their methods are not written down", change.unclear),
    )
    return {
        "parts": [{"words": words, "endpoints": endpoints} for words, endpoints in parts if endpoints],
        "in_use": scope_use.in_use(application, closing) if closing else (),
        "closing": len(closing),
    }


# --- Where Exact refused --------------------------------------------------------------------------------------


def scope_url(application_id: UUID, scope: str, *, missing: bool = False) -> str:
    """Return where a scope is changed: the page, and the line of it; of one that is missing with whom that hit."""
    page = reverse("admin:app-scopes", args=[application_id])
    return f"{page}{f'?scope={scope}' if missing else ''}#{app_scopes_grid.anchor(scope)}"


def _told(request: HttpRequest, application: Application, stored: app_scopes_grid.Three) -> list[dict[str, Any]]:
    """Say of each cell that is missing whom it hit, and why it may be; names for who may see them."""
    see_companies = request.user.has_perm("integrations.view_company")
    see_connections = request.user.has_perm(app_pages.SEE_CONNECTIONS)
    return [
        {
            "cell": each.cell,
            "url": scope_url(application.pk, each.cell.scope, missing=True),
            "certain": each.is_certain,
            "why": _why(each, stored),
            "count": len(each.companies),
            "companies": each.companies[:NAMED] if see_companies else (),
            "more": len(each.companies) - NAMED if see_companies else 0,
            "hits": each.hits[:NAMED] if see_connections else (),
            "connections": len(each.hits),
        }
        for each in scope_refusals.affected(application)
    ]


def _why(affected: Affected, stored: app_scopes_grid.Three) -> str:
    cell = affected.cell

    def covers(grid: Grid | None) -> bool:
        return level(grid or {}, cell.scope).rank >= cell.level.rank

    if covers(stored.approved):
        return (
            "It is recorded here as approved. The record may be wrong; or these connections were made before the "
            "approval, and whether they then need a new consent is not known."
        )
    if covers(stored.selected):
        return "It is chosen below, and Exact has not approved it yet: it goes with the next round of the review."
    more = " or Manage" if cell.level is Level.READ else ""
    return f"Choose {cell.level.capitalize()}{more} below. It takes effect once Exact has approved it."
