"""The tab *Submit for review*: the form, and the reviewer whom one plays oneself."""

import re
import sqlite3
from contextlib import closing

import pytest

from integrations.sandbox import form as forms
from integrations.sandbox.registry import DEFAULT_SCOPES
from integrations.sandbox.server import running
from tests.sandbox.client import REDIRECT, Client

JSON = {"Accept": "application/json"}
FILLED = {
    "purpose_local": "Boekt bestellingen",
    "purpose_english": "Posts orders",
    "crm.accounts": "Manage",
    "organization.administration": "Read",
    "sales.orders": "None",
    **{f"answer-{number}": "yes" for number in range(1, 9)},
    "answer-9": "no",
    "explanation-4": "TLS and AES-256",
    "party_name": ["Hoster BV", ""],
    "party_purpose_local": ["Bewaren", ""],
    "party_purpose_english": ["Storage", ""],
    "party_data_local": ["Alles", ""],
    "party_data_english": ["Everything", ""],
    "first_name": "Anna",
    "last_name": "Smit",
    "phone": "+31 20 000 0000",
    "email": "anna@example.com",
    "terms": "on",
}


@pytest.fixture
def app(sandbox):
    """A product app as somebody registers it: no permission, no review."""
    registered = Client(sandbox, name="New", granted=False)
    yield registered
    registered.http.close()


def path(app, page=""):
    return f"/apps/{app.app.client_id}/review{page}"


def save(app, **fields):
    return app.post(path(app, "/form"), data={**FILLED, **fields})


def step(app, name, **fields):
    return app.post(path(app, f"/{name}"), data=fields, headers=JSON)


def standing(app):
    (found,) = [one for one in app.get("/sandbox/state.json").json()["apps"] if one["name"] == app.app.name]
    return found


def submitted(app, **fields):
    assert save(app, **fields).status_code == 303
    assert step(app, "submit").status_code == 200


def test_the_form_asks_what_exact_asks():
    assert (len(forms.GROUPS), len(forms.SCOPES), len(set(forms.SCOPES))) == (11, 46, 46)
    assert [question.number for question in forms.QUESTIONS] == list(range(1, 13))
    assert [question.number for question in forms.QUESTIONS if question.opened_by == 9] == [10, 11, 12]
    assert [question.number for question in forms.QUESTIONS if "not_applicable" in question.choices] == [11]
    assert set(DEFAULT_SCOPES) <= set(forms.SCOPES)


def test_a_saved_form_comes_back_as_it_was_typed(app):
    assert save(app).headers["Location"] == path(app)
    page = app.get(path(app, "/form")).text
    for text in (
        "Boekt bestellingen",
        "Posts orders",
        "TLS and AES-256",
        "Hoster BV",
        "Everything",
        "anna@example.com",
    ):
        assert text in page
    assert page.count("<legend>Third party") == 3  # the one, and room for two more
    assert 'maxlength="140"' in page


def test_saving_changes_nothing_but_the_draft(app):
    save(app)
    assert standing(app)["review"] == "draft"
    assert standing(app)["scopes"] == DEFAULT_SCOPES
    assert standing(app)["form_scopes"] == {"crm.accounts": "Manage", "organization.administration": "Read"}


def test_submitted_scopes_have_no_effect_until_they_are_approved(app):
    submitted(app)
    assert (standing(app)["review"], standing(app)["scopes"]) == ("in_review", DEFAULT_SCOPES)
    assert step(app, "approve").json()["review"] == "approved"
    assert standing(app)["scopes"] == {"crm.accounts": "Manage", "organization.administration": "Read"}


def test_a_rejection_says_why_and_leaves_the_scopes(app):
    submitted(app)
    assert step(app, "reject", text="Question 4 is\nnot answered.").json()["review"] == "rejected"
    assert standing(app)["scopes"] == DEFAULT_SCOPES
    assert "Question 4 is<br>not answered." in app.get(path(app)).text


def test_a_rejection_needs_a_text(app):
    submitted(app)
    assert step(app, "reject", text=" ").status_code == 409
    assert standing(app)["review"] == "in_review"


