"""The authorize page and the two token requests."""

from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from integrations.exact import errors, oauth
from integrations.exact.errors import Who
from tests.exact.asking import (
    ACCESS,
    CHAIN,
    CLIENT_ID,
    CODE,
    EARLY,
    GOOD,
    OLD,
    REDIRECT,
    REFRESH,
    SECRET,
    exchange,
    refresh,
    refused,
)
from tests.exact.hostile import bomb, closed_port, cut, drip, http

# ── The authorize page ───────────────────────────────────────────────────────────────────────────────


def test_the_authorize_url():
    url = oauth.authorization_url(
        "https://start.exactonline.nl", client_id=CLIENT_ID, redirect_uri=REDIRECT, state="a&b"
    )
    parts = urlsplit(url)
    assert url.startswith("https://start.exactonline.nl/api/oauth2/auth?")
    assert parse_qsl(parts.query) == [
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("state", "a&b"),
        ("force_login", "1"),
    ]


def test_the_login_can_be_left_to_the_session():
    url = oauth.authorization_url(
        "http://127.0.0.1:8101", client_id="1", redirect_uri=REDIRECT, state="s", force_login=False
    )
    assert "force_login" not in url
    assert url.startswith("http://127.0.0.1:8101/api/oauth2/auth?")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state"])
def test_the_authorize_url_needs_its_values(name):
    values = {"client_id": "1", "redirect_uri": REDIRECT, "state": "s"} | {name: ""}
    with pytest.raises(ValueError, match=name):
        oauth.authorization_url("https://start.exactonline.nl", **values)


@pytest.mark.parametrize(
    ("error", "description", "kind", "who"),
    [
        ("access_denied", "", errors.AccessDenied, Who.CUSTOMER),
        ("invalid_client", "", errors.InvalidClient, Who.APP_OWNER),
        ("other", "Client with identifier '1' not found", errors.InvalidClient, Who.APP_OWNER),
        ("server_error", "\0\r\n<script>" * 1000, errors.TokenRefused, Who.APP_OWNER),
        ("", "", errors.TokenRefused, Who.APP_OWNER),
    ],
)
def test_errors_of_the_callback(error, description, kind, who):
    found = oauth.authorization_error(error, description)
    assert (type(found), found.who, found.may_retry) == (kind, who, False)
    assert len(found.reason) <= 200
    assert found.reason.isprintable()


# ── Token requests ───────────────────────────────────────────────────────────────────────────────────


def test_a_code_becomes_tokens(exact):
    server = exact(http(GOOD))
    answer = exchange(server)
    assert (answer.access_token, answer.refresh_token, answer.expires_in) == (ACCESS, REFRESH, 600)
    assert ACCESS not in repr(answer)
    assert REFRESH not in repr(answer)
    assert str(answer.evidence).startswith("POST /api/oauth2/token: 200 after ")
    request = server.received[0]
    assert request.line == "POST /api/oauth2/token HTTP/1.1"
    assert request.header("Authorization") is None
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode(), strict_parsing=True) == {
        "grant_type": ["authorization_code"],
        "client_id": [CLIENT_ID],
        "client_secret": [SECRET],
        "redirect_uri": [REDIRECT],
        "code": [CODE],
    }


def test_a_refresh_token_becomes_tokens(exact):
    server = exact(http(GOOD | {"token_type": "Bearer", "expires_in": 600, "scope": None, "more": [1]}))
    answer = refresh(server)
    assert (answer.access_token, answer.refresh_token, answer.expires_in) == (ACCESS, REFRESH, 600)
    request = server.received[0]
    assert request.header("Authorization") is None
    assert parse_qs(request.body.decode(), strict_parsing=True) == {
        "grant_type": ["refresh_token"],
        "client_id": [CLIENT_ID],
        "client_secret": [SECRET],
        "refresh_token": [OLD],
    }


