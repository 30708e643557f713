"""What Exact's reviewers asked about a round, and what was answered: a log, of what was said elsewhere."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.models import AuditEvent, Review, ReviewerQuestion
from integrations.rules import workflow
from integrations.rules.actors import Actor
from integrations.rules.names import can_be_stored
from integrations.services import reviews, rights, workflow_rows
from integrations.services.refusals import Refused


def of(review: Review) -> list[ReviewerQuestion]:
    """Return the questions about a round, the oldest first."""
    return list(review.questions.all())


def ask(
    review: Review, question: str, *, by: Actor, asked_on: date, answer: str = "", answered_on: date | None = None
) -> ReviewerQuestion:
    """Record what a reviewer asked, and the answer where it was given already.

    Raises:
        Refused: a text is empty or too long, a day cannot be, or the round is a draft; the attempt is an event. Or no
            right to it.
    """
    rights.require(by, workflow.RECORD)
    with workflow_rows.refusals_recorded(review.application, "ask", by=by), transaction.atomic():
        row = reviews.locked(review)
        if row.is_draft:
            raise Refused([f"Round {row.number} is a draft: nobody at Exact has seen it yet."])
        asked = ReviewerQuestion(review=row, question=question.strip(), asked_on=asked_on, created_by=str(by))
        _answer(asked, answer.strip(), answered_on)
        _clean(asked)
        asked.save(force_insert=True)
        details = {**reviews.about(row), "answered": asked.answered_on is not None}
        AuditEvent.objects.record("review.questioned", row.application, by=by, details=details)
    return asked


def answer(question: ReviewerQuestion, text: str, *, by: Actor, answered_on: date) -> None:
    """Record what was answered; once.

    Raises:
        Refused: it is answered already, the text is empty or too long, or the day cannot be; the attempt is an event.
            Or no right to it.
    """
    rights.require(by, workflow.RECORD)
    with workflow_rows.refusals_recorded(question.review.application, "answer", by=by), transaction.atomic():
        review = reviews.locked(question.review)
        row = ReviewerQuestion.objects.select_for_update().get(pk=question.pk)
        if row.answered_on is not None:
            raise Refused(["Its answer is recorded already. Record what came after as a question of its own."])
        if not text.strip():
            raise Refused(["Fill in what was answered."])
        _answer(row, text.strip(), answered_on)
        _clean(row)
        row.save(update_fields=["answer", "answered_on"])
        AuditEvent.objects.record("review.question_answered", review.application, by=by, details=reviews.about(review))
    question.refresh_from_db()


def _answer(row: ReviewerQuestion, text: str, on: date | None) -> None:
    if bool(text) != bool(on):
        raise Refused(["Fill in both the answer and its day, or neither."])
    row.answer, row.answered_on = text, on


def _clean(row: ReviewerQuestion) -> None:
    today = timezone.localdate()
    reasons = [
        reason
        for wrong, reason in (
            (row.asked_on > today or (row.answered_on or today) > today, "The day lies in the future."),
            (row.answered_on and row.answered_on < row.asked_on, "It was answered before it was asked."),
            (not row.question, "Fill in what was asked."),
            (not can_be_stored(row.question + row.answer), "It holds a sign that is no text and cannot be stored."),
        )
        if wrong
    ]
    if reasons:
        raise Refused(reasons)
    try:
        row.full_clean(validate_constraints=False)
    except ValidationError as error:
        raise Refused(error.messages) from None
