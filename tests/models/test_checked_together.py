"""Asking about all checks at once says what asking about each says, by fewer queries."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from integrations.models import Application
from integrations.rules.actors import PORTAL
from tests.models.test_constraints import make_application

pytestmark = pytest.mark.django_db


def broken(**fields: Any) -> Application:
    row = make_application()
    for name, value in fields.items():
        setattr(row, name, value)
    return row


def test_a_row_whose_checks_hold_asks_once_about_them_and_once_about_each_other_constraint(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    row = make_application(client_id="1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a001")
    with django_assert_num_queries(4):  # the one about checks lies within a savepoint
        row.validate_constraints()


def test_each_check_that_fails_is_said() -> None:
    row = broken(enabled_at=timezone.now(), enabled_by=str(PORTAL), version=0)
    with pytest.raises(ValidationError) as refused:
        row.validate_constraints()
    assert len(refused.value.messages) == 2
    assert "An enabled app needs its Client ID. Disable it first." in refused.value.messages
    assert any("application_version_counts_from_one" in message for message in refused.value.messages)


def test_what_names_a_column_that_is_left_out_is_not_asked_and_the_others_are() -> None:
    row = broken(enabled_at=timezone.now(), enabled_by=str(PORTAL), version=0)
    with pytest.raises(ValidationError) as refused:
        row.validate_constraints(exclude={"client_id"})
    (message,) = refused.value.messages
    assert "application_version_counts_from_one" in message


def test_a_constraint_that_is_no_check_is_asked_about_as_well() -> None:
    make_application(client_id="1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a001")
    with pytest.raises(ValidationError, match="Another app of this region has this Client ID already"):
        broken(client_id="1B0A6D1E-9C0F-4F55-8D2B-6A54C1F1A001").validate_constraints()
