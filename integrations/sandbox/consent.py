"""What a user decides on the way: who he is, which companies he grants, Allow or Deny.

Source: RFC 6749, sections 4.1.1 and 4.1.2; Exact, "OAuth 2.0 – authorization". There are no passwords:
this is practice, and choosing a user is logging in.
"""

import secrets
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox import chains, pages, people, registry, reviews
from integrations.sandbox import form as forms
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.people import User
from integrations.sandbox.registry import App
from integrations.sandbox.seed import OWNER

REQUEST_SECONDS = 3600


@dataclass(frozen=True)
class AuthorizationRequest:
    """A checked request to authorize; it waits for the user's decision for an hour."""

    id: str
    app: App
    redirect_uri: str
    state: str | None
    user_id: str | None


def remember(db: sqlite3.Connection, app: App, redirect_uri: str, state: str | None, now: float) -> str:
    """Keep a checked request; answers its id."""
    db.execute("DELETE FROM authorization_request WHERE created_at < ?", (now - REQUEST_SECONDS,))
    request_id = secrets.token_urlsafe(16)
    db.execute(
        "INSERT INTO authorization_request VALUES (?, ?, ?, ?, NULL, ?)",
        (request_id, app.client_id, redirect_uri, state, now),
    )
    return request_id


def login_page(exchange: Exchange, request_id: str) -> Response:
    """Choose a user."""
    waiting = _waiting(exchange, request_id)
    users = [
        {"user": user, "companies": people.companies_of(exchange.db, user.id)} for user in people.users(exchange.db)
    ]
    return pages.render(exchange, "login.html", {"app": waiting.app, "request_id": request_id, "users": users})


def login(exchange: Exchange, request_id: str) -> Response:
    """Start a session for the chosen user and go on to the consent page."""
    waiting = _waiting(exchange, request_id)
    user = people.user(exchange.db, exchange.request.form.get("user", ""))
    if user is None:
        return login_page(exchange, request_id)
    exchange.known_user(user)
    exchange.entry.error = "no_permission" if outsider(waiting.app, user) else None
    take_by(exchange.db, waiting.id, user)
    session = secrets.token_urlsafe(24)
    exchange.db.execute(
        "INSERT INTO browser_session VALUES (?, ?, ?)", (chains.fingerprint(session), user.id, exchange.now)
    )
    response = redirect(f"/consent/{waiting.id}/", 303)
    response.set_cookie(exchange.config.cookie, session, httponly=True, samesite="Lax")
    return response


def take_by(db: sqlite3.Connection, request_id: str, user: User) -> None:
    """From now on this request can only be decided in a session of this user."""
    db.execute("UPDATE authorization_request SET user_id = ? WHERE id = ?", (user.id, request_id))


def session_user(exchange: Exchange) -> User | None:
    """Who is logged in in this browser."""
    value = exchange.request.cookies.get(exchange.config.cookie, "")
    row = exchange.db.execute(
        "SELECT user_id FROM browser_session WHERE fingerprint = ?", (chains.fingerprint(value),)
    ).fetchone()
    return None if row is None else people.user(exchange.db, row["user_id"])


def consent_page(exchange: Exchange, request_id: str, problem: str = "") -> Response:
    """Which companies does the app get? Refused (403, no redirect) when the app may not have this user."""
    waiting, user = _mine(exchange, request_id)
    if user is None:
        return login_page(exchange, request_id)
    exchange.known_user(user)
    refusal = outsider(waiting.app, user)
    if refusal:
        exchange.entry.error = "no_permission"
        back = f"/consent/{request_id}/login"
        return pages.message(exchange, "This app cannot be linked yet", refusal, status=403, back=back)
    reviewed = reviews.approved(exchange.db, waiting.app)
    context: dict[str, object] = {
        "app": waiting.app,
        "form": reviewed.form if reviewed else None,
        "scopes": [(scope, waiting.app.scopes[scope]) for scope in forms.SCOPES if scope in waiting.app.scopes],
        "request_id": request_id,
        "user": user,
        "companies": people.companies_of(exchange.db, user.id),
        "problem": problem,
    }
    status = 400 if problem else 200
    return pages.render(exchange, "consent.html", context, status=status, leads_to=waiting.redirect_uri)


