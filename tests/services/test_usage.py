"""Calls are counted before they are sent, in both windows, by one statement."""

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, Company, UsageCount, UsageWindow
from integrations.rules import usage as rules
from integrations.services import usage
from integrations.services.usage import LimitReached, Reservation

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
DIVISION = 123456
process_clock = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL counts by its own clock")


@pytest.fixture
def application(make_app: Callable[..., Application]) -> Application:
    return make_app(secret=None)


@pytest.fixture
def reserve(application: Application) -> Callable[..., Reservation]:
    def take(calls: int = 1, **values: Any) -> Reservation:
        return usage.reserve(**{"application": application, "division": DIVISION, "calls": calls, **values})

    return take


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def row() -> UsageWindow:
    return UsageWindow.objects.get()


def change(**fields: Any) -> None:
    UsageWindow.objects.update(**fields)


def age(**by: Any) -> None:
    """Make the row older, which any database takes for time that has passed."""
    shift = timedelta(**by) // timedelta(milliseconds=1)
    window = row()
    older = [max(stamp - shift, 0) for stamp in rules.stamps(window.minute_ring)]
    change(minute_ring=rules.ring_of(older, window.minute_limit))


Reserve = Callable[..., Reservation]


# --- one statement ------------------------------------------------------------------------------------------


def test_a_call_is_reserved_by_one_statement(reserve: Reserve) -> None:
    reserve()
    with CaptureQueriesContext(connection) as queries:
        reserve()
    (query,) = queries.captured_queries
    assert query["sql"].split()[0] == "UPDATE"
    assert "RETURNING" in query["sql"]


def test_the_first_call_of_a_company_makes_its_row(reserve: Reserve, application: Application) -> None:
    before = timezone.now()
    reservation = reserve(purpose="check", endpoint="hrm/Divisions")
    window = row()
    assert (window.application, window.division, window.day_used) == (application, DIVISION, 1)
    assert len(window.minute_ring) == 60 * 13
    assert window.minute_ring == "0" * 59 * 13 + str(reservation.stamp)
    assert (reservation.application, reservation.calls, reservation.connection) == (application.pk, 1, None)
    assert before <= reservation.reserved_at <= timezone.now()


def test_stamps_are_unique_and_rise(reserve: Reserve) -> None:
    taken = [reserve().stamp for _ in range(60)]
    assert taken == sorted(set(taken)) == rules.stamps(row().minute_ring)


# --- the minute ---------------------------------------------------------------------------------------------


def test_the_61st_call_is_refused_with_the_moment_of_room(reserve: Reserve) -> None:
    taken = [reserve() for _ in range(60)]
    with CaptureQueriesContext(connection) as queries, pytest.raises(LimitReached) as caught:
        reserve()
    assert len(queries) == 2
    assert caught.value.window == "minute"
    assert caught.value.resets_at == rules.moment(taken[0].stamp + 66_000)
    assert f"Company {DIVISION} has had its calls of this minute" in str(caught.value)
    assert row().day_used == 60


def test_calls_become_free_66_s_after_they_were_made(reserve: Reserve) -> None:
    reserve(60)
    age(seconds=65)
    with pytest.raises(LimitReached):
        reserve()
    age(seconds=1)
    assert reserve(60)


@process_clock
def test_the_window_slides(reserve: Reserve, clock: Any) -> None:
    reserve(20)
    clock.shift(30)
    reserve(40)
    with pytest.raises(LimitReached) as caught:
        reserve()
    assert caught.value.resets_at == NOON + timedelta(seconds=66)
    with pytest.raises(LimitReached) as caught:
        reserve(21)
    assert caught.value.resets_at == NOON + timedelta(seconds=96)
    clock.move_to(NOON + timedelta(seconds=65, milliseconds=999))
    with pytest.raises(LimitReached):
        reserve()
    clock.move_to(NOON + timedelta(seconds=66))
    reserve(20)
    with pytest.raises(LimitReached) as caught:
        reserve()
    assert caught.value.resets_at == NOON + timedelta(seconds=96)


def test_several_calls_at_once_are_all_admitted_or_none(reserve: Reserve) -> None:
    reserve(58)
    with pytest.raises(LimitReached):
        reserve(3)
    assert reserve(2).calls == 2
    assert row().day_used == 60


@pytest.mark.parametrize("calls", [0, -1, 61, 1_001])
def test_what_can_never_be_admitted_is_an_error(reserve: Reserve, calls: int) -> None:
    with pytest.raises(ValueError, match=f"^{calls} calls"):
        reserve(calls)
    assert not UsageWindow.objects.filter(day_used__gt=0).exists()


