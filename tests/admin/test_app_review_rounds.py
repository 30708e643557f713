"""Steps that staff record, rounds to read and to compare, what is copied to Exact, questions, and the evidence."""

import html
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.exact.review import QUESTIONS
from integrations.models import Application, AuditEvent, Review, ReviewerQuestion
from integrations.rules import review_form, workflow
from integrations.rules.workflow import Course
from integrations.services import reviews, scope_approvals, scopes
from tests.conftest import SECRET, SOMEBODY
from tests.reviews import FILLED, drafted, taken, with_answer

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


def url(review: Review, name: str, *more: Any) -> str:
    return reverse(f"admin:app-review-{name}", args=[review.application_id, review.number, *more])


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def step(review: Review, **typed: Any) -> dict[str, Any]:
    return {"version": review.version, "on": timezone.localdate().isoformat(), "note": "", "evidence": "", **typed}


@pytest.fixture
def review(make_app: MakeApp) -> Review:
    return drafted(make_app())


# --- Steps --------------------------------------------------------------------------------------------------


def test_a_step_is_recorded_with_day_note_and_evidence(annas: Client, review: Review) -> None:
    day = timezone.localdate() - timedelta(days=2)
    sent = step(review, on=day.isoformat(), note="By Anna.", evidence="https://mail.example/1")
    response = annas.post(url(review, "step", "submit"), sent)
    assert response.url == reverse("admin:app-review", args=[review.application_id])
    assert "frozen from now on" in said(response)[0]
    review.refresh_from_db()
    recorded = review.steps.get()
    assert (review.state, recorded.on, recorded.note, recorded.evidence) == (
        "submitted", day, "By Anna.", "https://mail.example/1",
    )  # fmt: skip


def test_a_rejection_asks_which_fields_it_is_about_and_opens_the_next_round(annas: Client, review: Review) -> None:
    taken(review, "submit")
    page = text(annas.get(url(review, "step", "reject")))
    assert page.count('name="concerned"') == len(review_form.LABELS)
    assert "Purpose in Dutch" in page
    assert all(question.asks in page for question in QUESTIONS)
    sent = step(review, note="Too short.", concerned=["answer-4", "purpose_english"])
    assert "Exact rejected round 1" in said(annas.post(url(review, "step", "reject"), sent))[0]
    newest = reviews.newest(review.application)
    assert newest is not None
    assert (newest.number, newest.concerned) == (2, ["purpose_english", "answer-4"])


def test_a_rejection_in_the_united_kingdom_asks_about_one_purpose(annas: Client, make_app: MakeApp) -> None:
    review = drafted(make_app(region="uk"))
    taken(review, "submit")
    address = url(review, "step", "reject")
    page = text(annas.get(address))
    assert 'value="purpose_english"' in page
    assert 'value="purpose_local"' not in page
    sent = step(review, note="Too short.", concerned=["purpose_local"])
    assert "The form has no such field." in text(annas.post(address, sent))


def test_an_approval_says_which_scopes_are_approved(annas: Client, review: Review) -> None:
    taken(review, "submit")
    annas.post(url(review, "step", "approve"), step(review))
    assert scope_approvals.approved(review.application) == reviews.submission(review).scopes


def test_a_draft_with_faults_lists_them_and_offers_no_form(annas: Client, make_app: MakeApp) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    page = text(annas.get(url(review, "step", "submit")))
    assert "This is not possible yet:" in page
    assert ">Record it<" not in page
    assert "#field-contact" in page
    annas.post(url(review, "step", "submit"), step(review))
    review.refresh_from_db()
    assert review.state == "draft"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"on": ""}, "Enter the day on which it happened."),
        ({"on": "31 February"}, "Enter a day."),
        ({"on": "2999-01-01"}, "The day lies in the future."),
        ({"on": "2001-01-01"}, "lies before the step before it"),
        ({"note": ""}, "Fill in “What Exact wrote”."),
        ({"note": "x" * 4001}, "at most 4000 characters"),
        ({"evidence": "somewhere"}, "Enter a web address"),
        ({"concerned": ["owner"]}, "The form has no such field."),
        ({"version": "0"}, "This form is incomplete."),
    ],
)
def test_what_a_step_lacks_is_said_and_nothing_is_recorded(
    annas: Client, review: Review, typed: dict[str, Any], reason: str
) -> None:
    taken(review, "submit")
    response = annas.post(url(review, "step", "reject"), step(review, **{"note": "No.", **typed}))
    assert response.status_code == 200
    assert reason in text(response)
    review.refresh_from_db()
    assert (review.state, review.steps.count()) == ("submitted", 1)


