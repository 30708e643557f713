"""What the scopes of an app let it do: endpoints by what answers, what an endpoint needs, and what nobody uses."""

from typing import Any, Final
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from integrations.admin import app_pages, app_scopes_grid
from integrations.admin.app_pages import Tab
from integrations.admin.app_scopes import scope_url
from integrations.models import Application
from integrations.rules import reach
from integrations.rules.reach import Need
from integrations.rules.scope_grids import Grid, level
from integrations.services import scope_use

MOST: Final = 50
"""Of the endpoints that are found."""
LONGEST: Final = 300
WHICH: Final = {"selected": "Selected", "submitted": "Submitted", "approved": "Approved"}


def urls(admin_view: Any) -> list[URLPattern]:
    return [path("<uuid:pk>/scopes/works/", admin_view(require_safe(page)), name="app-scopes-works")]


def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what would work with what is selected, was submitted, or is approved."""
    application = app_pages.find(request, pk)
    if not {"which", "endpoint"}.issuperset(request.GET):
        raise SuspiciousOperation("This page is asked for which and endpoint only.")
    which = request.GET.get("which", "") or "selected"
    if which not in WHICH:
        raise SuspiciousOperation("There is no such choice of scopes.")
    stored: Grid | None = getattr(app_scopes_grid.three(application), which)
    grid = stored or {}
    typed = " ".join(request.GET.get("endpoint", "").split())[:LONGEST]
    needs = reach.search(typed) if typed else ()
    use = scope_use.unused(application, grid)
    context = {
        "page": "app-scopes-works",
        "which": which,
        "choices": WHICH,
        "nothing": stored is None,
        "scopes": len(grid),
        "parts": _parts(grid),
        "typed": typed,
        "needs": [_told(application, grid, need) for need in needs[:MOST]],
        "more": max(0, len(needs) - MOST),
        "use": use,
        "unused": [
            {"scope": scope, "level": level(grid, scope).capitalize(), "url": scope_url(application.pk, scope)}
            for scope in use.unused
        ],
        "days": scope_use.DAYS,
    }
    return app_pages.answer(request, application, Tab.SCOPES, "scopes/works.html", **context)


def _parts(grid: Grid) -> list[dict[str, Any]]:
    found = reach.reach(grid)
    return [
        {"words": "can be read", "means": "GET answers.", "endpoints": found.readable},
        {
            "words": "can be written",
            "means": "POST, PUT or DELETE answer, as far as the endpoint has them.",
            "endpoints": found.writable,
        },
        {
            "words": "stay read-only",
            "means": "They could be written, but only Read is there: POST, PUT and DELETE answer 403.",
            "endpoints": found.read_only,
        },
        {"words": "are not reached", "means": "Whatever is asked of them answers 403.", "endpoints": found.not_reached},
        {
            "words": "are reached, by methods that are not known",
            "means": "A scope that they need is there, and nobody has written down which methods they have.",
            "endpoints": found.methods_unknown,
        },
        {
            "words": "need no scope",
            "means": "They answer whatever is allowed, and are among those that can be read.",
            "endpoints": found.no_scope,
        },
    ]


def _told(application: Application, grid: Grid, need: Need) -> dict[str, Any]:
    scopes = dict.fromkeys(cell.scope for cell in (*need.reading, *need.writing))
    return {
        "path": need.endpoint.path,
        "methods": ", ".join(need.endpoint.methods) or "methods not known",
        "sentence": need.sentence,
        "answering": ", ".join(reach.answering(grid, need.endpoint)),
        "reached": reach.reached(grid, need.endpoint),
        "cells": [{"name": scope, "url": scope_url(application.pk, scope)} for scope in scopes],
    }
