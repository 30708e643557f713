"""What the ledger keeps, and what it never keeps."""

import re

import pytest

from tests.sandbox.client import ACCOUNTANT


def ledger(client, **query):
    return client.get("/sandbox/ledger.json", params=query).json()


def test_the_way_of_a_connection(connected):
    division = connected.division()
    connected.divisions(division)
    entries = ledger(connected)["entries"]
    assert [entry["kind"] for entry in entries] == [
        "authorize", "login", "consent", "token", "me", "system_divisions",
    ]  # fmt: skip
    assert [entry["status"] for entry in entries] == [200, 303, 302, 200, 200, 200]
    assert {entry["app"] for entry in entries} == {"Demo"}
    assert entries[-1]["user"] == "Alex Accountant"
    assert entries[-1]["division"] == division
    assert (entries[-1]["minute"], entries[-1]["day"]) == (1, 1)
    assert entries[3]["grant_type"] == "authorization_code"
    assert re.fullmatch("[0-9a-f]{12}", entries[-1]["token"])
    assert entries[-1]["token"] == entries[-2]["token"]


def test_no_code_token_secret_or_state_is_kept(client, sandbox, tmp_path):
    code = client.consent(state="very-private-state")
    client.answer = client.exchange(code).json()
    client.exchange(code, client_secret="a-wrong-secret")
    client.call("current/Me")
    sandbox.clock.move(570)
    first = client.answer
    client.refresh()
    text = client.get("/sandbox/ledger.json").text + client.get("/sandbox/ledger").text
    values = [code, client.app.client_secret, "a-wrong-secret", "very-private-state"]
    values += [tokens[name] for tokens in (first, client.answer) for name in ("access_token", "refresh_token")]
    assert not [value for value in values if value in text]
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    kept = [value for value in values if value.encode() in stored]
    # The App Center shows the secret; the state is kept until the user has decided.
    assert set(kept) <= {client.app.client_secret, "very-private-state"}


def test_after_kind_company_and_limit(connected):
    division = connected.division()
    for _ in range(3):
        connected.divisions(division)
    everything = ledger(connected)
    assert everything["last_id"] == everything["entries"][-1]["id"]
    assert everything["next"] is None
    assert len(ledger(connected, kind="system_divisions")["entries"]) == 3
    assert ledger(connected, kind="system_divisions", division=1)["entries"] == []
    assert ledger(connected, client_id="nobody")["entries"] == []
    assert ledger(connected, after=everything["last_id"])["entries"] == []
    page = ledger(connected, kind="system_divisions", limit=2)
    assert len(page["entries"]) == 2
    rest = connected.http.get(page["next"], timeout=10).json()
    assert [entry["minute"] for entry in rest["entries"]] == [3]


def test_refusals_are_named(connected):
    connected.token(grant_type="refresh_token", refresh_token="x", client_secret="wrong")
    connected.call("current/Me", token="nonsense")
    connected.authorize(redirect_uri="https://evil.example/")
    connected.decide(connected.log_in(ACCOUNTANT), "deny")
    connected.control(f"apps/{connected.app.client_id}", granted=False)
    connected.log_in(ACCOUNTANT)
    errors = [entry["error"] for entry in ledger(connected)["entries"] if entry["error"]]
    assert errors == [
        "invalid_client", "authentication_required", "redirect_uri", "access_denied", "no_permission",
    ]  # fmt: skip


def test_faults_are_named(connected, sandbox):
    sandbox.order("unavailable_503")
    connected.call("current/Me")
    entry = ledger(connected)["entries"][-1]
    assert (entry["fault"], entry["status"], entry["processed"]) == ("unavailable_503", 503, False)


def test_pages_of_the_sandbox_leave_no_entry(client):
    for path in ("/", "/apps/", "/sandbox/", "/sandbox/faults", "/sandbox/ledger", "/sandbox/ledger.json"):
        assert client.get(path).status_code == 200
    assert ledger(client)["entries"] == []


def test_times_are_milliseconds_of_the_sandboxs_clock(client, sandbox):
    sandbox.clock.stop(1_800_000_000.25)
    client.get("/api/nothing")
    assert ledger(client)["entries"][0]["received_at_ms"] == 1_800_000_000_250


def test_the_page_shows_newest_first_and_filters(connected):
    page = connected.get("/sandbox/ledger").text
    kinds = re.compile(r"<td>\s*(authorize|login|consent|token)\s*<")
    assert kinds.findall(page)[:2] == ["token", "consent"]
    assert set(kinds.findall(connected.get("/sandbox/ledger?kind=token").text)) == {"token"}


@pytest.mark.parametrize("query", ["after=x", f"after={10**30}", "limit=-5", "division=abc", f"division={10**30}"])
def test_odd_queries_do_no_harm(client, query):
    assert client.get(f"/sandbox/ledger.json?{query}").status_code == 200