@pytest.mark.parametrize("state", ["draft", "submitted", "in_review", "approved", "rejected"])
def test_a_crafted_request_that_jumps_a_state_is_refused_and_recorded(
    annas: Client, review: Review, state: str
) -> None:
    ways = {
        "draft": (), "submitted": ("submit",), "in_review": ("submit", "begin"),
        "approved": ("submit", "approve"), "rejected": ("submit", "reject"),
    }  # fmt: skip
    taken(review, *ways[state])
    allowed = {one.code for one in workflow.offered(Course.REVIEW, state)}
    jumps = [one.code for one in workflow.STEPS if one.course is Course.REVIEW and one.code not in allowed]
    before = Review.objects.order_by("number").values()
    rows = list(before)
    for code in jumps:
        response = annas.post(url(review, "step", code), step(review, note="Crafted."))
        assert response.status_code == 200
        assert "cannot follow" in text(response)
    assert list(before.all()) == rows
    assert AuditEvent.objects.filter(action="workflow.refused").count() == len(jumps) > 0


@pytest.mark.parametrize("code", ["grant", "request", "as_it_stood", "nonsense"])
def test_a_step_of_something_else_is_not_found(annas: Client, review: Review, code: str) -> None:
    assert annas.get(url(review, "step", code)).status_code == 404
    assert annas.post(url(review, "step", code), step(review)).status_code == 404


def test_of_two_who_decide_at_once_the_second_is_told(annas: Client, review: Review) -> None:
    taken(review, "submit")
    opened = step(review, note="No.")
    annas.post(url(review, "step", "approve"), opened)
    response = annas.post(url(review, "step", "reject"), opened)
    assert "“Exact rejected it” cannot follow “Approved”." in text(response)
    review.refresh_from_db()
    assert review.state == "approved"


def test_a_draft_that_was_saved_meanwhile_is_not_recorded_as_submitted_unseen(annas: Client, review: Review) -> None:
    opened = step(review)
    changed = replace(FILLED, purpose_english="Changed meanwhile.")
    reviews.save(review, changed, by=SOMEBODY, version=review.version)
    response = annas.post(url(review, "step", "submit"), opened)
    assert "saved this round after you opened it" in text(response)
    review.refresh_from_db()
    assert review.state == "draft"
    assert f'name="version" value="{review.version}"' in text(response)


def test_scopes_that_were_chosen_meanwhile_are_not_frozen_unseen(annas: Client, review: Review) -> None:
    seen = annas.get(url(review, "step", "submit")).context["form"]["seen"].value()
    scopes.select(review.application, [("crm.accounts", "read")], by=SOMEBODY)
    page = annas.post(url(review, "step", "submit"), step(review, seen=seen))
    assert "somebody changed what the round would send" in text(page)
    review.refresh_from_db()
    assert review.is_draft
    annas.post(url(review, "step", "submit"), step(review, seen=page.context["form"]["seen"].value()))
    review.refresh_from_db()
    assert list(review.submitted["scopes"]) == ["crm.accounts"]


# --- Rounds to read -----------------------------------------------------------------------------------------


def test_a_frozen_round_is_read_with_its_hash_whatever_the_app_is_now(annas: Client, review: Review) -> None:
    taken(review, "submit")
    sent = review.submitted_hash
    review.application.scope_selections.all().delete()
    page = text(annas.get(url(review, "round")))
    assert sent in page
    for shown in (FILLED.purpose_english, FILLED.answers[4].explanation, "Cloud BV", "We use crm.accounts.", "Manage"):
        assert shown in page
    assert SECRET not in page


def test_two_rounds_stand_side_by_side_with_what_the_rejection_was_about(annas: Client, review: Review) -> None:
    taken(review, "submit", "reject", concerned=["answer-4"])
    newest = reviews.newest(review.application)
    assert newest is not None
    reviews.save(newest, with_answer(4, explanation="TLS 1.3 and AES-256."), by=SOMEBODY, version=newest.version)
    address = reverse("admin:app-review-compare", args=[review.application_id])
    page = text(annas.get(address))
    assert "1 line" in page
    assert FILLED.answers[4].explanation in page
    assert "TLS 1.3 and AES-256." in page
    assert "Rejected for this" in page
    assert page.index("TLS 1.3") < page.index("What is the same in both")
    assert "both say the same" in text(annas.get(address, {"one": "1", "other": "1"}))


@pytest.mark.parametrize(("asked", "status"), [({"one": "x"}, 404), ({"one": "7"}, 404), ({"one": "-1"}, 404),
                                               ({"other": "9" * 40}, 404), ({"form": "1"}, 400)])  # fmt: skip
def test_rounds_that_are_not_there_cannot_be_compared(
    annas: Client, review: Review, asked: dict[str, str], status: int
) -> None:
    taken(review, "submit", "reject")
    address = reverse("admin:app-review-compare", args=[review.application_id])
    assert annas.get(address, asked).status_code == status


def test_where_there_is_one_round_nothing_is_compared(annas: Client, review: Review) -> None:
    address = reverse("admin:app-review-compare", args=[review.application_id])
    assert annas.get(address).url == reverse("admin:app-review", args=[review.application_id])


# --- Copied to Exact, and what customers will read ----------------------------------------------------------


