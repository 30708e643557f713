"""An app's scopes beside a recommended list, what was chosen before, and who may need to consent again."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST, require_safe

from integrations.admin import app_pages, app_scopes
from integrations.admin.app_pages import Tab
from integrations.admin.app_scopes import SELECT, say_changed, scope_url
from integrations.admin.base import acting, say_why_not, told
from integrations.admin.conflicts import REOPEN, SeenField
from integrations.models import Application
from integrations.rules import scope_grids
from integrations.rules.editions import EDITIONS, compare
from integrations.services import scope_approvals, scope_consents, scopes
from integrations.services.refusals import Refused

HERE: Final = "admin:app-scopes-lists"


class AdoptForm(forms.Form):
    """A recommended list, and the version of the app that whoever presses the button sees."""

    edition = forms.CharField(max_length=60, error_messages={"required": REOPEN})
    version = SeenField()


class UndoForm(forms.Form):
    """A choice that is to be taken back, by the id of its event."""

    event = forms.CharField(max_length=60, error_messages={"required": REOPEN})
    version = SeenField()


def urls(admin_view: Any) -> list[URLPattern]:
    return [
        path("<uuid:pk>/scopes/lists/", admin_view(require_safe(page)), name="app-scopes-lists"),
        path("<uuid:pk>/scopes/adopt/", admin_view(require_POST(adopt)), name="adopt-scopes"),
        path("<uuid:pk>/scopes/undo/", admin_view(require_POST(undo)), name="undo-scopes"),
    ]


def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    application = app_pages.find(request, pk)
    if not {"edition"}.issuperset(request.GET):
        raise SuspiciousOperation("This page is asked for edition only.")
    edition = app_scopes.chosen_edition(request)
    selected = scopes.selected(application)
    comparison = compare(selected, edition)
    context = {
        "page": "app-scopes-lists",
        "edition": edition,
        "editions": EDITIONS,
        "comparison": comparison,
        "differences": [
            {"url": scope_url(application.pk, one.scope), "difference": one, "missing": one in comparison.missing}
            for one in (*comparison.missing, *comparison.beyond)
        ],
        "equal": selected == edition.scopes,
        "may_select": request.user.has_perm(SELECT),
        "choices": _choices(request, application),
        "approval": scope_approvals.latest([application]).get(application.pk),
        "consents": scope_consents.to_consent_again(application),
        "see_connections": request.user.has_perm(app_pages.SEE_CONNECTIONS),
    }
    return app_pages.answer(request, application, Tab.SCOPES, "scopes/lists.html", **context)


def _choices(request: HttpRequest, application: Application) -> list[dict[str, Any]]:
    """Return the latest choices, each with what taking it back, and all that followed, would change now."""
    selected = scopes.selected(application)
    rows = list(scopes.before_each(application))
    return [
        {**words, "event": event.pk, "undoes": len(scope_grids.changes(selected, before))}
        for words, (event, before) in zip(told([event for event, _ in rows], request.user), rows, strict=True)
    ]


def adopt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose what a recommended list names."""
    application, form = app_pages.find(request, pk, SELECT), AdoptForm(request.POST)
    if not form.is_valid():
        return _incomplete(request, pk)
    try:
        changed = scopes.adopt(
            application, form.cleaned_data["edition"], by=acting(request), version=form.cleaned_data["version"]
        )
    except Refused as refusal:
        say_why_not(request, refusal)
        return redirect(HERE, pk)
    say_changed(request, changed)
    return redirect(app_pages.address(application, Tab.SCOPES))


def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose what was chosen before."""
    application, form = app_pages.find(request, pk, SELECT), UndoForm(request.POST)
    if not form.is_valid():
        return _incomplete(request, pk)
    try:
        changed = scopes.undo(
            application, form.cleaned_data["event"], by=acting(request), version=form.cleaned_data["version"]
        )
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        say_changed(request, changed)
    return redirect(HERE, pk)


def _incomplete(request: HttpRequest, pk: UUID) -> HttpResponse:
    messages.error(request, REOPEN)
    return redirect(HERE, pk)
