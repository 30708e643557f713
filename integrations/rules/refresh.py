"""When a connection's access token is used, and when Exact is asked for the next: one rule.

Source: Exact's page *OAuth on Exact Online*: a token request within 95 % of the lifetime after the chain's
last one is refused ("access_token not expired", harmless), and a refresh token is spent by being used. An
answer that was lost may therefore have rotated the token without us. Until 95 % of the lifetime after such a
request Exact says "not expired" in both cases, so asking earlier tells nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from integrations.exact import limits

EARLIEST_PERCENT: Final = 95
"""Of the lifetime, since the last token request: 570 of 600 s."""


class Why(StrEnum):
    """What is being waited for."""

    UNDER_WAY = "Another process is asking Exact for a new token."
    OUTCOME_UNKNOWN = (
        "Exact's answer to the last token request was lost; until then it cannot be told which token is good."
    )
    MAINTENANCE = "Exact is in its daily maintenance, when answers get lost; nobody needs a new token now."
    TOO_EARLY = "There is no usable token, and Exact gives no new one yet."
    REFUSED = "Exact refused the last token request; the same one would be refused again, and Exact counts errors."
    DAY_SPENT = "Many tokens were asked for today; nobody needs a new one now."


@dataclass(frozen=True, slots=True)
class TokenState:
    """What the rule looks at. All times are aware, UTC.

    ``asked_at`` is the intent, written before a token request leaves; it is outstanding while it is newer
    than the last answer. ``leased_until``: who asks may do so until then; None where nobody does.
    """

    ended: bool
    """Only a new consent helps."""
    on_hand: bool
    """An access token is stored, and Exact has not refused it."""
    lifetime: timedelta
    answered_at: datetime | None
    asked_at: datetime | None = None
    leased_until: datetime | None = None
    not_before: datetime | None = None
    """Exact refused a request for no reason that we know."""
    calls_today: int = 0
    """Token requests of this day, UTC."""

    @property
    def outstanding(self) -> datetime | None:
        """When the request left whose answer we do not have."""
        answered = self.asked_at is None or (self.answered_at is not None and self.asked_at <= self.answered_at)
        return None if answered else self.asked_at


@dataclass(frozen=True, slots=True)
class Use:
    """Take the access token on hand."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Ask Exact, once. ``probe``: the outcome of an earlier request is unknown, so that a refusal of the
    refresh token says that the lost answer held the next one."""

    probe: bool


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing can be had before ``at``."""

    at: datetime
    why: Why


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing can be had any more; ``reason`` is a sentence."""

    reason: str


Decision = Use | Refresh | WaitUntil | Refuse


def earliest_after(lifetime: timedelta) -> timedelta:
    """Return for how long after a token request Exact serves no other of the chain."""
    return lifetime * EARLIEST_PERCENT / 100


def earliest(requested_at: datetime, lifetime: timedelta) -> datetime:
    """Return from when on Exact serves the next token request of a chain."""
    return requested_at + earliest_after(lifetime)


def decide(state: TokenState, now: datetime, *, may_wait: bool = False) -> Decision:
    """Return what to do about a connection's token at ``now`` (aware).

    ``may_wait``: nobody needs the token now; what only keeps a link alive is not asked for while Exact is in its
    daily maintenance, when answers get lost, nor beyond the number of token requests a day that Exact once allowed.
    """
    if state.ended:
        return Refuse("The connection has ended; the customer must reconnect.")
    young = state.answered_at is not None and now < earliest(state.answered_at, state.lifetime)
    if state.on_hand and young:
        return Use()
    if state.leased_until is not None and now < state.leased_until:
        return WaitUntil(state.leased_until, Why.UNDER_WAY)
    if wait := _better_later(state, now, may_wait=may_wait):
        return wait
    if state.outstanding is not None:
        return _after_a_lost_answer(state, state.outstanding, now)
    if state.answered_at is not None and young:
        return WaitUntil(earliest(state.answered_at, state.lifetime), Why.TOO_EARLY)
    return Refresh(probe=False)


def _better_later(state: TokenState, now: datetime, *, may_wait: bool) -> WaitUntil | None:
    if state.not_before is not None and now < state.not_before:
        return WaitUntil(state.not_before, Why.REFUSED)
    if not may_wait:
        return None
    if (over := limits.maintenance_until(now)) is not None:
        return WaitUntil(over, Why.MAINTENANCE)
    if state.calls_today >= limits.TOKEN_REQUESTS_PER_DAY:
        return WaitUntil(_next_day(now), Why.DAY_SPENT)
    return None


def _next_day(now: datetime) -> datetime:
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), UTC)


def _after_a_lost_answer(state: TokenState, asked_at: datetime, now: datetime) -> Decision:
    """Wait until Exact's answer can tell; meanwhile the token on hand serves for the rest of its life."""
    tells_at = earliest(asked_at, state.lifetime)
    if now >= tells_at:
        return Refresh(probe=True)
    if state.on_hand and state.answered_at is not None and now < state.answered_at + state.lifetime:
        return Use()
    return WaitUntil(tells_at, Why.OUTCOME_UNKNOWN)