def test_the_copy_page_has_every_text_in_the_order_of_exacts_form_each_with_a_button(
    annas: Client, review: Review
) -> None:
    page = text(annas.get(url(review, "copy")))
    wanted = [FILLED.purpose_local, FILLED.purpose_english, "We use crm.accounts.", FILLED.answers[1].explanation,
              FILLED.answers[12].explanation, "Cloud BV", "anna@meridian.example"]  # fmt: skip
    places = [page.index(one) for one in wanted]
    assert places == sorted(places)
    assert not [name for name in re.findall(r'(?:id|for|data-copy)="([^"]*)"', page) if " " in name]
    assert page.count("data-copy=") == 2 + len(reviews.submission(review).scopes) + 12 + 5 + 4
    assert 'lang="nl">Beheren' in page
    assert "It is submitted" in page


def test_what_exacts_form_does_not_ask_is_not_to_be_copied(annas: Client, make_app: MakeApp) -> None:
    review = drafted(make_app(), form=with_answer(9, answer="no"))
    page = text(annas.get(url(review, "copy")))
    assert "Explanation to question 9" in page
    assert "Explanation to question 10" not in page


def test_a_form_of_the_united_kingdom_has_no_dutch(annas: Client, make_app: MakeApp) -> None:
    review = drafted(make_app(region="uk"))
    for name in ("copy", "preview", "round"):
        page = text(annas.get(url(review, name)))
        assert 'lang="nl"' not in page
        assert "Dutch" not in page


def test_the_preview_says_what_it_is_and_what_customers_will_read(annas: Client, review: Review) -> None:
    page = text(annas.get(url(review, "preview")))
    assert "A preview by this portal, not Exact's page." in page
    for shown in (
        "Meridian Bookings asks for access",
        FILLED.purpose_local,
        "Read and change Crm, accounts",
        "Cloud BV",
    ):
        assert shown in page


# --- Questions of reviewers ---------------------------------------------------------------------------------


def test_a_question_is_logged_and_answered(annas: Client, review: Review) -> None:
    taken(review, "submit")
    today = timezone.localdate().isoformat()
    asked = {"asked_on": today, "question": "Where is the data?", "answer": "", "answered_on": ""}
    assert annas.post(url(review, "question"), asked).url == url(review, "question")
    question = ReviewerQuestion.objects.get()
    standing = text(annas.get(reverse("admin:app-review", args=[review.application_id])))
    assert "1 of Exact's reviewers not answered" in standing
    given = {"answer": "In Amsterdam.", "answered_on": today}
    assert annas.post(url(review, "answer", question.pk), given).url == url(review, "question")
    assert "In Amsterdam." in text(annas.get(url(review, "question")))
    response = annas.post(url(review, "answer", question.pk), {**given, "answer": "Elsewhere."})
    assert "recorded already" in text(response)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"question": ""}, "Fill in what was asked."),
        ({"asked_on": ""}, "Enter the day."),
        ({"asked_on": "2999-01-01"}, "The day lies in the future."),
        ({"answer": "Yes."}, "Fill in both the answer and its day"),
        ({"question": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_a_question_that_cannot_be_is_refused(
    annas: Client, review: Review, typed: dict[str, str], reason: str
) -> None:
    taken(review, "submit")
    sent = {"asked_on": timezone.localdate().isoformat(), "question": "Why?", **typed}
    assert reason in text(annas.post(url(review, "question"), sent))
    assert not ReviewerQuestion.objects.exists()


def test_nobody_asks_about_a_draft(annas: Client, review: Review) -> None:
    assert "Nobody at Exact has seen a draft." in text(annas.get(url(review, "question")))
    sent = {"asked_on": timezone.localdate().isoformat(), "question": "Why?"}
    annas.post(url(review, "question"), sent)
    assert not ReviewerQuestion.objects.exists()


def test_a_question_of_another_round_is_not_found(annas: Client, review: Review) -> None:
    taken(review, "submit", "reject")
    row = ReviewerQuestion.objects.create(
        review=review, asked_on=timezone.localdate(), question="Why?", created_by="portal"
    )
    newest = reviews.newest(review.application)
    assert newest is not None
    assert annas.get(url(newest, "answer", row.pk)).status_code == 404


# --- The evidence -------------------------------------------------------------------------------------------


def test_one_click_gives_the_evidence_as_a_file_and_an_event(annas: Client, review: Review) -> None:
    taken(review, "submit")
    response = annas.post(url(review, "evidence"))
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="review-')
    with zipfile.ZipFile(io.BytesIO(response.content)) as pack:
        assert json.loads(pack.read("review.json"))
        assert SECRET.encode() not in b"".join(pack.read(name) for name in pack.namelist())
    assert AuditEvent.objects.filter(action="review.packed").count() == 1


def test_whoever_may_not_see_apps_gets_no_evidence(staff: Staff, review: Review) -> None:
    assert staff().post(url(review, "evidence")).status_code == 403
    assert not AuditEvent.objects.filter(action="review.packed").exists()
