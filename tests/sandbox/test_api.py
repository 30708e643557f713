"""`Me`, both division lists, OData, and the refusals of the API."""

from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from integrations.sandbox.server import running
from tests.sandbox.client import FLORIST, HARBOUR, STAFF, Client


def error_text(answer):
    block = answer.json()
    assert block == {"error": {"code": "", "message": {"lang": "", "value": block["error"]["message"]["value"]}}}
    return block["error"]["message"]["value"]


def codes(answer):
    assert answer.status_code == 200, answer.text
    return [company["Code"] for company in answer.json()["d"]["results"]]


def test_me_says_who_i_am_and_has_no_rate_limit_headers(connected):
    answer = connected.call("current/Me")
    (me,) = answer.json()["d"]["results"]
    assert me["UserName"] == "alex.accountant"
    assert me["FullName"] == "Alex Accountant"
    assert me["DivisionCustomerName"] == "Lighthouse Accountants"
    assert me["ServerTime"].startswith("/Date(")
    assert not [name for name in answer.headers if "RateLimit" in name]


def test_me_follows_the_users_last_choice(connected):
    other = codes(connected.divisions())[2]
    connected.control("users/alex.accountant", current_division=other)
    assert connected.division() == other


def test_system_divisions_are_those_granted(client):
    client.connect(companies=None)
    everything = codes(client.divisions())
    client.connect(companies=everything[1:3])
    assert codes(client.divisions(everything[1])) == everything[1:3]


def test_hrm_divisions_are_those_of_one_licence_granted_or_not(client):
    client.connect()
    own = client.division()
    flowers = codes(client.divisions())[-1]
    assert len(codes(client.call(f"{own}/hrm/Divisions"))) == 4
    assert codes(client.call(f"{flowers}/hrm/Divisions")) == [flowers]


def test_a_company_carries_the_published_fields(connected):
    company = connected.divisions().json()["d"]["results"][0]
    assert company["Description"] == "Lighthouse Accountants"
    assert (company["Status"], company["BlockingStatus"]) == (1, 0)
    assert company["IsMainDivision"] is True
    assert (company["Country"], company["Currency"]) == ("XX", "XTS")


def test_an_archived_company_says_so(client):
    client.connect(HARBOUR)
    client.control("connections/1", divisions=client.control("users/hanna.harbour")["divisions"])
    statuses = [company["Status"] for company in client.divisions().json()["d"]["results"]]
    assert statuses == [1, 2]


def test_codes_have_six_or_seven_digits(client):
    client.connect(HARBOUR)
    assert len(str(client.division())) == 7
    client.connect(FLORIST)
    assert len(str(client.division())) == 6


def test_select_narrows_and_refuses_unknown_names(connected):
    answer = connected.divisions(params={"$select": "Code, Description"})
    assert set(answer.json()["d"]["results"][0]) == {"__metadata", "Code", "Description"}
    assert connected.divisions(params={"$select": "Code,Nonsense"}).status_code == 400


def test_options_that_are_not_served_are_refused(connected):
    assert connected.divisions(params={"$filter": "Code eq 1"}).status_code == 400
    assert connected.divisions(params={"$top": "٣"}).status_code == 400
    assert connected.divisions(params={"$top": "9" * 5_000}).status_code == 400


def test_top_limits_the_list(connected):
    assert len(codes(connected.divisions(params={"$top": "2"}))) == 2


def test_lists_come_in_pages_of_60(client):
    client.control("companies", user="fleur.florist", count=130)
    client.connect(FLORIST)
    found, path = [], f"/api/v1/{client.division()}/system/Divisions?$select=Code"
    sizes = []
    while path:
        body = client.get(
            path,
            headers={
                "Authorization": f"Bearer {client.answer['access_token']}",
                "Accept": "application/json",
            },
        ).json()["d"]
        sizes.append(len(body["results"]))
        found += [company["Code"] for company in body["results"]]
        following = urlsplit(body.get("__next", ""))
        path = f"{following.path}?{following.query}" if following.query else ""
    assert sizes == [60, 60, 11]
    assert len(set(found)) == 131


def test_without_json_asked_for_the_answer_is_atom(connected):
    answer = connected.divisions(headers={})
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.text)  # noqa: S314
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == 5
    assert "Ink &amp; Sons" in answer.text
    refused = connected.divisions(1, headers={})
    assert refused.headers["Content-Type"].startswith("application/xml")
    assert "no rights" in refused.text


def test_an_access_token_lives_its_lifetime(connected, sandbox):
    sandbox.clock.stop()
    sandbox.clock.move(595)
    assert connected.call("current/Me").status_code == 200
    sandbox.clock.move(5)
    answer = connected.call("current/Me")
    assert answer.status_code == 401
    assert error_text(answer) == "Authentication Required"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic YTpi"])
def test_without_a_token_nothing_is_served(client, header):
    for path in ("current/Me", "123456/system/Divisions", "123456/crm/Accounts"):
        answer = client.get(f"/api/v1/{path}", headers={"Authorization": header, "Accept": "application/json"})
        assert answer.status_code == 401
        assert error_text(answer) == "Authentication Required"


