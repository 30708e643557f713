"""The link page, and the way back from Exact: pages for customers and staff alike, outside the admin."""

import secrets
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from integrations.exact import errors, oauth
from integrations.models import Application, Connection, LinkPage, Organization
from integrations.rules import redirects
from integrations.services import calls, connections, installation, links, tokens
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused
from integrations.services.usage import LimitReached

BROWSER: Final = "connect_browser"
BEGUN: Final = "connect_begun"
RESULT: Final = "connect_result"
FAILURES: Final = (errors.ExactError, tokens.TokenUnavailable, calls.CallRefused, LimitReached, WrongKeyRing)


@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def link_page(request: HttpRequest, token: str) -> HttpResponse:
    """Say who asks for what; *Continue to Exact* binds the way to this browser and goes."""
    page = links.find(token)
    if page is None:
        return _gone(request)
    reasons = links.why_not_open(page)
    if request.method == "POST" and not reasons:
        browser = request.session.get(BROWSER) or secrets.token_urlsafe(24)
        request.session[BROWSER], request.session[BEGUN] = browser, token
        response: HttpResponse = redirect(links.start(page, browser=browser))
        return response
    return _asking(request, page, token, reasons, status=410 if reasons else 200)


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
        return _asking(request, page, token, links.why_not_open(page), problems=answer.reasons, status=400)
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
        return _result(request, problem=str(refusal))
    except FAILURES as failure:
        return _result(request, problem=_in_words(failure))
    request.session.pop(BEGUN, None)
    if request.user.is_staff and request.user.has_perm("integrations.view_connection"):
        messages.success(request, f"Connected as {connection}. The first check follows within a minute.")
        return redirect("admin:integrations_connection_change", connection.pk)
    return _result(request, connection=connection)


@require_safe
def result(request: HttpRequest) -> HttpResponse:
    """Say what became of it, at an address that carries no code and no state."""
    outcome: dict[str, Any] = request.session.get(RESULT) or {"problem": "Nothing was begun in this browser."}
    begun = request.session.get(BEGUN)
    context = {**_names(), **outcome, "begun": begun}
    return render(request, "connect/result.html", context, status=400 if outcome.get("problem") else 200)


@sensitive_variables("code", "state", "answer")
def _finish(request: HttpRequest, application: Application, answer: QueryDict) -> Connection:
    state, code = _only(answer, "state"), _only(answer, "code")
    browser = request.session.get(BROWSER, "")
    installation.refuse_standby()  # before the state is used: whoever owns the tokens may still take it
    if "error" in answer:
        links.take(application.pk, state, browser=browser)
        raise oauth.authorization_error(_only(answer, "error"), answer.get("error_description", ""))
    if not code:
        raise Refused(["Exact's answer carries no code. Start again."])
    return connections.connect(links.take(application.pk, state, browser=browser), code)


def _only(answer: QueryDict, name: str) -> str:
    """Return a parameter that may stand there once (RFC 6749 §3.1); "" where it is absent."""
    values = answer.getlist(name)
    if len(values) > 1:
        raise Refused([f"Exact's answer carries more than one {name}. Start again."])
    return values[0] if values else ""


def _in_words(failure: Exception) -> str:
    if isinstance(failure, tokens.StandingBy | tokens.AppStopped | calls.AppDisabled):
        return links.NOT_NOW
    if isinstance(failure, errors.AccessDenied):
        return "Access was not given on Exact's page, so nothing was connected."
    if isinstance(failure, errors.ExactError) and failure.who == errors.Who.APP_OWNER:
        return f"{failure} This has to be mended by us, not by you."
    return str(failure)


def _result(request: HttpRequest, *, problem: str = "", connection: Connection | None = None) -> HttpResponse:
    companies = []
    if connection is not None:
        reached = connection.accesses.filter(withdrawn_at__isnull=True).select_related("company")
        companies = sorted(str(access.company) for access in reached)
    request.session[RESULT] = {"problem": problem, "who": str(connection or ""), "companies": companies}
    return redirect("connect-result")


def _asking(
    request: HttpRequest,
    page: LinkPage,
    token: str,
    reasons: tuple[str, ...],
    *,
    problems: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """Show the link page; what was pasted into it never comes back."""
    context = {
        **_names(),
        "page": page,
        "token": token,
        "reasons": reasons,
        "waits": bool(reasons) and reasons == links.why_not_permitted(page),
        "problems": problems,
        "region": page.application.region_title,
    }
    response = render(request, "connect/link.html", context, status=status)
    # Chromium holds the redirect that follows the form against form-action.
    response._csp_update = {"form-action": [page.application.origin]}  # type: ignore[attr-defined] # django-csp's
    return response


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "connect/gone.html", _names(), status=404)


def _names() -> dict[str, Any]:
    return {"organization": Organization.objects.ours()}
