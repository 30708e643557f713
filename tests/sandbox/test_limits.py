"""Limits per app and company, the headers, and the error budget."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.client import FLORIST, Client

MINUTE, DAY = 60, 24 * 3600
NOON = 1_800_014_400 // DAY * DAY + 12 * 3600
ALL = {f"X-RateLimit-{family}{name}" for family in ("", "Minutely-") for name in ("Limit", "Remaining", "Reset")}


@pytest.fixture
def at_noon(client, sandbox):
    """Connected, with the clock standing 20 seconds into a minute."""
    sandbox.clock.stop(NOON + 20)
    return client.connect(FLORIST)


def limit_headers(answer):
    return {name: value for name, value in answer.headers.items() if name in ALL}


def test_both_families_with_resets_in_milliseconds(at_noon):
    division = at_noon.division()
    at_noon.divisions(division)
    assert limit_headers(at_noon.divisions(division)) == {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "4998",
        "X-RateLimit-Reset": str((NOON + DAY // 2) * 1_000),
        "X-RateLimit-Minutely-Limit": "60",
        "X-RateLimit-Minutely-Remaining": "58",
        "X-RateLimit-Minutely-Reset": str((NOON + 60) * 1_000),
    }


def test_sixteen_threads_get_exactly_sixty(at_noon, sandbox):
    division = at_noon.division()
    headers = {"Authorization": f"Bearer {at_noon.answer['access_token']}", "Accept": "application/json"}

    def call(_):
        return requests.get(f"{sandbox.url}/api/v1/{division}/hrm/Divisions", headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = Counter(pool.map(call, range(100)))
    assert statuses == {200: 60, 429: 40}
    entries = sandbox.ledger("hrm_divisions")
    assert sorted(entry["minute"] for entry in entries) == list(range(1, 101))
    assert sorted(entry["day"] for entry in entries) == list(range(1, 101))


def test_a_full_minute_sends_only_its_family_and_the_day_goes_on(at_noon, sandbox):
    at_noon.control(f"apps/{at_noon.app.client_id}", minutely_limit=2)
    division = at_noon.division()
    assert [at_noon.divisions(division).status_code for _ in range(2)] == [200, 200]
    answer = at_noon.divisions(division)
    assert answer.status_code == 429
    assert limit_headers(answer) == {
        "X-RateLimit-Minutely-Limit": "2",
        "X-RateLimit-Minutely-Remaining": "0",
        "X-RateLimit-Minutely-Reset": str((NOON + 60) * 1_000),
    }
    assert "Retry-After" not in answer.headers
    sandbox.clock.move(39)
    assert at_noon.divisions(division).status_code == 429
    sandbox.clock.move(1)
    answer = at_noon.divisions(division)
    assert answer.status_code == 200
    assert answer.headers["X-RateLimit-Remaining"] == "4995"


def test_a_full_day_sends_only_its_family_until_midnight_utc(at_noon, sandbox):
    at_noon.control(f"apps/{at_noon.app.client_id}", daily_limit=1)
    division = at_noon.division()
    at_noon.divisions(division)
    answer = at_noon.divisions(division)
    assert answer.status_code == 429
    assert limit_headers(answer) == {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str((NOON + DAY // 2) * 1_000),
    }
    sandbox.clock.stop(NOON + DAY // 2)
    at_noon.refresh()
    assert at_noon.divisions(division).status_code == 200


def test_apps_and_companies_are_counted_apart_and_users_together(client, sandbox):
    sandbox.clock.stop(NOON)
    florist, accountant, other = client.connect(FLORIST), Client(sandbox), Client(sandbox, name="Other")
    flowers = florist.division()
    accountant.connect()
    other.connect(FLORIST)
    remaining = "X-RateLimit-Minutely-Remaining"
    assert florist.divisions(flowers).headers[remaining] == "59"
    assert accountant.divisions(flowers).headers[remaining] == "58"
    assert accountant.divisions().headers[remaining] == "59"
    assert other.divisions(flowers).headers[remaining] == "59"


def test_refused_calls_count_and_me_does_not(at_noon):
    division = at_noon.division()
    at_noon.call("current/Me")
    at_noon.call(f"{division}/crm/Accounts")
    at_noon.control(f"companies/{division}", licence_expired=True)
    assert at_noon.divisions(division).headers["X-RateLimit-Minutely-Remaining"] == "58"


def test_ten_errors_in_an_hour_block_that_endpoint_for_an_hour(at_noon, sandbox):
    division = at_noon.division()
    statuses = [at_noon.call(f"{division}/crm/Accounts").status_code for _ in range(11)]
    assert statuses == [404] * 10 + [429]
    assert not limit_headers(at_noon.call(f"{division}/crm/Accounts"))
    assert at_noon.divisions(division).status_code == 200
    sandbox.clock.move(3_599)
    at_noon.refresh()
    assert at_noon.call(f"{division}/crm/Accounts").status_code == 429
    sandbox.clock.move(1)
    assert at_noon.call(f"{division}/crm/Accounts").status_code == 404


def test_a_second_block_is_longer(at_noon, sandbox):
    division = at_noon.division()
    for _ in range(10):
        at_noon.call(f"{division}/crm/Accounts")
    sandbox.clock.move(3_600)
    at_noon.refresh()
    for _ in range(10):
        at_noon.call(f"{division}/crm/Accounts")
    sandbox.clock.move(3_600)
    at_noon.refresh()
    assert at_noon.call(f"{division}/crm/Accounts").status_code == 429


def test_errors_spread_over_more_than_an_hour_do_not_block(at_noon, sandbox):
    division = at_noon.division()
    for _ in range(12):
        assert at_noon.call(f"{division}/crm/Accounts").status_code == 404
        sandbox.clock.move(600)
        at_noon.refresh()
