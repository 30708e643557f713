"""The authorization endpoint, `GET /api/oauth2/auth`.

Source: Exact, "OAuth 2.0 – authorization request"; RFC 6749, section 4.1.1. There is no `scope` parameter
and no PKCE: scopes belong to the registration. Parameters that Exact does not know are ignored.
"""

from urllib.parse import urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox import consent, pages, registry
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.registry import App

PARAMETERS = ("client_id", "redirect_uri", "response_type", "state", "force_login")


class RefusedError(Exception):
    """A refusal shown on a page: nothing may be sent to a redirect URI that is not proven to be the app's."""

    def __init__(self, error: str, text: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.text, self.status = error, text, status


def authorize(exchange: Exchange) -> Response:
    """Show the login or, in a browser that is logged in, the consent page.

    `force_login=1` shows the login although a session exists.
    """
    try:
        app, redirect_uri = _checked(exchange)
    except RefusedError as refusal:
        exchange.entry.error = refusal.error
        heading = "This link does not work"
        return pages.message(exchange, heading, refusal.text, status=refusal.status)
    state = exchange.request.args.get("state")
    if exchange.request.args.get("response_type") != "code":
        exchange.entry.error = "unsupported_response_type"
        return redirect(consent.extended(redirect_uri, {"error": "unsupported_response_type"}, state), 302)
    return _ask(exchange, app, redirect_uri, state)


def _ask(exchange: Exchange, app: App, redirect_uri: str, state: str | None) -> Response:
    request_id = consent.remember(exchange.db, app, redirect_uri, state, exchange.now)
    user = consent.session_user(exchange)
    if user is None or exchange.request.args.get("force_login") == "1":
        return consent.login_page(exchange, request_id)
    consent.take_by(exchange.db, request_id, user)
    return consent.consent_page(exchange, request_id)


def _checked(exchange: Exchange) -> tuple[App, str]:
    """The app and its redirect URI, compared letter by letter. Raises RefusedError.

    http is refused with 401 on any but a loopback host; Exact refuses it there too, but practice runs on
    loopback.
    """
    parameters = exchange.request.args
    for name in PARAMETERS:
        if len(parameters.getlist(name)) > 1:
            raise RefusedError("invalid_request", f"The parameter {name} is there twice.")
    client_id = parameters.get("client_id", "")
    app = registry.app(exchange.db, client_id)
    if app is None:
        raise RefusedError("unknown_client", f"Client with identifier '{client_id[:100]}' not found")
    exchange.known_app(app)
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri != app.redirect_url:
        raise RefusedError("redirect_uri", "The redirect URI in the request is not the one registered for this app.")
    target = urlsplit(redirect_uri)
    if target.scheme == "http" and not registry.is_loopback(target):
        raise RefusedError("redirect_not_https", "The redirect URI must be https.", status=401)
    return app, redirect_uri
