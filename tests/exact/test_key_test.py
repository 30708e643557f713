"""What the two questions make of every kind of answer; and that the practice Exact answers them as published."""

import pytest

from integrations.exact import key_test
from integrations.exact.key_test import Verdict
from integrations.sandbox import server as sandbox_server
from tests.exact.asking import CLIENT_ID, GOOD, REDIRECT, SECRET
from tests.exact.hostile import closed_port, cut, http

LOGIN = '<html><form action="/Login"><input name="UserName"><input type="password"></form></html>'
ASP_ERROR = '<html><form id="form1">%s</form></html>'


def asked_page(server) -> key_test.Answer:
    origin = server if isinstance(server, str) else server.origin
    return key_test.authorize_page(origin, client_id=CLIENT_ID, redirect_uri=REDIRECT, seconds=2)


def asked_secret(server) -> key_test.Answer:
    return key_test.client_secret(
        server.origin, client_id=CLIENT_ID, client_secret=SECRET, redirect_uri=REDIRECT, seconds=2
    )


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (http(LOGIN, kind="text/html"), Verdict.ACCEPTED),
        (http("", status="302 Found", headers=("Location: /docs/Login.aspx?x=1",)), Verdict.ACCEPTED),
        (http("", status="302 Found", headers=(f"Location: {REDIRECT}?error=x",)), Verdict.ACCEPTED),
        (http("", status="302 Found", headers=("Location: https://elsewhere.example/login",)), Verdict.UNCLEAR),
        (http("", status="302 Found", headers=("Location: /maintenance",)), Verdict.UNCLEAR),
        (http("", status="302 Found"), Verdict.UNCLEAR),
        (http(f"Client with identifier '{CLIENT_ID}' not found", status="400 Bad Request"), Verdict.UNKNOWN_CLIENT),
        (http(ASP_ERROR % f"Client with identifier '{CLIENT_ID}' not found", kind="text/html"), Verdict.UNKNOWN_CLIENT),
        (http("redirect_uri does not match", status="400 Bad Request"), Verdict.REDIRECT_REFUSED),
        (http(ASP_ERROR % "The redirect URL is wrong", kind="text/html"), Verdict.REDIRECT_REFUSED),
        (http("", status="401 Unauthorized"), Verdict.REDIRECT_REFUSED),
        (http(ASP_ERROR % "Something", kind="text/html"), Verdict.UNCLEAR),
        (http(LOGIN, status="503 Service Unavailable", kind="text/html"), Verdict.UNCLEAR),
        (http("", status="404 Not Found"), Verdict.UNCLEAR),
        (cut(b"HTTP/1.1 200"), Verdict.UNCLEAR),
    ],
)
def test_what_the_authorize_page_says(exact, answer, verdict):
    assert asked_page(exact(answer)).verdict == verdict


def test_an_exact_that_is_not_there_is_unclear():
    with closed_port() as origin:
        answer = asked_page(origin)
    assert answer.verdict == Verdict.UNCLEAR
    assert "could not be reached" in answer.said


def test_the_page_is_asked_once_as_a_stranger(exact):
    server = exact(http(LOGIN, kind="text/html"))
    asked_page(server)
    (received,) = server.received
    assert received.line.startswith("GET /api/oauth2/auth?client_id=")
    assert "force_login=1" in received.line
    assert (received.header("Cookie"), received.header("Authorization"), received.body) == (None, None, b"")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (http("Bad Request", status="400 Bad Request", kind="text/plain"), Verdict.ACCEPTED),
        (http({"error": "invalid_grant"}, status="400 Bad Request"), Verdict.ACCEPTED),
        (http({"error": "invalid_client"}, status="400 Bad Request"), Verdict.SECRET_REFUSED),
        (http({"error": "invalid_client"}, status="401 Unauthorized"), Verdict.SECRET_REFUSED),
        (http("Client with identifier 'x' not found", status="400 Bad Request"), Verdict.SECRET_REFUSED),
        (http({"error": "server_error"}, status="500 Internal Server Error"), Verdict.UNCLEAR),
        (http("<html>", kind="text/html"), Verdict.UNCLEAR),
        (http("", status="429 Too Many Requests"), Verdict.UNCLEAR),
        (http("", status="307 Temporary Redirect", headers=("Location: https://elsewhere.example",)), Verdict.UNCLEAR),
        (http(GOOD), Verdict.UNCLEAR),
    ],
)
def test_what_the_token_endpoint_says(exact, answer, verdict):
    server = exact(answer)
    answered = asked_secret(server)
    assert answered.verdict == verdict
    assert len(server.received) == 1, "asked once, whatever the answer"
    assert SECRET not in repr(answered)


def test_what_is_said_is_never_longer_than_it_says(exact):
    long = "It is closed today. " * 50
    refused = {"error": "access_denied", "error_description": long}
    answered = asked_secret(exact(http(refused, status="403 Forbidden")))
    assert (answered.verdict, len(answered.said)) == (Verdict.UNCLEAR, 200)


def test_the_practice_exact_tells_all_of_them_apart(tmp_path):
    with sandbox_server.running(database=tmp_path / "sandbox.sqlite3") as sandbox:
        app = sandbox.register("Ours", REDIRECT)
        known = {"client_id": app.client_id, "redirect_uri": REDIRECT}

        def page(**changes):
            return key_test.authorize_page(sandbox.url, **(known | changes)).verdict

        def secret(value):
            return key_test.client_secret(sandbox.url, **known, client_secret=value).verdict

        assert page() == Verdict.ACCEPTED
        assert page(client_id=CLIENT_ID) == Verdict.UNKNOWN_CLIENT
        assert page(redirect_uri=REDIRECT + "x") == Verdict.REDIRECT_REFUSED
        assert secret(app.client_secret) == Verdict.ACCEPTED
        assert secret("wrong") == Verdict.SECRET_REFUSED
