"""``manage.py usage``: a line for each app and company."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, Company
from integrations.services import usage

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(make_app: Callable[..., Application]) -> Application:
    return make_app(secret=None)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[Any]]:
    def run(*words: str) -> list[Any]:
        call_command("usage", *words)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


Lines = Callable[..., list[Any]]


def test_a_line_says_what_is_used_of_both_windows(application: Application, lines: Lines) -> None:
    reservation = usage.reserve(application=application, division=123456, calls=3)
    (line,) = lines()
    assert set(line) == {"app", "division", "minute", "day"}
    assert (line["app"], line["division"]) == (str(application.pk), 123456)
    empty_at = usage.rules.moment(reservation.stamp) + timedelta(seconds=66)
    assert line["minute"] == {"used": 3, "limit": 60, "resets_at": empty_at.isoformat(timespec="milliseconds")}
    assert (line["day"]["used"], line["day"]["limit"]) == (3, 5_000)
    midnight = datetime.fromisoformat(line["day"]["resets_at"])
    assert timedelta(0) < midnight - timezone.now() <= timedelta(days=1)
    assert (midnight.hour, midnight.minute, midnight.utcoffset()) == (0, 0, timedelta(0))


def test_a_company_that_was_never_called_has_a_line(application: Application, lines: Lines) -> None:
    Company.objects.create(application=application, division=5, name="Jansen BV")
    (line,) = lines("--app", str(application.pk))
    assert line["minute"] == {"used": 0, "limit": 60, "resets_at": None}
    assert line["day"]["used"] == 0


def test_only_the_lines_of_an_app(application: Application, make_app: Callable[..., Application], lines: Lines) -> None:
    other = make_app(secret=None, client_id=None)
    for app in (application, other):
        usage.reserve(application=app, division=5)
    assert len(lines()) == 2
    assert [line["app"] for line in lines("--app", str(other.pk))] == [str(other.pk)]


def test_an_unknown_app_is_refused() -> None:
    with pytest.raises(CommandError, match="There is no app") as caught:
        call_command("usage", "--app", str(uuid4()))
    assert caught.value.returncode == 1


def test_more_companies_need_no_more_queries(application: Application, lines: Lines) -> None:
    assert lines() == []
    for division in range(1, 21):
        usage.reserve(application=application, division=division)
        Company.objects.create(application=application, division=100 + division, name="A")
    with CaptureQueriesContext(connection) as queries:
        assert [line["division"] for line in lines()] == [*range(1, 21), *range(101, 121)]
    assert len(queries) == 2


def test_the_lines_for_people(application: Application, capsys: pytest.CaptureFixture[str]) -> None:
    Company.objects.create(application=application, division=5, name="Jansen BV")
    call_command("usage", "--text")
    assert "division: 5  minute: 0 of 60  day: 0 of 5000, all free at " in capsys.readouterr().out
