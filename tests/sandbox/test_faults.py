"""Each fault that can be ordered, over the wire."""

import json
import socket
import time
import zlib
from urllib.parse import urlsplit

import pytest
import requests

from integrations.sandbox import faults

COVERED = set()  # every fault of the catalogue must be ordered by some test of this module
LOST = requests.exceptions.ConnectionError


@pytest.fixture
def order(sandbox):
    """Order a fault for the next request to `target`."""

    def place(fault, target="any", count=1, **options):
        COVERED.add(fault)
        return sandbox.order(fault, target, count, **options)

    return place


@pytest.fixture
def division(connected):
    return connected.division()


@pytest.fixture
def raw(sandbox, connected):
    """Everything that arrives for one GET of Me, as bytes."""

    def read(limit=1_000_000):
        parts = urlsplit(sandbox.url)
        request = (
            "GET /api/v1/current/Me HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
            f"Authorization: Bearer {connected.answer['access_token']}\r\n\r\n"
        )
        data = b""
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
            connection.sendall(request.encode())
            while len(data) < limit and (part := connection.recv(65_536)):
                data += part
        return data

    return read


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_500", 500),
        ("unavailable_503", 503),
        ("timeout_504", 504),
        ("timeout_408", 408),
        ("unauthorized_401", 401),
    ],
)
def test_failures_by_status(connected, order, fault, status):
    order(fault)
    assert connected.call("current/Me").status_code == status
    assert connected.call("current/Me").status_code == 200


def test_a_500_has_the_error_block(connected, order):
    order("error_500")
    answer = connected.call("current/Me").json()
    assert answer["error"]["message"]["value"].startswith("A problem has occurred")


def test_html_with_200(connected, order):
    order("html_200")
    answer = connected.call("current/Me")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_empty_body(connected, order):
    order("empty_200")
    answer = connected.call("current/Me")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("scope_403", "Cannot read 'organization.administration' scope."),
        ("division_403", "User division is not within division scope."),
        ("licence_403", "Customer's license expired."),
        ("rights_403", "no rights"),
    ],
)
def test_each_kind_of_403(connected, order, division, fault, text):
    order(fault, "divisions")
    answer = connected.divisions(division)
    assert answer.status_code == 403
    assert text in answer.headers["Reason"]
    assert answer.json()["error"]["message"]["value"] == answer.headers["Reason"]
    assert answer.headers["X-RateLimit-Minutely-Remaining"] == "59"


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        (
            "minute_429",
            {"X-RateLimit-Minutely-Limit", "X-RateLimit-Minutely-Remaining", "X-RateLimit-Minutely-Reset"},
        ),
        ("day_429", {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}),
        ("other_429", set()),
    ],
)
def test_each_kind_of_429_sends_its_family_only(connected, order, division, fault, names):
    order(fault, "divisions")
    answer = connected.divisions(division)
    assert answer.status_code == 429
    assert {name for name in answer.headers if "RateLimit" in name} == names
    assert all(answer.headers[name] == "0" for name in names if name.endswith("Remaining"))


def test_slow(connected, order):
    order("slow", params={"seconds": 0.3})
    started = time.monotonic()
    assert connected.call("current/Me").status_code == 200
    assert time.monotonic() - started >= 0.3


def test_dripping_starts_with_the_status_line(raw, order):
    order("dripping", params={"seconds": 0.0001})
    assert raw().startswith(b"HTTP/1.1 200 OK\r\n")


def test_dripping_keeps_every_read_alive(raw, order):
    order("dripping", params={"seconds": 0.05})
    started = time.monotonic()
    assert raw(limit=5) == b"HTTP/"
    assert time.monotonic() - started >= 0.15


def test_an_endless_answer(raw, order):
    order("endless")
    assert len(raw(limit=3_000_000)) >= 3_000_000


def test_a_dropped_connection_has_no_effect(connected, order, sandbox):
    sandbox.clock.move(570)
    order("dropped", "token")
    with pytest.raises(LOST):
        connected.refresh()
    assert sandbox.ledger("token")[-1]["status"] is None
    assert connected.refresh().status_code == 200


