"""The sandbox's own pages: App Center, users and companies, clock, and what keeps other sites out."""

import re

import pytest

from integrations.sandbox.registry import RegistrationRefusedError
from integrations.sandbox.server import running
from tests.sandbox.client import ACCOUNTANT, REDIRECT, Client

PAGES = [
    "/",
    "/partner/",
    "/apps/",
    "/apps/register?kind=testing",
    "/sandbox/",
    "/sandbox/faults",
    "/sandbox/ledger",
    "/nothing",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_it_is_practice(client, path):
    says_practice(client.get(path))


@pytest.mark.parametrize("tab", ["", "review", "review/form", "permission", "delete"])
def test_every_tab_of_an_app_says_that_it_is_practice(client, tab):
    answer = client.get(f"/apps/{client.app.client_id}/{tab}")
    says_practice(answer)
    assert answer.text.count('aria-current="page"') == 1
    assert "Develop your app" in answer.text


def says_practice(answer):
    assert "Practice: this is not Exact Online" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "style=" not in answer.text


def test_the_stylesheet_is_served_and_nothing_else_is(client):
    assert client.get("/static/sandbox.css").headers["Content-Type"].startswith("text/css")
    assert client.get("/static/..%2fserver.py").status_code == 404
    assert client.get("/static/server.py").status_code == 404


def register(client, **fields):
    form = {
        "kind": "product",
        "name": "Shop",
        "redirect_url": "https://shop.example/cb",
        "terms": "on",
        **fields,
    }
    return client.post("/apps/register", data=form)


def test_registering_an_app_shows_its_keys(client):
    answer = register(client)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    client_id = re.search(r'<code class="take">([0-9a-f-]{36})</code>', page)[1]
    assert answer.headers["Location"] == f"/apps/{client_id}/"
    assert re.search(r'<summary>Show</summary>\s*<code class="take">\w{20,}</code>', page)
    assert "Shop" in client.get("/apps/").text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": "x" * 101}, "Give the app a name"),
        ({"name": " "}, "Give the app a name"),
        ({"name": "Demo"}, "already an app with this name"),
        ({"kind": "other"}, "Choose a product app"),
        ({"terms": ""}, "Accept the terms"),
        ({"redirect_url": "shop.example"}, "whole redirect URL"),
        ({"redirect_url": "https://shop.example/#part"}, "whole redirect URL"),
        ({"redirect_url": "javascript:alert(1)"}, "whole redirect URL"),
        ({"redirect_url": "https://shop.example:x/"}, "whole redirect URL"),
        ({"redirect_url": "https://shop.example/a b"}, "whole redirect URL"),
    ],
)
def test_registrations_that_are_not_taken(client, fields, text):
    before = client.get("/sandbox/state.json").json()["apps"]
    answer = register(client, **fields)
    assert answer.status_code == 400
    assert text in answer.text
    assert client.get("/sandbox/state.json").json()["apps"] == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"terms": ""}, "terms"),
        ({"redirect_url": "shop.example"}, "redirect_url"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(client, fields, field):
    page = register(client, **fields).text
    (refused,) = re.findall(r'<input [^>]*name="(\w+)"[^>]*aria-invalid="true"[^>]*autofocus', page)
    assert refused == field
    assert "https://shop.example/cb" in page or field == "redirect_url"
    assert "checked" in page or field == "terms"


def test_changing_the_redirect_url(client):
    path = f"/apps/{client.app.client_id}"
    assert client.post(f"{path}/redirect-url", data={"redirect_url": "nonsense"}).status_code == 400
    assert client.post(f"{path}/redirect-url", data={"redirect_url": "https://new.example/"}).status_code == 303
    assert "https://new.example/" in client.get(f"{path}/").text
    assert client.authorize().status_code == 400


def test_names_are_escaped(client):
    register(client, name="<b>Bold & Co</b>")
    assert "&lt;b&gt;Bold &amp; Co&lt;/b&gt;" in client.get("/apps/").text


def test_registering_again_updates_redirect_url_and_permission(sandbox):
    first = sandbox.register("Demo", REDIRECT)
    again = sandbox.register("Demo", "https://new.example/", granted=True)
    assert (again.client_id, again.client_secret) == (first.client_id, first.client_secret)
    assert (again.redirect_url, again.granted) == ("https://new.example/", True)
    assert sandbox.register("Demo", REDIRECT).granted
    with pytest.raises(RegistrationRefusedError):
        sandbox.register("Demo", REDIRECT, kind="testing")


def test_a_secret_does_not_show_in_a_repr(client):
    assert client.app.client_secret not in repr(client.app)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
def test_other_sites_cannot_send_forms(client, headers):
    path = f"/apps/{client.app.client_id}/permission/withdraw"
    assert client.post(path, headers=headers).status_code == 403
    assert client.log_in(ACCOUNTANT).status_code == 200
    assert client.post("/sandbox/clock", json={"move": 5}, headers=headers).status_code == 403


def test_the_same_site_can(client, sandbox):
    headers = {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/sandbox/clock", data={"move": "5"}, headers=headers).status_code == 303


def test_another_host_name_sees_no_page(client):
    assert client.get("/apps/", headers={"Host": "evil.example"}).status_code == 403


def test_state_as_json_has_no_secrets(connected):
    answer = connected.get("/sandbox/state.json")
    state = answer.json()
    assert set(state) == {"users", "companies", "apps", "connections", "clock"}
    assert [user["user_name"] for user in state["users"]] == [
        "sam.staff", "alex.accountant", "fleur.florist", "hanna.harbour",
    ]  # fmt: skip
    assert state["connections"][0]["state"] == "live"
    assert connected.app.client_secret not in answer.text


def test_the_page_of_users_and_companies(connected):
    page = connected.get("/sandbox/").text
    assert "Petal Flower Shop" in page
    connected.post("/sandbox/connections/1", data={"action": "expire_access"})
    assert connected.call("current/Me").status_code == 401
    connected.post("/sandbox/connections/1", data={"action": "allow_refresh"})
    assert connected.refresh().status_code == 200


def test_an_expired_refresh_token(connected, sandbox):
    connected.control("connections/1", action="expire_refresh")
    sandbox.clock.move(570)
    assert connected.refresh().json()["error"] == "invalid_request"


def test_a_company_can_be_archived_or_blocked(connected):
    division = connected.division()
    connected.control(f"companies/{division}", status=2, blocking_status=1, description="Old")
    company = connected.divisions(division).json()["d"]["results"][0]
    assert (company["Status"], company["BlockingStatus"], company["Description"]) == (2, 1, "Old")


@pytest.mark.parametrize(
    ("path", "values", "status"),
    [
        ("companies/1", {}, 404),
        ("companies", {"user": "nobody"}, 404),
        ("companies", {"user": "sam.staff", "count": 5_000}, 400),
        ("users/nobody", {}, 404),
        ("users/sam.staff", {"current_division": 1}, 404),
        ("users/sam.staff", {"rights": {"x": True}}, 404),
        ("connections/1", {"action": "explode"}, 400),
        ("connections/1", {"divisions": ["x"]}, 400),
        ("connections/99", {}, 404),
        ("apps/nobody", {}, 404),
        ("consent", {"client_id": "nobody", "user": "sam.staff"}, 404),
        ("clock", {"move": "soon"}, 400),
    ],
)
def test_wrong_orders_are_refused(connected, path, values, status):
    answer = connected.post(f"/sandbox/{path}", json=values)
    assert answer.status_code == status
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "values", [{"scopes": {"a": "Write"}}, {"minutely_limit": -1}, {"redirect_url": "x"}, {"scopes": 1}]
)
def test_wrong_changes_of_an_app_are_refused(client, values):
    assert client.post(f"/sandbox/apps/{client.app.client_id}", json=values).status_code == 400


def test_consent_in_one_step(client):
    everything = client.control("consent", client_id=client.app.client_id, user="alex.accountant", state="x")
    assert everything["location"].startswith(REDIRECT + "?code=")
    assert everything["location"].endswith("&state=x")
    some = client.control("users/alex.accountant")["divisions"][:1]
    client.control("consent", client_id=client.app.client_id, user="alex.accountant", divisions=some)
    live = client.get("/sandbox/state.json").json()["connections"][0]
    assert (live["state"], live["divisions"]) == ("live", some)
    client.control(f"apps/{client.app.client_id}", granted=False)
    refused = client.post("/sandbox/consent", json={"client_id": client.app.client_id, "user": "alex.accountant"})
    assert refused.status_code == 403


def test_the_clock_moves_stops_and_outlives_a_restart(tmp_path):
    database = tmp_path / "s.sqlite3"
    with running(database=database) as first:
        client = Client(first)
        assert client.control("clock", ahead=3_600)["ahead"] == 3_600
        stopped = client.control("clock", stopped=True)
        assert stopped["now"] == client.control("clock", move=0)["now"]
        client.control("clock", stopped=False)
        client.http.close()
    with running(database=database) as second:
        assert second.clock.ahead == 3_600
        client = Client(second)
        assert client.control("clock", reset=True) == {
            "now": pytest.approx(second.clock.now(), abs=5),
            "ahead": 0,
            "stopped": False,
        }
        client.http.close()


def test_a_replaced_secret_stops_at_once(client):
    client.connect()
    old = client.app.client_secret
    assert client.post(f"/apps/{client.app.client_id}/secret").status_code == 303
    assert old not in client.get(f"/apps/{client.app.client_id}/").text
    refused = client.refresh()
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")


def test_deleting_an_app_needs_its_name_and_ends_everything(client):
    client.connect()
    page = f"/apps/{client.app.client_id}/"
    unconfirmed = client.post(f"{page}delete", data={"name": "another"})
    assert unconfirmed.status_code == 400
    assert "Type the app&#x27;s name exactly" in unconfirmed.text
    assert client.call("current/Me").status_code == 200
    assert client.post(f"{page}delete", data={"name": client.app.name}).headers["Location"] == "/apps/"
    assert client.get(page).status_code == 404
    assert client.call("current/Me").status_code == 401
    assert client.refresh().json()["error"] == "invalid_client"
    assert "not found" in client.authorize().text
