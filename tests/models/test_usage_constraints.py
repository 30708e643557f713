"""What must hold of calls, holds in the database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import Application, UsageCount, UsageWindow
from integrations.rules.usage import STAMP_DIGITS

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(make_app: Callable[..., Application]) -> Application:
    return make_app(secret=None)


def make_window(application: Application, **fields: Any) -> UsageWindow:
    return UsageWindow.objects.create(**{"application": application, "division": 1, **fields})


def make_count(application: Application, **fields: Any) -> UsageCount:
    values = {"application": application, "division": 1, "purpose": "check", "minute": timezone.now(), **fields}
    return UsageCount.objects.create(**values)


NOW = timezone.now()
CASES: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("usage_window_limits_are_counts", make_window, {"minute_limit": 0}),
    ("usage_window_limits_are_counts", make_window, {"day_limit": 0}),
    ("usage_window_blocked_until_and_by", make_window, {"blocked_until": NOW}),
    ("usage_window_blocked_until_and_by", make_window, {"blocked_by": "day"}),
    ("usage_count_errors_are_calls", make_count, {"calls": 1, "errors": 2}),
    ("usage_count_errors_are_calls", make_count, {"calls": 1, "refusals": 2}),
    ("usage_count_span_is_known", make_count, {"span": "week"}),
]


@pytest.mark.parametrize(("name", "make", "fields"), CASES, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)])
def test_a_row_that_breaks_a_constraint_is_refused(
    application: Application, name: str, make: Callable[..., Any], fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(application, **fields)


def test_every_check_constraint_has_a_case() -> None:
    ours = (UsageWindow, UsageCount)
    checks = {c.name for model in ours for c in model._meta.constraints if type(c).__name__ == "CheckConstraint"}
    assert checks == {name for name, _, _ in CASES}


@pytest.mark.parametrize("field", ["day_used", "day", "exact_minute_remaining", "exact_day_remaining"])
def test_nothing_is_used_less_than_never(application: Application, field: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_window(application, **{field: -1})


def test_an_app_and_company_have_one_window(application: Application) -> None:
    make_window(application)
    make_window(application, division=2)
    with pytest.raises(IntegrityError, match=r"usage_window_once_an_app_and_company|division"), transaction.atomic():
        make_window(application)


@pytest.mark.parametrize(
    "other", [{"division": 2}, {"endpoint": "crm/Accounts"}, {"purpose": "other"}, {"span": "hour"}]
)
def test_calls_of_a_minute_and_a_kind_have_one_count(application: Application, other: dict[str, Any]) -> None:
    make_count(application, minute=NOW)
    make_count(application, minute=NOW, **other)
    with pytest.raises(IntegrityError, match=r"usage_count_once_a_minute_and_kind|endpoint"), transaction.atomic():
        make_count(application, minute=NOW)


def test_a_new_window_has_an_empty_ring_of_its_limit(application: Application) -> None:
    window = make_window(application)
    assert window.minute_ring == "0" * STAMP_DIGITS * window.minute_limit
