"""Days of checks and runs of the clearing: what must hold, holds in the database."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import CheckDay, RetentionRun
from tests.models.test_connection_constraints import make_connection

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def make_day(**fields: Any) -> CheckDay:
    values = {"day": date(2026, 1, 2), "checks": 4, "median_milliseconds": 100, "slowest_milliseconds": 200, **fields}
    connection = values.pop("connection", None) or make_connection()
    return CheckDay.objects.create(connection=connection, **values)


def make_run(**fields: Any) -> RetentionRun:
    return RetentionRun.objects.create(**{"by": "portal", "started_at": NOW, "alive_at": NOW, **fields})


CASES: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("check_day_failed_are_checks", make_day, {"checks": 0}),
    ("check_day_failed_are_checks", make_day, {"failed": 5}),
    ("check_day_median_is_not_slowest", make_day, {"median_milliseconds": 201}),
    ("retention_run_ended_or_running", make_run, {"ended_at": NOW}),
    ("retention_run_ended_or_running", make_run, {"state": "done"}),
    ("retention_run_ended_or_running", make_run, {"state": "lost", "ended_at": NOW}),
    ("retention_run_goes_forward", make_run, {"alive_at": NOW - timedelta(seconds=1)}),
    ("retention_run_goes_forward", make_run, {"state": "done", "ended_at": NOW - timedelta(seconds=1)}),
    ("retention_run_by_is_known", make_run, {"by": "anna"}),
]


@pytest.mark.parametrize(("name", "make", "fields"), CASES, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)])
def test_a_row_that_breaks_a_constraint_is_refused(name: str, make: Callable[..., Any], fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(**fields)


def test_every_check_constraint_has_a_case() -> None:
    ours = (CheckDay, RetentionRun)
    checks = {c.name for model in ours for c in model._meta.constraints if type(c).__name__ == "CheckConstraint"}
    assert checks == {name for name, _, _ in CASES}


def test_a_connection_has_one_line_a_day() -> None:
    first = make_day()
    make_day(connection=first.connection, day=date(2026, 1, 3))
    with pytest.raises(IntegrityError, match=r"check_day_once_a_connection|day"), transaction.atomic():
        make_day(connection=first.connection)


def test_one_run_is_at_work_at_a_time() -> None:
    make_run()
    make_run(state="done", ended_at=NOW)
    make_run(state="stopped", ended_at=NOW)
    with pytest.raises(IntegrityError, match=r"retention_one_run_at_a_time|state"), transaction.atomic():
        make_run()
