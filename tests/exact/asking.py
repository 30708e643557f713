"""Asking a hostile Exact in the three ways the portal asks, with made-up secrets that nobody may see."""

import functools
from collections.abc import Callable

import pytest

from integrations.exact import api, errors, oauth, origin, reads, token_answers, wire
from tests.exact.hostile import Hostile

TOKEN = "gAAAA-an-access-token-0123456789"
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
SECRET = "the+secret/of=the&app"
CODE = "stampNL001.abc!IAAAAJ%2F-long-code"
OLD = "old-refresh!token/of+the=chain"
ACCESS = "gAAAA-the-new-access-token-0123456789"
REFRESH = "stampNL001.gAAAA!the-new-refresh-token-9876543210"
REDIRECT = "https://portal.example.com/oauth/callback/1/"
GOOD = {"access_token": ACCESS, "token_type": "bearer", "expires_in": "600", "refresh_token": REFRESH}
EARLY = "Rate limit exceeded: access_token not expired"
CHAIN = "Token is not allowed, because of invalid or empty chainId"
HIDDEN = (TOKEN, SECRET, CODE, OLD, ACCESS, REFRESH)


def home_of(server: Hostile | str) -> str:
    return server if isinstance(server, str) else server.origin


def named_error(call: Callable[[], object]) -> errors.ExactError:
    """The `ExactError` that the call raises: shows no secret, and drags none along."""
    with pytest.raises(errors.ExactError) as caught:
        call()
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert error.args == ()
    shown = "".join([repr(error), str(error), errors.describe(error), repr(vars(error))])
    assert not [secret for secret in HIDDEN if secret in shown]
    assert len(error.reason) <= 200
    return error


def ask(server: Hostile | str, path: str = "/api/v1/current/Me", *, seconds: float = 5.0) -> wire.Reply:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return wire.request(origin.parse(home_of(server)), "GET", path, headers=headers, seconds=seconds)


def fails(server: Hostile | str, kind: type[errors.ExactError], **options) -> errors.ExactError:
    error = named_error(lambda: ask(server, **options))
    assert type(error) is kind, repr(error)
    return error


def send(server: Hostile, method: str = "GET", path: str = "/api/v1/123/x", **options) -> api.Answer:
    return api.send(server.origin, TOKEN, method, path, **options)


def door(server: Hostile) -> reads.Send:
    return functools.partial(api.send, server.origin, TOKEN)


def refresh(server: Hostile | str, **options) -> token_answers.TokenAnswer:
    values = {"client_id": CLIENT_ID, "client_secret": SECRET, "refresh_token": OLD, "seconds": 5.0}
    return oauth.refresh(home_of(server), **(values | options))


def exchange(server: Hostile, **options) -> token_answers.TokenAnswer:
    values = {"client_id": CLIENT_ID, "client_secret": SECRET, "redirect_uri": REDIRECT, "code": CODE}
    return oauth.exchange_code(server.origin, **(values | options))


def refused(call: Callable[..., object], server: Hostile | str, **options) -> errors.ExactError:
    """The error of `refresh` or `exchange`."""
    return named_error(lambda: call(server, **options))