def test_a_lost_answer_has_rotated_the_token(connected, order, sandbox):
    spent = connected.answer["refresh_token"]
    sandbox.clock.move(570)
    order("lost_answer", "token")
    with pytest.raises(LOST):
        connected.refresh()
    entry = sandbox.ledger("token")[-1]
    assert (entry["status"], entry["processed"], entry["token_calls"]) == (None, True, 2)
    assert connected.refresh(spent).json()["error"] == "access_denied"
    sandbox.clock.move(570)
    assert connected.refresh(spent).json()["error_description"] == "Old refresh token used."


def test_a_lost_answer_was_counted(connected, order, division):
    order("lost_answer", "divisions")
    with pytest.raises(LOST):
        connected.divisions(division)
    assert connected.divisions(division).headers["X-RateLimit-Minutely-Remaining"] == "58"


def test_an_answer_cut_off_in_the_body(connected, order):
    order("cut_off")
    with pytest.raises((LOST, requests.exceptions.ChunkedEncodingError)):
        connected.call("current/Me")


def test_json_cut_in_half(connected, order):
    order("truncated_json")
    answer = connected.call("current/Me")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_huge_body_is_valid_json(connected, order):
    order("huge", params={"size": 2_000_000})
    answer = connected.call("current/Me")
    assert len(answer.content) == 2_000_000
    assert answer.json()["d"]


def test_a_gzip_bomb(connected, order):
    order("gzip_bomb", params={"size": 20_000_001})
    answer = connected.call("current/Me", stream=True)
    packed = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 40_000
    assert len(zlib.decompress(packed, 16 + zlib.MAX_WBITS)) == 20_000_001


def test_a_redirect_leads_to_another_host_that_tells(connected, order, sandbox):
    sandbox.clock.move(570)
    order("redirect_307", "token")
    answer = connected.refresh()
    assert answer.status_code == 307
    target = answer.headers["Location"]
    assert urlsplit(target).hostname == "localhost"
    requests.post(target, data={"client_secret": "carried along"}, timeout=10)
    assert [(entry["path"], entry["method"]) for entry in sandbox.ledger("unknown")] == [("/api/elsewhere", "POST")]
    assert connected.refresh().status_code == 200


def test_a_redirect_to_a_chosen_place(connected, order):
    order("redirect_307", params={"location": "https://elsewhere.example/"})
    assert connected.call("current/Me").headers["Location"] == "https://elsewhere.example/"


def test_a_json_list(connected, order):
    order("json_list")
    assert isinstance(connected.call("current/Me").json(), list)


@pytest.mark.parametrize(
    ("fault", "expires_in", "token_end"),
    [
        ("values_null", None, None),
        ("values_negative", "-600", ""),
        ("values_nul", "600\x00", "\x00"),
        ("values_crlf", "600\r\nX-Injected: 1", "\r\nX-Injected: 1"),
    ],
)
def test_odd_values_leave_the_chain_as_it_was(connected, order, sandbox, fault, expires_in, token_end):
    good = connected.answer["refresh_token"]
    sandbox.clock.move(570)
    order(fault, "token")
    spoilt = connected.refresh(good).json()
    assert spoilt["expires_in"] == expires_in
    assert spoilt["access_token"] is token_end or spoilt["access_token"].endswith(token_end)
    assert connected.refresh(good).status_code == 200


def test_odd_values_in_one_field(connected, order, sandbox):
    sandbox.clock.move(570)
    order("values_null", "token", params={"field": "refresh_token"})
    answer = connected.refresh().json()
    assert answer["refresh_token"] is None
    assert answer["expires_in"] == "600"


def test_odd_values_in_the_api(connected, order, division):
    order("values_negative", "divisions")
    assert connected.divisions(division).json()["d"]["results"][0]["Code"] == -division


