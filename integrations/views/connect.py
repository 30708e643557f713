"""The link page, and the way back from Exact: pages for customers and staff alike, outside the admin."""

import secrets
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from integrations.exact import errors, oauth
from integrations.models import Application, Connection, LinkPage, Organization
from integrations.rules import redirects
from integrations.rules.link_texts import NAMES
from integrations.rules.link_words import Reason, only_ours
from integrations.services import calls, connections, installation, link_pages, links, tokens
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused
from integrations.services.usage import LimitReached
from integrations.views import choosing

BROWSER: Final = "connect_browser"
BEGUN: Final = "connect_begun"
RESULT: Final = "connect_result"
LANGUAGE: Final = "connect_language"
FAILURES: Final = (errors.ExactError, tokens.TokenUnavailable, calls.CallRefused, LimitReached, WrongKeyRing)
WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (errors.AccessDenied, "denied"),
    (errors.BadCode, "bad_code"),
    (errors.ScopeViolated, "ours_to_mend"),
    (errors.LicenceExpired, "licence"),
    (errors.Forbidden, "user_rights"),
    (errors.LimitReached, "busy"),
    (LimitReached, "busy"),
    (tokens.JournalBehind, "not_now"),
    (tokens.JournalUnwritable, "no_room"),
)
"""What customers read of a failure: the first class that it is of. Of others: ours to mend, Exact's, or not now."""


@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def link_page(request: HttpRequest, token: str) -> HttpResponse:
    """Say who asks for what; *Continue to Exact* binds the way to this browser and goes."""
    page = links.find(token)
    if page is None:
        return _gone(request)
    if request.method == "POST" and not links.why_not_open(page):
        browser = request.session.get(BROWSER) or secrets.token_urlsafe(24)
        try:
            address = links.start(page, browser=browser)
        except Refused as refusal:
            return _asking(request, page, token, problems=refusal.reasons)
        request.session[BROWSER], request.session[BEGUN] = browser, token
        request.session[LANGUAGE] = _language(request, page)
        response: HttpResponse = redirect(address)
        return response
    return _asking(request, page, token)


@sensitive_variables("token", "answer")
@sensitive_post_parameters("address")
@require_POST
def paste_back(request: HttpRequest, token: str) -> HttpResponse:
    """Take the address at which the browser ended, for an app that Exact does not lead back to this portal.

    What it carries is treated as what Exact leads to the callback; it stands in no address and no log of ours.
    """
    page = links.find(token)
    if page is None:
        return _gone(request)
    answer = redirects.read_pasted(request.POST.get("address", ""), redirect_url=page.application.redirect_uri)
    if answer.reasons:
        return _asking(request, page, token, problems=answer.reasons)
    return _answered(request, page.application, QueryDict(answer.query))


