"""The first page of an app: what is true of it, what is wrong with it, its own fields, and what can be done with it."""

from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from integrations.admin import app_findings, app_pages, confirming, conflicts
from integrations.admin import app_states as app_states_pages
from integrations.admin.app_address import RegisteredForm, compare_url
from integrations.admin.app_pages import Tab
from integrations.admin.base import acting, require
from integrations.admin.overview_form import OverviewForm
from integrations.models import Application
from integrations.rules import app_sentences, app_turns, gate, lint, roles
from integrations.rules.app_states import State
from integrations.rules.app_turns import Turn
from integrations.rules.lint import Finding, Severity
from integrations.rules.workflow import PermissionState
from integrations.services import (
    app_facts,
    app_states,
    applications,
    drifts,
    people,
    permissions,
    scope_approvals,
    sessions,
    standings,
)
from integrations.services.app_states import Effects
from integrations.services.refusals import Conflict, Refused

CHANGE: Final = "integrations.change_application"
SET_KEYS: Final = "integrations.set_keys"
ENABLE: Final = "integrations.enable_application"
DELETE: Final = "integrations.delete_application"

DELETING: Final = "For an app made by mistake, that never had a connection. It cannot be brought back."
TURNS: Final = {
    State.ENABLED: (Turn.DISABLE, Turn.STOP, Turn.ARCHIVE),
    State.DISABLED: (Turn.ENABLE, Turn.STOP, Turn.ARCHIVE),
    State.STOPPED: (Turn.ENABLE, Turn.LIFT, Turn.ARCHIVE),
    State.ARCHIVED: (Turn.RESTORE,),
}
"""What can be done with an app as a whole, or could, were nothing in the way."""


def page(request: HttpRequest, application: Application) -> HttpResponse:
    """Show the app; a POST stores what differs, unless somebody else stored something meanwhile."""
    if request.method != "POST":
        return _shown(request, application, _form(request, application) if request.user.has_perm(CHANGE) else None)
    require(request, CHANGE)
    form = _form(request, application, request.POST)
    if not form.is_valid():
        return _shown(request, _now(application), form)
    if form.leads_elsewhere and not sessions.may_set_keys(request.session):
        return confirming.ask(request)
    return _save(request, form)


def _form(request: HttpRequest, application: Application, data: QueryDict | None = None) -> OverviewForm:
    return OverviewForm(data, instance=application, may_set_keys=request.user.has_perm(SET_KEYS))


def _save(request: HttpRequest, form: OverviewForm) -> HttpResponse:
    try:
        applications.change(form.instance, by=acting(request), version=form.cleaned_data["version"])
    except Conflict as conflict:
        now = _now(form.instance)
        if differences := conflicts.differences(form, now):
            return _conflicting(request, form, now, reasons=conflict.reasons, differences=differences)
        # Sent twice, or the same by two people: it is stored.
    except Refused as refusal:
        for reason in refusal.reasons:
            form.add_error(None, reason)
        return _shown(request, _now(form.instance), form)
    messages.success(request, f"The app “{form.instance.name}” was saved.")
    return redirect(app_pages.address(form.instance, Tab.OVERVIEW))


def _conflicting(request: HttpRequest, form: OverviewForm, now: Application, **told: Any) -> HttpResponse:
    """Keep what was typed, and show what saving once more would overwrite: that is then done knowingly."""
    told["events"] = conflicts.events(now, since=form.cleaned_data["version"])
    data = request.POST.copy()
    data["version"] = str(now.version)
    return _shown(request, _now(now), _form(request, now, data), conflict=told)


def _now(application: Application) -> Application:
    """Return the row as it is stored: a form has written what was typed into the other one."""
    return Application.objects.get(pk=application.pk)


# --- What it shows ------------------------------------------------------------------------------------------


def _shown(request: HttpRequest, application: Application, form: OverviewForm | None, **context: Any) -> HttpResponse:
    findings = app_facts.findings(application)
    effects = app_states.effects(application)
    permission = permissions.of(application)
    names = people.names([application.registered_by, _began(application)[1]])
    everything = {
        "form": form,
        "sentence": _sentence(application, findings, effects, names, permission.state),
        "begun": form is not None and effects.standing.state is State.DISABLED and bool(effects.why_not_enabled),
        "findings": app_findings.grouped(application, findings),
        "moved": any(finding.code == lint.MOVED for finding in findings),
        "registered_by": names.get(application.registered_by, ""),
        "who_may_change": roles.who_may(CHANGE),
        "registered_form": RegisteredForm(),
        "compare_url": compare_url(application) if form is not None else "",
        "permission": gate.stage(permission.state, permission.since),
        "scopes": _scopes(application),
        "drifts": drifts.of([application])[application.pk],
        "verbs": _verbs(request, application, effects, permission.state),
        **context,
    }
    return app_pages.answer(request, application, Tab.OVERVIEW, "overview.html", **everything)


def _scopes(application: Application) -> dict[str, list[str]]:
    """Return what Exact had approved before the portal, by level, the wider one first."""
    levels: dict[str, list[str]] = {"Manage": [], "Read": []}
    for scope, level in scope_approvals.approved(application).items():
        levels.setdefault(str(level).capitalize(), []).append(scope)
    return {level: scopes for level, scopes in levels.items() if scopes}


def _began(application: Application) -> tuple[datetime | None, str]:
    """Return when the present state began, and by whom."""
    for name in ("enabled", "stopped", "archived"):
        if at := getattr(application, f"{name}_at"):
            return at, getattr(application, f"{name}_by")
    return None, ""


def _sentence(
    application: Application,
    findings: tuple[Finding, ...],
    effects: Effects,
    names: dict[str, str],
    permission: PermissionState,
) -> str:
    at, by = _began(application)
    return app_sentences.sentence(
        app_sentences.Facts(
            state=effects.standing.state,
            since=f"since {standings.say(at)} by {names[by]}" if at else "",
            errors=sum(finding.severity is Severity.ERROR for finding in findings),
            is_testing=application.is_testing,
            is_awake=application.is_awake,
            waits=gate.waits(is_testing=application.is_testing, permission=permission),
            connections=effects.standing.live_connections,
            reconnect_from=standings.say(effects.reconnect_from) if effects.reconnect_from else "",
        )
    )


def _verbs(
    request: HttpRequest, application: Application, effects: Effects, permission: PermissionState
) -> list[dict[str, Any]]:
    """Return what can be done with the app as a whole, and why not where it cannot: each on a page that asks."""
    why_not = app_states_pages.why_not(effects)
    waits = gate.waits(is_testing=application.is_testing, permission=permission)
    verbs = [
        {
            "label": app_turns.words(turn, waits=waits).action,
            "means": app_turns.words(turn, waits=waits).lead,
            "url": f"{reverse(f'admin:{turn}', args=[application.pk])}?next=settings",
            "reasons": why_not[turn],
        }
        for turn in (TURNS[effects.standing.state] if request.user.has_perm(ENABLE) else ())
    ]
    if request.user.has_perm(DELETE):
        url = reverse("admin:integrations_application_delete", args=[application.pk])
        verbs.append({"label": "Delete", "means": DELETING, "url": url, "reasons": effects.why_not_deleted})
    return verbs
