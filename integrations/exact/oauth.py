"""OAuth 2.0 at Exact: the authorize page, and the two token requests.

Source: Exact's page *OAuth on Exact Online* (support.exactonline.com), RFC 6749 §4.1 and §6. There is no
`scope` parameter (scopes belong to the registration), PKCE is undocumented, and nothing revokes a token.
"""

import json
import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

import requests
from requests_oauthlib import OAuth2Session

from integrations.exact import errors, origin, redaction, token_answers, wire
from integrations.exact.evidence import Evidence
from integrations.exact.token_answers import TokenAnswer

AUTHORIZE_PATH: Final = "/api/oauth2/auth"
TOKEN_PATH: Final = "/api/oauth2/token"
CODE_SECONDS: Final = 180
"""How long an authorization code is valid; it is accepted once."""

__all__ = ["TokenAnswer", "authorization_error", "authorization_url", "exchange_code", "refresh"]

_LONGEST_CODE = 4_096

# oauthlib insists on https in the URL it is given. Which origins may be plain http (loopback) is decided by
# `origin`; the library gets a stand-in, and request() below goes where the application belongs.
_STAND_IN = "https://token.invalid/"


def _no_debug(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO


# At DEBUG these log secrets, codes and tokens. The level keeps them quiet; the filter also where a logging
# configuration sets every level to DEBUG later on.
for _name in ("requests_oauthlib", "requests_oauthlib.oauth2_session", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)
    logging.getLogger(_name).addFilter(_no_debug)


def authorization_url(
    region_origin: str, *, client_id: str, redirect_uri: str, state: str, force_login: bool = True
) -> str:
    """Where the person's browser is sent to consent (RFC 6749 §4.1.1).

    `redirect_uri` literally as registered. `force_login` shows the login although a session at Exact is
    open: without it the wrong Exact user gets connected. Raises `WrongHost` for an origin that may not be
    used, `ValueError` when a value is empty or not visible ASCII.
    """
    _visible(client_id=client_id, redirect_uri=redirect_uri, state=state)
    query = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code", "state": state}
    if force_login:
        query["force_login"] = "1"
    return origin.parse(region_origin).url(f"{AUTHORIZE_PATH}?{urlencode(query)}")


def authorization_error(error: str, description: str = "") -> errors.ExactError:
    """What an `error` parameter on the callback amounts to (RFC 6749 §4.1.2.1); returned, not raised. Both
    values come from a browser: they are not believed, only shown, bounded and redacted."""
    reason = redaction.reason(f"{error} {description}".strip())
    kinds = {"access_denied": errors.AccessDenied, "invalid_client": errors.InvalidClient}
    kind: type[errors.ExactError] = kinds.get(error, errors.TokenRefused)
    if "client with identifier" in description.lower():
        kind = errors.InvalidClient
    return kind(Evidence.of("GET", AUTHORIZE_PATH), reason=reason)


def exchange_code(
    region_origin: str,
    *,
    client_id: str,
    client_secret: str,
    redirect_uri: str,
    code: str,
    seconds: float = wire.DEADLINE_SECONDS,
) -> TokenAnswer:
    """Trade an authorization code for tokens: POST /api/oauth2/token, `grant_type=authorization_code`, id
    and secret in the body (RFC 6749 §4.1.3).

    `code` URL-decoded, `!` and all. Raises `BadCode` (unsent when it cannot be a code),
    `InvalidClient`, and every other `ExactError` of tokens and wire; with `outcome_unknown` the code may
    be spent, so connect again.
    """
    _keys(client_id=client_id, client_secret=client_secret)
    _visible(redirect_uri=redirect_uri)
    if not token_answers.is_token(code) or len(code) > _LONGEST_CODE:
        raise errors.BadCode(Evidence.of("POST", TOKEN_PATH), reason="not a code", sent=False)
    session = _TokenSession(region_origin, client_id, redirect_uri, seconds)
    session.read_with(lambda reply: token_answers.read(reply, exchange=True, secrets=(client_secret, code)))
    session.fetch_token(_STAND_IN, code=code, include_client_id=True, client_secret=client_secret)
    return session.answer


def refresh(
    region_origin: str,
    *,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    seconds: float = wire.DEADLINE_SECONDS,
) -> TokenAnswer:
    """Trade a refresh token for a new pair: POST /api/oauth2/token, `grant_type=refresh_token`, id and
    secret in the body (RFC 6749 §6). The old refresh token is spent: save the answer before using it.

    Raises `TooEarly` (within 570 s of the chain's last token request; the token on hand is good),
    `OldRefreshToken`, `RefreshTokenExpired`, `ChainReplaced`, `InvalidClient`, and the errors of the wire.
    With `outcome_unknown` the refresh token may have rotated without us; without `sent` it has not.
    """
    _keys(client_id=client_id, client_secret=client_secret)
    _visible(refresh_token=refresh_token)
    secrets = (client_secret, refresh_token)
    session = _TokenSession(region_origin, client_id, None, seconds)
    session.read_with(lambda reply: token_answers.read(reply, exchange=False, secrets=secrets))
    session.refresh_token(_STAND_IN, refresh_token=refresh_token, client_id=client_id, client_secret=client_secret)
    return session.answer


class _TokenSession(OAuth2Session):  # type: ignore[misc]  # the library has no types
    """requests-oauthlib's requests on our wire, its reading of answers behind ours. For one request; never
    with `auto_refresh_url`, which puts an API call's parameters into the token request."""

    answer: TokenAnswer

    def __init__(self, region_origin: str, client_id: str, redirect_uri: str | None, seconds: float) -> None:
        super().__init__(client_id=client_id, redirect_uri=redirect_uri)
        home = origin.parse(region_origin)
        wire.prepare(self, home)
        self._url = home.url(TOKEN_PATH)
        self._seconds = seconds

    def read_with(self, read: Callable[[wire.Reply], TokenAnswer]) -> None:
        def hook(response: requests.Response) -> requests.Response:
            self.answer = read(wire.reply(response))
            # oauthlib parses again after us; it gets what we accepted and nothing else of the body.
            response._content = json.dumps({"access_token": "accepted", "token_type": "bearer"}).encode()
            return response

        for kind in ("access_token_response", "refresh_token_response"):
            self.register_compliance_hook(kind, hook)

    def request(self, method: str, url: str, data: Any = None, headers: Any = None, **_: Any) -> Any:
        """fetch_token() passes `timeout=None` and would follow redirects with secret and token: what it
        asks for beyond body and headers is not used. Nor is OAuth2Session's own request(), which refuses
        plain http and logs."""
        return requests.Session.request(
            self,
            "POST",
            self._url,
            data=data,
            headers=headers,
            timeout=self._seconds,
            allow_redirects=False,
        )


def _visible(**values: str) -> None:
    for name, value in values.items():
        if not token_answers.is_token(value):
            raise ValueError(f"{name} is empty, too long, or not visible ASCII")


def _keys(**values: str) -> None:
    for name, value in values.items():
        if not token_answers.is_token(value):
            reason = f"{name} is empty or has a space or a sign that no key of Exact has"
            raise errors.InvalidClient(Evidence.of("POST", TOKEN_PATH), reason=reason, sent=False)
