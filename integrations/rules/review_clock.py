"""How long a round has been where, and whether to remind of it. Days are whole: Exact tells no hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from integrations.rules.workflow import WITH_EXACT, ReviewState

_LASTING: Final = frozenset({ReviewState.DRAFT, *WITH_EXACT})


@dataclass(frozen=True, slots=True)
class Stage:
    """A state that a round was in, from one day to another, or to this one."""

    state: str
    since: date
    until: date | None
    """None while it lasts."""
    days: int


@dataclass(frozen=True, slots=True)
class Clock:
    """The times of a round beside those of earlier ones."""

    stages: tuple[Stage, ...]
    with_exact: int
    """Days since it was submitted, up to the decision or to today; 0 for a draft."""
    waiting: bool
    """It is with Exact now."""
    earlier: tuple[int, ...]
    """Days that earlier rounds were with Exact, the oldest first."""
    remind: bool
    """It has been with Exact for longer than pages wait before they remind."""


def stages(begun: date, steps: Sequence[tuple[str, date | None]], *, today: date) -> tuple[Stage, ...]:
    """Return the stages of a round from the states that it went into, each with its day; unknown is as the one before.

    A decision ends the clock: it is no stage in which time passes.
    """
    days = [begun]
    for _, day in steps:
        days.append(day or days[-1])
    days[0] = min(days[:2])  # a step may be of a day before the round was written down here
    states = ["draft", *(state for state, _ in steps)]
    ends: list[date | None] = [*days[1:], None]
    return tuple(
        Stage(state, since, until, max(0, ((until or today) - since).days))
        for state, since, until in zip(states, days, ends, strict=True)
        if state in _LASTING
    )


def with_exact(of: Sequence[Stage]) -> int:
    return sum(stage.days for stage in of if stage.state in WITH_EXACT)


def clock(of: Sequence[Stage], *, earlier: Sequence[Sequence[Stage]], remind_after: int) -> Clock:
    days = with_exact(of)
    waiting = bool(of) and of[-1].until is None and of[-1].state in WITH_EXACT
    return Clock(tuple(of), days, waiting, tuple(map(with_exact, earlier)), waiting and days >= remind_after)
