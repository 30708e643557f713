"""How long a round has been where, in whole days."""

from datetime import date, timedelta

import pytest

from integrations.rules import review_clock
from integrations.rules.review_clock import Stage, clock, stages

DAY = date(2026, 11, 1)


def day(number: int) -> date:
    return DAY + timedelta(number)


def test_a_draft_counts_from_the_day_it_was_begun() -> None:
    assert stages(DAY, [], today=day(3)) == (Stage("draft", DAY, None, 3),)


def test_each_state_lasts_until_the_next_step_and_a_decision_ends_the_clock() -> None:
    told = stages(DAY, [("submitted", day(2)), ("in_review", day(3)), ("approved", day(8))], today=day(30))
    assert told == (
        Stage("draft", DAY, day(2), 2),
        Stage("submitted", day(2), day(3), 1),
        Stage("in_review", day(3), day(8), 5),
    )
    assert review_clock.with_exact(told) == 6


def test_a_step_may_be_of_a_day_before_the_round_was_written_down_here() -> None:
    told = stages(DAY, [("submitted", day(-4))], today=day(1))
    assert [(stage.state, stage.days) for stage in told] == [("draft", 0), ("submitted", 5)]


@pytest.mark.parametrize(("days", "remind"), [(4, False), (5, True), (9, True)])
def test_a_round_that_waits_is_reminded_of_after_the_chosen_days(days: int, remind: bool) -> None:
    told = clock(stages(DAY, [("submitted", DAY)], today=day(days)), earlier=[], remind_after=5)
    assert (told.waiting, told.with_exact, told.remind) == (True, days, remind)


@pytest.mark.parametrize("steps", [[], [("submitted", DAY), ("rejected", day(9))]])
def test_nobody_is_reminded_of_a_draft_or_of_a_decided_round(steps: list[tuple[str, date]]) -> None:
    told = clock(stages(DAY, steps, today=day(99)), earlier=[], remind_after=5)
    assert (told.waiting, told.remind) == (False, False)


def test_earlier_rounds_are_told_by_their_days_with_exact() -> None:
    one = stages(DAY, [("submitted", day(1)), ("rejected", day(4))], today=day(30))
    two = stages(day(4), [("submitted", day(5)), ("in_review", day(6)), ("rejected", day(7))], today=day(30))
    assert clock(stages(day(7), [], today=day(8)), earlier=[one, two], remind_after=5).earlier == (3, 2)