@pytest.mark.parametrize(
    ("fault", "remaining"),
    [
        ("headers_absent", None),
        ("headers_negative", "-4999"),
        ("headers_huge", "9" * 40),
        ("headers_text", "plenty"),
        ("headers_twice", "4999, 7"),
        ("headers_underscore", "5_9"),
        ("headers_arabic", "٥٩".encode().decode("latin-1")),
        ("headers_seconds", "4999"),
    ],
)
def test_odd_rate_limit_headers(connected, order, division, fault, remaining):
    order(fault, "divisions")
    answer = connected.divisions(division)
    assert answer.status_code == 200
    assert answer.headers.get("X-RateLimit-Remaining") == remaining


def test_resets_in_seconds(connected, order, division):
    order("headers_seconds", "divisions")
    assert len(connected.divisions(division).headers["X-RateLimit-Reset"]) == 10


def test_any_fault_can_be_had_with_or_without_effect(connected, order, sandbox, division):
    order("unavailable_503", "divisions", processed=True)
    connected.divisions(division)
    order("scope_403", "divisions", processed=False)
    connected.divisions(division)
    assert [entry["minute"] for entry in sandbox.ledger("system_divisions")] == [1, None]


def test_orders_match_kind_company_and_app_and_are_used_up(connected, division):
    place = {"fault": "unavailable_503", "target": "system_divisions", "count": 2, "division": division}
    connected.control("faults", **place, client_id=connected.app.client_id)
    connected.control("faults", fault="error_500", target="me", client_id="another")
    assert connected.call("current/Me").status_code == 200
    assert connected.call(f"{division}/hrm/Divisions").status_code == 200
    assert connected.divisions(division + 1).status_code == 200
    assert [connected.divisions(division).status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_of_the_authorize_page(client, order):
    order("html_200", "authorize")
    assert "Back soon" in client.authorize().text
    assert "Who are you" in client.authorize().text


def test_any_leaves_the_pages_for_people_alone(client, order):
    order("unavailable_503")
    assert client.authorize().status_code == 200
    assert client.get("/apps/").status_code == 200


def test_orders_over_http(client):
    placed = client.control("faults", fault="slow", target="token", seconds=1.5, count=3)
    assert placed["params"] == {"seconds": 1.5}
    listed = client.get("/sandbox/faults", headers={"Accept": "application/json"}).json()
    assert listed["orders"] == [placed]
    assert set(listed["faults"]) == set(faults.CATALOGUE)
    client.http.delete(client.sandbox.url + "/sandbox/faults", timeout=10)
    assert client.get("/sandbox/faults", headers={"Accept": "application/json"}).json()["orders"] == []


def test_orders_by_the_form(client):
    form = {"fault": "slow", "target": "me", "count": "2", "seconds": "", "processed": "no", "division": ""}
    assert client.post("/sandbox/faults", data=form).status_code == 303
    page = client.get("/sandbox/faults").text
    assert "Slow: the answer after n seconds" in page
    (listed,) = client.get("/sandbox/faults", headers={"Accept": "application/json"}).json()["orders"]
    assert (listed["remaining"], listed["processed"], listed["params"]) == (2, False, {})
    assert client.post("/sandbox/faults/clear", data={"id": listed["id"]}).status_code == 303
    assert "Nothing is ordered" in client.get("/sandbox/faults").text


@pytest.mark.parametrize(
    "bad",
    [
        {"fault": "earthquake"},
        {"fault": "slow", "target": "moon"},
        {"fault": "slow", "count": 0},
        {"fault": "slow", "count": "many"},
        {"fault": "slow", "count": 1.5},
        {"fault": "slow", "seconds": "nan"},
        {"fault": "slow", "seconds": 1e300},
        {"fault": "slow", "seconds": -1},
        {"fault": "huge", "size": 10**12},
        {"fault": ["slow"]},
        ["slow"],
    ],
)
def test_orders_that_make_no_sense_are_refused(client, bad):
    answer = client.post("/sandbox/faults", json=bad)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_every_fault_was_ordered():
    """Runs last in this module: the catalogue and these tests name the same faults."""
    assert set(faults.CATALOGUE) == COVERED


def test_the_catalogue_is_json(client):
    json.dumps(client.get("/sandbox/faults", headers={"Accept": "application/json"}).json())
