"""What Exact answers is entered: limits, what remains, refusals, and the counts of the minute."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.exact.limits import LimitHeaders, Window
from integrations.models import Application, UsageCount, UsageWindow
from integrations.rules import usage as rules
from integrations.services import usage
from integrations.services.usage import LimitReached, Reservation

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 12, 0, 10, tzinfo=UTC)
MINUTE = datetime(2026, 11, 22, 12, 1, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
process_clock = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL counts by its own clock")


@pytest.fixture
def reserve(make_app: Callable[..., Application]) -> Callable[..., Reservation]:
    application = make_app(secret=None)

    def take(calls: int = 1, **values: Any) -> Reservation:
        return usage.reserve(**{"application": application, "division": 5, "calls": calls, **values})

    return take


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


Reserve = Callable[..., Reservation]


def row() -> UsageWindow:
    return UsageWindow.objects.get()


def ms(moment: datetime) -> str:
    return str(rules.milliseconds(moment))


def minutely(limit: int = 60, remaining: int = 59, resets_at: datetime = MINUTE) -> dict[str, str]:
    prefix = "X-RateLimit-Minutely-"
    return {f"{prefix}Limit": str(limit), f"{prefix}Remaining": str(remaining), f"{prefix}Reset": ms(resets_at)}


def daily(limit: int = 5_000, remaining: int = 4_999, resets_at: datetime = MIDNIGHT) -> dict[str, str]:
    prefix = "X-RateLimit-"
    return {f"{prefix}Limit": str(limit), f"{prefix}Remaining": str(remaining), f"{prefix}Reset": ms(resets_at)}


@process_clock
def test_what_exact_said_is_kept(reserve: Reserve, clock: Any) -> None:
    usage.settle(reserve(), minutely() | daily(), 200)
    window = row()
    assert (window.exact_minute_remaining, window.exact_minute_resets_at) == (59, MINUTE)
    assert (window.exact_day_remaining, window.exact_day_resets_at) == (4_999, MIDNIGHT)
    assert (window.notes, window.blocked_until) == ([], None)


@process_clock
def test_absent_headers_leave_what_is_known(reserve: Reserve, clock: Any) -> None:
    usage.settle(reserve(), minutely() | daily() | {"X-RateLimit-Limit": "x"}, 200)
    known = row()
    for headers, status in (({}, 200), ({}, None), (LimitHeaders(), 500)):
        usage.settle(reserve(), headers, status)
        assert row().exact_minute_remaining == known.exact_minute_remaining
        assert row().exact_day_resets_at == known.exact_day_resets_at


def test_unknown_stays_unknown_and_is_never_0(reserve: Reserve) -> None:
    usage.settle(reserve(), LimitHeaders(daily=Window(limit=5_000), minutely=Window(limit=60)), 200)
    window = row()
    assert (window.exact_minute_remaining, window.exact_day_remaining) == (None, None)
    assert (window.exact_minute_resets_at, window.exact_day_resets_at) == (None, None)


@process_clock
def test_an_answer_that_was_overtaken_says_nothing_new(reserve: Reserve, clock: Any) -> None:
    usage.settle(reserve(), minutely(remaining=40), 200)
    usage.settle(reserve(), minutely(remaining=45), 200)
    assert row().exact_minute_remaining == 40
    usage.settle(reserve(), minutely(remaining=58, resets_at=MINUTE + timedelta(minutes=1)), 200)
    usage.settle(reserve(), minutely(remaining=39), 200)
    assert row().exact_minute_remaining == 58


def test_a_lower_limit_keeps_the_newest_stamps(reserve: Reserve) -> None:
    first, second = reserve(20), reserve(30)
    usage.settle(first, minutely(limit=40), 200)
    window = row()
    assert window.minute_limit == 40
    assert rules.stamps(window.minute_ring) == [first.stamp] * 10 + [second.stamp] * 30
    with pytest.raises(LimitReached):
        reserve()


def test_a_higher_limit_makes_room(reserve: Reserve) -> None:
    first = reserve(60)
    usage.settle(first, minutely(limit=100) | daily(limit=9_000), 200)
    window = row()
    assert (window.minute_limit, window.day_limit) == (100, 9_000)
    assert rules.stamps(window.minute_ring) == [0] * 40 + [first.stamp] * 60
    assert reserve(40)
    with pytest.raises(LimitReached):
        reserve()


def test_a_wild_limit_does_not_blow_up_the_ring(reserve: Reserve) -> None:
    usage.settle(reserve(), minutely(limit=9_999_999), 200)
    assert row().minute_limit == 60
    assert "X-RateLimit-Minutely-Limit ignored, too large: 9999999" in row().notes


ODD = ["-1", "99999999999", "sixty", "60, 60", "5_9", "٥٩", "", "6" * 500]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["Limit", "Remaining", "Minutely-Limit", "Minutely-Remaining"])
def test_odd_headers_are_ignored_and_noted(reserve: Reserve, name: str, value: str) -> None:
    usage.settle(reserve(), {f"X-RateLimit-{name}": value}, 200)
    window = row()
    assert (window.minute_limit, window.day_limit, window.day_used) == (60, 5_000, 1)
    assert (window.exact_minute_remaining, window.exact_day_remaining) == (None, None)
    assert len(window.notes) == 1
    assert window.notes[0].startswith(f"X-RateLimit-{name} ignored")
    usage.settle(reserve(), {"X-RateLimit-Limit": "5000"}, 200)
    assert row().notes == []


@pytest.mark.parametrize(
    ("status", "notes"), [(200, [rules.NOTHING_SAID]), (204, [rules.NOTHING_SAID]), (503, []), (429, []), (None, [])]
)
def test_a_success_without_any_of_them_is_noted(reserve: Reserve, status: int | None, notes: list[str]) -> None:
    usage.settle(reserve(), {}, status)
    assert row().notes == notes


def test_resets_in_seconds_are_ignored_and_noted(reserve: Reserve) -> None:
    seconds = str(int(timezone.now().timestamp()) + 20)
    usage.settle(reserve(), {"X-RateLimit-Minutely-Reset": seconds, "X-RateLimit-Reset": seconds}, 429)
    assert [note.split(":")[0] for note in row().notes] == [
        "X-RateLimit-Reset ignored, in seconds",
        "X-RateLimit-Minutely-Reset ignored, in seconds",
    ]
    assert row().blocked_by == "exact"


# --- the day, as Exact counts it ----------------------------------------------------------------------------


@process_clock
@pytest.mark.parametrize(
    ("headers", "used"),
    [
        (daily(remaining=4_000), 1_000),
        (daily(remaining=4_999), 2),
        (daily(limit=9_000, remaining=8_000), 1_000),
        (daily(remaining=4_000, resets_at=NOON + timedelta(hours=24)), 2),
        ({"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4000"}, 1_000),
        ({"X-RateLimit-Remaining": "4000"}, 2),
    ],
)
def test_the_day_is_raised_to_what_exact_counted(reserve: Reserve, clock: Any, headers: Any, used: int) -> None:
    reserve()
    usage.settle(reserve(), headers, 200)
    assert row().day_used == used


@process_clock
def test_a_call_that_exact_counts_after_midnight_begins_the_new_day(reserve: Reserve, clock: Any) -> None:
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    reservation = reserve(7)
    clock.move_to(MIDNIGHT + timedelta(seconds=1))
    usage.settle(reservation, daily(remaining=4_990, resets_at=MIDNIGHT + timedelta(days=1)), 200)
    assert (row().day, row().day_used) == (rules.day_number(MIDNIGHT), 10)


@process_clock
def test_an_answer_of_yesterday_does_not_touch_today(reserve: Reserve, clock: Any) -> None:
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    reservation = reserve()
    clock.move_to(MIDNIGHT + timedelta(seconds=1))
    reserve(3)
    usage.settle(reservation, daily(remaining=0), 200)
    assert row().day_used == 3


# --- 429 ----------------------------------------------------------------------------------------------------


@process_clock
@pytest.mark.parametrize(
    ("headers", "by", "until"),
    [
        (minutely(remaining=0), "minute", MINUTE),
        ({"X-RateLimit-Minutely-Remaining": "0"}, "minute", NOON + timedelta(seconds=60)),
        (minutely(remaining=0, resets_at=NOON - timedelta(seconds=5)), "minute", NOON + timedelta(seconds=60)),
        (daily(remaining=0), "day", MIDNIGHT),
        ({"X-RateLimit-Remaining": "0"}, "day", MIDNIGHT),
        ({}, "exact", NOON + timedelta(seconds=60)),
        (minutely(remaining=3) | daily(remaining=9), "exact", NOON + timedelta(seconds=60)),
        (minutely(remaining=0) | daily(remaining=9), "minute", MINUTE),
    ],
)
def test_a_429_blocks_until_the_family_that_was_hit_starts_anew(
    reserve: Reserve, clock: Any, headers: dict[str, str], by: str, until: datetime
) -> None:
    usage.settle(reserve(), headers, 429)
    assert (row().blocked_by, row().blocked_until) == (by, until)
    with pytest.raises(LimitReached) as caught:
        reserve()
    assert (caught.value.window, caught.value.resets_at) == (by, until)
    clock.move_to(until)
    assert reserve()


@process_clock
def test_a_shorter_block_does_not_end_a_longer_one(reserve: Reserve, clock: Any) -> None:
    first, second = reserve(), reserve()
    usage.settle(first, daily(remaining=0), 429)
    usage.settle(second, minutely(remaining=0), 429)
    assert (row().blocked_by, row().blocked_until) == ("day", MIDNIGHT)


@pytest.mark.parametrize("status", [200, 400, 503, None])
def test_only_a_429_blocks(reserve: Reserve, status: int | None) -> None:
    usage.settle(reserve(), {"X-RateLimit-Minutely-Remaining": "0"}, status)
    assert row().blocked_until is None


# --- counts -------------------------------------------------------------------------------------------------


def count(**kind: Any) -> tuple[int, int, int]:
    found = UsageCount.objects.get(**kind)
    return (found.calls, found.errors, found.refusals)


@process_clock
def test_calls_errors_and_refusals_add_up_in_the_minute_of_the_reservation(reserve: Reserve, clock: Any) -> None:
    reservations = [reserve(purpose="check", endpoint="hrm/Divisions") for _ in range(9)]
    clock.shift(70)
    for reservation, status in zip(reservations, (200, 400, 401, 403, 404, 429, 500, 503, None), strict=True):
        usage.settle(reservation, {}, status)
    assert count(purpose="check", endpoint="hrm/Divisions") == (9, 6, 1)
    assert UsageCount.objects.get().minute == NOON.replace(second=0)


def test_each_kind_is_counted_by_itself(reserve: Reserve) -> None:
    class Connected:
        pk = UUID(int=5)

    usage.settle(reserve(3), {}, 200)
    usage.settle(reserve(connection=Connected()), {}, 200)
    usage.settle(reserve(endpoint="x" * 500), {}, 200)
    usage.settle(reserve(purpose="p" * 500), {}, 200)
    usage.settle(reserve(division=6), {}, 409)
    assert count(division=5, endpoint="", purpose="other", connection_id=UsageCount.NO_CONNECTION) == (3, 0, 0)
    assert count(connection_id=UUID(int=5)) == (1, 0, 0)
    assert count(endpoint="x" * 120) == (1, 0, 0)
    assert count(purpose="p" * 30) == (1, 0, 0)
    assert count(division=6) == (1, 0, 0)


def test_the_count_is_added_by_one_statement(reserve: Reserve) -> None:
    usage.settle(reserve(), {}, 200)
    reservation = reserve()
    with CaptureQueriesContext(connection) as queries:
        usage.settle(reservation, {}, 200)
    statements = [query["sql"].split()[0] for query in queries if "usagecount" in query["sql"]]
    assert statements == ["INSERT"]


def test_the_row_and_the_count_are_entered_together_or_not_at_all(
    reserve: Reserve, monkeypatch: pytest.MonkeyPatch
) -> None:
    reservation = reserve()
    before = row()
    with monkeypatch.context() as patch:
        patch.setattr(usage.usage_sql, "count", Mock(side_effect=DatabaseError))
        with pytest.raises(DatabaseError):
            usage.settle(reservation, {"X-RateLimit-Minutely-Limit": "50"}, 200)
    assert (row().minute_limit, row().minute_ring) == (60, before.minute_ring)
    assert not UsageCount.objects.exists()
    usage.settle(reservation, {"X-RateLimit-Minutely-Limit": "50"}, 200)
    assert (row().minute_limit, count()) == (50, (1, 0, 0))


def test_a_call_whose_process_died_stays_in_both_windows_and_is_missing_in_the_counts(reserve: Reserve) -> None:
    reserve()
    usage.settle(reserve(), {}, 200)
    assert (row().day_used, len([stamp for stamp in rules.stamps(row().minute_ring) if stamp])) == (2, 2)
    assert count() == (1, 0, 0)


def test_the_count_names_every_column_of_its_table(reserve: Reserve) -> None:
    named = usage.usage_sql._COUNT.split("(")[1].split(")")[0].replace(" ", "").split(",")
    assert {name.strip() for name in named} == {field.column for field in UsageCount._meta.fields}
