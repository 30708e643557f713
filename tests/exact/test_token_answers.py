"""Token answers, read strictly."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.exact import errors, token_answers
from integrations.exact.evidence import Evidence
from integrations.exact.wire import Reply
from tests.exact.asking import (
    ACCESS,
    CHAIN,
    EARLY,
    GOOD,
    OLD,
    SECRET,
    refresh,
    refused,
)
from tests.exact.hostile import http

NO_TOKENS = [None, 1, True, "", " ", "a b", "a\r\nb", "a\0b", "é", ["a"], {"a": 1}, "x" * 9000]
MALFORMED = [
    *[http(GOOD | {name: value}) for name in ("access_token", "refresh_token") for value in NO_TOKENS],
    *[http(GOOD | {"token_type": value}) for value in (None, "mac", "", 1, ["bearer"], "bearer ")],
    *[
        http(GOOD | {"expires_in": value})
        for value in (
            None,
            -1,
            "-1",
            600.0,
            1.5,
            "600.0",
            "5_9",
            "٥٩",
            " 600",
            "abc",
            "",
            True,
            [600],
            "9" * 99,
        )
    ],
    *[http({key: value for key, value in GOOD.items() if key != name}) for name in GOOD],
    http([GOOD]),
    http([]),
    http("null"),
    http('"token"'),
    http("600"),
    http("{}"),
    http(str(GOOD)),
    http(http(GOOD).partition(b"\r\n\r\n")[2][:-1]),
    http('{"access_token":"a","access_token":"b","token_type":"bearer","expires_in":"600","refresh_token":"c"}'),
    http("[" * 100_000),
    http('{"a":' * 100_000),
    http('{"expires_in": NaN}'),
    http('{"expires_in": ' + "9" * 5_000 + "}"),
    http(b"\xff\xfe{\0}\0"),
    http(b"\0" * 50),
    http("access_token=a&token_type=bearer&expires_in=600&refresh_token=b"),
]


@pytest.mark.parametrize("answer", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_successes(exact, answer):
    server = exact(answer, http(GOOD))
    error = refused(refresh, server)
    assert type(error) is errors.MalformedAnswer, repr(error)
    assert error.outcome_unknown
    assert refresh(server).access_token == ACCESS, "the next good answer is well again"


def test_the_libraries_cannot_be_made_to_log(exact, caplog):
    for name in ("requests_oauthlib", "requests_oauthlib.oauth2_session", "oauthlib"):
        caplog.set_level(logging.DEBUG, logger=name)
    refresh(exact(http(GOOD)))
    assert not [record for record in caplog.records if "oauth" in record.name]
    logging.getLogger("requests_oauthlib.oauth2_session").warning("seen")
    assert "seen" in caplog.text


# ── Anything at all ──────────────────────────────────────────────────────────────────────────────────

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*GOOD, "error", "error_description", "scope", "expires_at"])
VALUES = st.one_of(JSON, st.sampled_from([*GOOD.values(), EARLY, CHAIN, "invalid_grant", "Bearer", 600]))
BODIES = st.one_of(
    st.binary(max_size=300),
    JSON.map(lambda value: repr(value).encode("utf-8", "replace")),
    st.dictionaries(NAMES, VALUES).map(lambda value: http(value).partition(b"\r\n\r\n")[2]),
    st.dictionaries(NAMES, VALUES).map(lambda value: http(GOOD | value).partition(b"\r\n\r\n")[2]),
)


@settings(deadline=None)
@given(
    status=st.sampled_from([200, 200, 200, 201, 400, 401, 403, 404, 408, 429, 500, 503]),
    headers=st.dictionaries(st.sampled_from(["Reason", "Content-Type"]), st.text(max_size=50)),
    body=BODIES,
    exchange=st.booleans(),
)
def test_any_answer_is_tokens_or_a_named_error(status, headers, body, exchange):
    reply = Reply(Evidence("POST", "/api/oauth2/token", status, 1), status, "OK", headers, body)
    answer = read_or_error(reply, exchange=exchange)
    if isinstance(answer, errors.ExactError):
        assert type(answer) is not errors.ExactError
        assert len(answer.reason) <= 200
        assert answer.reason.isprintable()
        assert SECRET not in str(answer)
    else:
        assert 200 <= status < 300
        assert 1 <= answer.expires_in <= 3600
        assert token_answers.is_token(answer.access_token)
        assert token_answers.is_token(answer.refresh_token)


def read_or_error(reply: Reply, *, exchange: bool) -> token_answers.TokenAnswer | errors.ExactError:
    try:
        return token_answers.read(reply, exchange=exchange, secrets=(SECRET, OLD))
    except errors.ExactError as error:
        return error
