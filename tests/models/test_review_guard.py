"""The database itself freezes what was submitted; the triggers stand as the migrations made them."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from integrations.models import Review
from integrations.rules import submissions
from integrations.services import health, upkeep
from tests.models.test_review_constraints import FROZEN, make_review

pytestmark = pytest.mark.django_db
GUARD = import_module("integrations.migrations.0013_review_frozen")
TABLE = "integrations_review"
CHANGES: dict[str, Any] = {
    "application_id": lambda: make_review().application_id,
    "number": lambda: 7,
    "form": lambda: {"terms": True},
    "concerned": lambda: ["terms"],
    "submitted": lambda: {"scopes": {"crm.accounts": "manage"}},
    "submitted_hash": lambda: "b" * 64,
}


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def refused(statement: Callable[[], Any]) -> None:
    before = list(Review.objects.order_by("id").values())
    with pytest.raises(IntegrityError, match="review_is_frozen"), transaction.atomic():
        statement()
    assert list(Review.objects.order_by("id").values()) == before


@pytest.mark.parametrize("state", ["submitted", "in_review", "approved", "rejected"])
@pytest.mark.parametrize("column", CHANGES)
def test_nothing_that_was_submitted_changes(state: str, column: str) -> None:
    review, value = make_review(state=state, **FROZEN), CHANGES[column]()
    refused(lambda: Review.objects.filter(pk=review.pk).update(**{column: value}))


def test_every_column_that_is_frozen_is_tried() -> None:
    assert CHANGES.keys() == set(GUARD.FROZEN)


def test_nothing_becomes_a_draft_again() -> None:
    review = make_review(state="submitted", **FROZEN)
    blank = {"state": "draft", "submitted": None, "submitted_hash": ""}
    refused(lambda: Review.objects.filter(pk=review.pk).update(**blank))
    refused(lambda: Review.objects.filter(pk=review.pk).update(submitted_hash="", submitted=None))


def test_its_state_goes_on_and_it_is_stored_again_as_it_is() -> None:
    review = make_review(state="submitted", **FROZEN)
    review.state, review.version = "in_review", 2
    review.save()
    Review.objects.get().save()
    assert Review.objects.get().state == "in_review"


def test_a_draft_changes_and_freezes_in_one_statement() -> None:
    review = make_review()
    Review.objects.update(form={"terms": True}, concerned=["terms"], number=2)
    Review.objects.filter(pk=review.pk).update(state="submitted", **FROZEN)
    refused(lambda: Review.objects.update(form={}))


@pytest.mark.parametrize("times", [1, 2])
def test_it_can_be_made_anew_and_the_doctor_notices_that_it_is_gone(times: int) -> None:
    assert upkeep.check_review_guard().ok
    for statement in GUARD.UNGUARD[connection.vendor]:
        run(statement)
    finding = upkeep.check_review_guard()
    assert not finding.ok
    assert "review_is_frozen" in finding.detail
    assert finding in list(health.doctor(only_looking=True))
    for _ in range(times):
        for statement in (*GUARD.UNGUARD[connection.vendor], *getattr(GUARD, connection.vendor.upper())):
            run(statement)
    assert upkeep.check_review_guard().ok
    review = make_review(state="submitted", **FROZEN)
    refused(lambda: Review.objects.filter(pk=review.pk).update(form={"terms": True}))


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_the_doctor_notices_that_it_is_disabled() -> None:
    run(f"ALTER TABLE {TABLE} DISABLE TRIGGER review_is_frozen")
    assert not upkeep.check_review_guard().ok


def test_the_doctor_notices_what_was_changed_past_the_guard() -> None:
    document = {"scopes": {"crm.accounts": "read"}, "organization": "Größe & Söhne"}
    review = make_review(state="submitted", submitted=document, submitted_hash=submissions.digest_of(document))
    assert upkeep.check_frozen_reviews().ok
    for statement in GUARD.UNGUARD[connection.vendor]:
        run(statement)
    Review.objects.filter(pk=review.pk).update(submitted={**document, "scopes": {}})
    finding = upkeep.check_frozen_reviews()
    assert not finding.ok
    assert f"round {review.number} of “{review.application.name}”" in finding.detail
    assert finding in list(health.doctor())
    assert finding not in list(health.doctor(only_looking=True))