@pytest.mark.parametrize("extra", [{"scope": 5}, {"scope": "a b"}, {"expires_at": []}, {"expires_at": "x"}])
def test_what_else_is_said_is_not_read(exact, extra):
    assert refresh(exact(http(GOOD | extra))).expires_in == 600


def test_a_hostile_charset_is_not_used(exact):
    for charset in ("a\0b", "zip", "idna", "utf-7"):
        assert refresh(exact(http(GOOD, kind=f"application/json; charset={charset}"))).refresh_token == REFRESH


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("600", 600), (600, 600), ("0", 1), (0, 1), (1, 1), (86400, 3600), ("9999999999", 3600), (10**30, 3600)],
)
def test_lifetimes_are_clamped(exact, said, seconds):
    assert refresh(exact(http(GOOD | {"expires_in": said}))).expires_in == seconds


@pytest.mark.parametrize("code", ["", "a b", "a\r\nb", "a\0b", "é", "x" * 5000])
def test_what_cannot_be_a_code_is_not_sent(exact, code):
    server = exact(http(GOOD))
    error = refused(exchange, server, code=code)
    assert type(error) is errors.BadCode
    assert not error.sent
    assert server.connections == 0


@pytest.mark.parametrize("call", [refresh, exchange])
@pytest.mark.parametrize("secret", ["", "with space", "line\n", "\ud800"])
def test_what_cannot_be_a_key_is_not_sent(exact, call, secret):
    server = exact(http(GOOD))
    error = refused(call, server, client_secret=secret)
    assert type(error) is errors.InvalidClient
    assert not error.sent
    assert server.connections == 0


def test_what_cannot_be_a_refresh_token_is_our_mistake(exact):
    with pytest.raises(ValueError, match="refresh_token") as caught:
        refresh(exact(http(GOOD)), refresh_token="two words")
    assert "words" not in str(caught.value)


# ── Refusals: the table of Exact's errors ────────────────────────────────────────────────────────────


def oauth_error(error: str, text: str = "", status: str = "400 Bad Request", *headers: str) -> bytes:
    return http({"error": error, "error_description": text}, status=status, headers=headers)


EXPIRED = "The refresh token expired at 10/27/2026 05:00:00 and it is now 11/27/2026 05:00:01"

REFUSALS = [
    (oauth_error("access_denied", EARLY), errors.TooEarly, Who.NOBODY, True),
    (oauth_error("access_denied", EARLY, "401 Unauthorized"), errors.TooEarly, Who.NOBODY, True),
    (
        http("", status="400 Bad Request", headers=("Reason: TooEarlyToRefreshTokens, wait",)),
        errors.TooEarly,
        Who.NOBODY,
        True,
    ),
    (
        oauth_error("unauthorized_client", "Old refresh token used.", "401 Unauthorized"),
        errors.OldRefreshToken,
        Who.CUSTOMER,
        False,
    ),
    (
        oauth_error("unauthorized_client", "Old refresh token used."),
        errors.OldRefreshToken,
        Who.CUSTOMER,
        False,
    ),
    (oauth_error("invalid_request", EXPIRED), errors.RefreshTokenExpired, Who.CUSTOMER, False),
    (oauth_error("invalid_request", EXPIRED, "401 No"), errors.RefreshTokenExpired, Who.CUSTOMER, False),
    (oauth_error("invalid_grant", CHAIN), errors.ChainReplaced, Who.CUSTOMER, False),
    (oauth_error("invalid_grant"), errors.ConsentNeeded, Who.CUSTOMER, False),
    (oauth_error("invalid_client"), errors.InvalidClient, Who.APP_OWNER, False),
    (
        http("Client with identifier 'x' not found", status="401 No", kind="text/plain"),
        errors.InvalidClient,
        Who.APP_OWNER,
        False,
    ),
    (
        http("Bad Request", status="400 Bad Request", kind="text/plain"),
        errors.TokenRefused,
        Who.APP_OWNER,
        False,
    ),
    (oauth_error("unauthorized_client"), errors.TokenRefused, Who.APP_OWNER, False),
    (oauth_error("invalid_grant", CHAIN, "200 OK"), errors.ChainReplaced, Who.CUSTOMER, False),
    (http("slow down", status="429 Too Many"), errors.LimitReached, Who.NOBODY, True),
]