def test_the_next_round_begins_with_what_was_sent(app):
    submitted(app)
    step(app, "reject", text="No.")
    assert "Boekt bestellingen" in app.get(path(app, "/form")).text
    submitted(app, purpose_local="Boekt facturen")
    page = app.get(path(app)).text
    assert "Round 1" in page
    assert "Boekt facturen" in page


def test_a_rejected_change_leaves_what_was_approved(app):
    submitted(app)
    step(app, "approve")
    submitted(app, **{"crm.accounts": "None", "sales.orders": "Manage"})
    assert standing(app)["scopes"]["crm.accounts"] == "Manage"
    step(app, "reject", text="No.")
    assert standing(app)["scopes"] == {"crm.accounts": "Manage", "organization.administration": "Read"}


def test_in_review_the_form_is_not_edited(app):
    submitted(app)
    assert app.get(path(app, "/form")).headers["Location"] == path(app)
    refused = save(app, purpose_local="Iets anders")
    assert refused.status_code == 409
    assert "is in review" in refused.text
    assert "Iets anders" not in app.get(path(app)).text


@pytest.mark.parametrize("name", ["submit", "approve", "reject"])
def test_no_step_is_jumped(app, name):
    answer = step(app, name, text="Because.")
    assert (answer.status_code, standing(app)["review"]) == (409, "")
    assert answer.json()["reasons"]


def test_of_two_reviewers_the_second_is_refused(app):
    submitted(app)
    assert step(app, "approve").status_code == 200
    assert step(app, "reject", text="No.").status_code == 409
    assert standing(app)["review"] == "approved"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"purpose_local": " "}, "Fill in the purpose in the local language."),
        ({"purpose_english": ""}, "Fill in the purpose in English."),
        ({"answer-3": ""}, "Answer question 3."),
        ({"answer-9": "yes"}, "Answer question 10."),
        ({"party_data_english": ["", ""]}, "Fill in every field of the third party “Hoster BV”."),
        ({"phone": ""}, "Fill in the contact: first name, last name, phone and e-mail."),
        ({"terms": ""}, "Accept the terms."),
    ],
)
def test_an_unfinished_form_is_saved_but_not_submitted(app, fields, reason):
    assert save(app, **fields).status_code == 303
    assert reason in step(app, "submit").json()["reasons"]
    assert standing(app)["review"] == "draft"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"purpose_english": "x" * 141}, "this one has 141"),
        ({"purpose_local": "🙂" * 71}, "this one has 142"),
        ({"crm.nothing": "Read"}, "There is no scope “crm.nothing”."),
        ({"CRM.accounts": "Read"}, "There is no scope “CRM.accounts”."),
        ({"crm.accounts": "Write"}, "“crm.accounts” is None, Read or Manage."),
        ({"crm.accounts": ["Read", "Manage"]}, "“crm.accounts” is None, Read or Manage."),
        ({"answer-1": "not_applicable"}, "Answer question 1 with Yes or No."),
        ({"answer-9": "yes", "answer-11": "maybe"}, "Answer question 11 with Yes, No or Not applicable."),
        ({"explanation-2": "x" * 4_001}, "at most 4,000 characters"),
        ({"email": "x" * 201}, "at most 200 characters"),
        ({"party_name": [f"P{number}" for number in range(21)]}, "at most 20 third parties"),
    ],
)
def test_a_form_that_is_not_taken_is_not_saved(app, fields, sentence):
    answer = save(app, **fields)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert "anna@example.com" in answer.text or "email" in fields  # what was typed is still there
    assert standing(app)["review"] == ""


def test_a_purpose_of_140_is_taken(app):
    assert save(app, purpose_local="🙂" * 70, purpose_english="x" * 140).status_code == 303


def test_answers_to_questions_that_are_not_asked_are_not_kept(app):
    save(app, **{"answer-10": "yes", "explanation-10": "Only the landlord"})
    assert "Only the landlord" not in app.get(path(app, "/form")).text


