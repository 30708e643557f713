"""How long requests for permission were with Exact, whether to remind of one. Days are whole: Exact tells no hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from integrations.rules.workflow import PermissionState


@dataclass(frozen=True, slots=True)
class Request:
    """One request for permission, from the day on which it was made to the day on which it was decided."""

    number: int
    requested_on: date | None
    """None where it was never requested as far as anybody wrote down."""
    decided_on: date | None
    state: PermissionState
    """What became of it."""

    @property
    def days(self) -> int | None:
        """How long it was with Exact; None where that is not known, or not over."""
        if self.requested_on is None or self.decided_on is None:
            return None
        return max(0, (self.decided_on - self.requested_on).days)


@dataclass(frozen=True, slots=True)
class Clock:
    """The times of a permission."""

    waiting: int | None
    """Days that the request has been with Exact; None where none is."""
    remind: bool
    """These are more than pages wait before they remind."""
    earlier: tuple[Request, ...]
    """Requests that are over, or that were granted, the newest first."""


def request(number: int, state: PermissionState, steps: Iterable[tuple[str, str, date | None]]) -> Request:
    """Return a request from its steps: the state before, the state after and the day of each, the oldest first."""
    requested_on = decided_on = None
    for before, after, on in steps:
        if after == PermissionState.REQUESTED:
            requested_on = on
        elif before == PermissionState.REQUESTED:
            decided_on = on
    return Request(number, requested_on, decided_on, state)


def clock(requests: Iterable[Request], *, today: date, remind_after: int) -> Clock:
    """Return the times of an app's requests; ``requests``: the newest first."""
    rows = tuple(requests)
    newest = rows[0] if rows and rows[0].state is PermissionState.REQUESTED else None
    days = None
    if newest is not None and newest.requested_on is not None:
        days = max(0, (today - newest.requested_on).days)
    over = tuple(row for row in rows if row.state is not PermissionState.REQUESTED)
    return Clock(waiting=days, remind=days is not None and days >= remind_after, earlier=over)
