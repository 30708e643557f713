"""The gate: whether somebody may connect through an app, as far as Exact's permission goes. One rule for every door.

Making a link, opening its page, going to Exact, coming back, and the commands ask it. Links for ourselves pass: the
owner's own subscription needs no permission. Customers are told in words of theirs, staff what to do next.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from integrations.rules import moments
from integrations.rules.link_texts import REASONS
from integrations.rules.link_words import Reason
from integrations.rules.workflow import PermissionState

TESTING: Final = "A testing app works for your own Exact subscription only: Exact refuses customers. Use a product app."
WAITING: Final = "waiting for permission"


@dataclass(frozen=True, slots=True)
class Passing:
    """Somebody at the gate: through which app, for whom."""

    is_testing: bool
    permission: PermissionState
    for_customer: bool
    since: date | None = None
    """The day on which the permission came to stand so; None where nobody knows."""
    tried_because: str = ""
    """Why staff let a customer try although no permission is recorded; empty where they did not."""


def is_open(*, is_testing: bool, permission: PermissionState) -> bool:
    """Tell whether customers may connect through an app."""
    return not is_testing and permission is PermissionState.GRANTED


def waits(*, is_testing: bool, permission: PermissionState) -> bool:
    """Tell whether an app for customers cannot serve any of them yet: *enabled, waiting for permission*."""
    return not is_testing and permission is not PermissionState.GRANTED


def why_not(one: Passing) -> tuple[str, ...]:
    """Return for staff why somebody cannot connect: the stage that it is in, and what to do next."""
    if _passes(one):
        return ()
    if one.is_testing:
        return (TESTING,)
    return (f"{stage(one.permission, one.since)} {ONLY_OURS} {NEXT[one.permission]}",)


def may_be_tried(one: Passing) -> bool:
    """Tell whether nothing but a missing record is in the way, so that staff with the right to it may try once."""
    return not _passes(one) and not one.is_testing


def explanation(one: Passing, *, organization: str) -> tuple[Reason, ...]:
    """Return for a customer why it is not possible yet, in sentences; an empty tuple where it is.

    ``organization``: what we are called; "" where nobody wrote it down.
    """
    if _passes(one):
        return ()
    if one.is_testing:
        return (Reason("gate_testing", we=organization),)
    code = f"gate_{one.permission.value}"
    on = {"on": one.since.isoformat()} if one.since and f"{code}_on" in REASONS else {}
    return (
        Reason("gate_not_yet", we=organization),
        Reason(f"{code}_on" if on else code, we=organization, **on),
        Reason("gate_nothing_to_do"),
    )


def stage(permission: PermissionState, since: date | None) -> str:
    """Return the stage that the permission of a product app is in, as a sentence for staff."""
    return _STAGES[permission].format(on=f" on {moments.day(since)}" if since else "")


def _passes(one: Passing) -> bool:
    if not one.for_customer:
        return True
    return not one.is_testing and (one.permission is PermissionState.GRANTED or bool(one.tried_because))


ONLY_OURS: Final = "Until Exact grants it, only users of your own Exact subscription can connect."
_STAGES: Final = {
    PermissionState.NONE: "Exact's permission has not been requested yet.",
    PermissionState.REQUESTED: "Permission was requested{on}, and is with Exact.",
    PermissionState.GRANTED: "Exact granted permission{on}.",
    PermissionState.REFUSED: "Exact refused permission{on}.",
    PermissionState.WITHDRAWN: "We withdrew the permission or the request for it{on}.",
    PermissionState.TAKEN_BACK: "Exact took the permission back{on}.",
}
_AGAIN: Final = "Read what Exact wrote on the app's tab Permission, mend it, and request permission again."
NEXT: Final = {
    PermissionState.NONE: "Request permission at Exact once the review is approved, and record it on the app's tab "
    "Permission.",
    PermissionState.REQUESTED: "Record on the app's tab Permission what Exact answers.",
    PermissionState.REFUSED: _AGAIN,
    PermissionState.WITHDRAWN: "Request it again at Exact, and record it on the app's tab Permission.",
    PermissionState.TAKEN_BACK: _AGAIN,
}
"""What staff do next, by the stage."""
