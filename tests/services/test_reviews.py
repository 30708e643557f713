"""Rounds of the review: begun, filled in, submitted and decided; what is frozen, and who comes second."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import (
    Application,
    AuditEvent,
    Organization,
    PermissionRequest,
    Review,
    ScopeApproval,
    ScopeSelection,
    User,
    WorkflowStep,
)
from integrations.rules import review_form, submissions
from integrations.rules.actors import Actor
from integrations.rules.review_form import BLANK
from integrations.services import permissions, reviews, scope_approvals
from integrations.services.refusals import Conflict, Refused
from integrations.services.rights import NotPermitted
from tests.conftest import SECRET, SOMEBODY
from tests.reviews import FILLED, drafted, ready, taken, with_answer

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
TODAY = timezone.localdate()
ARGUMENTS: dict[str, Any] = {"by": SOMEBODY, "on": TODAY}


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("at"))


def refused(review: Review, code: str, said: str, **values: Any) -> None:
    """The step is refused with the reason, and nothing but the event of it is left."""
    before = (list(Review.objects.values()), WorkflowStep.objects.count(), ScopeApproval.objects.count())
    with pytest.raises(Refused, match=said):
        reviews.take(review, code, **{**ARGUMENTS, **values})
    assert (list(Review.objects.values()), WorkflowStep.objects.count(), ScopeApproval.objects.count()) == before
    (event,) = events("workflow.refused")
    assert said in " ".join(event.details["reasons"])
    assert event.object_id == str(review.application_id)


# --- Begun and filled in --------------------------------------------------------------------------------------


def test_the_first_round_begins_blank(make_app: MakeApp) -> None:
    app = make_app()
    review = reviews.begin(app, by=SOMEBODY)
    assert (review.number, review.state, reviews.form(review), review.concerned) == (1, "draft", BLANK, [])
    assert [event.details for event in events("review.begun")] == [{"round": 1}]
    assert reviews.newest(app) == review
    assert reviews.rounds(app) == [review]


def test_a_testing_app_has_no_review(make_app: MakeApp) -> None:
    app = make_app(kind="testing")
    assert "product apps" in reviews.why_not_begun(app)[0]
    with pytest.raises(Refused, match="product apps"):
        reviews.begin(app, by=SOMEBODY)
    assert not Review.objects.exists()
    assert events("workflow.refused")


@pytest.mark.parametrize("steps", [[], ["submit"], ["submit", "begin"]])
def test_no_round_begins_while_one_is_not_decided(make_app: MakeApp, steps: list[str]) -> None:
    app = make_app()
    taken(drafted(app), *steps)
    with pytest.raises(Refused, match="Round 1 is not decided"):
        reviews.begin(app, by=SOMEBODY)
    assert Review.objects.count() == 1


def test_after_an_approval_the_next_round_is_a_copy_of_it(make_app: MakeApp) -> None:
    app = make_app()
    taken(drafted(app), "submit", "approve")
    assert reviews.why_not_begun(app) == ()
    review = reviews.begin(app, by=SOMEBODY)
    assert (review.number, reviews.form(review), review.concerned) == (2, FILLED, [])


def test_a_draft_is_saved_as_it_is_filled_in_right_or_wrong(make_app: MakeApp) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    wrong = replace(BLANK, purpose_english="  =" + "😀" * 141)
    assert reviews.save(review, wrong, by=SOMEBODY, version=1) == ("purpose_english",)
    assert reviews.form(review).purpose_english == "=" + "😀" * 141
    assert review.version == 2
    (event,) = events("review.saved")
    assert event.details == {"round": 1, "fields": ["Purpose in English"]}
    assert reviews.save(review, wrong, by=SOMEBODY, version=2) == ()
    assert (review.version, len(events("review.saved"))) == (2, 1)


def test_what_cannot_be_stored_is_refused(make_app: MakeApp) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    for text, said in (("a\0", "cannot be stored"), ("\ud800", "cannot be stored"), ("x" * 4001, "4,001 characters")):
        with pytest.raises(Refused, match=said):
            reviews.save(review, replace(BLANK, purpose_english=text), by=SOMEBODY, version=1)
    review.refresh_from_db()
    assert (reviews.form(review), review.version) == (BLANK, 1)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://example.com/report", "the safe"])
def test_evidence_that_is_no_web_address_is_kept_by_no_draft(make_app: MakeApp, link: str) -> None:
    review = drafted(make_app())
    with pytest.raises(Refused, match="The evidence of question 7 is no web address"):
        reviews.save(review, with_answer(7, evidence=link), by=SOMEBODY, version=review.version)
    review.refresh_from_db()
    assert reviews.form(review) == FILLED


def test_whoever_saves_from_an_older_form_learns_who_was_faster(make_app: MakeApp, anna: User) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    reviews.save(review, replace(BLANK, purpose_english="Anna's"), by=Actor.person(anna.pk), version=1)
    with pytest.raises(Conflict, match="Anna Smit saved this round") as conflict:
        reviews.save(review, replace(BLANK, purpose_english="Mine"), by=SOMEBODY, version=1)
    assert conflict.value.version == 2
    assert reviews.form(Review.objects.get()).purpose_english == "Anna's"
    assert not events("workflow.refused")


def test_a_frozen_round_is_not_saved_and_the_attempt_is_an_event(make_app: MakeApp) -> None:
    review = taken(drafted(make_app()), "submit")
    with pytest.raises(Refused, match="frozen"):
        reviews.save(review, BLANK, by=SOMEBODY, version=review.version)
    assert reviews.form(Review.objects.get()) == FILLED
    (event,) = events("workflow.refused")
    assert event.details["step"] == "save"


# --- Submitted ------------------------------------------------------------------------------------------------


def test_submitting_freezes_everything_with_its_hash(make_app: MakeApp) -> None:
    app = make_app()
    review = drafted(app, scopes={"crm.accounts": "manage"})
    would_be = reviews.submission(review)
    taken(review, "submit")
    row = Review.objects.get()
    assert (row.state, row.submitted_hash) == ("submitted", submissions.digest(would_be))
    assert submissions.digest_of(row.submitted) == row.submitted_hash
    assert reviews.submission(row) == would_be
    assert (would_be.client_id, would_be.app_name, would_be.organization) == (app.client_id, app.name, "Meridian")
    assert dict(would_be.reasons) == {"crm.accounts": "We use crm.accounts."}
    step = WorkflowStep.objects.get()
    assert (step.code, step.before, step.after, step.on, step.by) == (
        "submit",
        "draft",
        "submitted",
        TODAY,
        str(SOMEBODY),
    )
    (event,) = events("review.stepped")
    assert event.details == {"round": 1, "step": "submit", "on": TODAY.isoformat(), "sha256": row.submitted_hash}
    assert SECRET not in str(row.submitted)


def test_what_was_sent_stays_whatever_becomes_of_app_scopes_and_library(make_app: MakeApp) -> None:
    app = make_app()
    review = taken(drafted(app), "submit")
    sent, found = reviews.submission(review), reviews.findings(review)
    Application.objects.update(name="New", registered_redirect_uri="https://other.example/")
    ScopeSelection.objects.all().delete()
    Organization.objects.all().delete()
    again = Review.objects.get()
    assert (reviews.submission(again), reviews.findings(again)) == (sent, found)


def test_a_selection_at_none_is_not_sent(make_app: MakeApp) -> None:
    app = make_app()
    review = drafted(app, scopes={"crm.accounts": "read"})
    ScopeSelection.objects.create(application=app, scope="crm.quotes", level="none", reason="Not needed.")
    assert dict(reviews.submission(review).scopes) == {"crm.accounts": "read"}


@pytest.mark.parametrize(
    ("purpose", "said"),
    [
        ("M" * 141, "141 of 140"),
        ("M" * 139 + "😀", "141 of 140"),
        ("Meridian \u202eskoob", "invisible sign"),
        ("=HYPERLINK(1)", "formula"),
    ],
)
def test_a_purpose_that_exact_would_not_take_is_refused_with_the_reason(
    make_app: MakeApp, purpose: str, said: str
) -> None:
    refused(drafted(make_app(), form=replace(FILLED, purpose_english=purpose)), "submit", said)


def test_every_error_of_the_lint_keeps_a_draft_from_being_submitted_and_warnings_do_not(make_app: MakeApp) -> None:
    app = make_app()
    review = drafted(app)
    Organization.objects.update(privacy_policy_url="")
    assert {finding.severity for finding in reviews.findings(review)} == {"warning"}
    assert reviews.why_not(review, "submit", on=TODAY) == ()
    reviews.save(review, BLANK, by=SOMEBODY, version=review.version)
    errors = [finding.text for finding in reviews.findings(review) if finding.severity == "error"]
    assert reviews.why_not(review, "submit", on=TODAY) == tuple(errors)
    refused(review, "submit", "Question 1 is not answered")


def test_an_app_that_became_a_testing_app_is_not_submitted(make_app: MakeApp) -> None:
    review = drafted(make_app())
    Application.objects.update(kind="testing")
    review.application.refresh_from_db()
    refused(review, "submit", "product apps")


def test_somebody_who_looked_at_an_older_draft_does_not_submit_the_newer_one(make_app: MakeApp) -> None:
    review = drafted(make_app())
    seen = review.version
    reviews.save(review, replace(FILLED, purpose_english="Other"), by=SOMEBODY, version=seen)
    with pytest.raises(Conflict):
        reviews.take(review, "submit", **ARGUMENTS, version=seen)
    assert Review.objects.get().is_draft


# --- Decided --------------------------------------------------------------------------------------------------


def test_an_approval_makes_the_submitted_scopes_the_approved_ones(make_app: MakeApp) -> None:
    app = make_app()
    review = taken(drafted(app, scopes={"crm.accounts": "read"}), "submit", "begin")
    assert scope_approvals.approved(app) == {}
    ScopeSelection.objects.update(level="manage")
    taken(review, "approve")
    approval = ScopeApproval.objects.get()
    assert (approval.scopes, approval.review, approval.approved_on) == ({"crm.accounts": "read"}, review, TODAY)
    assert reviews.approved(app) == review
    assert events("review.stepped")[-1].details["approval"] == 1
    assert len(events("review.stepped")) == 3


def test_a_rejection_opens_the_next_round_as_a_copy_with_what_it_concerns_marked(make_app: MakeApp) -> None:
    app = make_app()
    review = taken(drafted(app), "submit", "reject", concerned=["terms", "answer-4"])
    again = reviews.newest(app)
    assert again is not None
    assert (review.state, again.number, again.state) == ("rejected", 2, "draft")
    assert (again.concerned, reviews.form(again)) == (["answer-4", "terms"], FILLED)
    assert WorkflowStep.objects.get(code="reject").note == "Answer 4 is too short."
    details = events("review.stepped")[-1].details
    assert (details["concerned"], details["next_round"]) == (["answer-4", "terms"], 2)


def test_a_rejection_needs_what_exact_wrote_and_known_parts(make_app: MakeApp) -> None:
    review = taken(drafted(make_app()), "submit")
    refused(review, "reject", "Fill in")
    AuditEvent.objects.filter(action="workflow.refused").delete()
    refused(review, "reject", "no such part", note="No.", concerned=["answer-13"])
    AuditEvent.objects.filter(action="workflow.refused").delete()
    refused(review, "approve", "Only a rejection", concerned=["terms"])


def test_a_new_or_rejected_round_changes_neither_permission_nor_approved_scopes(make_app: MakeApp) -> None:
    app = make_app()
    taken(drafted(app, scopes={"crm.accounts": "read"}), "submit", "approve")
    for code in ("request", "grant"):
        permissions.take(app, code, **ARGUMENTS)
    taken(drafted(app, scopes={"crm.accounts": "manage"}), "submit", "reject")
    assert scope_approvals.approved(app) == {"crm.accounts": "read"}
    assert permissions.is_granted(app)
    assert PermissionRequest.objects.count() == 1
    approved = reviews.approved(app)
    assert approved is not None
    assert approved.number == 1


@pytest.mark.parametrize(
    ("before", "code"),
    [([], "approve"), ([], "begin"), ([], "reject"), (["submit"], "submit"), (["submit", "approve"], "begin"),
     (["submit", "approve"], "reject"), (["submit", "reject"], "approve")],
)  # fmt: skip
def test_a_step_that_jumps_a_state_is_refused_and_recorded(make_app: MakeApp, before: list[str], code: str) -> None:
    refused(taken(drafted(make_app()), *before), code, "cannot follow", note="x")


@pytest.mark.parametrize("code", ["grant", "request", "explode", "", "x" * 5000])
def test_no_step_of_another_course_and_no_invented_one_is_recorded(make_app: MakeApp, code: str) -> None:
    review = drafted(make_app())
    refused(review, code, "no such step")
    assert reviews.why_not(review, code, on=TODAY) == ("There is no such step of a review. Nothing was recorded.",)


def test_of_two_reviewers_who_decide_at_once_the_second_is_refused(make_app: MakeApp) -> None:
    app = make_app()
    taken(drafted(app), "submit")
    one, other = Review.objects.get(), Review.objects.get()
    reviews.take(one, "approve", **ARGUMENTS)
    refused(other, "reject", "cannot follow", note="No.")
    assert ScopeApproval.objects.count() == 1
    assert Review.objects.count() == 1


def test_days_go_forward_also_from_round_to_round(make_app: MakeApp) -> None:
    app = make_app()
    review = taken(drafted(app), "submit", on=TODAY - timedelta(2))
    refused(review, "approve", "before the step before it", on=TODAY - timedelta(3))
    AuditEvent.objects.filter(action="workflow.refused").delete()
    refused(review, "approve", "in the future", on=TODAY + timedelta(1))
    AuditEvent.objects.filter(action="workflow.refused").delete()
    taken(review, "reject")
    refused(drafted(app), "submit", "before the step before it", on=TODAY - timedelta(1))


@pytest.mark.parametrize("note", ["a\0b", "a\ud800"])
def test_a_note_that_cannot_be_stored_is_refused(make_app: MakeApp, note: str) -> None:
    refused(taken(drafted(make_app()), "submit"), "reject", "cannot be stored", note=note)


def test_a_note_that_is_too_long_undoes_the_whole_step(make_app: MakeApp) -> None:
    refused(taken(drafted(make_app()), "submit"), "reject", "4000", note="x" * 4001)


# --- Who may, and how long ------------------------------------------------------------------------------------


def test_whoever_prepares_does_not_record_and_the_other_way_round(make_app: MakeApp) -> None:
    review = drafted(make_app())
    person = User.objects.create_user("bob", is_staff=True)
    by = Actor.person(person.pk)
    person.user_permissions.set(Permission.objects.filter(codename="prepare_review"))
    with pytest.raises(NotPermitted):
        reviews.take(review, "submit", by=by, on=TODAY)
    reviews.save(review, replace(FILLED, terms=False), by=by, version=review.version)
    person.user_permissions.set(Permission.objects.filter(codename="record_review"))
    with pytest.raises(NotPermitted):
        reviews.save(review, FILLED, by=by, version=review.version)


def test_the_clock_tells_stages_earlier_rounds_and_when_to_remind(make_app: MakeApp) -> None:
    app = make_app()
    review = taken(drafted(app), "submit", on=TODAY - timedelta(9))
    taken(review, "reject", on=TODAY - timedelta(7))
    again = taken(drafted(app), "submit", on=TODAY - timedelta(5))
    told = reviews.clock(again)
    assert (told.waiting, told.with_exact, told.earlier, told.remind) == (True, 5, (2,), True)
    Organization.objects.update(remind_after_days=6)
    assert not reviews.clock(again).remind
    assert reviews.clock(review).earlier == ()


def _rounds(app: Application, number: int) -> Review:
    for _ in range(number):
        taken(drafted(app), "submit", "reject")
    return Review.objects.select_related("application").latest("number")


@pytest.mark.parametrize("look", [reviews.clock, reviews.findings, reviews.submission])
def test_looking_takes_the_same_queries_however_many_rounds(make_app: MakeApp, look: Callable[..., Any]) -> None:
    app, counts = make_app(), []
    for _ in range(2):
        review = _rounds(app, 3)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            look(review)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 4


def test_a_row_can_be_read_as_it_was_written(make_app: MakeApp) -> None:
    app = make_app()
    ready(app)
    review = reviews.begin(app, by=SOMEBODY)
    reviews.save(review, FILLED, by=SOMEBODY, version=1)
    assert review_form.read(Review.objects.get().form) == FILLED
