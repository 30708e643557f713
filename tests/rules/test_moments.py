"""Moments in words, and the days on which clocks are set."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules.moments import clock, dated, moment, resets, until

AMSTERDAM, LONDON, KOLKATA = ZoneInfo("Europe/Amsterdam"), ZoneInfo("Europe/London"), ZoneInfo("Asia/Kolkata")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_design_s_own_example() -> None:
    assert resets(utc("2026-01-06T00:00"), utc("2026-01-05T14:12"), AMSTERDAM) == "in 9 h 48 min, at 01:00 (00:00 UTC)"


@pytest.mark.parametrize(
    ("at", "now", "zone", "said"),
    [
        ("2026-07-06T00:00", "2026-07-05T14:12", AMSTERDAM, "in 9 h 48 min, at 02:00 (00:00 UTC)"),
        ("2026-01-06T00:00", "2026-01-05T14:12", LONDON, "in 9 h 48 min, at 00:00 UTC"),
        ("2026-07-06T00:00", "2026-07-05T14:12", LONDON, "in 9 h 48 min, at 01:00 (00:00 UTC)"),
        ("2026-01-06T00:00", "2026-01-05T14:12", KOLKATA, "in 9 h 48 min, at 05:30 (00:00 UTC)"),
        ("2026-01-06T00:00", "2026-01-05T14:12", UTC, "in 9 h 48 min, at 00:00 UTC"),
        ("2026-01-05T14:12:40", "2026-01-05T14:12:00", AMSTERDAM, "in 40 s, at 15:12:40 (14:12:40 UTC)"),
        ("2026-01-05T14:12:00", "2026-01-05T14:12:30", AMSTERDAM, "now, at 15:12:00 (14:12:00 UTC)"),
        (
            "2026-01-08T00:00",
            "2026-01-05T14:12",
            AMSTERDAM,
            "in 2 days, at 01:00 on 8 January (00:00 on 8 January UTC)",
        ),
        # Clocks go on by an hour at 01:00 UTC on 29 March 2026: midnight UTC is 01:00 before, and 02:00 after.
        ("2026-03-29T00:00", "2026-03-28T23:00", AMSTERDAM, "in 1 h 0 min, at 01:00 (00:00 UTC)"),
        ("2026-03-30T00:00", "2026-03-29T00:30", AMSTERDAM, "in 23 h 30 min, at 02:00 (00:00 UTC)"),
        # They go back at 01:00 UTC on 25 October 2026: 02:00 comes at midnight UTC, and again an hour later.
        ("2026-10-25T00:00", "2026-10-24T23:00", AMSTERDAM, "in 1 h 0 min, at 02:00 CEST (00:00 UTC)"),
        ("2026-10-26T00:00", "2026-10-25T00:30", AMSTERDAM, "in 23 h 30 min, at 01:00 (00:00 UTC)"),
    ],
)
def test_when_something_begins_anew(at: str, now: str, zone: ZoneInfo, said: str) -> None:
    assert resets(utc(at), utc(now), zone) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "now"), (0, "now"), (0.2, "in 1 s"), (59, "in 59 s"), (60, "in 60 s"), (66, "in 66 s"),
        (120, "in 2 min"), (121, "in 3 min"),
        (3540, "in 59 min"), (3541, "in 1 h 0 min"), (3600, "in 1 h 0 min"), (35280, "in 9 h 48 min"),
        (172_740, "in 47 h 59 min"), (172_800, "in 2 days"), (604_800, "in 7 days"),
    ],
)  # fmt: skip
def test_how_long_it_takes(seconds: float, said: str) -> None:
    now = utc("2026-01-05T14:12")
    assert until(now + timedelta(seconds=seconds), now) == said


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    first, second = utc("2026-10-25T00:30"), utc("2026-10-25T01:30")
    assert (clock(first, AMSTERDAM), clock(second, AMSTERDAM)) == ("02:30 CEST", "02:30 CET")
    assert clock(utc("2026-10-25T02:30"), AMSTERDAM) == "03:30"


def test_the_hour_that_is_left_out_is_never_shown() -> None:
    shown = [clock(utc("2026-03-29T00:59") + timedelta(minutes=step), AMSTERDAM) for step in range(2)]
    assert shown == ["01:59", "03:00"]


def test_a_moment_is_a_day_and_a_time_there() -> None:
    assert moment(utc("2026-03-05T23:05:09"), AMSTERDAM) == "6 March 2026, 00:05"
    assert moment(utc("2026-03-05T23:05:09"), AMSTERDAM, seconds=True) == "6 March 2026, 00:05:09"


def test_a_dated_moment_names_its_zone() -> None:
    assert dated(utc("2026-03-05T23:05:09"), AMSTERDAM) == "2026-03-06 00:05 CET"
    assert dated(utc("2026-03-05T23:05:09"), UTC) == "2026-03-05 23:05 UTC"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.integers(1, 47 * 3600))  # noqa: DTZ001
def test_two_moments_an_hour_apart_never_read_alike(at: datetime, seconds: int) -> None:
    later = at + timedelta(hours=1)
    for zone in (AMSTERDAM, LONDON, KOLKATA):
        assert moment(at, zone) != moment(later, zone)
        assert resets(at + timedelta(seconds=seconds), at, zone).endswith(("UTC", "UTC)"))
