"""What is true of a customer: one state, one sentence; and what may be done with him."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

ERASED: Final = "Erased customer"
ERASED_COMPANY: Final = "Erased company"
Say = Callable[[datetime], str]


class State(StrEnum):
    """The worst that is true, so that the list can be filtered by it."""

    CONNECTED = "connected"
    TROUBLE = "trouble"
    RECONNECT = "reconnect"
    VERIFYING = "verifying"
    NOT_CONNECTED = "not-connected"
    DISCONNECTED = "disconnected"
    ERASED = "erased"


LABELS: Final = {
    State.CONNECTED: ("Connected", "good"),
    State.TROUBLE: ("Needs a look", "warn"),
    State.RECONNECT: ("Reconnect needed", "bad"),
    State.VERIFYING: ("Being verified", "warn"),
    State.NOT_CONNECTED: ("Not connected yet", "quiet"),
    State.DISCONNECTED: ("Disconnected", "quiet"),
    State.ERASED: ("Erased", "quiet"),
}
"""In words, with the tone of the chip."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A connection, as far as it reaches companies of the customer. ``status`` as the row has it."""

    status: str
    reason: str = ""
    since: datetime | None = None
    """When somebody had to connect again."""
    checked_at: datetime | None = None
    failed: str = ""
    """What the last check found; empty where all was well."""
    serves: bool = True
    """It reaches a company of the customer that we use, and not only what nobody uses or confirmed."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at."""

    companies: int
    """That belong to the customer and that we use."""
    reached: int
    """Of these, by a connection that lives."""
    consents: Sequence[Consent] = ()
    """Connections that reach one of these, dead ones too, unless it was withdrawn."""
    link_until: datetime | None = None
    """An open link page."""
    importing: bool = False
    """A connection is being brought from a former system, and waits for Exact."""
    disconnected_at: datetime | None = None
    erased_at: datetime | None = None
    unused: int = 0
    """Companies that are reached, too, and not used."""


def state(facts: Facts) -> State:
    if facts.erased_at:
        return State.ERASED
    if facts.disconnected_at:
        return State.DISCONNECTED
    statuses = {consent.status for consent in _telling(facts)}
    if not statuses:
        return State.NOT_CONNECTED
    if "reconnect" in statuses and _short(facts):
        return State.RECONNECT
    if "verifying" in statuses:
        return State.VERIFYING
    if _short(facts) or any(consent.failed for consent in _living(facts)):
        return State.TROUBLE
    return State.CONNECTED


def sentence(facts: Facts, now: datetime, say: Say) -> str:
    """Return what support says on the phone. ``say`` puts a moment into the organization's time."""
    match state(facts):
        case State.ERASED:
            return f"Erased on {say(facts.erased_at or now)}; only what was done with it is kept."
        case State.DISCONNECTED:
            link = f"; a link page is open until {say(facts.link_until)}" if facts.link_until else ""
            return f"Disconnected on {say(facts.disconnected_at or now)}{link}."
        case State.NOT_CONNECTED:
            return _not_connected(facts, say)
        case State.RECONNECT:
            return _reconnect(facts, say)
        case State.VERIFYING:
            return f"Being verified: {_why_verified(facts)}. {_reached(facts).capitalize()}{_unused(facts)}."
        case State.TROUBLE:
            return _trouble(facts, now)
        case State.CONNECTED:
            return f"Connected; {_checked(facts, now)}; {_all_well(facts)}{_unused(facts)}."


def ago(moment: datetime, now: datetime) -> str:
    """Return “4 minutes ago”, coarser the longer it is."""
    passed = max(now - moment, timedelta(0))
    for size, unit in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        count = passed // size
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


# --- What may be done ---------------------------------------------------------------------------------------


def why_not_linked(facts: Facts) -> tuple[str, ...]:
    """Return why no link page can be made for the customer."""
    return ("The customer is erased. Add a new one.",) if facts.erased_at else ()


def why_not_disconnected(facts: Facts) -> tuple[str, ...]:
    if facts.erased_at or facts.disconnected_at:
        return ("The customer is disconnected already.",)
    if not facts.consents and not facts.link_until and not facts.importing:
        return ("The customer is not connected, and has no open link page.",)
    return ()


def why_not_erased(facts: Facts) -> tuple[str, ...]:
    conditions = (
        (facts.erased_at is not None, "The customer is erased already."),
        (bool(facts.consents), "The customer is connected. Disconnect first."),
    )
    return tuple(reason for unmet, reason in conditions if unmet)


