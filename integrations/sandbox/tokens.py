"""The token endpoint, `POST /api/oauth2/token`.

Source: Exact, "OAuth 2.0 – token request" and RFC 6749, sections 4.1.3, 5 and 6. Client id and secret are
taken from the form body only; HTTP Basic is contested at Exact and refused here, so that a client which
relies on it is found out.
"""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from werkzeug.wrappers import Response

from integrations.sandbox import chains, limits, people, registry
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.registry import App

NOT_EXPIRED = "Rate limit exceeded: access_token not expired"
OLD_TOKEN = "Old refresh token used."
NO_CHAIN = "Token is not allowed, because of invalid or empty chainId"


class TokenError(Exception):
    """A refusal by RFC 6749, section 5.2: `{"error":…, "error_description":…}`."""

    def __init__(self, error: str, description: str = "", *, status: int = 400, reason: str = "") -> None:
        super().__init__(error)
        self.error, self.description, self.status, self.reason = error, description, status, reason


class BadCodeError(Exception):
    """The code is unknown, used, over, overtaken or meant for another URL: Exact says `Bad Request`."""


def token(exchange: Exchange) -> Response:
    """Serve the two grants that Exact has for us; everything else is refused."""
    try:
        app = _client(exchange)
        response = _grant(exchange)(exchange, app)
    except TokenError as refusal:
        exchange.entry.error = refusal.error
        response = _refusal(refusal)
    except BadCodeError:
        exchange.entry.error = "bad_request"
        response = Response("Bad Request", 400, mimetype="text/plain")
    response.headers["Pragma"] = "no-cache"
    return response


def _client(exchange: Exchange) -> App:
    """The app by id and secret in the body. Raises TokenError."""
    request = exchange.request
    if request.method != "POST":
        raise TokenError("invalid_request", "Only POST is served.", status=405)
    if request.mimetype != "application/x-www-form-urlencoded":
        raise TokenError("invalid_request", "The body must be a form (application/x-www-form-urlencoded).")
    if any(len(values) > 1 for _, values in request.form.lists()):
        raise TokenError("invalid_request", "A parameter is there twice.")
    app = registry.app(exchange.db, request.form.get("client_id", ""))
    if app is None:
        raise TokenError("invalid_client")
    exchange.known_app(app)
    if request.headers.get("Authorization"):
        raise TokenError("invalid_client", "Send client_id and client_secret in the body only.")
    given, known = request.form.get("client_secret", "").encode(), app.client_secret.encode()
    if not secrets.compare_digest(given, known):
        raise TokenError("invalid_client")
    return app


def _grant(exchange: Exchange) -> Callable[[Exchange, App], Response]:
    grant_type = exchange.request.form.get("grant_type", "")
    grants = {"authorization_code": _by_code, "refresh_token": _by_refresh_token}
    if grant_type not in grants:
        raise TokenError("unsupported_grant_type" if grant_type else "invalid_request")
    exchange.entry.grant_type = grant_type
    return grants[grant_type]


def _by_code(exchange: Exchange, app: App) -> Response:
    """RFC 6749, section 4.1.3. Raises BadCodeError."""
    form, now = exchange.request.form, exchange.now
    value = form.get("code", "")
    exchange.entry.show(value)
    code = chains.code(exchange.db, value)
    if code is None or code.chain.client_id != app.client_id:
        raise BadCodeError
    _count(exchange, code.chain)
    over = code.used_at is not None or now >= code.expires_at or code.chain.state != "live"
    if over or form.get("redirect_uri", "") != code.redirect_uri:
        raise BadCodeError
    chains.spend_code(exchange.db, value, now)
    return _issue(exchange, code.chain, token_type="bearer")


def _by_refresh_token(exchange: Exchange, app: App) -> Response:
    """RFC 6749, section 6, by Exact's rules. Raises TokenError.

    The 95 % rule is looked at before the token's use: within 570 of 600 s a spent token is answered like a
    good one, "not expired". A spent token that comes back later ends its chain, as Exact's "chain lost" is
    read here; the newest refresh token is then refused too.
    """
    value, now = exchange.request.form.get("refresh_token", ""), exchange.now
    exchange.entry.show(value)
    token = chains.token(exchange.db, value, "refresh")
    if token is None or token.chain.client_id != app.client_id:
        raise TokenError("invalid_grant", NO_CHAIN)
    _count(exchange, token.chain)
    if token.chain.state in {"replaced", "revoked"}:
        raise TokenError("invalid_grant", NO_CHAIN)
    _refuse_early(exchange, token.chain)
    if token.used_at is not None:
        chains.end(exchange.db, token.chain.id, "replayed")
        raise TokenError("unauthorized_client", OLD_TOKEN, status=401)
    if token.chain.state != "live":
        raise TokenError("invalid_grant", NO_CHAIN)
    if now >= token.expires_at:
        raise TokenError("invalid_request", _idle(token.expires_at, now))
    chains.spend_token(exchange.db, value, now)
    return _issue(exchange, token.chain, token_type="Bearer")


def _refuse_early(exchange: Exchange, chain: chains.Chain) -> None:
    previous = chain.last_token_request_at
    if previous is not None and exchange.now < previous + exchange.config.earliest_refresh:
        reason = "TooEarlyToRefreshTokens: the access token is not expired"
        raise TokenError("access_denied", NOT_EXPIRED, reason=reason)


def _idle(expired_at: float, now: float) -> str:
    """The form of both times is not published; ISO 8601 in UTC is used."""
    then, today = (datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") for at in (expired_at, now))
    return f"The refresh token expired at {then} and it is now {today}"


def _count(exchange: Exchange, chain: chains.Chain) -> None:
    """Number the call in its UTC day, per app and user; Exact's 200 a day is historic, not enforced."""
    user = people.user(exchange.db, chain.user_id)
    if user is not None:
        exchange.known_user(user)
    counted = f"token/{chain.client_id}/{chain.user_id}"
    exchange.entry.token_calls = limits.count(exchange.db, counted, limits.DAY, exchange.now)


def _issue(exchange: Exchange, chain: chains.Chain, *, token_type: str) -> Response:
    """Both tokens, rotated; `expires_in` is a string, as Exact sends it."""
    db, region, now = exchange.db, exchange.config.region, exchange.now
    lifetime = exchange.config.lifetime
    chains.note_token_request(db, chain.id, now)
    answer = {
        "access_token": chains.new_token(
            db, chain_id=chain.id, kind="access", region=region, now=now, seconds=lifetime
        ),
        "token_type": token_type,
        "expires_in": str(lifetime),
        "refresh_token": chains.new_token(
            db, chain_id=chain.id, kind="refresh", region=region, now=now, seconds=chains.IDLE_SECONDS
        ),
    }
    return Response(json.dumps(answer), mimetype="application/json")


def _refusal(refusal: TokenError) -> Response:
    body = {"error": refusal.error}
    if refusal.description:
        body["error_description"] = refusal.description
    response = Response(json.dumps(body), refusal.status, mimetype="application/json")
    if refusal.reason:
        response.headers["Reason"] = refusal.reason
    return response
