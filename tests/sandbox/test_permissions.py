"""The tab *Permission*: who asks, who decides, and whom consent lets in."""

import pytest

from tests.sandbox.client import ACCOUNTANT, STAFF, Client
from tests.sandbox.test_reviews import app, standing, submitted  # noqa: F401 - a fixture
from tests.sandbox.test_reviews import step as review

JSON = {"Accept": "application/json"}
STEPS = ("request", "grant", "refuse", "take_back", "withdraw")
WAYS = {
    "none": (),
    "in_review": ("request",),
    "granted": ("request", "grant"),
    "refused": ("request", "refuse"),
    "withdrawn": ("request", "withdraw"),
    "taken_back": ("request", "grant", "take_back"),
}
ALLOWED = {
    "none": {"request": "in_review"},
    "in_review": {"grant": "granted", "refuse": "refused", "withdraw": "withdrawn"},
    "granted": {"take_back": "taken_back", "withdraw": "withdrawn"},
    "refused": {"request": "in_review"},
    "withdrawn": {"request": "in_review"},
    "taken_back": {"request": "in_review"},
}


@pytest.fixture
def reviewed(app):  # noqa: F811 - the fixture
    """Its review is approved: permission may be requested."""
    submitted(app)
    review(app, "approve")
    return app


def path(of):
    return f"/apps/{of.app.client_id}/permission"


def step(of, name, **fields):
    return of.post(f"{path(of)}/{name}", data=fields, headers=JSON)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("state", WAYS)
def test_every_step_from_every_state(reviewed, state, name):
    for before in WAYS[state]:
        assert step(reviewed, before).status_code == 200
    assert standing(reviewed)["permission"] == state
    answer = step(reviewed, name)
    assert answer.status_code == (200 if name in ALLOWED[state] else 409)
    after = ALLOWED[state].get(name, state)
    assert standing(reviewed)["permission"] == after
    assert standing(reviewed)["granted"] == (after == "granted")


def test_permission_is_not_requested_before_an_approved_review(app):  # noqa: F811
    refused = app.post(f"{path(app)}/request")
    assert refused.status_code == 409
    assert "after the Data &amp; Security Review is approved" in refused.text
    submitted(app)
    assert step(app, "request").status_code == 409
    review(app, "reject", text="No.")
    assert step(app, "request").status_code == 409
    assert standing(app)["permission"] == "none"


def test_the_page_offers_what_the_step_would_do(app):  # noqa: F811
    assert "Request permission</button>" not in app.get(path(app)).text
    submitted(app)
    review(app, "approve")
    assert "Request permission</button>" in app.get(path(app)).text
    step(app, "request")
    page = app.get(path(app)).text
    for button in ("Grant", "Refuse", "Withdraw the request"):
        assert button in page
    step(app, "grant")
    page = app.get(path(app)).text
    assert "Take back</button>" in page
    assert "Grant</button>" not in page


def test_a_rejected_round_leaves_the_permission(reviewed):
    step(reviewed, "request")
    step(reviewed, "grant")
    submitted(reviewed)
    review(reviewed, "reject", text="No.")
    assert standing(reviewed)["permission"] == "granted"
    assert reviewed.consent(ACCOUNTANT)


@pytest.mark.parametrize("state", [state for state in WAYS if state != "granted"])
def test_outsiders_are_refused_on_a_page_and_sent_nowhere(reviewed, state):
    for before in WAYS[state]:
        step(reviewed, before)
    refused = reviewed.log_in(ACCOUNTANT)
    assert refused.status_code == 403
    assert "has no permission yet" in refused.text
    assert "Location" not in refused.headers
    assert reviewed.app.redirect_url not in refused.text
    assert "form-action 'self'" in refused.headers["Content-Security-Policy"]
    assert reviewed.app.redirect_url not in refused.headers["Content-Security-Policy"]
    assert reviewed.consent(STAFF)


def test_the_refused_outsider_is_in_the_ledger(reviewed, sandbox):
    reviewed.log_in(ACCOUNTANT)
    assert [entry["error"] for entry in sandbox.ledger("login")] == ["no_permission"]


def test_granted_lets_outsiders_in(reviewed):
    step(reviewed, "request")
    step(reviewed, "grant")
    assert reviewed.consent(ACCOUNTANT)


def test_what_exact_writes_is_shown(reviewed):
    step(reviewed, "request")
    step(reviewed, "refuse", text="Show us <b>more</b>.")
    assert "Show us &lt;b&gt;more&lt;/b&gt;." in reviewed.get(path(reviewed)).text


def test_too_long_a_text_is_refused(reviewed):
    step(reviewed, "request")
    assert step(reviewed, "refuse", text="x" * 4_001).status_code == 400
    assert standing(reviewed)["permission"] == "in_review"


def test_a_step_that_does_not_exist_is_not_found(reviewed):
    assert step(reviewed, "explode").status_code == 404


def test_a_testing_app_asks_for_none(sandbox):
    testing = Client(sandbox, name="Test", kind="testing")
    assert "A testing app needs none" in testing.get(path(testing)).text
    assert step(testing, "request").status_code == 409
    testing.http.close()


def test_an_app_that_came_with_permission_can_lose_it(client):
    assert standing(client)["permission"] == "granted"
    assert step(client, "take_back").status_code == 200
    assert client.log_in(ACCOUNTANT).status_code == 403


def test_the_control_api_grants_and_takes_away_in_one_step(reviewed):
    step(reviewed, "request")
    reviewed.control(f"apps/{reviewed.app.client_id}", granted=True)
    assert standing(reviewed)["permission"] == "granted"
    step(reviewed, "withdraw")
    assert standing(reviewed)["permission"] == "withdrawn"


def test_the_ledger_knows_each_step(reviewed, sandbox):
    step(reviewed, "grant")
    step(reviewed, "request")
    entries = sandbox.ledger("permission")
    assert [entry["path"].rpartition("/")[2] for entry in entries] == ["grant", "request"]
    assert [entry["error"] for entry in entries] == ["step_refused", None]


def test_only_the_dutch_exact_says_it_in_dutch(reviewed):
    step(reviewed, "request")
    page = reviewed.get(path(reviewed)).text
    assert "In Review" in page
    assert "Wordt beoordeeld" not in page
