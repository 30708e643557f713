"""The last possible day of a connection: thirty days after Exact last answered with tokens, it is lost.

Keep-alive asks at least once a week, so that a connection in health is never near it. One that was not refreshed
although that week and a day more are over, or whose app is under Emergency stop, is warned of, step by step.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from integrations.rules import lifetimes, schedule

LATE: Final = schedule.LATEST + timedelta(days=1)
"""After the last answer: a connection that is kept alive was refreshed long before."""


class Step(IntEnum):
    """How near the last possible day is, by the days of the warning; the nearest first."""

    OVER = 0
    DAY = 1
    THREE_DAYS = 3
    WEEK = 7
    FORTNIGHT = 14
    LATER = 30

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def tone(self) -> str:
        return "bad" if self <= Step.THREE_DAYS else "warn" if self <= Step.FORTNIGHT else "quiet"


_LABELS: Final = {
    Step.OVER: "Over",
    Step.DAY: "Within a day",
    Step.THREE_DAYS: "Within 3 days",
    Step.WEEK: "Within 7 days",
    Step.FORTNIGHT: "Within 14 days",
    Step.LATER: "More than 14 days left",
}
WARNINGS: Final = (Step.FORTNIGHT, Step.WEEK, Step.THREE_DAYS, Step.DAY)
"""The days before the last one at which somebody is warned, the earliest first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at. Moments are aware."""

    answered_at: datetime
    """When Exact last gave tokens."""
    stopped: bool = False
    asleep: bool = False
    """The app was made for another Exact than the one in use."""
    keys_refused: bool = False
    """Exact does not know the app by its keys."""
    verifying: bool = False
    failed: str = ""
    """What the last check found; empty where all was well, or where none was made."""


def last_at(answered_at: datetime) -> datetime:
    """Return until when a token request can still be served."""
    return answered_at + lifetimes.UNUSED


def step(answered_at: datetime, now: datetime) -> Step:
    """Return how near the last possible day is."""
    left = last_at(answered_at) - now
    if left <= timedelta():
        return Step.OVER
    return next((step for step in reversed(WARNINGS) if left <= timedelta(days=step)), Step.LATER)


def is_kept_alive(facts: Facts, now: datetime) -> bool:
    """Tell whether nothing has to be done: refreshed in time, and going to be."""
    return not facts.stopped and now - facts.answered_at <= LATE


def late_before(now: datetime) -> datetime:
    """Return the moment: what was last answered before it is late."""
    return now - LATE


def why(facts: Facts) -> str:
    """Say what keeps the connection from being refreshed."""
    if facts.stopped:
        return "The app is under Emergency stop: nothing is asked of Exact."
    if facts.asleep:
        return "The app was made for another Exact than the one in use here: nothing is asked for it."
    if facts.keys_refused:
        return "Exact refuses the app's keys: no connection of the app can be refreshed."
    if facts.failed:
        return f"The last check failed: {facts.failed}"
    if facts.verifying:
        return "An answer of Exact was lost, or Exact refused a token: what became of the connection is not known yet."
    return "It was not refreshed, although that is due every week."


def what_to_do(facts: Facts, now: datetime) -> str:
    """Say what helps."""
    if step(facts.answered_at, now) is Step.OVER:
        return "Let the customer connect again, by a new link page: Exact gives no tokens to this connection any more."
    if facts.stopped:
        return "Lift the Emergency stop before that day."
    if facts.asleep:
        return "Remove it with the practice data, or let the portal talk to that Exact again."
    if facts.keys_refused:
        return "Enter the keys that stand at Exact before that day."
    return "Open the connection and press Refresh now; see whether worker and scheduler run."
