"""The table of ages: every kind of row is in it, or is named as kept with a reason."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps

from integrations.rules import retention
from integrations.services.retention_rows import SOURCES

NOW = datetime(2026, 11, 22, 20, 37, 11, 5, UTC)


def test_every_model_is_in_the_table_or_kept_for_a_reason() -> None:
    models = {model._meta.label for model in apps.get_models()}
    aged = {kind.model for kind in retention.KINDS}
    assert aged | set(retention.KEPT) == models
    # Connections are in both: those that were never finished go.
    assert aged & set(retention.KEPT) == {"integrations.Connection"}
    assert all(title and why for title, why in retention.KEPT.values())


def test_every_kind_has_a_name_of_its_own_and_rows_to_look_at() -> None:
    names = [kind.name for kind in retention.KINDS]
    assert len(set(names)) == len(names)
    assert set(names) == set(SOURCES)
    for kind in retention.KINDS:
        assert SOURCES[kind.name].rows().model._meta.label == kind.model
        assert (SOURCES[kind.name].fold is None) == (kind.period is None)
        assert bool(kind.stays) == (kind.period is not None)
        assert all((kind.title, kind.since, kind.why))


def test_what_the_issue_names_has_the_age_that_it_names() -> None:
    ages = {kind.name: kind.age.days for kind in retention.KINDS}
    assert (ages["checks"], ages["states"], ages["links"]) == (30, 1, 90)
    assert retention.age_in_words(retention.by_name("activity").age) == "7 years"


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("states", datetime(2026, 11, 21, 20, 37, 11, 5, UTC)),
        ("sessions", NOW),
        ("checks", datetime(2026, 10, 23, tzinfo=UTC)),
        ("usage_minutes", datetime(2026, 11, 15, 20, tzinfo=UTC)),
        ("usage_hours", datetime(2026, 8, 22, tzinfo=UTC)),
        ("activity", NOW - timedelta(days=2558)),
    ],
)
def test_folded_kinds_go_by_whole_periods_and_guarded_ones_wait_a_day(name: str, moment: datetime) -> None:
    assert retention.before(retention.by_name(name), NOW) == moment


def test_seven_years_are_never_more_than_the_age() -> None:
    for year in range(2026, 2100):
        assert datetime(year + 7, 3, 1) - datetime(year, 3, 1) <= retention.ACTIVITY  # noqa: DTZ001


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(0), "at once"), (timedelta(minutes=16), "16 minutes"),
        (timedelta(days=1), "1 day"), (timedelta(days=30), "30 days"),
        (timedelta(days=92), "92 days"), (timedelta(days=365), "1 year"), (timedelta(days=730), "2 years"),
        (timedelta(days=2557), "7 years"), (timedelta(days=400), "400 days"),
    ],
)  # fmt: skip
def test_an_age_in_words(age: timedelta, words: str) -> None:
    assert retention.age_in_words(age) == words