@pytest.mark.parametrize(("answer", "kind", "who", "may_retry"), REFUSALS)
def test_refusals_have_names(exact, answer, kind, who, may_retry):
    error = refused(refresh, exact(answer))
    assert (type(error), error.who, error.may_retry) == (kind, who, may_retry), repr(error)
    assert error.sent
    assert not error.outcome_unknown


PAGE = "<!DOCTYPE html><html><body>We will be back</body></html>"

LOST = [
    (http("", status="200 OK"), errors.Unavailable),
    (http(" \r\n "), errors.Unavailable),
    (http(PAGE, kind="text/html"), errors.Unavailable),
    (http(PAGE, kind="text/html", status="403 Forbidden"), errors.Unavailable),
    (http("", status="400 Bad Request"), errors.Unavailable),
    (http("", status="500 Oops"), errors.Unavailable),
    (http(PAGE, status="503 Service Unavailable"), errors.Unavailable),
    (http("gateway", status="504 Gateway Timeout"), errors.Unavailable),
    (http("late", status="408 Request Timeout"), errors.Unavailable),
    (oauth_error("server_error", "A problem has occurred", "500 Oops"), errors.ServerError),
    (
        http("", status="307 Temporary Redirect", headers=("Location: https://example.com/",)),
        errors.RedirectRefused,
    ),
    (http("", status="308 Permanent Redirect", headers=("Location: /api",)), errors.RedirectRefused),
    (bomb(4), errors.AnswerTooLarge),
    (cut(http(GOOD)[:-5]), errors.ConnectionLost),
    (cut(b""), errors.ConnectionLost),
    (http(GOOD | {"error": "odd"}), errors.MalformedAnswer),
]


@pytest.mark.parametrize("call", [refresh, exchange])
@pytest.mark.parametrize(("answer", "kind"), LOST)
def test_lost_answers_leave_the_outcome_unknown(exact, call, answer, kind):
    server = exact(answer)
    error = refused(call, server)
    if call is exchange and error.status == 400:
        assert type(error) is errors.BadCode
        return
    assert type(error) is kind, repr(error)
    assert error.sent
    assert error.outcome_unknown
    assert len(server.received) == 1, "never twice"


def test_a_dripping_answer_leaves_the_outcome_unknown(exact):
    server = exact()
    server.answers = [drip(http(b"", length=999), b" ", server.stopped.is_set)]
    error = refused(refresh, server, seconds=0.3)
    assert type(error) is errors.TimedOut
    assert error.outcome_unknown


def test_a_refused_port_leaves_the_token_as_it_was():
    with closed_port() as home:
        error = refused(refresh, home)
    assert type(error) is errors.Unreachable
    assert not error.outcome_unknown


@pytest.mark.parametrize(
    "answer",
    [
        http("Bad Request", status="400 Bad Request", kind="text/plain"),
        oauth_error("invalid_grant"),
        http(PAGE, status="400 Bad Request"),
    ],
)
def test_a_refused_code(exact, answer):
    error = refused(exchange, exact(answer))
    assert (type(error), error.who) == (errors.BadCode, Who.CUSTOMER)
    assert not error.outcome_unknown


def test_a_wrong_secret_is_no_bad_code(exact):
    assert type(refused(exchange, exact(oauth_error("invalid_client")))) is errors.InvalidClient


def test_an_echo_of_the_request_is_not_shown(exact):
    text = f"used {OLD} with {SECRET} at client_secret=x, Bearer abc and gAAAAtokenlike0123456789"
    error = refused(refresh, exact(oauth_error("invalid_grant", text)))
    assert error.reason.startswith("invalid_grant · used [hidden] with [hidden] at client_secret=[hidden]")
    assert "abc" not in error.reason
    assert "gAAAA" not in error.reason
