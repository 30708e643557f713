"""The Review tab of an app: where it stands, what is offered, beginning rounds, and what an app without one says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import Application, AuditEvent, LibraryAnswer, Review, WorkflowStep
from integrations.rules import workflow
from integrations.rules.workflow import Course
from integrations.services import reviews
from tests.conftest import SOMEBODY
from tests.permission import granted
from tests.reviews import FILLED, drafted, taken

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


def url(application: Application, name: str = "app-review", *more: Any) -> str:
    return reverse(f"admin:{name}", args=[application.pk, *more])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def offered(page: str) -> list[str]:
    """Return the codes of the steps whose button stands on a page."""
    return [step.code for step in workflow.STEPS if f"/step/{step.code}/" in page]


# --- Where it stands ----------------------------------------------------------------------------------------


def test_an_app_without_a_round_says_what_a_review_is_and_begins_one(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    page = text(annas.get(url(application)))
    assert "No round has begun." in page
    response = annas.post(url(application, "app-review-begin"))
    assert response.url == url(application, "app-review-form", 1)
    assert said(response) == ["Round 1 has begun. Fill in what Exact's form asks."]


def test_a_testing_app_has_nothing_to_review(annas: Client, make_app: MakeApp) -> None:
    application = make_app(kind="testing")
    page = text(annas.get(url(application)))
    assert "Exact reviews product apps" in page
    assert "Begin the first round" not in page
    assert "Exact reviews product apps" in said(annas.post(url(application, "app-review-begin")))[0]
    assert not Review.objects.exists()


def test_a_draft_lists_what_keeps_it_from_being_submitted_with_the_way_there(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    review = reviews.begin(application, by=SOMEBODY)
    page = text(annas.get(url(application)))
    findings = reviews.findings(review)
    assert len(findings) > 10
    for finding in findings:
        assert f'data-code="{finding.code}"' in page
    assert f'href="{url(application, "app-review-form", 1)}#field-contact"' in page
    assert offered(page) == []
    assert "as listed above" in page


def test_what_is_mended_elsewhere_leads_there(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    reviews.begin(application, by=SOMEBODY)
    page = text(annas.get(url(application)))
    assert f'href="{reverse("admin:integrations_organization_changelist")}">Go to the organization' in page
    assert f'href="{url(application, "integrations_application_change")}">Go to app' in page


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ((), "Round 1 is a draft. Nothing keeps it from being submitted."),
        (("submit",), "Round 1 is with Exact: less than a day so far."),
        (("submit", "begin"), "Round 1 is with Exact, which shows it in review: less than a day so far."),
        (("submit", "approve"), "Round 1 was approved by Exact on"),
        (("submit", "reject"), "Round 2 is a draft, after Exact rejected round 1."),
    ],
)
def test_one_sentence_says_where_it_stands_and_the_buttons_are_those_of_the_table(
    annas: Client, make_app: MakeApp, steps: tuple[str, ...], sentence: str
) -> None:
    application = make_app()
    taken(drafted(application), *steps)
    newest = reviews.newest(application)
    assert newest is not None
    page = text(annas.get(url(application)))
    assert sentence in page
    wanted = [step.code for step in workflow.offered(Course.REVIEW, newest.state)]
    assert offered(page) == [
        code for code in wanted if not reviews.why_not(newest, code, on=timezone.localdate(), note="x")
    ]
    assert ("Begin the next round" in page) is (newest.state in workflow.NEXT_ROUND)


def test_submitted_and_in_review_read_as_one_state(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    review = taken(drafted(application), "submit")
    for _ in ("submitted", "in review"):
        assert '<span class="chip chip-info">With Exact</span>' in text(annas.get(url(application)))
        if review.state == "submitted":
            taken(review, "begin")


def test_a_round_that_is_long_with_exact_reminds_beside_what_earlier_ones_took(
    annas: Client, make_app: MakeApp
) -> None:
    application, today = make_app(), timezone.localdate()
    first = drafted(application)
    taken(first, "submit", on=today - timedelta(days=30))
    taken(first, "approve", on=today - timedelta(days=26))
    second = drafted(application)
    taken(second, "submit", on=today - timedelta(days=4))
    assert "Look there whether it was decided" not in text(annas.get(url(application)))
    third_day = today - timedelta(days=5)
    second.steps.update(on=third_day)
    page = text(annas.get(url(application)))
    assert "This round has been with Exact for 5 days." in page
    assert "Earlier rounds took 4 days." in page


def test_days_of_each_stage_and_steps_with_who_recorded_them_stand_there(annas: Client, make_app: MakeApp) -> None:
    application, today = make_app(), timezone.localdate()
    review = drafted(application)
    taken(review, "submit", on=today - timedelta(days=3), note="Sent by Anna.", evidence="https://mail.example/1")
    taken(review, "begin", on=today - timedelta(days=1))
    page = text(annas.get(url(application)))
    for shown in ("2 days <span", "1 day <span", "Sent by Anna.", 'href="https://mail.example/1"', "tests (terminal)"):
        assert shown in page


def test_a_rejection_shows_exacts_text_on_the_round_after_it(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    taken(drafted(application), "submit", "reject", concerned=["answer-4"])
    page = text(annas.get(url(application)))
    assert "Why Exact rejected round 1" in page
    assert "Answer 4 is too short." in page
    assert "It is about: Question 4." in page


def test_an_app_that_differs_from_what_was_approved_says_so(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    taken(drafted(application), "submit", "approve")
    assert "now differs" not in text(annas.get(url(application)))
    application.scope_selections.filter(scope="crm.accounts").update(level="read")
    assert "The app now differs from what Exact approved" in text(annas.get(url(application)))


def test_an_approved_round_leads_to_the_permission_until_it_is_granted(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    taken(drafted(application), "submit")
    leads = f'href="{url(application, "app-permission")}">Permission</a>.'
    assert leads not in text(annas.get(url(application)))
    round_one = reviews.newest(application)
    assert round_one is not None
    taken(round_one, "approve")
    assert leads in text(annas.get(url(application)))
    granted(application)
    assert leads not in text(annas.get(url(application)))


# --- Beginning ----------------------------------------------------------------------------------------------


def test_the_next_round_begins_as_a_copy_after_an_approval_only_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    taken(drafted(application), "submit", "approve")
    assert annas.post(url(application, "app-review-begin")).url == url(application, "app-review-form", 2)
    newest = reviews.newest(application)
    assert newest is not None
    assert reviews.form(newest) == FILLED
    response = annas.post(url(application, "app-review-begin"))
    assert "Round 2 is not decided yet" in said(response)[-1]
    assert application.reviews.count() == 2


# --- Rights -------------------------------------------------------------------------------------------------


def test_whoever_may_only_look_sees_the_state_and_whose_it_is_to_record(staff: Staff, make_app: MakeApp) -> None:
    application, viewer = make_app(), staff("view_application")
    assert "Integrations manager may do this." in text(viewer.get(url(application)))
    review = taken(drafted(application), "submit")
    page = text(viewer.get(url(application)))
    assert "Round 1 is with Exact" in page
    assert offered(page) == []
    assert "Integrations manager may do this." in page
    assert viewer.get(url(application, "app-review-form", 1)).status_code == 403
    assert viewer.post(url(application, "app-review-step", 1, "approve")).status_code == 403
    review.refresh_from_db()
    assert review.state == "submitted"


@pytest.mark.parametrize(
    ("right", "prepares", "records"), [("prepare_review", True, False), ("record_review", False, True)]
)
def test_filling_in_and_recording_are_two_rights(
    staff: Staff, make_app: MakeApp, right: str, prepares: bool, records: bool
) -> None:
    application, somebody = make_app(), staff("view_application", right)
    drafted(application)
    page = text(somebody.get(url(application)))
    assert (url(application, "app-review-form", 1) + '"' in page) is prepares
    assert (offered(page) == ["submit"]) is records
    assert (somebody.get(url(application, "app-review-form", 1)).status_code == 200) is prepares
    assert (somebody.get(url(application, "app-review-step", 1, "submit")).status_code == 200) is records


# --- Addresses and size -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 2, 10**6, 10**12])
def test_a_round_that_is_not_there_is_not_found(annas: Client, make_app: MakeApp, number: int) -> None:
    application = make_app()
    drafted(application)
    for name in ("app-review-round", "app-review-copy", "app-review-preview", "app-review-form", "app-review-question"):
        assert annas.get(url(application, name, number)).status_code == 404


def test_a_round_of_another_app_is_not_found(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    drafted(application)
    other = make_app(name="Meridian Rooms", client_id=None, secret=None)
    assert annas.get(url(other, "app-review-round", 1)).status_code == 404


def test_the_tab_takes_nothing_but_a_page_of_its_list(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert annas.get(url(application), {"state": "approved"}).status_code == 400


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


def test_as_many_queries_for_200_rounds_and_answers_as_for_few(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    first = taken(drafted(application), "submit", "reject")
    second = reviews.newest(application)
    assert second is not None
    LibraryAnswer.objects.create(number=4, name="One", answer="yes")
    reading = [
        url(application), url(application, "app-review-round", 1), url(application, "app-review-compare"),
        url(application, "app-review-copy", 1), reverse("admin:answers"),
    ]  # fmt: skip
    before = [*(queries(annas, address) for address in reading), queries(annas, url(application, "app-review-form", 2))]
    second.delete()
    decided = {"state": "rejected", "form": first.form, "submitted": first.submitted, "created_by": "portal"}
    rows = Review.objects.bulk_create(
        Review(application=application, number=number, submitted_hash=first.submitted_hash, **decided)
        for number in range(2, 201)
    )
    WorkflowStep.objects.bulk_create(
        WorkflowStep(application=application, review=row, code="reject", before="submitted", after="rejected",
                     on=timezone.localdate(), note="No.", by="portal")
        for row in rows
    )  # fmt: skip
    for number in range(12):
        LibraryAnswer.objects.bulk_create(
            LibraryAnswer(number=number + 1, name=f"Answer {place}", answer="yes") for place in range(17)
        )
    reviews.begin(application, by=SOMEBODY)
    last = url(application, "app-review-form", 201)
    after = [*(queries(annas, address) for address in reading), queries(annas, last)]
    assert after == before


def test_reading_any_page_of_a_review_records_nothing(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    taken(drafted(application), "submit", "reject")
    before = AuditEvent.objects.count()
    for name in ("round", "copy", "preview", "question"):
        assert annas.get(url(application, f"app-review-{name}", 1)).status_code == 200
    assert annas.get(url(application, "app-review-form", 2)).status_code == 200
    assert annas.get(url(application, "app-review-evidence", 1)).status_code == 405
    assert annas.get(url(application, "app-review-begin")).status_code == 405
    assert AuditEvent.objects.count() == before
