"""One owner, who says which database he wrote it in; one monitor, told or with the reason why not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import Installation, MonitorCall
from integrations.rules.actors import PORTAL

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def nobody(owner: None) -> None:
    Installation.objects.all().delete()


def make_installation(**fields: Any) -> Installation:
    values = {
        "owner": "meridian-production", "database": "sqlite:1f:7", "database_path": "/srv/portal.sqlite3",
        "public_url": "https://portal.example.com", "claimed_by": str(PORTAL), **fields,
    }  # fmt: skip
    return Installation.objects.create(**values)


def make_call(**fields: Any) -> MonitorCall:
    return MonitorCall.objects.create(**{"tried_at": NOW, "told_at": NOW, **fields})


CASES: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
    ("installation_is_one_row", make_installation, {"id": 2}),
    ("installation_says_whose", make_installation, {"owner": ""}),
    ("installation_says_whose", make_installation, {"public_url": ""}),
    ("installation_says_which_database", make_installation, {"database": ""}),
    ("installation_says_which_database", make_installation, {"database": "mysql:1"}),
    ("installation_says_which_database", make_installation, {"database_path": ""}),
    ("installation_says_which_database", make_installation, {"database": "postgresql:1:2"}),
    ("installation_claimed_by_is_known", make_installation, {"claimed_by": "anna"}),
    ("monitor_call_is_one_row", make_call, {"id": 2}),
    ("monitor_call_is_told_or_says_why", make_call, {"told_at": None}),
    ("monitor_call_is_told_or_says_why", make_call, {"told_at": NOW - timedelta(minutes=1)}),
]


@pytest.mark.parametrize(("name", "make", "fields"), CASES, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)])
def test_a_row_that_breaks_a_constraint_is_refused(name: str, make: Callable[..., Any], fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(**fields)


def test_every_check_constraint_has_a_case() -> None:
    checks = {constraint.name for model in (Installation, MonitorCall) for constraint in model._meta.constraints}
    assert checks == {name for name, _, _ in CASES}


@pytest.mark.parametrize("again", [make_installation, make_call])
def test_there_is_one_row(again: Callable[..., Any]) -> None:
    again()
    with pytest.raises(IntegrityError), transaction.atomic():
        again()


def test_rows_as_they_should_be_are_admitted() -> None:
    make_installation(database="postgresql:7361:16385", database_path="", claimed_by="command:root")
    make_call(told_at=None, problem="It answered 500.")
