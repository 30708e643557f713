"""One request at the API."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations.exact import api, errors
from integrations.exact.errors import Who
from integrations.exact.limits import Family
from tests.exact.asking import TOKEN, named_error, send
from tests.exact.hostile import http


def test_a_read(exact):
    reset = int((datetime.now(UTC) + timedelta(seconds=30)).timestamp()) * 1000
    headers = (
        "X-RateLimit-Minutely-Remaining: 59",
        f"X-RateLimit-Minutely-Reset: {reset}",
        "X-RateLimit-Limit: -1",
    )
    server = exact(http({"d": []}, headers=headers))
    answer = send(server, path="/api/v1/123/x?$top=1")
    assert (answer.status, answer.document) == (200, {"d": []})
    assert answer.limits.minutely.remaining == 59
    assert answer.limits.minutely.resets_at == datetime.fromtimestamp(reset / 1000, UTC)
    assert len(answer.limits.notes) == 1
    assert answer.evidence.asked == "GET /api/v1/123/x"
    assert (answer.evidence.status, answer.evidence.milliseconds >= 0) == (200, True)
    assert "document" not in repr(answer)
    assert server.received[0].header("Authorization") == f"Bearer {TOKEN}"
    assert server.received[0].line == "GET /api/v1/123/x?$top=1 HTTP/1.1"


def test_a_header_given_twice_is_ignored(exact):
    answer = send(exact(http({}, headers=("X-RateLimit-Limit: 5000", "X-RateLimit-Limit: 5000"))))
    assert answer.limits.daily.limit is None
    assert "given twice" in answer.limits.notes[0]


def test_a_write(exact):
    server = exact(http("", status="204 No Content"), http({"d": {"ID": 1}}, status="201 Created"))
    assert send(server, "PUT", payload={"Name": "é"}).document is None
    assert server.received[0].header("Content-Type") == "application/json"
    assert json.loads(server.received[0].body) == {"Name": "é"}
    assert send(server, "POST", payload={}).document == {"d": {"ID": 1}}


@pytest.mark.parametrize(("method", "token"), [("get", TOKEN), ("TRACE", TOKEN), ("GET", "a\r\nb"), ("GET", "")])
def test_mistakes_of_ours(exact, method, token):
    server = exact(http({}))
    with pytest.raises(ValueError, match="not a") as caught:
        api.send(server.origin, token, method, "/api")
    assert not token or token not in str(caught.value)
    assert server.connections == 0


def block(text: str) -> dict[str, object]:
    return {"error": {"code": "", "message": {"lang": "", "value": text}}}


SCOPE = "Forbidden - Application Scope Violated. Cannot read 'organization.administration' scope."
DIVISION = "Forbidden - User division is not within division scope."
PAGE = "<html>We will be back</html>"

REFUSALS = [
    ("400 Bad Request", block("Bad filter"), errors.BadRequest, Who.APP_OWNER, False),
    ("401 Unauthorized", "Authentication Required", errors.AuthenticationRequired, Who.CUSTOMER, False),
    ("401 Unauthorized", PAGE, errors.AuthenticationRequired, Who.CUSTOMER, False),
    ("403 Forbidden", block(SCOPE), errors.ScopeViolated, Who.APP_OWNER, False),
    ("403 Forbidden", {"error": {"message": SCOPE}}, errors.ScopeViolated, Who.APP_OWNER, False),
    ("403 Forbidden", SCOPE.replace(". ", ".\r\n"), errors.ScopeViolated, Who.APP_OWNER, False),
    (f"403 {SCOPE}", "", errors.ScopeViolated, Who.APP_OWNER, False),
    ("403 Forbidden", block(DIVISION), errors.DivisionNotGranted, Who.CUSTOMER, False),
    (
        "403 Forbidden",
        block("Forbidden - Customer's license expired."),
        errors.LicenceExpired,
        Who.CUSTOMER,
        False,
    ),
    ("403 Forbidden", "Customer’s licence expired", errors.LicenceExpired, Who.CUSTOMER, False),
    ("403 Forbidden", block("Forbidden"), errors.Forbidden, Who.CUSTOMER, False),
    ("403 Forbidden", [], errors.Forbidden, Who.CUSTOMER, False),
    ("404 Not Found", PAGE, errors.NotFound, Who.APP_OWNER, False),
    ("405 Method Not Allowed", "", errors.BadRequest, Who.APP_OWNER, False),
    ("408 Request Timeout", "", errors.QueryTooLong, Who.APP_OWNER, True),
    ("429 Too Many Requests", "", errors.LimitReached, Who.NOBODY, True),
    ("500 Oops", block("A problem has occurred"), errors.ServerError, Who.EXACT, True),
    ("500 Oops", "", errors.Unavailable, Who.EXACT, True),
    ("501 Not Implemented", "no", errors.ServerError, Who.EXACT, True),
    ("502 Bad Gateway", PAGE, errors.Unavailable, Who.EXACT, True),
    ("503 Service Unavailable", "", errors.Unavailable, Who.EXACT, True),
    ("504 Gateway Timeout", PAGE, errors.Unavailable, Who.EXACT, True),
    ("200 OK", "", errors.Unavailable, Who.EXACT, True),
    ("200 OK", PAGE, errors.Unavailable, Who.EXACT, True),
    ("200 OK", "\ufeff<!DOCTYPE html>", errors.Unavailable, Who.EXACT, True),
    ("200 OK", [1], errors.MalformedAnswer, Who.EXACT, True),
    ("200 OK", "{", errors.MalformedAnswer, Who.EXACT, True),
    ("200 OK", "<feed/>", errors.MalformedAnswer, Who.EXACT, True),
]


@pytest.mark.parametrize(("status", "body", "kind", "who", "may_retry"), REFUSALS)
def test_refusals_have_names(exact, status, body, kind, who, may_retry):
    server = exact(http(body, status=status, headers=("X-RateLimit-Remaining: 7",)))
    error = named_error(lambda: send(server))
    assert (type(error), error.who, error.may_retry) == (kind, who, may_retry), repr(error)
    assert error.sent
    assert error.status == int(status[:3])
    assert error.limits is not None
    assert error.limits.daily.remaining == 7, "a refused call counts too"
    if isinstance(error, errors.ScopeViolated):
        assert (error.scope, error.access) == ("organization.administration", "read")


def test_the_reason_header_speaks(exact):
    error = named_error(lambda: send(exact(http("", status="403 Forbidden", headers=(f"Reason: {DIVISION}",)))))
    assert type(error) is errors.DivisionNotGranted
    assert error.reason == DIVISION
    assert errors.describe(error).startswith("GET /api/v1/123/x: 403 after ")
    assert repr(error).startswith("<DivisionNotGranted: GET ")


def test_a_scope_that_is_not_named(exact):
    error = named_error(lambda: send(exact(http("Application Scope Violated.", status="403 Forbidden"))))
    assert isinstance(error, errors.ScopeViolated)
    assert (error.scope, error.access) == ("", "")


def test_an_echoed_token_is_not_shown(exact):
    error = named_error(lambda: send(exact(http(block(f"token {TOKEN} is bad"), status="400 Bad Request"))))
    assert error.reason == "token [hidden] is bad"


def test_the_limit_that_was_hit(exact):
    reset = int((datetime.now(UTC) + timedelta(hours=1)).timestamp()) * 1000
    headers = ("X-RateLimit-Limit: 5000", "X-RateLimit-Remaining: 0", f"X-RateLimit-Reset: {reset}")
    error = named_error(lambda: send(exact(http("", status="429 Too Many Requests", headers=headers))))
    assert isinstance(error, errors.LimitReached)
    assert error.family is Family.DAILY
    assert error.resets_at == datetime.fromtimestamp(reset / 1000, UTC)
    assert errors.LimitReached().family is Family.UNKNOWN


def test_every_error_answers_both_questions():
    def tree(kind: type[errors.ExactError]) -> list[type[errors.ExactError]]:
        return [kind, *(leaf for branch in kind.__subclasses__() for leaf in tree(branch))]

    for kind in tree(errors.ExactError):
        assert isinstance(kind.may_retry, bool)
        assert isinstance(kind.who, Who)
        assert str(kind()) == kind.message
        assert repr(kind()) == f"<{kind.__name__}: {kind.message}>"
        assert kind().status is None