def test_companies_and_apps_do_not_share_a_window(reserve: Reserve, make_app: Callable[..., Application]) -> None:
    reserve(60)
    assert reserve(60, division=DIVISION + 1)
    assert reserve(60, application=make_app(secret=None, client_id=None))


# --- the day ------------------------------------------------------------------------------------------------


@process_clock
def test_a_full_day_has_room_at_midnight(reserve: Reserve, clock: Any) -> None:
    reserve()
    change(day_used=4_999)
    with pytest.raises(LimitReached) as caught:
        reserve(2)
    assert (caught.value.window, caught.value.resets_at) == ("day", MIDNIGHT)
    reserve()
    clock.move_to(MIDNIGHT - timedelta(milliseconds=1))
    with pytest.raises(LimitReached):
        reserve()
    clock.move_to(MIDNIGHT)
    reserve(3)
    assert (row().day_used, row().day) == (3, rules.day_number(MIDNIGHT))


def test_a_day_of_the_past_is_over(reserve: Reserve) -> None:
    today = rules.day_number(timezone.now())
    reserve()
    change(day_used=5_000, day=today - 1)
    reserve()
    assert (row().day_used, row().day >= today) == (1, True)


def test_the_later_of_two_obstacles_is_named(reserve: Reserve) -> None:
    reserve(60)
    change(day_used=5_000)
    with pytest.raises(LimitReached, match="of this day") as caught:
        reserve()
    assert caught.value.window == "day"


@process_clock
def test_a_clock_that_is_behind_at_midnight_forgets_nothing(reserve: Reserve, clock: Any) -> None:
    clock.move_to(MIDNIGHT)
    reserve(5)
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    late = reserve()
    assert (row().day_used, row().day) == (6, rules.day_number(MIDNIGHT))
    assert rules.moment(late.stamp) >= MIDNIGHT
    change(day_used=5_000)
    with pytest.raises(LimitReached) as caught:
        reserve()
    assert caught.value.resets_at == MIDNIGHT + timedelta(days=1)


# --- a refusal of Exact -------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", ["minute", "day", "exact"])
def test_nothing_is_admitted_while_exact_refuses(reserve: Reserve, window: str) -> None:
    reserve()
    until = timezone.now() + timedelta(seconds=50)
    change(blocked_until=until, blocked_by=window)
    with pytest.raises(LimitReached) as caught:
        reserve()
    assert (caught.value.window, caught.value.resets_at) == (window, until)
    change(blocked_until=timezone.now() - timedelta(seconds=1))
    assert reserve()


# --- a clock that is set back -------------------------------------------------------------------------------


def test_stamps_of_a_clock_that_was_hours_ahead_hold_for_one_window(reserve: Reserve) -> None:
    reserve()
    ahead = rules.milliseconds(timezone.now()) + 3 * 3_600_000
    change(minute_ring=rules.ring_of([ahead] * 60, 60))
    with pytest.raises(LimitReached) as caught:
        reserve()
    assert timedelta(seconds=60) < caught.value.resets_at - timezone.now() <= timedelta(seconds=66)
    age(seconds=66)
    assert reserve(60)


def test_a_day_that_is_one_ahead_is_gone_on_with(reserve: Reserve) -> None:
    reserve()
    tomorrow = rules.day_number(timezone.now()) + 1
    change(day=tomorrow, day_used=7)
    reserve()
    assert (row().day, row().day_used) == (tomorrow, 8)
    change(day=tomorrow + 1)
    reserve()
    assert (row().day <= tomorrow, row().day_used) == (True, 1)


@process_clock
def test_a_clock_set_back_by_hours_blocks_for_one_window_at_most(reserve: Reserve, clock: Any) -> None:
    reserve(60)
    clock.shift(-3 * 3600)
    back = NOON - timedelta(hours=3)
    with pytest.raises(LimitReached) as caught:
        reserve()
    assert (caught.value.window, caught.value.resets_at) == ("minute", back + timedelta(seconds=66))
    clock.shift(66)
    assert reserve(60)


@process_clock
def test_after_a_clock_set_back_stamps_go_on_from_the_clock(reserve: Reserve, clock: Any) -> None:
    reserve(30)
    clock.shift(-3600)
    assert reserve(30).stamp == rules.milliseconds(NOON - timedelta(hours=1))
    clock.shift(66)
    assert reserve(60)


@process_clock
def test_a_block_from_a_clock_that_was_set_back_goes(reserve: Reserve, clock: Any) -> None:
    usage.settle(reserve(), {}, 429)
    clock.shift(-3600)
    assert reserve()


# --- release, staleness -------------------------------------------------------------------------------------


