"""The last possible day: when it is, how near, why it comes and what helps."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.rules import last_days
from integrations.rules.last_days import Facts, Step

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def answered(days_left: float) -> datetime:
    return NOW - timedelta(days=30 - days_left)


def test_a_connection_lives_thirty_days_after_the_last_answer() -> None:
    assert last_days.last_at(datetime(2026, 3, 1, 12, tzinfo=UTC)) == NOW


@pytest.mark.parametrize(
    ("left", "step"),
    [
        (-1, Step.OVER),
        (0, Step.OVER),
        (0.01, Step.DAY),
        (1, Step.DAY),
        (1.01, Step.THREE_DAYS),
        (3, Step.THREE_DAYS),
        (3.01, Step.WEEK),
        (7, Step.WEEK),
        (7.01, Step.FORTNIGHT),
        (14, Step.FORTNIGHT),
        (14.01, Step.LATER),
        (22, Step.LATER),
    ],
)
def test_the_steps_are_fourteen_seven_three_and_one_days(left: float, step: Step) -> None:
    assert last_days.step(answered(left), NOW) is step


def test_every_step_has_words_and_a_tone_and_the_nearest_are_the_worst() -> None:
    assert [step.tone for step in Step] == ["bad", "bad", "bad", "warn", "warn", "quiet"]
    assert len({step.label for step in Step}) == len(Step)


def test_what_was_refreshed_within_a_week_and_a_day_is_kept_alive() -> None:
    assert last_days.is_kept_alive(Facts(NOW - timedelta(days=8)), NOW)
    assert not last_days.is_kept_alive(Facts(NOW - timedelta(days=8, seconds=1)), NOW)
    assert last_days.late_before(NOW) == NOW - timedelta(days=8)


def test_under_emergency_stop_nothing_is_kept_alive() -> None:
    assert not last_days.is_kept_alive(Facts(NOW, stopped=True), NOW)


@pytest.mark.parametrize(
    ("facts", "why", "help_"),
    [
        ({"stopped": True, "failed": "x"}, "under Emergency stop", "Lift the Emergency stop"),
        ({"asleep": True}, "made for another Exact", "practice data"),
        ({"keys_refused": True}, "refuses the app's keys", "Enter the keys"),
        ({"failed": "Exact is down."}, "The last check failed: Exact is down.", "Refresh now"),
        ({"verifying": True}, "An answer of Exact was lost", "Refresh now"),
        ({}, "was not refreshed", "Refresh now"),
    ],
)
def test_it_says_why_and_what_helps(facts: dict[str, object], why: str, help_: str) -> None:
    seen = Facts(answered(10), **facts)  # type: ignore[arg-type]
    assert why in last_days.why(seen)
    assert help_ in last_days.what_to_do(seen, NOW)


def test_when_the_day_is_over_only_the_customer_helps() -> None:
    assert "connect again" in last_days.what_to_do(Facts(answered(0), stopped=True), NOW)