def goes_on(served: Collection[UUID | None], *, without: UUID) -> bool:
    """Tell whether a connection is still used when this customer is disconnected. ``served``: the owners of the
    companies that it reaches now; None is ourselves."""
    return any(owner != without for owner in served)


def why_not_assigned(*, same: bool, erased: bool, disconnected: bool, live: bool) -> tuple[str, ...]:
    """Return why a company cannot become the customer's. ``live``: a connection reaches the company now."""
    conditions = (
        (same, "The company belongs there already."),
        (erased, "The customer is erased."),
        (
            disconnected and live and not erased,
            "The customer is disconnected, and this company is connected. The customer has to connect again first.",
        ),
    )
    return tuple(reason for unmet, reason in conditions if unmet)


# --- Parts of sentences -------------------------------------------------------------------------------------


def _short(facts: Facts) -> bool:
    """Tell whether a company that we use cannot be reached, or none is used yet."""
    return facts.reached < facts.companies or not facts.companies


def _telling(facts: Facts) -> list[Consent]:
    """Return the consents that tell how the customer stands: those that serve used companies; all, where none does."""
    return [consent for consent in facts.consents if consent.serves] or list(facts.consents)


def _living(facts: Facts) -> list[Consent]:
    return [consent for consent in _telling(facts) if consent.status in {"connected", "verifying"}]


def _not_connected(facts: Facts, say: Say) -> str:
    if facts.importing:
        link = f" A link page is open until {say(facts.link_until)}, too." if facts.link_until else ""
        return f"Waiting for Exact: a connection is being brought from a former system.{link}"
    if facts.link_until:
        return f"Waiting for customer: a link page is open until {say(facts.link_until)}."
    if facts.companies:
        return f"No connection reaches {_companies(facts.companies)}, and no link page is open."
    return "Not connected yet, and no link page is open."


def _reconnect(facts: Facts, say: Say) -> str:
    dead = [consent for consent in _telling(facts) if consent.status == "reconnect"]
    first = min(dead, key=lambda consent: (consent.since is None, consent.since))
    since = f" since {say(first.since)}" if first.since else ""
    reason = f": {first.reason.rstrip('.')}" if first.reason else ""
    others = f" {_reached(facts)}." if facts.reached else ""
    return f"Reconnect needed{since}{reason}.{others}"


def _why_verified(facts: Facts) -> str:
    """Return what happened: Exact did not answer, or did not take a token."""
    reasons = (consent.reason for consent in _telling(facts) if consent.status == "verifying" and consent.reason)
    return next(reasons, "an answer of Exact was lost").rstrip(".")


def _trouble(facts: Facts, now: datetime) -> str:
    failed = [consent for consent in _living(facts) if consent.failed]
    if failed:
        return f"Connected, but the check {_when(failed[0], now)} failed: {failed[0].failed.rstrip('.')}."
    return f"Connected; {_checked(facts, now)}; {_reached(facts)}{_unused(facts)}."


def _checked(facts: Facts, now: datetime) -> str:
    checked = [consent for consent in _living(facts) if consent.checked_at]
    if not checked:
        return "the first check follows within a minute"
    return f"last checked {_when(min(checked, key=lambda consent: consent.checked_at or now), now)}"


def _when(consent: Consent, now: datetime) -> str:
    return ago(consent.checked_at or now, now)


def _reached(facts: Facts) -> str:
    if not facts.companies:
        return "none of its companies is used yet"
    return f"{facts.reached} of {_companies(facts.companies)} can be reached"


def _unused(facts: Facts) -> str:
    """Say how many more are reached: where somebody was to choose, and nobody did, staff have to see it."""
    if not facts.unused:
        return ""
    return f"; {facts.unused} {'more ' if facts.companies else ''}reached and not used"


def _all_well(facts: Facts) -> str:
    """Say that all can be reached, and, once somebody looked, that they are well."""
    checked = any(consent.checked_at for consent in _living(facts))
    if facts.companies == 1:
        return "its company is well" if checked else "its company can be reached"
    which = "both" if facts.companies == 2 else f"all {facts.companies}"
    return f"{which} companies well" if checked else f"{which} companies can be reached"


def _companies(count: int) -> str:
    return f"{count} {'company' if count == 1 else 'companies'}"
