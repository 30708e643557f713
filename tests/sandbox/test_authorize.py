"""The authorization endpoint and the pages on which a user decides."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.client import ACCOUNTANT, HARBOUR, REDIRECT, STAFF, Client, offered


def test_an_unknown_client_id_is_named(client):
    answer = client.authorize(client_id="11111111-2222-3333-4444-555555555555")
    assert answer.status_code == 400
    assert "Client with identifier &#x27;11111111-2222-3333-4444-555555555555&#x27; not found" in answer.text


@pytest.mark.parametrize(
    "redirect_uri", [REDIRECT.rstrip("/"), REDIRECT + "?a=1", REDIRECT.upper(), "https://evil.example/", ""]
)
def test_another_redirect_uri_is_refused_on_a_page(client, redirect_uri):
    answer = client.authorize(redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "not the one registered" in answer.text


def test_http_on_a_public_host_is_refused_with_401(sandbox):
    public = Client(sandbox, name="Public", redirect_url="http://portal.example.com/cb")
    assert public.authorize().status_code == 401


def test_https_on_a_public_host_is_served(sandbox):
    assert Client(sandbox, name="Public", redirect_url="https://portal.example.com/cb").authorize().ok


def test_a_parameter_that_is_there_twice_is_refused(client):
    query = f"client_id={client.app.client_id}&client_id=x&redirect_uri={REDIRECT}&response_type=code"
    assert client.get(f"/api/oauth2/auth?{query}").status_code == 400


def test_another_response_type_goes_back_with_an_error(client):
    answer = client.authorize(response_type="token")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query == {"error": ["unsupported_response_type"], "state": ["s/1 +"]}


def test_allow_goes_back_with_a_code_that_is_url_encoded_and_the_state(client):
    answer = client.decide(client.log_in(ACCOUNTANT))
    location = answer.headers["Location"]
    assert answer.status_code == 302
    assert location.startswith(REDIRECT + "?code=")
    assert "%21" in location
    assert "!" not in location
    query = parse_qs(urlsplit(location).query)
    assert "!" in query["code"][0]
    assert query["state"] == ["s/1 +"]


def test_the_redirect_uris_own_query_is_kept(sandbox):
    answer = Client(sandbox, name="Query", redirect_url="https://a.example/cb?app=1").connect()
    assert answer.answer["access_token"]


def test_without_state_none_comes_back(client):
    answer = client.decide(client.log_in(ACCOUNTANT, state=None))
    assert "state" not in answer.headers["Location"]


def test_deny_goes_back_with_access_denied(client):
    answer = client.decide(client.log_in(ACCOUNTANT), "deny")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query == {"error": ["access_denied"], "state": ["s/1 +"]}


def test_a_decision_is_made_once(client):
    page = client.log_in(ACCOUNTANT)
    assert client.decide(page).status_code == 302
    assert client.decide(page).status_code == 404


def test_at_least_one_company_must_be_ticked(client):
    answer = client.decide(client.log_in(ACCOUNTANT), companies=[])
    assert answer.status_code == 400
    assert "Choose at least one company" in answer.text


def test_a_company_of_somebody_else_cannot_be_granted(client):
    page = client.log_in(ACCOUNTANT)
    assert client.decide(page, companies=[1]).status_code == 400


def test_the_consent_page_lists_the_users_companies_archived_ones_unticked(client):
    page = client.log_in(HARBOUR)
    assert offered(page) == ["Harbour Trading", "Harbour Trading (old books)"]
    assert page.text.count(" checked") == 1
    assert "archived" in page.text


def test_force_login_shows_the_login_although_a_session_exists(client):
    client.consent(ACCOUNTANT)
    assert "Who are you?" in client.authorize().text


def test_a_session_goes_straight_to_the_consent_page(client):
    client.consent(ACCOUNTANT)
    page = client.authorize(force_login=None)
    assert "You are Alex Accountant" in page.text
    assert client.decide(page).status_code == 302


def test_another_browser_cannot_decide(client, sandbox):
    page = client.log_in(ACCOUNTANT)
    stranger = Client(sandbox)
    answer = stranger.decide(page)
    assert answer.status_code == 200
    assert "Who are you?" in answer.text


def test_a_request_waits_an_hour(client, sandbox):
    page = client.log_in(ACCOUNTANT)
    sandbox.clock.move(3_601)
    assert client.decide(page).status_code == 404


def test_without_permission_only_the_owners_users_can_link(sandbox):
    app = Client(sandbox, name="New", granted=False)
    refused = app.log_in(ACCOUNTANT)
    assert refused.status_code == 403
    assert "has no permission yet" in refused.text
    assert app.consent(STAFF)


def test_permission_lets_everybody_in(sandbox):
    app = Client(sandbox, name="New", granted=False)
    app.control(f"apps/{app.app.client_id}", granted=True)
    assert app.consent(ACCOUNTANT)


def test_a_testing_app_never_leaves_its_subscription(sandbox):
    app = Client(sandbox, name="Test", kind="testing", granted=True)
    assert app.log_in(ACCOUNTANT).status_code == 403
    assert app.consent(STAFF)


def test_a_refused_user_cannot_decide_past_the_page(sandbox):
    app = Client(sandbox, name="New", granted=True)
    page = app.log_in(ACCOUNTANT)
    app.control(f"apps/{app.app.client_id}", granted=False)
    assert app.decide(page).status_code == 403


def test_the_consent_page_lets_its_form_redirect_to_the_app(client):
    policy = client.log_in(ACCOUNTANT).headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:8000" in policy
    assert "default-src 'none'" in policy


def test_the_session_cookie_names_its_region(client, sandbox):
    client.log_in(ACCOUNTANT)
    (cookie,) = client.http.cookies
    assert cookie.name == "sandbox_xx_session"
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"
