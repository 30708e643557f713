"""Scopes, rounds, permissions and their steps: each constraint refuses, and says which one it is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import (
    LibraryAnswer,
    PermissionRequest,
    Review,
    ReviewerQuestion,
    ScopeApproval,
    ScopeSelection,
    WorkflowStep,
)
from integrations.rules.actors import PORTAL
from integrations.rules.workflow import PermissionState, ReviewState
from tests.models.test_constraints import make_application

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
FROZEN = {"submitted": {"scopes": {}}, "submitted_hash": "a" * 64}


def _of_an_app(values: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    application = fields.pop("application", None) or make_application()
    return {"application": application, **values, **fields}


def make_selection(**fields: Any) -> ScopeSelection:
    return ScopeSelection.objects.create(**_of_an_app({"scope": "crm.accounts", "level": "read"}, fields))


def make_approval(**fields: Any) -> ScopeApproval:
    return ScopeApproval.objects.create(**_of_an_app({"number": 1, "scopes": {}, "recorded_by": str(PORTAL)}, fields))


def make_review(**fields: Any) -> Review:
    return Review.objects.create(**_of_an_app({"number": 1, "created_by": str(PORTAL)}, fields))


def make_permission(**fields: Any) -> PermissionRequest:
    values = {"number": 1, "state": "requested", "created_by": str(PORTAL)}
    return PermissionRequest.objects.create(**_of_an_app(values, fields))


def make_step(**fields: Any) -> WorkflowStep:
    values = {"code": "submit", "before": "draft", "after": "submitted", "by": str(PORTAL)}
    return WorkflowStep.objects.create(**_of_an_app(values, fields))


def make_step_of_both(**fields: Any) -> WorkflowStep:
    application = make_application()
    review, permission = make_review(application=application), make_permission(application=application)
    return make_step(application=application, review=review, permission=permission, **fields)


def make_question(**fields: Any) -> ReviewerQuestion:
    values = {"asked_on": TODAY, "question": "Why?", "created_by": str(PORTAL), **fields}
    return ReviewerQuestion.objects.create(review=make_review(state="submitted", **FROZEN), **values)


def make_answer(**fields: Any) -> LibraryAnswer:
    return LibraryAnswer.objects.create(**{"number": 4, "name": "Encryption", "answer": "yes", **fields})


CASES: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("scope_level_is_known", make_selection, {"level": "write"}),
    ("scope_at_none_has_a_reason", make_selection, {"level": "none"}),
    ("scope_is_of_a_group", make_selection, {"scope": "accounts"}),
    ("scope_approval_counts_from_one", make_approval, {"number": 0}),
    ("scope_approval_recorded_by_is_known", make_approval, {"recorded_by": "anna"}),
    ("review_state_is_known", make_review, {"state": "lost", **FROZEN}),
    ("review_submitted_is_frozen", make_review, FROZEN),
    ("review_submitted_is_frozen", make_review, {"state": "submitted"}),
    ("review_submitted_is_frozen", make_review, {"state": "approved", "submitted": {}, "submitted_hash": "a"}),
    ("review_submitted_is_frozen", make_review, {"state": "rejected", "submitted_hash": "a" * 64}),
    ("review_counts_from_one", make_review, {"number": 0}),
    ("review_counts_from_one", make_review, {"version": 0}),
    ("review_created_by_is_known", make_review, {"created_by": ""}),
    ("permission_state_is_known", make_permission, {"state": "none"}),
    ("permission_counts_from_one", make_permission, {"number": 0}),
    ("permission_created_by_is_known", make_permission, {"created_by": "anna"}),
    ("step_of_one_course", make_step_of_both, {}),
    ("step_by_is_known", make_step, {"by": "anna"}),
    ("step_says_what", make_step, {"code": ""}),
    ("step_says_what", make_step, {"after": ""}),
    ("reviewer_question_asks_something", make_question, {"question": ""}),
    ("reviewer_question_answered_with_a_day", make_question, {"answer": "So."}),
    ("reviewer_question_answered_with_a_day", make_question, {"answered_on": TODAY}),
    ("reviewer_question_created_by_is_known", make_question, {"created_by": "anna"}),
    ("library_answer_to_a_question", make_answer, {"number": 0}),
    ("library_answer_to_a_question", make_answer, {"number": 13}),
    ("library_answer_is_known", make_answer, {"answer": "perhaps"}),
    ("library_answer_is_known", make_answer, {"answer": "not_applicable"}),
    ("library_answer_has_a_name", make_answer, {"name": ""}),
]
MODELS = (
    ScopeSelection, ScopeApproval, Review, PermissionRequest, WorkflowStep, ReviewerQuestion, LibraryAnswer,
)  # fmt: skip


@pytest.mark.parametrize(("name", "make", "fields"), CASES, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)])
def test_a_row_that_breaks_a_constraint_is_refused(name: str, make: Callable[..., Any], fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(**fields)


def test_every_check_constraint_has_a_case() -> None:
    checks = {c.name for model in MODELS for c in model._meta.constraints if type(c).__name__ == "CheckConstraint"}
    assert checks == {name for name, _, _ in CASES}


def test_rows_as_they_should_be_are_admitted() -> None:
    make_selection(level="none", reason="Not needed any longer.")
    make_answer(number=11, answer="not_applicable")
    make_question(answer="So.", answered_on=TODAY)
    for state in ReviewState:
        make_review(state=state, **({} if state is ReviewState.DRAFT else FROZEN))
    for permission in set(PermissionState) - {PermissionState.NONE}:
        make_permission(state=permission)


ONCE: list[tuple[Callable[..., Any], dict[str, Any], dict[str, Any]]] = [
    (make_selection, {}, {"level": "manage"}),
    (make_approval, {}, {}),
    (make_review, {"state": "rejected", **FROZEN}, {}),
    *((make_review, {"state": state, **FROZEN}, {"number": 2}) for state in ("submitted", "in_review")),
    (make_review, {}, {"number": 2}),
    (make_permission, {"state": "refused"}, {}),
    *((make_permission, {"state": state}, {"number": 2}) for state in ("requested", "granted")),
]


@pytest.mark.parametrize(("make", "first", "second"), ONCE)
def test_an_app_has_one_of_a_number_and_one_that_is_open(
    make: Callable[..., Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    application = make_application()
    make(application=application, **first)
    make(**second)  # another app's
    with pytest.raises(IntegrityError), transaction.atomic():
        make(application=application, **second)


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_after_a_decision_a_further_round_is_open(state: str) -> None:
    application = make_application()
    make_review(application=application, state=state, **FROZEN)
    make_review(application=application, number=2)


def test_an_answer_has_its_name_once_a_question_and_an_approval_its_round_alone() -> None:
    make_answer()
    make_answer(number=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_answer(answer="no")
    review = make_review(state="approved", **FROZEN)
    make_approval(application=review.application, review=review)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_approval(application=review.application, review=review, number=2)
