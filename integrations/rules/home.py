"""The first line of the Integrations page: how many customers are connected, and who needs somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integrations.rules.customers import State

NO_APP: Final = "No app is set up yet. An app is your company's registration at Exact; begin with one."
_NEED: Final = (State.RECONNECT, State.TROUBLE)
"""Of these customers somebody has to do something; the others wait for Exact, or for the customer."""


@dataclass(frozen=True, slots=True)
class Apps:
    """The apps that are not archived."""

    all: int = 0
    enabled: int = 0
    yours: int = 0
    """Whose next step is that of whoever looks."""
    others: int = 0
    """Whose next step is somebody else's."""


def sentence(apps: Apps, customers: Mapping[State, int] | None, *, connects: bool) -> str:
    """Return the line. ``customers`` is None for who may not see them; ``connects``: whoever looks can help them."""
    if not apps.all:
        return NO_APP
    if customers is None:
        return _apps(apps)
    if not customers:
        return f"{_apps(apps)} No customer yet."
    return _customers(customers, apps, connects=connects)


def _apps(apps: Apps) -> str:
    enabled = f"{apps.enabled} of {_count(apps.all, 'app')} enabled"
    waiting = _waiting(apps)
    return f"{enabled}; {waiting}." if waiting else f"{enabled}."


def _customers(customers: Mapping[State, int], apps: Apps, *, connects: bool) -> str:
    ours = {state: number for state, number in customers.items() if state is not State.DISCONNECTED}
    total, connected = sum(ours.values()), ours.get(State.CONNECTED, 0)
    need = sum(ours.get(state, 0) for state in _NEED)
    doubted, absent = ours.get(State.VERIFYING, 0), ours.get(State.NOT_CONNECTED, 0)
    details = [
        _needs(need, "you" if connects else "a look") if need else "",
        f"{doubted} {'is' if doubted == 1 else 'are'} being verified" if doubted else "",
        f"{absent} {'is' if absent == 1 else 'are'} not connected yet" if absent else "",
    ]
    told = ", ".join(part for part in details if part)
    line, waiting = _connected(connected, total), _waiting(apps, what="app")
    if told or not waiting:
        line = f"{line}; {told or 'nothing needs you'}"
    return f"{line}. {waiting}." if waiting else f"{line}."


def _connected(connected: int, total: int) -> str:
    if not total:
        return "No customer is connected any more"
    if connected < total:
        return f"{connected} of {_count(total, 'customer')} connected"
    return "Your one customer is connected" if total == 1 else f"All {total} customers connected"


def _waiting(apps: Apps, what: str = "") -> str:
    """Say of how many apps somebody has to do something: those of whoever looks, where there are some."""
    number, whom = (apps.yours, "you") if apps.yours else (apps.others, "somebody else")
    return _needs(number, whom, what) if number else ""


def _needs(number: int, whom: str, what: str = "") -> str:
    named = _count(number, what) if what else str(number)
    return f"{named} {'needs' if number == 1 else 'need'} {whom}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