def test_what_never_left_is_given_back_once(reserve: Reserve) -> None:
    kept, back = reserve(10), reserve(50)
    usage.release(back)
    usage.release(back)
    window = row()
    assert window.day_used == 10
    assert [stamp for stamp in rules.stamps(window.minute_ring) if stamp] == [kept.stamp] * 10
    assert reserve(50)


def test_a_release_never_goes_below_zero(reserve: Reserve) -> None:
    reservation = reserve(3)
    change(day_used=1)
    usage.release(reservation)
    assert row().day_used == 0


@process_clock
def test_a_release_after_midnight_leaves_the_new_day_alone(reserve: Reserve, clock: Any) -> None:
    clock.move_to(MIDNIGHT - timedelta(seconds=1))
    reservation = reserve(5)
    clock.move_to(MIDNIGHT + timedelta(seconds=1))
    reserve(2)
    usage.release(reservation)
    assert row().day_used == 2


def test_a_release_of_an_app_that_is_gone_is_no_matter(reserve: Reserve, application: Application) -> None:
    reservation = reserve()
    application.delete()
    usage.release(reservation)
    usage.settle(reservation, {}, 200)
    assert not UsageCount.objects.exists()


@pytest.mark.parametrize(("seconds", "stale"), [(0, False), (5, False), (5.001, True), (-0.001, True)])
def test_a_reservation_is_stale_after_5_s(reserve: Reserve, seconds: float, stale: bool) -> None:
    reservation = reserve()
    assert usage.is_stale(reservation, reservation.reserved_at + timedelta(seconds=seconds)) is stale


# --- meters -------------------------------------------------------------------------------------------------


@process_clock
def test_a_meter_shows_both_windows(reserve: Reserve, application: Application, clock: Any) -> None:
    reserve(4)
    clock.shift(60)
    reserve(2)
    clock.shift(10)
    (meters,) = usage.meters(application)
    assert (meters.application, meters.division) == (application.pk, DIVISION)
    assert meters.minute == usage.Meter(2, 60, NOON + timedelta(seconds=126))
    assert meters.day == usage.Meter(6, 5_000, MIDNIGHT)
    clock.shift(86_400)
    (meters,) = usage.meters()
    assert meters.minute == usage.Meter(0, 60, None)
    assert meters.day == usage.Meter(0, 5_000, MIDNIGHT + timedelta(days=1))


def test_what_exact_said_is_shown_until_it_is_over(application: Application) -> None:
    window = UsageWindow(
        application=application, division=1, exact_minute_remaining=7, exact_minute_resets_at=NOON,
        blocked_until=NOON, blocked_by="minute", notes=["X ignored"],
    )  # fmt: skip
    before = usage.meter(window, NOON - timedelta(seconds=1))
    after = usage.meter(window, NOON)
    assert (before.exact_minute_remaining, before.exact_minute_resets_at) == (7, NOON)
    assert (before.blocked_until, before.blocked_by, before.notes) == (NOON, "minute", ("X ignored",))
    assert (after.exact_minute_remaining, after.exact_minute_resets_at) == (None, None)
    assert (after.blocked_until, after.blocked_by) == (None, "")


def test_a_company_that_was_never_called_has_meters_as_well(application: Application, reserve: Reserve) -> None:
    Company.objects.create(application=application, division=1, name="Jansen BV")
    reserve()
    never, called = usage.meters(application)
    assert (never.division, never.minute, never.day.used) == (1, usage.Meter(0, 60, None), 0)
    assert (called.division, called.day.used) == (DIVISION, 1)


def test_limit_reached_survives_a_journey_between_processes() -> None:
    error = pickle.loads(pickle.dumps(LimitReached("day", MIDNIGHT, DIVISION)))  # noqa: S301
    assert (error.window, error.resets_at) == ("day", MIDNIGHT)
    assert str(error).endswith("There is room again at 2026-11-23 00:00:00 UTC.")


def test_ten_rounds_are_enough(reserve: Reserve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else takes each room that we find."""
    monkeypatch.setattr(usage.usage_sql, "admit", lambda *args, **values: None)
    with pytest.raises(LimitReached):
        reserve()


def test_the_reservation_names_the_connection(reserve: Reserve) -> None:
    class Connected:
        pk = UUID(int=5)

    assert reserve(connection=Connected()).connection == UUID(int=5)


def test_a_company_that_is_not_used_has_meters_only_where_something_was_counted(application: Application) -> None:
    for division in (1, 2):
        Company.objects.create(application=application, division=division, name="Spare", use="not_used")
    UsageWindow.objects.create(application=application, division=2, day=0, day_used=0)
    assert [meters.division for meters in usage.meters(application)] == [2]