def decide(exchange: Exchange, request_id: str) -> Response:
    """Allow or Deny: back to the app with a code, or with `access_denied`. One decision per request."""
    waiting, user = _mine(exchange, request_id)
    if user is None or outsider(waiting.app, user):
        return consent_page(exchange, request_id)
    exchange.known_user(user)
    form = exchange.request.form
    if form.get("decision") != "allow":
        exchange.entry.error = "access_denied"
        _forget(exchange.db, request_id)
        return _back(waiting.redirect_uri, {"error": "access_denied"}, waiting.state)
    reachable = {str(company.code): company.code for company in people.companies_of(exchange.db, user.id)}
    chosen = [reachable[value] for value in form.getlist("company") if value in reachable]
    if not chosen:
        return consent_page(exchange, request_id, "Choose at least one company, or deny.")
    _forget(exchange.db, request_id)
    return redirect(allow(exchange, waiting.app, user, chosen, waiting.redirect_uri, waiting.state), 302)


def allow(
    exchange: Exchange,
    app: App,
    user: User,
    divisions: Collection[int],
    redirect_uri: str,
    state: str | None,
) -> str:
    """Give consent; answers the URL that takes the code back to the app."""
    chain_id = chains.consent(
        exchange.db, client_id=app.client_id, user_id=user.id, divisions=divisions, now=exchange.now
    )
    code = chains.new_code(
        exchange.db,
        chain_id=chain_id,
        redirect_uri=redirect_uri,
        region=exchange.config.region,
        now=exchange.now,
    )
    return extended(redirect_uri, {"code": code}, state)


def outsider(app: App, user: User) -> str:
    """Why this user cannot link the app yet; empty when he can.

    Exact lets only users of the owner's subscription in until it has granted permission, and a testing app
    never leaves that subscription. What an outsider really sees is unknown: this wording is the sandbox's.
    """
    if user.subscription == OWNER or (app.kind == "product" and app.granted):
        return ""
    if app.kind == "testing":
        return f"“{app.name}” is a testing app: only users of the subscription that owns it can link it."
    return (
        f"“{app.name}” has no permission yet: until it is granted, only users of the subscription that "
        "owns the app can link it."
    )


def extended(redirect_uri: str, parameters: dict[str, str], state: str | None) -> str:
    """The redirect URI with more parameters, URL-encoded; its own query is kept (RFC 6749, 3.1.2)."""
    if state is not None:
        parameters = {**parameters, "state": state}
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return redirect_uri.rstrip("?") + joint + urlencode(parameters)


def _back(redirect_uri: str, parameters: dict[str, str], state: str | None) -> Response:
    return redirect(extended(redirect_uri, parameters, state), 302)


def _mine(exchange: Exchange, request_id: str) -> tuple[AuthorizationRequest, User | None]:
    """The waiting request and the user whose it is, when this browser is his."""
    waiting = _waiting(exchange, request_id)
    user = session_user(exchange)
    return waiting, user if user is not None and user.id == waiting.user_id else None


def _waiting(exchange: Exchange, request_id: str) -> AuthorizationRequest:
    row = exchange.db.execute(
        "SELECT * FROM authorization_request WHERE id = ? AND created_at > ?",
        (request_id, exchange.now - REQUEST_SECONDS),
    ).fetchone()
    app = None if row is None else registry.app(exchange.db, row["client_id"])
    if app is None:
        raise NotFound("This request was decided already, or has waited too long. Start again from the app.")
    exchange.known_app(app)
    return AuthorizationRequest(row["id"], app, row["redirect_uri"], row["state"], row["user_id"])


def _forget(db: sqlite3.Connection, request_id: str) -> None:
    db.execute("DELETE FROM authorization_request WHERE id = ?", (request_id,))
