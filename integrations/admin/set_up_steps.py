"""The steps of Set up: before you start, kind and name, keys, their test, and enabling."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from integrations.admin import app_keys, app_pages, conflicts, key_answers, set_up_saving
from integrations.admin.base import acting, not_to_be_sent, require, say_why_not
from integrations.admin.confirming import confirmed
from integrations.admin.set_up_forms import NameForm, StepKeysForm
from integrations.admin.set_up_visit import Visit, answer, begin
from integrations.exact import limits
from integrations.exact.key_test import Verdict
from integrations.models import Application, Organization
from integrations.rules import app_turns, journey, lint, roles
from integrations.rules.app_turns import Turn
from integrations.rules.journey import Step
from integrations.rules.lint import Field, Severity
from integrations.services import applications, key_tests, permissions, secrets
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Conflict, Refused

SET_KEYS: Final = "integrations.set_keys"
ENABLE: Final = "integrations.enable_application"
CONNECT: Final = "integrations.connect"
MENDED_AT: Final = {
    Verdict.UNKNOWN_CLIENT: Field.CLIENT_ID,
    Verdict.REDIRECT_REFUSED: Field.REDIRECT_URI,
    Verdict.SECRET_REFUSED: Field.CLIENT_SECRET,
}


# --- Before you start -------------------------------------------------------------------------------------------


def before(request: HttpRequest, at: Visit) -> HttpResponse:
    """Say what has to be there; nothing is asked."""
    if refused := not_to_be_sent(request):
        return refused
    partner = f"{at.origin}/partner/" if at.is_practice else at.region.partner_url
    numbers = {
        "minutely": f"{limits.MINUTELY_LIMIT:,}",
        "daily": f"{limits.DAILY_LIMIT:,}",
        "all_apps": f"{limits.FAIR_USE_DAILY:,}",
    }
    return answer(request, at, "before.html", partner=partner, **numbers)


# --- Kind and name ----------------------------------------------------------------------------------------------


def name(request: HttpRequest, at: Visit) -> HttpResponse:
    """Ask for kind and name; with them the app is here."""
    if request.method != "POST":
        return _naming(request, at, NameForm(application=at.application))
    if at.application and "version" not in request.POST:
        return _lead_on(request, at)
    form = NameForm(request.POST, application=at.application)
    if not form.is_valid():
        return _naming(request, at, form)
    return _change(request, at, form) if at.application else _add(request, at, form)


def _add(request: HttpRequest, at: Visit, form: NameForm) -> HttpResponse:
    typed = {"kind": form.cleaned_data["kind"], "name": form.cleaned_data["name"]}
    application = Application(pk=at.pk, region=at.region.code, existed_before=at.facts.existed_before, **typed)
    try:
        applications.add(application, by=acting(request))
    except applications.AlreadyAdded:
        return _lead_on(request, begin(request, at.pk, at.step))
    except Refused as refusal:
        form.add_error(None, list(refusal.reasons))
        return _naming(request, at, form)
    messages.success(request, f"The app “{application.name}” is here now. Set up can be left and resumed at any time.")
    set_up_saving.warn_of_name(request, application)
    return redirect(begin(request, at.pk, at.step).next_url)


def _lead_on(request: HttpRequest, at: Visit) -> HttpResponse:
    """Lead on to the app that this form made already: it was sent twice, or filled in twice."""
    app_pages.say_made_already(request, at.app, "name", "kind")
    return redirect(at.next_url)


def _change(request: HttpRequest, at: Visit, form: NameForm) -> HttpResponse:
    if not set_up_saving.save(request, at, form, form.cleaned_data):
        return _naming(request, begin(request, at.pk, at.step), form)
    now = begin(request, at.pk, at.step)
    messages.success(request, f"The app “{now.app.name}” was saved.")
    set_up_saving.warn_of_name(request, now.app)
    return redirect(now.next_url)


def _naming(request: HttpRequest, at: Visit, form: NameForm) -> HttpResponse:
    others = Application.objects.filter(region=at.region.code, archived_at=None).exclude(pk=at.pk)
    organization = Organization.objects.ours().name
    context = {
        "form": form,
        "found": at.told(finding for finding in at.findings if finding.field in set_up_saving.NAMING),
        "organization": organization,
        "telling": sorted(lint.telling_words(organization)),
        "others": list(others.order_by("name").values_list("name", flat=True)[:100]),
    }
    return answer(request, at, "name.html", **context)


# --- Keys -------------------------------------------------------------------------------------------------------


@confirmed(SET_KEYS)
def keys(request: HttpRequest, at: Visit) -> HttpResponse:
    """Ask for Client ID and Client secret; the secret is sealed, and never comes back."""
    if request.method != "POST":
        return _key_page(request, at, _keys_form(at) if request.user.has_perm(SET_KEYS) else None)
    require(request, SET_KEYS)
    form = _keys_form(at, request.POST)
    if not form.is_valid():
        return _key_page(request, at, form)
    before = _present(at.app)
    try:
        notes = app_keys.store(at.app, form, request)
    except (Refused, WrongKeyRing) as refusal:
        return _not_stored(request, at, form, refusal)
    for note in notes:
        messages.info(request, note)
    is_new = before != _present(at.app)
    messages.success(request, "The keys are stored." if is_new else "These keys were stored already; nothing changed.")
    return redirect(at.next_url)


def _present(application: Application) -> tuple[str | None, list[int]]:
    return application.client_id, [secret.version for secret in secrets.stored(application)]


def _keys_form(at: Visit, data: QueryDict | None = None) -> StepKeysForm:
    is_stored = any(secret.opens for secret in secrets.stored(at.app))
    return StepKeysForm(data, **app_keys.seen(at.app), needs_secret=not is_stored)


def _not_stored(request: HttpRequest, at: Visit, form: StepKeysForm, refusal: Refused | WrongKeyRing) -> HttpResponse:
    """Keep the Client ID that was typed, and never the secret; saving once more is then done knowingly."""
    now = begin(request, at.pk, at.step)
    data = request.POST.copy()
    data["version"], data["newest"] = str(now.app.version), str(secrets.newest(now.app))
    again = _keys_form(now, data)
    again.is_valid()
    if isinstance(refusal, Conflict):
        events = conflicts.events(now.app, since=form.cleaned_data["version"])
        again.conflict = {"reasons": refusal.reasons, "events": events}
    else:
        again.add_error(None, list(refusal.reasons) if isinstance(refusal, Refused) else [str(refusal)])
    return _key_page(request, now, again)


def _key_page(request: HttpRequest, at: Visit, form: StepKeysForm | None) -> HttpResponse:
    context = {
        "form": form,
        "stored": app_keys.stored(at.app),
        "depending": app_keys.depending(at.app),
        "manage_url": at.at_exact("apps/"),
        "who_may": roles.who_may(SET_KEYS),
    }
    return answer(request, at, "keys.html", **context)


# --- Test keys --------------------------------------------------------------------------------------------------


def test(request: HttpRequest, at: Visit) -> HttpResponse:
    """Say what the portal foretells, then what Exact answered; ``key_answers`` asks it."""
    if refused := not_to_be_sent(request):
        return refused
    outcome = key_tests.outcome(at.test)
    context = {
        "foretold": at.told(finding for finding in at.findings if finding.field is not Field.KEY_TEST),
        "is_unclear": outcome is Verdict.UNCLEAR,
        "is_doubtful": outcome is Verdict.REDIRECT_REFUSED,
        "mend_url": at.place(MENDED_AT[outcome]) if outcome in MENDED_AT else "",
        "may_test": request.user.has_perm(SET_KEYS),
        "who_may": roles.who_may(SET_KEYS),
        "next": "journey",
        **key_answers.context(at.app),
    }
    return answer(request, at, "test.html", **context)


# --- Enable now or later ----------------------------------------------------------------------------------------


def enable(request: HttpRequest, at: Visit) -> HttpResponse:
    """Ask whether to enable now; of an enabled app say what comes next."""
    if request.method == "POST":
        require(request, ENABLE)
        return _enable(request, at)
    errors = {finding.text: finding for finding in at.findings if finding.severity is Severity.ERROR}
    others = {Severity.WARNING} if at.app.is_enabled else {Severity.WARNING, Severity.NOTE}
    reasons = applications.why_not_enabled(at.app)
    first = journey.next_step(at.facts)
    context = {
        "reasons": [{"text": text, "url": at.place(errors[text].field) if text in errors else ""} for text in reasons],
        "others": at.told(finding for finding in at.findings if finding.severity in others),
        "first": journey.title(first, at.facts),
        "first_url": at.url(first) if first is not at.step else "",
        "may_enable": request.user.has_perm(ENABLE),
        "may_connect": request.user.has_perm(CONNECT) and not applications.why_not_usable(at.app),
        "who_may": roles.who_may(ENABLE),
        "who_may_connect": roles.who_may(CONNECT),
        "waits": permissions.waits(at.app),
    }
    return answer(request, at, "enabled.html" if at.app.is_enabled else "enable.html", **context)


def _enable(request: HttpRequest, at: Visit) -> HttpResponse:
    if at.app.is_enabled:
        return redirect(at.url(Step.ENABLE))  # sent twice
    try:
        applications.enable(at.app, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        done = app_turns.words(Turn.ENABLE, waits=permissions.waits(at.app)).done
        messages.success(request, done.format(name=at.app.name))
    return redirect(at.url(Step.ENABLE))
