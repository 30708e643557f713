"""The form of a round: saved with all that is missing, by two people, from the library, against crafted requests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.exact.review import BY_NUMBER, AnswerKind
from integrations.models import Application, AuditEvent, LibraryAnswer, Review
from integrations.rules.review_form import BLANK, ThirdParty
from integrations.services import reviews
from tests.admin.review_forms import draft
from tests.conftest import SOMEBODY
from tests.reviews import FILLED, drafted, taken

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
EMOJI = "\N{GRINNING FACE}"


def url(review: Review, name: str = "app-review-form") -> str:
    return reverse(f"admin:{name}", args=[review.application_id, review.number])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def review(make_app: MakeApp) -> Review:
    return drafted(make_app())


# --- Saving -------------------------------------------------------------------------------------------------


def test_what_is_sent_as_it_was_shown_changes_nothing(annas: Client, review: Review) -> None:
    assert annas.post(url(review), draft(review)).url == url(review)
    review.refresh_from_db()
    assert (reviews.form(review), review.version) == (FILLED, 2)


def test_every_field_is_stored(annas: Client, make_app: MakeApp) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    sent = draft(
        Review(application=review.application, number=1, form=drafted(make_app(name="X", client_id=None)).form)
    )
    response = annas.post(url(review), {**sent, "version": review.version})
    assert said(response) == ["The draft is saved."]
    review.refresh_from_db()
    assert reviews.form(review) == FILLED


def test_a_draft_is_saved_however_much_lint_says_of_it(annas: Client, review: Review) -> None:
    typed = draft(review, purpose_english="x" * 141, answer__4="", contact__email="nobody", purpose_local="=1+1 \u202e")
    assert annas.post(url(review), typed).status_code == 302
    review.refresh_from_db()
    assert reviews.form(review).purpose_english == "x" * 141
    page = text(annas.get(url(review)))
    assert "The purpose in English has 141 of 140 characters." in page
    assert "keep it from being submitted" in page


def test_where_nothing_was_saved_no_finding_contradicts_what_was_typed(annas: Client, make_app: MakeApp) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    assert "The purpose in English is missing." in text(annas.get(url(review)))
    page = text(annas.post(url(review), draft(review, purpose_english="Bookings.", answer__4="perhaps")))
    assert "Nothing was saved." in page
    assert "The purpose in English is missing." not in page
    assert "Nothing keeps it from being submitted." not in page


@pytest.mark.parametrize(("typed", "count"), [("x" * 140, 140), (EMOJI * 70, 140), (EMOJI * 71, 142), ("a\r\nb", 3)])
def test_purposes_are_counted_as_exacts_form_counts(annas: Client, review: Review, typed: str, count: int) -> None:
    annas.post(url(review), draft(review, purpose_english=typed))
    page = text(annas.get(url(review)))
    assert f"<span data-count>{count}</span> of 140" in page
    assert ("counter-over" in page) is (count > 140)


def test_the_united_kingdom_is_asked_for_one_purpose(annas: Client, make_app: MakeApp) -> None:
    review = reviews.begin(make_app(region="uk"), by=SOMEBODY)
    page = text(annas.get(url(review)))
    assert 'name="purpose_local"' not in page
    assert 'name="purpose_english"' in page
    assert "in Dutch" not in page
    annas.post(url(review), draft(review, purpose_english="Bookings."))
    review.refresh_from_db()
    assert reviews.form(review).purpose_english == "Bookings."


def test_the_questions_that_another_opens_stand_there_and_say_when_exact_asks_them(
    annas: Client, make_app: MakeApp
) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    page = text(annas.get(url(review)))
    assert page.count("Exact asks this only where the answer to question 9 is Yes.") == 3
    assert page.count("opened-by-9") == 3
    annas.post(url(review), draft(review, explanation__11="Guards."))
    assert text(annas.get(url(review))).count("opened-by-9") == 2, "what holds something is never hidden"


def test_not_applicable_is_offered_at_question_11_only(annas: Client, review: Review) -> None:
    assert text(annas.get(url(review))).count('value="not_applicable"') == 1
    response = annas.post(url(review), draft(review, answer__4="not_applicable"))
    assert "Choose one of the answers." in text(response)
    annas.post(url(review), draft(review, answer__11="not_applicable"))
    review.refresh_from_db()
    assert reviews.form(review).answers[11].answer is AnswerKind.NOT_APPLICABLE


def test_third_parties_are_added_in_spare_rows_emptied_and_removed(annas: Client, review: Review) -> None:
    page = text(annas.get(url(review)))
    assert page.count("(empty)") == 2
    more = {"party-1-name": "Mail BV", "party-1-purpose_english": "Mail", "party-2-name": ""}
    annas.post(url(review), {**draft(review), **more})
    review.refresh_from_db()
    second = ThirdParty(name="Mail BV", purpose_english="Mail")
    assert reviews.form(review).third_parties == (*FILLED.third_parties, second)
    annas.post(url(review), {**draft(review), "party-0-remove": "on"})
    review.refresh_from_db()
    assert reviews.form(review).third_parties == (second,)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"valid_until-12": "soon"}, "Enter a day."),
        ({"evidence-4": "nowhere at all"}, "Enter a web address that begins with"),
        ({"evidence-4": "javascript:alert(1)"}, "Enter a web address that begins with"),
        ({"evidence-4": "ftp://files.example/x"}, "Enter a web address that begins with"),
        ({"answer-1": "perhaps"}, "Choose one of the answers."),
        ({"purpose_english": "x" * 4001}, "at most 4000 characters"),
        ({"explanation-3": "a\0b"}, "Null characters are not allowed."),
        ({"version": "x"}, "This form is incomplete."),
        ({"version": ""}, "This form is incomplete."),
        ({"version": "9" * 30}, "This form is incomplete."),
    ],
)
def test_what_cannot_be_stored_is_refused_on_the_form_which_keeps_what_was_typed(
    annas: Client, review: Review, typed: dict[str, str], reason: str
) -> None:
    response = annas.post(url(review), {**draft(review), "contact-phone": "+44 20 7946 0000", **typed})
    assert response.status_code == 200
    assert reason in text(response)
    assert "+44 20 7946 0000" in text(response)
    review.refresh_from_db()
    assert (reviews.form(review), review.version) == (FILLED, 2)


@pytest.mark.parametrize("name", ["state", "submitted", "answer-13", "party-50-name", "party-0-owner", "scopes"])
def test_a_field_that_the_form_has_not_is_refused(annas: Client, review: Review, name: str) -> None:
    before = AuditEvent.objects.count()
    assert annas.post(url(review), {**draft(review), name: "approved"}).status_code == 400
    review.refresh_from_db()
    assert (review.version, review.state) == (2, "draft")
    assert AuditEvent.objects.count() == before


def test_ten_megabytes_are_refused(annas: Client, review: Review) -> None:
    assert annas.post(url(review), draft(review, purpose_english="x" * 10_000_000)).status_code == 400
    review.refresh_from_db()
    assert review.version == 2


# --- Two people ---------------------------------------------------------------------------------------------


def test_two_who_fill_in_one_draft_see_what_saving_again_would_overwrite(annas: Client, review: Review) -> None:
    opened = draft(review)
    annas.post(url(review), {**opened, "purpose_english": "Stored meanwhile."})
    response = annas.post(url(review), {**opened, "purpose_english": "Typed here.", "contact-phone": "+31 20 1111111"})
    page = text(response)
    assert "Somebody changed it meanwhile" in page
    assert "Anna Smit saved this round after you opened it" in page
    for shown in ("Stored meanwhile.", "Typed here.", "saved a draft of the review"):
        assert shown in page
    review.refresh_from_db()
    assert reviews.form(review).purpose_english == "Stored meanwhile."
    again = {**opened, "version": review.version, "purpose_english": "Typed here."}
    assert f'name="version" value="{review.version}"' in page
    assert annas.post(url(review), again).status_code == 302
    review.refresh_from_db()
    assert reviews.form(review).purpose_english == "Typed here."


def test_a_form_that_is_sent_twice_is_no_conflict(annas: Client, review: Review) -> None:
    sent = draft(review, purpose_english="Typed once.")
    for _ in range(2):
        assert annas.post(url(review), sent).url == url(review)
    assert AuditEvent.objects.filter(action="review.saved", actor__startswith="person:").count() == 1


# --- Answers to use again -----------------------------------------------------------------------------------


def test_the_suggested_answer_is_used_by_a_button_and_the_rest_of_the_form_is_kept(
    annas: Client, make_app: MakeApp
) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    page = text(annas.get(url(review)))
    assert page.count('value="suggestion-') == 3
    response = annas.post(url(review), draft(review, insert="suggestion-5", purpose_english="Typed on the way."))
    assert response.url == f"{url(review)}#field-answer-5"
    review.refresh_from_db()
    form = reviews.form(review)
    assert (form.answers[5].answer, form.answers[5].explanation) == (AnswerKind.YES, BY_NUMBER[5].suggestion)
    assert form.purpose_english == "Typed on the way."


def test_an_answer_of_the_library_is_used_with_its_evidence_and_an_expired_one_is_marked(
    annas: Client, review: Review
) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    row = LibraryAnswer.objects.create(
        number=12, name="ISO 27001", answer="yes", explanation="Certified.", evidence="https://iso.example/",
        valid_until=yesterday,
    )  # fmt: skip
    page = text(annas.get(url(review)))
    assert f'value="{row.pk}"' in page
    assert '<span class="chip chip-bad">Expired</span>' in page
    annas.post(url(review), draft(review, insert=str(row.pk)))
    review.refresh_from_db()
    used = reviews.form(review).answers[12]
    assert (used.explanation, used.evidence, used.valid_until) == ("Certified.", "https://iso.example/", yesterday)


@pytest.mark.parametrize(
    "wanted", ["suggestion-1", "suggestion-99", "nonsense", "6b6c7f3e-0000-4000-8000-000000000000"]
)
def test_an_answer_that_is_gone_is_told_and_the_draft_is_saved_without(
    annas: Client, review: Review, wanted: str
) -> None:
    response = annas.post(url(review), draft(review, insert=wanted, purpose_english="Kept."))
    assert "not in the library any more" in said(response)[0]
    review.refresh_from_db()
    assert reviews.form(review) == replace(FILLED, purpose_english="Kept.")


# --- After a rejection --------------------------------------------------------------------------------------


def test_what_a_rejection_is_about_is_marked_with_exacts_text(annas: Client, review: Review) -> None:
    taken(review, "submit", "reject", concerned=["answer-4", "contact"])
    newest = reviews.newest(review.application)
    assert newest is not None
    page = text(annas.get(url(newest)))
    assert "Answer 4 is too short." in page
    assert page.count("Exact's rejection is about this.") == 2


# --- What is frozen -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [{}, {"version": "x"}, {"answer-1": "perhaps"}])
def test_a_round_that_was_submitted_is_not_changed_and_the_attempt_is_recorded(
    annas: Client, review: Review, typed: dict[str, str]
) -> None:
    sent = draft(review, purpose_english="Changed afterwards.")
    taken(review, "submit")
    before = Review.objects.values().get()
    response = annas.post(url(review), {**sent, **typed})
    assert response.url == url(review, "app-review-round")
    assert "frozen" in said(response)[0]
    assert Review.objects.values().get() == before
    assert AuditEvent.objects.filter(action="workflow.refused").count() == 1
    assert annas.get(url(review)).url == url(review, "app-review-round")


def test_a_blank_draft_is_shown_and_saved(annas: Client, make_app: MakeApp) -> None:
    review = reviews.begin(make_app(), by=SOMEBODY)
    annas.post(url(review), draft(review))
    review.refresh_from_db()
    assert reviews.form(review) == BLANK
