"""The one sentence of what is true of an app, which its pages begin with."""

from dataclasses import dataclass

from integrations.rules.app_states import State
from integrations.rules.gate import WAITING
from integrations.rules.key_tests import WORKS_FOR_US


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentence is made of; moments and people in words."""

    state: State
    since: str = ""
    """When that began, and by whom; empty for a disabled app, which never began."""
    errors: int = 0
    """Findings that keep it from being enabled."""
    is_testing: bool = False
    is_awake: bool = True
    connections: int = 0
    """Those that live."""
    waits: bool = False
    """Customers cannot connect through it until Exact grants permission."""
    reconnect_from: str = ""
    """From when on somebody has to connect again, where nothing is refreshed."""


def sentence(app: Facts) -> str:
    """Return it; under an Emergency stop with its price, for a testing app with what its success is worth."""
    if app.state is State.ARCHIVED:
        return f"Archived {app.since}: nobody can connect through it."
    if not app.is_awake:
        return "It sleeps: it was made for another Exact than this portal talks to, so nothing is asked through it."
    if app.state is State.STOPPED:
        price = f" Somebody has to connect again from {app.reconnect_from} on." if app.reconnect_from else ""
        return f"Under Emergency stop {app.since}: nothing is asked of Exact through it.{price}"
    if app.state is State.DISABLED:
        return _disabled(app)
    waits = f", {WAITING}" if app.waits else ""
    if not app.connections:
        return f"Enabled {app.since}{waits}; nobody has connected yet."
    worth = f" {WORKS_FOR_US}" if app.is_testing else ""
    return f"Enabled {app.since}{waits}; {_live(app)}.{worth}"


def _disabled(app: Facts) -> str:
    if app.errors:
        what = "One thing keeps" if app.errors == 1 else f"{app.errors} things keep"
        lead = f"Disabled. {what} it from being enabled."
    else:
        lead = "Disabled, and ready to be enabled."
    kept = f" {_live(app)}, and {'is' if app.connections == 1 else 'are'} kept alive meanwhile."
    return f"{lead}{kept}" if app.connections else lead


def _live(app: Facts) -> str:
    return "1 connection lives" if app.connections == 1 else f"{app.connections} connections live"