def test_a_token_of_another_region_is_nobodys(connected, tmp_path):
    with running(database=tmp_path / "other.sqlite3", region="yy") as other:
        stranger = Client(other)
        assert stranger.call("current/Me", token=connected.answer["access_token"]).status_code == 401
        stranger.http.close()


def test_system_divisions_needs_the_administration_scope(connected):
    connected.control(f"apps/{connected.app.client_id}", scopes={"crm.accounts": "Manage"})
    answer = connected.divisions()
    text = "Forbidden - Application Scope Violated. Cannot read 'organization.administration' scope."
    assert answer.status_code == 403
    assert error_text(answer) == text
    assert answer.headers["Reason"] == text
    assert answer.headers["X-RateLimit-Minutely-Remaining"] == "59"
    assert connected.call(f"{connected.division()}/hrm/Divisions").status_code == 200


def test_manage_includes_read(connected):
    connected.control(f"apps/{connected.app.client_id}", scopes={"organization.administration": "Manage"})
    assert connected.divisions().status_code == 200


def test_a_testing_app_is_not_limited_by_scopes(sandbox):
    testing = Client(sandbox, name="Test", kind="testing")
    testing.control(f"apps/{testing.app.client_id}", scopes={})
    testing.connect(STAFF)
    assert testing.divisions().status_code == 200
    testing.http.close()


def test_a_company_that_was_not_ticked_is_outside_the_scope(client):
    client.connect()
    granted, left_out = codes(client.divisions())[:2]
    client.connect(companies=[granted])
    answer = client.divisions(left_out)
    assert answer.status_code == 403
    assert error_text(answer) == "Forbidden - User division is not within division scope."


def test_granting_a_company_later_opens_it(client):
    client.connect()
    both = codes(client.divisions())[:2]
    client.connect(companies=both[:1])
    client.control("connections/2", divisions=both)
    assert codes(client.divisions(both[1])) == both


def test_an_expired_licence_is_refused(connected):
    connected.control(f"companies/{connected.division()}", licence_expired=True)
    answer = connected.divisions()
    assert answer.status_code == 403
    assert error_text(answer) == "Forbidden - Customer's license expired."


def test_a_user_without_rights_is_refused(connected):
    division = connected.division()
    connected.control("users/alex.accountant", rights={str(division): False})
    answer = connected.divisions(division)
    assert answer.status_code == 403
    assert "no rights" in error_text(answer)


FORBIDDEN = "Forbidden - Application Scope Violated. Cannot read '{}' scope."


@pytest.mark.parametrize(
    ("level", "method", "status"),
    [
        ("", "GET", 403),
        ("Read", "GET", 404),
        ("Manage", "GET", 404),
        ("", "POST", 403),
        ("Read", "POST", 403),
        ("Read", "PUT", 403),
        ("Read", "DELETE", 403),
        ("Manage", "POST", 405),
    ],
)
def test_reading_needs_read_and_writing_needs_manage(connected, level, method, status):
    """The sandbox has nothing there, and writes nothing; what it refuses before that is the point."""
    scopes = {"organization.administration": level} if level else {"crm.accounts": "Manage"}
    url = f"{connected.sandbox.url}/api/v1/{connected.division()}/webhooks/WebhookSubscriptions(guid'1')"
    connected.control(f"apps/{connected.app.client_id}", scopes=scopes)
    headers = {"Authorization": f"Bearer {connected.answer['access_token']}", "Accept": "application/json"}
    answer = connected.http.request(method, url, headers=headers, timeout=10)
    assert answer.status_code == status
    if status == 403:
        assert error_text(answer) == FORBIDDEN.format("organization.administration")
        assert answer.headers["Reason"] == error_text(answer)


def test_a_write_is_counted(connected, sandbox):
    url = f"/api/v1/{connected.division()}/crm/Accounts"
    connected.post(url, headers={"Authorization": f"Bearer {connected.answer['access_token']}"})
    assert sandbox.ledger("api")[-1]["minute"] == 1


def test_a_testing_app_is_not_held_to_scopes(sandbox):
    testing = Client(sandbox, name="Test", kind="testing").connect(STAFF)
    testing.control(f"apps/{testing.app.client_id}", scopes={})
    url = f"/api/v1/{testing.division()}/crm/Accounts"
    headers = {"Authorization": f"Bearer {testing.answer['access_token']}"}
    assert testing.post(url, headers=headers).status_code == 405
    testing.http.close()


def test_other_resources_are_404_and_writing_is_405(connected):
    assert connected.call(f"{connected.division()}/crm/Accounts").status_code == 404
    url = f"/api/v1/{connected.division()}/system/Divisions"
    headers = {"Authorization": f"Bearer {connected.answer['access_token']}"}
    assert connected.post(url, headers=headers).status_code == 405
    for path in (
        "/api/v2/nothing",
        f"/api/v1/{10**30}/system/Divisions",
        f"/api/v1/{'9' * 5000}/crm/Accounts",
    ):
        assert connected.get(path).status_code == 404
