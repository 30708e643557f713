"""When to check next, and when silence is told."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules import heartbeats, schedule

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@given(st.uuids())
def test_a_good_check_is_followed_by_one_in_six_hours_or_a_little_more(connection: UUID) -> None:
    at = schedule.after_success(connection, NOW)
    assert schedule.EVERY <= at - NOW < schedule.EVERY + schedule.SPREAD
    assert schedule.after_success(connection, NOW) == at


def test_checks_are_spread() -> None:
    times = sorted(schedule.after_success(uuid4(), NOW) for _ in range(200))
    assert times[-1] - times[0] > schedule.SPREAD / 2


@given(st.uuids())
def test_a_link_that_is_only_kept_alive_is_looked_at_within_the_week(connection: UUID) -> None:
    at = schedule.keep_alive(connection, NOW)
    assert timedelta(days=3) <= at - NOW < timedelta(days=4) < schedule.LATEST
    assert schedule.keep_alive(connection, NOW) == at


def test_links_that_are_kept_alive_are_spread_over_a_day() -> None:
    times = sorted(schedule.keep_alive(uuid4(), NOW) for _ in range(200))
    assert times[-1] - times[0] > timedelta(hours=12)


def test_what_waiting_can_mend_is_looked_at_soon() -> None:
    at = schedule.after_failure(uuid4(), NOW, may_retry=True, not_before=None)
    assert at == NOW + schedule.SOON


def test_what_somebody_must_mend_first_is_looked_at_as_usual() -> None:
    connection = uuid4()
    at = schedule.after_failure(connection, NOW, may_retry=False, not_before=None)
    assert at == schedule.after_success(connection, NOW)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.booleans())  # noqa: DTZ001
def test_a_next_check_is_never_past_and_never_later_than_a_week(not_before: datetime, may_retry: bool) -> None:
    at = schedule.after_failure(uuid4(), NOW, may_retry=may_retry, not_before=not_before)
    assert NOW < at <= NOW + schedule.LATEST


@pytest.mark.parametrize(
    ("beat", "worker", "silent"),
    [
        (0, 0, None),
        (89, 89, None),
        (91, 0, "the scheduler is stopped"),
        (None, None, "the scheduler is stopped"),
        (0, 91, "the worker is stopped, or does not get on"),
        (0, None, "the worker is stopped, or does not get on"),
        (300, 300, "the scheduler is stopped"),
    ],
)
def test_silence_names_what_does_not_run(beat: int | None, worker: int | None, silent: str | None) -> None:
    def ago(seconds: int | None) -> datetime | None:
        return None if seconds is None else NOW - timedelta(seconds=seconds)

    found = heartbeats.what_is_silent(ago(beat), ago(worker), NOW)
    assert (found and found[0]) == silent
