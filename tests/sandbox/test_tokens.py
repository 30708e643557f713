"""The token endpoint: both grants, rotation, the 95 % rule, and each row of Exact's table of errors."""

import pytest

from integrations.sandbox.server import running
from tests.sandbox.client import ACCOUNTANT, FLORIST, Client

EARLY = {"error": "access_denied", "error_description": "Rate limit exceeded: access_token not expired"}
OLD = {"error": "unauthorized_client", "error_description": "Old refresh token used."}
NO_CHAIN = {
    "error": "invalid_grant",
    "error_description": "Token is not allowed, because of invalid or empty chainId",
}
DAY = 24 * 3600


def test_a_code_gives_tokens_and_expires_in_is_a_string(client):
    answer = client.exchange(client.consent())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert tokens["token_type"].lower() == "bearer"
    assert tokens["expires_in"] == "600"
    assert len(tokens["access_token"]) >= 600


def bad_request(answer):
    return (answer.status_code, answer.text, answer.headers["Content-Type"].split(";")[0]) == (
        400,
        "Bad Request",
        "text/plain",
    )


def test_a_code_works_once(client):
    code = client.consent()
    assert client.exchange(code).status_code == 200
    assert bad_request(client.exchange(code))


def test_a_code_lives_three_minutes(client, sandbox):
    first, second = client.consent(ACCOUNTANT), client.consent(FLORIST)
    sandbox.clock.move(179)
    assert client.exchange(first).status_code == 200
    sandbox.clock.move(1)
    assert bad_request(client.exchange(second))


def test_a_code_needs_its_redirect_uri(client):
    assert bad_request(client.exchange(client.consent(), redirect_uri="https://other.example/"))


def test_a_code_that_is_still_url_encoded_is_refused(client):
    assert bad_request(client.exchange(client.consent().replace("!", "%21")))


def test_a_code_of_another_app_is_refused(client, sandbox):
    assert bad_request(Client(sandbox, name="Other").exchange(client.consent()))


def test_a_code_that_was_overtaken_is_refused(client):
    first = client.consent()
    second = client.consent()
    assert bad_request(client.exchange(first))
    assert client.exchange(second).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_secret": "ключ"},
        {"client_id": "11111111-2222-3333-4444-555555555555"},
        {"client_id": ""},
    ],
)
def test_a_wrong_id_or_secret_is_an_invalid_client(client, fields):
    answer = client.exchange(client.consent(), **fields)
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_client"}


def test_http_basic_is_refused(client):
    client.http.auth = (client.app.client_id, client.app.client_secret)
    answer = client.token(grant_type="authorization_code", code="x")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_client"


def test_get_is_refused(client):
    assert client.get("/api/oauth2/token").status_code == 405


def test_a_json_body_is_refused(client):
    answer = client.post("/api/oauth2/token", json={"grant_type": "refresh_token"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_parameter_that_is_there_twice_is_refused(client):
    answer = client.token(client_id=[client.app.client_id, "x"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("grant_type", "error"),
    [
        ("client_credentials", "unsupported_grant_type"),
        ("password", "unsupported_grant_type"),
        ("", "invalid_request"),
    ],
)
def test_other_grants_are_refused(client, grant_type, error):
    answer = client.token(grant_type=grant_type)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_a_refresh_token_rotates_after_95_percent_of_the_lifetime(connected, sandbox):
    first = connected.answer
    sandbox.clock.move(570)
    answer = connected.refresh()
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] != first["refresh_token"]
    assert answer.json()["access_token"] != first["access_token"]


def test_a_refresh_before_95_percent_is_refused_and_harmless(connected, sandbox):
    sandbox.clock.stop()
    sandbox.clock.move(569)
    answer = connected.refresh()
    assert answer.status_code == 400
    assert answer.json() == EARLY
    assert answer.headers["Reason"].startswith("TooEarlyToRefreshTokens")
    assert connected.call("current/Me").status_code == 200
    sandbox.clock.move(1)
    assert connected.refresh().status_code == 200


def test_the_95_percent_rule_scales_with_the_lifetime(tmp_path):
    with running(database=tmp_path / "s.sqlite3", lifetime=10) as short:
        short.clock.stop()
        client = Client(short).connect()
        assert client.answer["expires_in"] == "10"
        short.clock.move(9)
        assert client.refresh().json() == EARLY
        short.clock.move(0.5)
        assert client.refresh().status_code == 200
        client.http.close()


def test_a_spent_token_is_not_expired_at_first_then_old(connected, sandbox):
    spent = connected.answer["refresh_token"]
    sandbox.clock.move(570)
    connected.refresh()
    assert connected.refresh(spent).json() == EARLY
    sandbox.clock.move(570)
    answer = connected.refresh(spent)
    assert (answer.status_code, answer.json()) == (401, OLD)


def test_a_replay_costs_the_chain(connected, sandbox):
    spent = connected.answer["refresh_token"]
    sandbox.clock.move(570)
    connected.refresh()
    sandbox.clock.move(570)
    connected.refresh(spent)
    answer = connected.refresh()
    assert (answer.status_code, answer.json()) == (400, NO_CHAIN)
    assert connected.refresh(spent).json() == OLD


def test_a_refresh_token_dies_after_30_days_unused(connected, sandbox):
    sandbox.clock.move(30 * DAY - 5)
    assert connected.refresh().status_code == 200
    sandbox.clock.move(30 * DAY)
    answer = connected.refresh()
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"].startswith("The refresh token expired at 20")
    assert " and it is now 20" in answer.json()["error_description"]


def test_a_new_consent_by_the_same_user_kills_the_earlier_chain(connected, sandbox):
    old = connected.answer
    connected.connect()
    sandbox.clock.move(570)
    answer = connected.refresh(old["refresh_token"])
    assert (answer.status_code, answer.json()) == (400, NO_CHAIN)
    assert connected.refresh(connected.answer["refresh_token"]).status_code == 200


def test_another_user_or_another_app_leaves_the_chain_alone(connected, sandbox):
    refresh_token = connected.answer["refresh_token"]
    connected.connect(FLORIST)
    Client(sandbox, name="Other").connect()
    sandbox.clock.move(570)
    assert connected.refresh(refresh_token).status_code == 200


def test_a_withdrawn_consent_ends_both_tokens(connected, sandbox):
    connected.control("connections/1", action="revoke")
    assert connected.call("current/Me").status_code == 401
    assert connected.refresh().json() == NO_CHAIN


@pytest.mark.parametrize("refresh_token", ["nonsense", "", "ключ\x00"])
def test_an_unknown_refresh_token_has_no_chain(connected, refresh_token):
    answer = connected.token(grant_type="refresh_token", refresh_token=refresh_token)
    assert (answer.status_code, answer.json()) == (400, NO_CHAIN)


def test_a_refresh_token_of_another_app_has_no_chain(connected, sandbox):
    sandbox.clock.move(570)
    answer = Client(sandbox, name="Other").refresh(connected.answer["refresh_token"])
    assert answer.json() == NO_CHAIN


def test_an_access_token_does_not_refresh(connected, sandbox):
    sandbox.clock.move(570)
    assert connected.refresh(connected.answer["access_token"]).json() == NO_CHAIN


def test_token_calls_are_numbered_per_app_user_and_day(connected, sandbox):
    sandbox.clock.stop(1_800_000_000)
    connected.connect()
    sandbox.clock.move(600)
    connected.refresh()
    sandbox.clock.move(DAY)
    connected.refresh()
    assert [entry["token_calls"] for entry in sandbox.ledger("token")[-3:]] == [1, 2, 1]
