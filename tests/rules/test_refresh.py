"""The rule of tokens: what it says in each situation, and what it never says in any."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules.refresh import (
    Decision,
    Refresh,
    Refuse,
    TokenState,
    Use,
    WaitUntil,
    Why,
    decide,
    earliest,
)

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIFE = timedelta(seconds=600)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def state(**changes: Any) -> TokenState:
    values = {"ended": False, "on_hand": True, "lifetime": LIFE, "answered_at": T, **changes}
    return TokenState(**values)


@pytest.mark.parametrize(
    ("seconds", "changes", "expected"),
    [
        # An ordinary life.
        (0, {}, Use()),
        (569.999, {}, Use()),
        (570, {}, Refresh(probe=False)),
        (1e6, {}, Refresh(probe=False)),
        (0, {"answered_at": None}, Refresh(probe=False)),
        # Exact refused the token on hand, and it was forgotten.
        (100, {"on_hand": False}, WaitUntil(at(570), Why.TOO_EARLY)),
        (570, {"on_hand": False}, Refresh(probe=False)),
        # Somebody is asking.
        (571, {"asked_at": at(570), "leased_until": at(600)}, WaitUntil(at(600), Why.UNDER_WAY)),
        (100, {"leased_until": at(600)}, Use()),
        # Nobody asks any more, and there was no answer.
        (575, {"asked_at": at(570)}, Use()),
        (599.999, {"asked_at": at(570), "leased_until": at(599)}, Use()),
        (600, {"asked_at": at(570), "leased_until": at(600)}, WaitUntil(at(1140), Why.OUTCOME_UNKNOWN)),
        (575, {"asked_at": at(570), "on_hand": False}, WaitUntil(at(1140), Why.OUTCOME_UNKNOWN)),
        (5, {"asked_at": T, "answered_at": None}, WaitUntil(at(570), Why.OUTCOME_UNKNOWN)),
        (1139.999, {"asked_at": at(570)}, WaitUntil(at(1140), Why.OUTCOME_UNKNOWN)),
        (1140, {"asked_at": at(570)}, Refresh(probe=True)),
        # An intent that was answered is none.
        (570, {"asked_at": T}, Refresh(probe=False)),
        (570, {"asked_at": at(-1)}, Refresh(probe=False)),
        (5, {"lifetime": timedelta(seconds=10)}, Use()),
        (9.5, {"lifetime": timedelta(seconds=10)}, Refresh(probe=False)),
    ],
)
def test_what_is_done(seconds: float, changes: dict[str, Any], expected: Decision) -> None:
    assert decide(state(**changes), at(seconds)) == expected


# 04:10 in Amsterdam, in winter and in summer.
@pytest.mark.parametrize("now", [datetime(2026, 3, 1, 3, 10, tzinfo=UTC), datetime(2026, 7, 1, 2, 10, tzinfo=UTC)])
def test_what_nobody_needs_waits_for_the_end_of_the_maintenance(now: datetime) -> None:
    over = now + timedelta(minutes=20)
    old = state(answered_at=now - 2 * LIFE)
    assert decide(old, now, may_wait=True) == WaitUntil(over, Why.MAINTENANCE)
    assert decide(old, now) == Refresh(probe=False)
    assert decide(old, over, may_wait=True) == Refresh(probe=False)
    assert decide(state(answered_at=now), now, may_wait=True) == Use()


def test_an_ended_connection_is_refused_with_a_sentence() -> None:
    answer = decide(state(ended=True), T)
    assert isinstance(answer, Refuse)
    assert answer.reason.endswith(".")


moments = st.none() | st.floats(-4000, 4000, allow_nan=False).map(at)
states = st.builds(
    TokenState,
    ended=st.booleans(),
    on_hand=st.booleans(),
    lifetime=st.integers(1, 3600).map(lambda seconds: timedelta(seconds=seconds)),
    answered_at=moments,
    asked_at=moments,
    leased_until=moments,
)
nows = st.floats(-4000, 4000, allow_nan=False).map(at)


@given(states, nows)
def test_exact_is_never_asked_too_early_nor_beside_somebody_else(state: TokenState, now: datetime) -> None:
    if isinstance(decide(state, now), Refresh):
        requests = [moment for moment in (state.answered_at, state.asked_at) if moment is not None]
        assert all(now >= earliest(moment, state.lifetime) for moment in requests if moment == max(requests))
        assert state.leased_until is None or now >= state.leased_until
        assert not state.ended


@given(states, nows)
def test_only_a_token_on_hand_that_is_not_over_is_used(state: TokenState, now: datetime) -> None:
    if isinstance(decide(state, now), Use):
        assert state.on_hand
        assert not state.ended
        assert state.answered_at is not None
        assert now < state.answered_at + state.lifetime


@given(states, nows)
def test_one_state_has_one_answer(state: TokenState, now: datetime) -> None:
    assert decide(state, now) == decide(state, now)


@given(states, nows)
def test_a_wait_ends(state: TokenState, now: datetime) -> None:
    """Each wait is for a moment to come, and after two of them at most there is something else to do."""
    for _ in range(3):
        answer = decide(state, now)
        if not isinstance(answer, WaitUntil):
            return
        assert answer.at > now
        now = answer.at
    pytest.fail("waits for ever")


@given(states, nows)
def test_a_probe_follows_an_unanswered_request_and_nothing_else(state: TokenState, now: datetime) -> None:
    answer = decide(state, now)
    if isinstance(answer, Refresh):
        assert answer.probe == (state.outstanding is not None)


def test_what_exact_refused_waits_for_whoever_asks() -> None:
    due = state(not_before=at(900))
    assert decide(due, at(600)) == WaitUntil(at(900), Why.REFUSED)
    assert decide(due, at(900)) == Refresh(probe=False)
    assert decide(due, at(569)) == Use()


def test_many_token_requests_of_a_day_hold_back_only_what_nobody_needs() -> None:
    """The number is one of Exact's past: whoever needs a token gets one."""
    busy = state(calls_today=200)
    tomorrow = datetime(2026, 3, 2, tzinfo=UTC)
    assert decide(busy, at(600), may_wait=True) == WaitUntil(tomorrow, Why.DAY_SPENT)
    assert decide(busy, at(600)) == Refresh(probe=False)
    assert decide(state(calls_today=199), at(600), may_wait=True) == Refresh(probe=False)
