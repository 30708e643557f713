"""How an app stands with us, and what may be done with it: one rule for the toggle, its pages and the services.

*Enabled*: customers connect, calls are made. *Disabled*: nobody connects and nothing is called, but links are kept
alive, so that nothing is lost. *Emergency stop*: no request at all. *Archived*: put away, without a live connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"
    STOPPED = "stopped"
    ARCHIVED = "archived"


_OTHERWISE: Final = {
    State.STOPPED: "It is under Emergency stop. Lift the stop first.",
    State.ARCHIVED: "It is archived. Bring it back first.",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules look at."""

    state: State
    live_connections: int = 0
    """Connections that hold tokens which work, or may."""
    ever_connected: bool = False
    ever_submitted: bool = False
    """A round of its review went to Exact."""


def state(*, enabled: bool, stopped: bool, archived: bool) -> State:
    """Return the state of a row; the database holds that it is one of them."""
    if archived:
        return State.ARCHIVED
    if stopped:
        return State.STOPPED
    return State.ENABLED if enabled else State.DISABLED


def why_not_enabled(now: State, faults: Sequence[str]) -> tuple[str, ...]:
    """Return every reason why the app cannot be enabled. ``faults``: what is wrong with it, in words (rules.lint)."""
    return (*_when(now, {State.ENABLED: "It is enabled already.", **_OTHERWISE}), *faults)


def why_not_disabled(now: State) -> tuple[str, ...]:
    return _when(now, {State.DISABLED: "It is disabled already.", **_OTHERWISE})


def why_not_stopped(now: State) -> tuple[str, ...]:
    return _when(
        now,
        {
            State.STOPPED: "It is under Emergency stop already.",
            State.ARCHIVED: "It is archived: nothing is asked of Exact through it.",
        },
    )


def why_not_lifted(now: State) -> tuple[str, ...]:
    return () if now is State.STOPPED else ("It is not under Emergency stop.",)


def why_not_archived(app: Standing) -> tuple[str, ...]:
    reasons = _when(
        app.state,
        {State.ARCHIVED: "It is archived already.", State.ENABLED: "It is enabled. Disable it first."},
    )
    if app.live_connections:
        reasons += (f"{_connections(app.live_connections)} through it. Disconnect the customers first.",)
    return reasons


def why_not_restored(now: State) -> tuple[str, ...]:
    return () if now is State.ARCHIVED else ("It is not archived.",)


def why_not_deleted(app: Standing) -> tuple[str, ...]:
    reasons = _when(app.state, {State.ENABLED: "An enabled app cannot be deleted. Disable it first."})
    if app.ever_connected:
        reasons += ("It has had connections, and what was done through them stays on record. Archive it instead.",)
    if app.ever_submitted:
        reasons += ("It was submitted for review, and what went to Exact stays on record. Archive it instead.",)
    return reasons


def why_client_id_stays(live_connections: int) -> tuple[str, ...]:
    """Return why another Client ID cannot be entered: tokens belong to the one they were given to."""
    if not live_connections:
        return ()
    lost = f"{_connections(live_connections)} by the present Client ID, and would be lost with it."
    return (f"{lost} Another Client ID is another app: set that one up beside this one.",)


def _when(now: State, reasons: dict[State, str]) -> tuple[str, ...]:
    return (reasons[now],) if now in reasons else ()


def _connections(number: int) -> str:
    return f"{number} connection lives" if number == 1 else f"{number} connections live"