def test_what_was_typed_is_escaped(app):
    save(app, purpose_local="<b>bold</b>", **{"explanation-1": "<script>alert(1)</script>"})
    page = app.get(path(app)).text
    assert "&lt;b&gt;bold" in page
    assert "<script" not in page


def test_where_english_is_the_local_language_there_is_one_purpose(tmp_path):
    with running(database=tmp_path / "uk.sqlite3", region="uk", language="English") as sandbox:
        app = Client(sandbox, name="New", granted=False)
        page = app.get(path(app, "/form")).text
        assert "Purpose (English)" in page
        assert "english" not in page.replace("English", "")
        fields = {name: text for name, text in FILLED.items() if "english" not in name}
        app.post(path(app, "/form"), data=fields)
        assert step(app, "submit").json()["review"] == "in_review"
        app.http.close()


def test_only_the_dutch_exact_speaks_dutch(app, tmp_path):
    assert "Ongebruikt" not in app.get(path(app, "/form")).text
    with running(database=tmp_path / "nl.sqlite3", region="nl", language="Dutch") as sandbox:
        dutch = Client(sandbox, name="New", granted=False)
        assert "Ongebruikt, Lezen, Beheren" in dutch.get(path(dutch, "/form")).text
        dutch.http.close()


def test_a_testing_app_is_not_reviewed(sandbox):
    app = Client(sandbox, name="Test", kind="testing")
    assert app.get(path(app)).status_code == 404
    assert save(app).status_code == 404
    assert "Submit for review" not in app.get(f"/apps/{app.app.client_id}/").text
    app.http.close()


def test_an_app_that_came_with_permission_starts_from_its_scopes(client):
    page = client.get(path(client)).text
    assert "came with permission" in page
    assert "pending" not in page
    assert len(re.findall(r"<td>\s*Manage\s*</td>", page)) == 14  # seven of the article, in both columns


def test_pending_scopes_stand_beside_those_that_hold(app):
    submitted(app)
    page = app.get(path(app)).text
    assert page.count("pending") == 10  # the article's twelve, of which two are on the form
    assert "No review of this app has been approved yet" in page


def test_the_consent_page_shows_what_was_reviewed(app):
    submitted(app)
    step(app, "approve")
    page = app.log_in("Sam Staff").text
    for text in ("Boekt bestellingen", "Posts orders", "crm.accounts", "Hoster BV"):
        assert text in page
    assert "sales.orders" not in page


def test_the_ledger_knows_each_step(app, sandbox):
    step(app, "approve")
    submitted(app)
    entries = sandbox.ledger("review")
    assert [entry["path"].rpartition("/")[2] for entry in entries] == ["approve", "form", "submit"]
    assert [(entry["status"], entry["error"]) for entry in entries] == [(409, "step_refused"), (303, None), (200, None)]
    assert {entry["app"] for entry in entries} == {"New"}
    assert "submit" in app.get("/sandbox/ledger").text


def test_a_sandbox_from_before_reviews_is_opened(tmp_path):
    database = tmp_path / "s.sqlite3"
    with running(database=database) as first:
        first.register("Old", REDIRECT, granted=True)
    with closing(sqlite3.connect(database)) as db:
        db.executescript("DROP TABLE review; DROP TABLE permission_step;")
    with running(database=database) as second:
        old = Client(second, name="Old")
        assert (standing(old)["review"], standing(old)["permission"]) == ("", "granted")
        submitted(old)
        old.http.close()


def test_a_review_goes_with_its_app_and_outlives_a_restart(tmp_path):
    database = tmp_path / "s.sqlite3"
    with running(database=database) as first:
        app = Client(first, name="New", granted=False)
        submitted(app)
        app.http.close()
    with running(database=database) as second:
        app = Client(second, name="New", granted=False)
        assert standing(app)["review"] == "in_review"
        app.post(f"/apps/{app.app.client_id}/delete", data={"name": "New"})
        again = Client(second, name="New", granted=False)
        assert standing(again)["review"] == ""
        app.http.close()
        again.http.close()
