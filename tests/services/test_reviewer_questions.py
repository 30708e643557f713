"""What Exact's reviewers asked, and what was answered."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Application, AuditEvent, Review, ReviewerQuestion
from integrations.services import reviewer_questions
from integrations.services.refusals import Refused
from tests.conftest import SOMEBODY
from tests.reviews import drafted, taken

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def review(make_app: Callable[..., Application]) -> Review:
    return taken(drafted(make_app()), "submit")


def refused(do: Callable[[], Any], said: str) -> None:
    before = list(ReviewerQuestion.objects.values())
    with pytest.raises(Refused, match=said):
        do()
    assert list(ReviewerQuestion.objects.values()) == before
    assert AuditEvent.objects.filter(action="workflow.refused").count() == 1


def test_a_question_is_logged_and_answered_later(review: Review) -> None:
    asked = reviewer_questions.ask(review, " Which cloud? ", by=SOMEBODY, asked_on=TODAY - timedelta(1))
    reviewer_questions.answer(asked, "Cloud BV.", by=SOMEBODY, answered_on=TODAY)
    (row,) = reviewer_questions.of(review)
    assert (row.question, row.answer, row.answered_on) == ("Which cloud?", "Cloud BV.", TODAY)
    written = AuditEvent.objects.filter(action__startswith="review.question").order_by("at")
    assert [event.action for event in written] == ["review.questioned", "review.question_answered"]
    assert "Cloud" not in str([event.details for event in written])


def test_it_may_be_logged_with_its_answer_also_after_the_decision(review: Review) -> None:
    taken(review, "approve")
    row = reviewer_questions.ask(review, "Why?", by=SOMEBODY, asked_on=TODAY, answer="So.", answered_on=TODAY)
    assert row.answer == "So."


def test_nobody_asks_about_a_draft(make_app: Callable[..., Application]) -> None:
    draft = drafted(make_app())
    refused(lambda: reviewer_questions.ask(draft, "Why?", by=SOMEBODY, asked_on=TODAY), "is a draft")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"question": " "}, "what was asked"),
        ({"question": "x" * 4001}, "4000"),
        ({"question": "a\0"}, "cannot be stored"),
        ({"asked_on": TODAY + timedelta(1)}, "in the future"),
        ({"answer": "So."}, "both the answer and its day"),
        ({"answered_on": TODAY}, "both the answer and its day"),
        ({"answer": "So.", "answered_on": TODAY + timedelta(1)}, "in the future"),
        ({"answer": "So.", "answered_on": TODAY - timedelta(1)}, "before it was asked"),
    ],
)
def test_a_question_that_cannot_be_is_refused_with_the_reason(review: Review, values: Any, said: str) -> None:
    given = {"question": "Why?", "asked_on": TODAY, **values}
    refused(lambda: reviewer_questions.ask(review, by=SOMEBODY, **given), said)


def test_a_question_is_answered_once_and_with_words(review: Review) -> None:
    asked = reviewer_questions.ask(review, "Why?", by=SOMEBODY, asked_on=TODAY)
    refused(lambda: reviewer_questions.answer(asked, " ", by=SOMEBODY, answered_on=TODAY), "what was answered")
    AuditEvent.objects.filter(action="workflow.refused").delete()
    reviewer_questions.answer(asked, "So.", by=SOMEBODY, answered_on=TODAY)
    refused(lambda: reviewer_questions.answer(asked, "Or so.", by=SOMEBODY, answered_on=TODAY), "recorded already")
