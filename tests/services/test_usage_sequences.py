"""Whatever happens in whatever order: no minute of Exact sees a call more than its limit, and no day either."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from integrations.models import Application, UsageWindow
from integrations.rules import usage as rules
from integrations.services import usage
from integrations.services.usage import LimitReached, Reservation

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL counts by its own clock"),
]
START = datetime(2026, 11, 22, 23, 50, tzinfo=UTC)
MINUTE_LIMIT, DAY_LIMIT = 5, 14
SETTINGS = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
AHEAD = st.integers(1, 66_500) | st.sampled_from([1, 65_999, 66_000, 66_001, 600_000])


class Ledger(RuleBasedStateMachine):
    """The service beside a model that keeps every stamp in a list. Moments are epoch milliseconds."""

    application: Application
    divisions = iter(range(1, 1_000_000))

    def __init__(self) -> None:
        super().__init__()
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        self.true = rules.milliseconds(START)
        """Time as it passes, whatever the clock says."""
        self.division = next(self.divisions)
        UsageWindow.objects.create(
            application=self.application,
            division=self.division,
            minute_limit=MINUTE_LIMIT,
            minute_ring="0" * 13 * MINUTE_LIMIT,
            day_limit=DAY_LIMIT,
        )
        self.taken: list[tuple[Reservation, int]] = []

    def teardown(self) -> None:
        self.traveller.stop()

    @property
    def now(self) -> int:
        return rules.milliseconds(datetime.now(UTC))

    def take(self, calls: int) -> LimitReached | None:
        try:
            reservation = usage.reserve(application=self.application, division=self.division, calls=calls)
        except LimitReached as full:
            return full
        self.taken.append((reservation, self.true))
        return None

    @rule(milliseconds=AHEAD)
    def time_passes(self, milliseconds: int) -> None:
        self.true += milliseconds
        self.clock.shift(timedelta(milliseconds=milliseconds))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        place = data.draw(st.integers(0, len(self.taken) - 1))
        usage.release(self.taken.pop(place)[0])

    @invariant()
    def no_66_seconds_hold_more_than_the_limit(self) -> None:
        for _, first in self.taken:
            inside = [reservation.calls for reservation, at in self.taken if first <= at < first + 66_000]
            assert sum(inside) <= MINUTE_LIMIT

    @invariant()
    def the_ring_keeps_its_length_and_the_day_its_limit(self) -> None:
        window = UsageWindow.objects.get(application=self.application, division=self.division)
        assert len(window.minute_ring) == 13 * MINUTE_LIMIT
        assert 0 <= window.day_used <= DAY_LIMIT


class Exactly(Ledger):
    """With a clock that runs forward, exactly what the model admits is admitted."""

    def __init__(self) -> None:
        super().__init__()
        self.day, self.used, self.blocked_until = 0, 0, 0

    def room_at(self, calls: int) -> int:
        """Return when so many calls have room: now, or later."""
        stamps = sorted(stamp for reservation, _ in self.taken for stamp in [reservation.stamp] * reservation.calls)
        moments = [self.now, self.blocked_until]
        if len(stamps) + calls > MINUTE_LIMIT:
            moments.append(stamps[len(stamps) + calls - MINUTE_LIMIT - 1] + 66_000)
        if self.today_used() + calls > DAY_LIMIT:
            moments.append((self.now // 86_400_000 + 1) * 86_400_000)
        return max(moments)

    def today_used(self) -> int:
        return self.used if self.day == self.now // 86_400_000 else 0

    @rule(calls=st.integers(1, MINUTE_LIMIT))
    def reserve(self, calls: int) -> None:
        room_at, now = self.room_at(calls), self.now
        full = self.take(calls)
        if full is None:
            assert room_at == now
            self.day, self.used = now // 86_400_000, self.today_used() + calls
        else:
            assert rules.milliseconds(full.resets_at) == room_at > now

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        place = data.draw(st.integers(0, len(self.taken) - 1))
        reservation, _ = self.taken[place]
        window = UsageWindow.objects.get(application=self.application, division=self.division)
        left = rules.stamps(window.minute_ring).count(reservation.stamp)
        usage.release(reservation)
        if left:  # of one that is older than the window, newer calls may have pushed some stamps out
            del self.taken[place]
            if self.day == reservation.stamp // 86_400_000:
                self.used -= left

    @precondition(lambda self: self.taken)
    @rule(remaining=st.integers(0, DAY_LIMIT))
    def exact_has_counted_more(self, remaining: int) -> None:
        headers = {"X-RateLimit-Limit": str(DAY_LIMIT), "X-RateLimit-Remaining": str(remaining)}
        usage.settle(self.taken[-1][0], headers, 200)
        today, counted = self.now // 86_400_000, DAY_LIMIT - remaining
        self.used = max(self.used, counted) if self.day == today else counted
        self.day = today

    @precondition(lambda self: self.taken)
    @rule(seconds=st.integers(1, 90))
    def exact_refuses(self, seconds: int) -> None:
        until = self.now + seconds * 1_000
        headers = {"X-RateLimit-Minutely-Remaining": "0", "X-RateLimit-Minutely-Reset": str(until)}
        usage.settle(self.taken[-1][0], headers, 429)
        self.blocked_until = max(self.blocked_until, until)


class SetBack(Ledger):
    """With a clock that somebody sets back by anything, the limit holds and nothing is blocked for long."""

    @rule(calls=st.integers(1, MINUTE_LIMIT))
    def reserve(self, calls: int) -> None:
        UsageWindow.objects.filter(division=self.division).update(day_used=0)
        if full := self.take(calls):
            assert full.resets_at <= datetime.now(UTC) + timedelta(seconds=132)

    @rule(seconds=st.sampled_from([1, 30, 65, 66, 67, 3_600, 86_400, 30 * 86_400]))
    def the_clock_is_set_back(self, seconds: int) -> None:
        self.clock.shift(timedelta(seconds=-seconds))


@pytest.mark.parametrize("machine", [Exactly, SetBack])
def test_no_sequence_of_events_gets_past_the_limits(machine: type[Ledger]) -> None:
    application = Application.objects.create(
        pk=UUID(int=1), region="nl", name="A", origin="https://start.example", redirect_uri="x", created_by="portal"
    )
    made = type(machine.__name__, (machine,), {"application": application})
    run_state_machine_as_test(made, settings=SETTINGS)


def test_giving_back_takes_no_stamp_of_a_call_that_was_drawn_back_upon_it() -> None:
    """Found by the test above: the clock is set back by more than the window between two calls."""
    application = Application.objects.create(
        region="nl", name="A", origin="https://start.example", redirect_uri="x", created_by="portal"
    )
    ring = "0" * 13 * MINUTE_LIMIT
    UsageWindow.objects.create(application=application, division=1, minute_limit=MINUTE_LIMIT, minute_ring=ring)
    asked = {"application": application, "division": 1}
    with time_machine.travel(START, tick=False) as clock:
        usage.reserve(**asked)
        clock.shift(timedelta(seconds=-67))
        drawn_upon = usage.reserve(**asked)
        with pytest.raises(LimitReached):  # which is when the ring is mended
            usage.reserve(**asked, calls=MINUTE_LIMIT - 1)
        usage.release(drawn_upon)
        with pytest.raises(LimitReached):
            usage.reserve(**asked, calls=MINUTE_LIMIT)
        usage.reserve(**asked, calls=MINUTE_LIMIT - 1)
