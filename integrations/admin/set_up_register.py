"""The steps of Set up that keep what stands at Exact: the Redirect URL and who can get at it, and what was granted."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from integrations.admin import app_address, set_up_saving
from integrations.admin.base import acting, require, say_why_not
from integrations.admin.confirming import confirmed
from integrations.admin.set_up_forms import AsItStoodForm, OwnAddressForm, RegisterForm
from integrations.admin.set_up_visit import Visit, answer, begin
from integrations.models import Application
from integrations.rules import differences, roles
from integrations.rules.differences import Difference
from integrations.rules.journey import Step
from integrations.rules.lint import MOVED, Field
from integrations.rules.redirects import clean_registered_url, why_not_kept
from integrations.services import applications, people
from integrations.services.refusals import Refused

SET_KEYS: Final = "integrations.set_keys"
EXACTLY: Final = "exactly"
COMPARE: Final = "compare"


# --- Register at Exact ------------------------------------------------------------------------------------------


def register(request: HttpRequest, at: Visit) -> HttpResponse:
    """Lead to the App Center with the Redirect URL at hand, and record what was entered there."""
    if request.method != "POST":
        return _shown(request, at)
    match request.POST.get("do"):
        case "follow-address":
            return _follow_address(request, at)
        case "own-address":
            return _own_address(request, at)
        case _:
            return _record(request, at)


def _record(request: HttpRequest, at: Visit) -> HttpResponse:
    wanted = request.POST.get("do")
    if reasons := why_not_kept(request.POST.get("pasted", "")):
        return _shown(request, at, form=_forgetting(request, at, reasons))
    form = RegisterForm(request.POST, application=at.app, must_paste=wanted == COMPARE)
    if not form.is_valid():
        return _shown(request, at, form=form)
    pasted: str = form.cleaned_data["pasted"].strip("\r\n")
    if pasted and (reasons := clean_registered_url(pasted).reasons):
        form.add_error("pasted", list(reasons))
        return _shown(request, at, form=form, difference=differences.compare(pasted, at.app.redirect_uri))
    url = pasted or (at.app.redirect_uri if wanted == EXACTLY else "")

    def then(application: Application, version: int) -> None:
        if url:
            applications.register(application, url, by=acting(request), version=version)

    if not set_up_saving.save(request, at, form, form.kept(), then):
        return _shown(request, begin(request, at.pk, at.step), form=form)
    return _recorded(request, begin(request, at.pk, at.step), said_so=bool(url))


def _forgetting(request: HttpRequest, at: Visit, reasons: tuple[str, ...]) -> RegisterForm:
    """Return the form as it was filled in, but for what was pasted."""
    data = request.POST.copy()
    data["pasted"] = ""
    form = RegisterForm(data, application=at.app)
    form.add_error("pasted", list(reasons))
    return form


def _recorded(request: HttpRequest, at: Visit, *, said_so: bool) -> HttpResponse:
    if not said_so:
        messages.success(request, "Saved.")
    elif not app_address.say_recorded(request, at.app):
        return redirect(at.url(Step.REGISTER))
    return redirect(at.next_url)


def _follow_address(request: HttpRequest, at: Visit) -> HttpResponse:
    try:
        applications.follow_address(at.app, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        messages.success(request, "The portal sends its new Redirect URL from now on. Enter it at Exact, too.")
    return redirect(at.url(Step.REGISTER))


@confirmed(SET_KEYS)
def _own_address(request: HttpRequest, at: Visit) -> HttpResponse:
    """Take another Redirect URL than the portal's. Codes of Exact go there, so it takes the right to the keys."""
    require(request, SET_KEYS)
    form = OwnAddressForm(request.POST, application=at.app, is_needed=not at.facts.address_accepted)
    if not form.is_valid():
        return _shown(request, at, own=form)
    address = form.cleaned_data["own_redirect_url"] or at.app.default_redirect_uri()
    if not set_up_saving.save(request, at, form, {"redirect_uri": address}):
        return _shown(request, begin(request, at.pk, at.step), own=form)
    messages.success(request, f"The app's Redirect URL is {address} now. Enter it at Exact exactly so.")
    return redirect(at.url(Step.REGISTER))


def _shown(
    request: HttpRequest,
    at: Visit,
    *,
    form: RegisterForm | None = None,
    own: OwnAddressForm | None = None,
    difference: Difference | None = None,
) -> HttpResponse:
    app = at.app
    recorded = app.registered_redirect_uri
    if difference is None and recorded and recorded != app.redirect_uri:
        difference = differences.compare(recorded, app.redirect_uri)
    is_needed = not at.facts.address_accepted
    codes = {finding.code for finding in at.findings}
    context = {
        "form": form or RegisterForm(application=app),
        "own": own or OwnAddressForm(application=app, is_needed=is_needed),
        "own_is_needed": is_needed,
        "difference": difference,
        "recorded": recorded,
        "recorded_by": people.names([app.registered_by]).get(app.registered_by, ""),
        "is_same": recorded == app.redirect_uri,
        "moved_to": app.default_redirect_uri() if MOVED in codes else "",
        "one_only": at.told(finding for finding in at.findings if finding.field is Field.CARETAKERS),
        "register_url": at.at_exact(f"apps/register?kind={app.kind}"),
        "manage_url": at.at_exact("apps/"),
        "may_change_address": request.user.has_perm(SET_KEYS),
        "who_may": roles.who_may(SET_KEYS),
    }
    return answer(request, at, "register.html", **context)


# --- As it stood ------------------------------------------------------------------------------------------------


def as_it_stood(request: HttpRequest, at: Visit) -> HttpResponse:
    """Record what Exact had granted before the portal, with the evidence."""
    form = AsItStoodForm(request.POST if request.method == "POST" else None, application=at.app)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data

        def then(application: Application, version: int) -> None:
            applications.record_as_it_stood(
                application,
                by=acting(request),
                permission=said["permission_status"],
                on=said["permission_on"],
                note=said["permission_note"],
                evidence=said["permission_evidence"],
                scopes=form.approved(),
                version=version,
            )

        if set_up_saving.save(request, at, form, {}, then):
            messages.success(request, f"Recorded how “{at.app.name}” stood at Exact.")
            return redirect(at.next_url)
        at = begin(request, at.pk, at.step)
    return answer(request, at, "as_it_stood.html", form=form, manage_url=at.at_exact("apps/"))
