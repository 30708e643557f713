"""The toggle of an app, and the pages that ask before it is enabled, disabled, stopped, put away or brought back."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.admin import app_findings
from integrations.admin.base import acting, require, say_why_not
from integrations.models import Application
from integrations.rules import app_turns
from integrations.rules.app_states import State
from integrations.rules.app_turns import Reach, Turn
from integrations.rules.lint import Severity
from integrations.services import app_facts, app_states, applications, permissions
from integrations.services.app_states import Effects
from integrations.services.refusals import Refused

HOME: Final = "admin:integrations_application_changelist"
SETTINGS: Final = "admin:integrations_application_change"
SHOWN: Final = 20
"""Of the customers who are cut off; the others are a number."""

VERBS: Final[dict[Turn, tuple[Callable[..., None], State]]] = {
    Turn.ENABLE: (applications.enable, State.ENABLED),
    Turn.DISABLE: (applications.disable, State.DISABLED),
    Turn.STOP: (app_states.stop, State.STOPPED),
    Turn.LIFT: (app_states.lift, State.DISABLED),
    Turn.ARCHIVE: (app_states.archive, State.ARCHIVED),
    Turn.RESTORE: (app_states.restore, State.DISABLED),
}
"""What is done, and the state that the app is in afterwards."""


def urls(admin_view: Any) -> list[URLPattern]:
    views: dict[str, Callable[..., HttpResponse]] = {
        "toggle": require_POST(toggle),
        "enable-now-or-later": require_safe(enable_now_or_later),
        **{turn.value: _page(turn) for turn in Turn},
    }
    return [path(f"<uuid:pk>/{name}/", admin_view(view), name=name) for name, view in views.items()]


def toggle(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Turn the app on or off at once; ask first where somebody would be cut off, or where something is missing.

    Raises:
        SuspiciousOperation: the form did not say which.
    """
    application = _application(request, pk)
    match request.POST.get("to"):
        case "on":
            turn, asks = Turn.ENABLE, _asks_before_enabling(application)
        case "off":
            turn, asks = Turn.DISABLE, app_states.effects(application).cuts_off
        case _:
            raise SuspiciousOperation("The switch says neither on nor off.")
    if asks and applications.state(application) is not VERBS[turn][1]:
        return redirect(f"{reverse(f'admin:{turn}', args=[pk])}?next={_next(request.POST.get('next'))}")
    return _do(request, application, turn, back=_next(request.POST.get("next")))


def _asks_before_enabling(application: Application) -> bool:
    """Tell whether something is missing, or likely a mistake: then the switch leads to the page that says it."""
    if applications.state(application) is not State.DISABLED:
        return True
    return any(finding.severity is not Severity.NOTE for finding in app_facts.findings(application))


def _worth_a_look(application: Application) -> list[dict[str, Any]]:
    """Return what lint says beside the errors, which keep the app from being enabled and are listed as such."""
    found = [finding for finding in app_facts.findings(application) if finding.severity is not Severity.ERROR]
    return app_findings.grouped(application, found)


def enable_now_or_later(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask, at the end of the set-up."""
    words = {"title": "Enable “{name}” now?", "action": "Enable now", "cancel": "Later"}
    return _ask(request, _application(request, pk), Turn.ENABLE, post_url=reverse("admin:enable", args=[pk]), **words)


def _page(turn: Turn) -> Callable[..., HttpResponse]:
    """Return the page that asks, and does it when it is sent."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def page(request: HttpRequest, pk: UUID) -> HttpResponse:
        application = _application(request, pk)
        if request.method == "POST":
            return _do(request, application, turn, back=_next(request.GET.get("next")))
        return _ask(request, application, turn)

    return page


def _application(request: HttpRequest, pk: UUID) -> Application:
    require(request, "integrations.view_application")
    require(request, "integrations.enable_application")
    return get_object_or_404(Application, pk=pk)


def _next(wanted: str | None) -> str:
    return "settings" if wanted == "settings" else "list"


def _address(application: Application, back: str) -> str:
    return reverse(SETTINGS, args=[application.pk]) if back == "settings" else reverse(HOME)


def _do(request: HttpRequest, application: Application, turn: Turn, *, back: str) -> HttpResponse:
    """Do it. What another tab, or a second press of the button, did already is no error."""
    verb, becomes = VERBS[turn]
    try:
        verb(application, by=acting(request))
    except Refused as refusal:
        application.refresh_from_db()
        if applications.state(application) is becomes:
            messages.info(request, refusal.reasons[0])
        else:
            say_why_not(request, refusal)
    else:
        done = app_turns.words(turn, waits=permissions.waits(application)).done
        messages.success(request, done.format(name=application.name))
    return redirect(_address(application, back))


def _ask(request: HttpRequest, application: Application, turn: Turn, **words: Any) -> HttpResponse:
    """Show what stops, what goes on and until when it can be undone; or every reason why it cannot be done."""
    effects = app_states.effects(application)
    said = app_turns.words(turn, waits=permissions.waits(application))
    context = {
        **admin.site.each_context(request),
        "application": application,
        "turn": turn,
        "lead": said.lead,
        "tone": said.tone,
        "action": said.action,
        **_cut_off(request, effects, turn),
        "consequences": app_turns.consequences(turn, _reach(effects)),
        "reasons": why_not(effects)[turn],
        "findings": _worth_a_look(application) if turn is Turn.ENABLE else [],
        "mends": _mends(request, effects, turn),
        "cancel_url": _address(application, _next(request.GET.get("next"))),
        **words,
    }
    context["title"] = words.get("title", said.title).format(name=application.name)
    return TemplateResponse(request, "admin/integrations/application/turn.html", context)


def _mends(request: HttpRequest, effects: Effects, turn: Turn) -> bool:
    """Tell whether what is in the way is mended in Set up, by whoever looks."""
    unfinished = turn is Turn.ENABLE and effects.standing.state is State.DISABLED
    return unfinished and request.user.has_perm("integrations.change_application")


def _cut_off(request: HttpRequest, effects: Effects, turn: Turn) -> dict[str, Any]:
    """Return who notices; customers by name for who may see them, by their number for everybody."""
    if turn not in app_turns.CUTS_OFF:
        return {}
    customers = effects.customers
    names = customers[:SHOWN] if request.user.has_perm("integrations.view_customer") else ()
    return {
        "what": app_turns.CUTS_OFF[turn],
        "customers": len(customers),
        "names": names,
        "more": len(customers) - len(names) if names else 0,
        "ourselves": effects.ourselves,
    }


def why_not(effects: Effects) -> dict[Turn, tuple[str, ...]]:
    return {
        Turn.ENABLE: effects.why_not_enabled,
        Turn.DISABLE: effects.why_not_disabled,
        Turn.STOP: effects.why_not_stopped,
        Turn.LIFT: effects.why_not_lifted,
        Turn.ARCHIVE: effects.why_not_archived,
        Turn.RESTORE: effects.why_not_restored,
    }


def _reach(effects: Effects) -> Reach:
    first = effects.reconnect_from
    day = timezone.localtime(first) if first else None
    return Reach(
        connections=effects.standing.live_connections,
        open_links=effects.open_links,
        reconnect_from=f"{day.day} {day:%B %Y}" if day else "",
        overdue=first is not None and first <= timezone.now(),
    )
