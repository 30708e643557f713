"""Who may try to sign in, and when again; how long a session lasts, and when keys ask for the password anew.

A try is counted before the password is looked at, and given back where it was right. What is counted depends on
where the try comes from, so that no stranger's failures keep anybody out:

- *known browser* (this account signed in with it before): its own failures, and nobody else's;
- *familiar network* (this account signed in from there before): the failures with this name from there, and all
  failures from there. What happens elsewhere does not count;
- *anywhere else*: the same; and while a name is tried from many places, each of them has one try in place of five.
  So a name is never closed as a whole: the first try from any place is always looked at.

Only the name that was typed and the place decide, never whether there is such an account.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

WINDOW: Final = timedelta(minutes=15)
"""Failures are forgotten this long after the first of them."""
HERE_LIMIT: Final = 5
NETWORK_LIMIT: Final = 30
NAME_ALARM: Final = 20
"""So many failures with one name from unfamiliar places, and each such place has LIMIT_IN_ALARM tries."""
LIMIT_IN_ALARM: Final = 1
CLOCK_SKEW: Final = timedelta(minutes=1)

LONGEST_PASSWORD: Final = 4096

BROWSER_KNOWN: Final = timedelta(days=180)
NETWORK_FAMILIAR: Final = timedelta(days=90)

SESSION_LASTS: Final = timedelta(hours=12)
"""From the log-in, however much the session is used."""
KEYS_IDLE: Final = timedelta(minutes=30)
NOTED_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use of a session is known."""


class Scope(StrEnum):
    """What failures are counted for."""

    HERE = "here"
    NETWORK = "network"
    NAME = "name"


class Standing(StrEnum):
    """What an account has to do with the place that a try comes from."""

    BROWSER = "known browser"
    FAMILIAR = "familiar network"
    NEW = "new place"


SCOPES: Final = {
    Standing.BROWSER: (Scope.HERE,),
    Standing.FAMILIAR: (Scope.HERE, Scope.NETWORK),
    Standing.NEW: (Scope.HERE, Scope.NETWORK, Scope.NAME),
}
REASONS: Final = {
    Scope.HERE: "Too many tries with this user name from here had no success.",
    Scope.NETWORK: "Too many tries to sign in from your network had no success.",
}
IN_ALARM: Final = "This user name is being tried from many places, so each place has one try at a time."


@dataclass(frozen=True, slots=True)
class Tally:
    """Failures, tries under way included, and when the first of them was."""

    failures: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a try may be made; where not, every scope that is full, and when the last of them has room again."""

    full: tuple[Scope, ...] = ()
    reasons: tuple[str, ...] = ()
    retry_at: datetime | None = None


def decide(tallies: Mapping[Scope, Tally], standing: Standing, now: datetime) -> Verdict:
    """Decide on one more try; a scope without a tally has no failures."""
    counted = {scope: current(tallies[scope], now) for scope in SCOPES[standing] if scope in tallies}
    alarm = Scope.NAME in counted and counted[Scope.NAME].failures >= NAME_ALARM
    limits = {Scope.HERE: LIMIT_IN_ALARM if alarm else HERE_LIMIT, Scope.NETWORK: NETWORK_LIMIT}
    full = tuple(scope for scope, limit in limits.items() if scope in counted and counted[scope].failures >= limit)
    reasons = tuple(IN_ALARM if alarm and scope is Scope.HERE else REASONS[scope] for scope in full)
    return Verdict(full, reasons, max((counted[scope].since + WINDOW for scope in full), default=None))


def current(tally: Tally, now: datetime) -> Tally:
    """Return the tally as it counts now: begun anew where its time is over, or where the clock was set back."""
    counts = tally.since - CLOCK_SKEW <= now < tally.since + WINDOW
    return tally if counts else Tally(0, now)


def place(address: str) -> str:
    """Return where an address belongs: itself, or the /64 that one household or machine has in IPv6."""
    return _network(address, 64)


def surroundings(address: str) -> str:
    """Return what a stranger gets at a time: one IPv4 address, or a /48 in IPv6 with all its networks."""
    return _network(address, 48)


def _network(address: str, prefix: int) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((parsed, prefix), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def is_over(began: datetime, now: datetime) -> bool:
    """Tell whether a session that began then has ended by now."""
    return not began - CLOCK_SKEW <= now < began + SESSION_LASTS


def may_set_keys(seen: datetime, now: datetime) -> bool:
    """Tell whether keys may be set without the password: the session was used within the last 30 minutes."""
    return seen - CLOCK_SKEW <= now <= seen + KEYS_IDLE


def is_worth_noting(seen: datetime, now: datetime) -> bool:
    """Tell whether a use of the session moves its mark. After 30 idle minutes only the password does."""
    return may_set_keys(seen, now) and now - seen >= NOTED_EVERY