@sensitive_variables("code", "state")
@require_GET
def callback(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Take what Exact answers (RFC 6749 §4.1.2), and go on to a clean address whatever it is.

    By GET alone: a HEAD is no person coming back, and would spend the code.
    """
    return _answered(request, get_object_or_404(Application, pk=application_id), request.GET)


def _answered(request: HttpRequest, application: Application, answer: QueryDict) -> HttpResponse:
    try:
        connection = _finish(request, application, answer)
    except Refused as refusal:
        return _result(request, problems=only_ours(refusal.reasons), detail=str(refusal))
    except FAILURES as failure:
        return _result(request, problems=(_in_words(failure),), detail=_for_staff(failure))
    request.session.pop(BEGUN, None)
    if request.user.is_staff and request.user.has_perm("integrations.view_connection"):
        messages.success(request, f"Connected as {connection}. The first check follows within a minute.")
        return redirect("admin:integrations_connection_change", connection.pk)
    return _result(request, connection=connection)


@require_safe
def result(request: HttpRequest) -> HttpResponse:
    """Say what became of it, at an address that carries no code and no state."""
    outcome: dict[str, Any] = request.session.get(RESULT) or {"problems": [Reason("nothing_begun").kept()]}
    begun, page = _begun(request)
    problems = [_read(kept) for kept in outcome["problems"]]
    language = _language(request, page, before=request.session.get(LANGUAGE, ""))
    context = {
        **outcome,
        "problems": [one.in_language(language) for one in problems],
        "detail": outcome.get("detail") if _is_ours(request, page) else "",
        **choosing.shown(request, language),
        "begun": begun if page is not None and not links.why_not_open(page) else "",
    }
    return _answer(
        request,
        "result.html",
        _words(language, who=outcome.get("who", "")) | context,
        status=400 if problems else 200,
    )


@sensitive_variables("code", "state", "answer")
def _finish(request: HttpRequest, application: Application, answer: QueryDict) -> Connection:
    state, code = _only(answer, "state"), _only(answer, "code")
    browser = request.session.get(BROWSER, "")
    installation.refuse_standby()  # before the state is used: whoever owns the tokens may still take it
    if "error" in answer:
        links.take(application.pk, state, browser=browser)
        raise oauth.authorization_error(_only(answer, "error"), answer.get("error_description", ""))
    if not code:
        raise Refused([Reason("no_code")])
    return connections.connect(links.take(application.pk, state, browser=browser), code)


def _only(answer: QueryDict, name: str) -> str:
    """Return a parameter that may stand there once (RFC 6749 §3.1); "" where it is absent."""
    values = answer.getlist(name)
    if len(values) > 1:
        raise Refused([Reason("twice", name=name)])
    return values[0] if values else ""


def _in_words(failure: Exception) -> Reason:
    for kind, code in WORDS:
        if isinstance(failure, kind):
            return Reason(code)
    if isinstance(failure, errors.ExactError):
        return Reason("ours_to_mend" if failure.who == errors.Who.APP_OWNER else "exact_down")
    return Reason("exact_down" if isinstance(failure, tokens.OutcomeUnknown) else "not_now")


def _for_staff(failure: Exception) -> str:
    """Return what staff read besides; that somebody stopped or disabled the app stands on its own pages."""
    by_us = isinstance(failure, tokens.StandingBy | tokens.AppStopped | calls.AppDisabled)
    return "" if by_us else str(failure)


def _begun(request: HttpRequest) -> tuple[str, LinkPage | None]:
    """Return the link page by which this browser went to Exact, and its token; of none an empty one."""
    token = request.session.get(BEGUN, "")
    return token, links.find(token) if token else None


def _is_ours(request: HttpRequest, page: LinkPage | None) -> bool:
    """Tell whether who reads is one of us: signed in, or at a page on which we connect our own companies."""
    return request.user.is_staff or (page is not None and page.customer_id is None)


def _read(kept: Any) -> Reason:
    try:
        return Reason.read(kept)
    except (KeyError, TypeError, ValueError):  # kept by another release
        return Reason("not_now")


def _result(
    request: HttpRequest, *, problems: tuple[Reason, ...] = (), detail: str = "", connection: Connection | None = None
) -> HttpResponse:
    """Keep what became of it for the page at the clean address; ``detail`` is for staff."""
    choosing.begin(request, connection)
    companies = []
    if connection is not None:
        reached = connection.accesses.filter(withdrawn_at__isnull=True).select_related("company")
        companies = sorted(str(access.company) for access in reached)
    request.session[RESULT] = {
        "problems": [reason.kept() for reason in problems],
        "detail": detail if _is_ours(request, _begun(request)[1]) and detail != " ".join(problems) else "",
        "who": str(connection or ""),
        "companies": companies,
    }
    return redirect("connect-result")


@sensitive_variables("token", "address")
def _asking(request: HttpRequest, page: LinkPage, token: str, *, problems: tuple[str, ...] = ()) -> HttpResponse:
    """Show the link page; what was pasted into it never comes back."""
    language, address = _language(request, page), reverse("connect", args=[token])
    context = {
        **link_pages.shown(page, language),
        "token": token,
        "address": address,
        "problems": link_pages.read_by(page, problems, language),
    }
    response = _answer(request, "link.html", context, status=410 if context["reasons"] else 400 if problems else 200)
    # Chromium holds the redirect that follows the form against form-action.
    response._csp_update = {"form-action": [page.application.origin]}  # type: ignore[attr-defined] # django-csp's
    return response


def _gone(request: HttpRequest) -> HttpResponse:
    return _answer(request, "gone.html", _words(_language(request, None)), status=404)


def _language(request: HttpRequest, page: LinkPage | None, *, before: str = "") -> str:
    """Return the language asked for in the address, else the one of ``before``, else the browser's."""
    asked, accepted = request.GET.get("lang", ""), request.headers.get("Accept-Language", "")
    return link_pages.language_of(page, asked=asked or before, accepted=accepted)


def _words(language: str, *, who: str = "") -> dict[str, Any]:
    organization = Organization.objects.ours()
    return {"organization": organization, "t": link_pages.words(language, organization, who=who)}


def _answer(request: HttpRequest, template: str, context: dict[str, Any], *, status: int) -> HttpResponse:
    response = render(request, f"connect/{template}", {**context, "languages": NAMES}, status=status)
    patch_vary_headers(response, ["Accept-Language"])
    response.headers["Content-Language"] = context["t"].html
    return response
