"""What is said where somebody wants a new token at once: why Exact does not give one yet."""

from collections.abc import Callable
from datetime import datetime

from integrations.rules import refresh

Say = Callable[[datetime], str]
"""Puts a moment into the organization's time."""


def why_not_yet(decision: refresh.Decision, *, next_at: datetime | None, good_until: datetime | None, say: Say) -> str:
    """Return why nothing is asked now; "" where it is.

    ``next_at``: from when on Exact gives another token; ``good_until``: how long the one on hand serves.
    """
    match decision:
        case refresh.Refresh():
            return ""
        case refresh.Use() if next_at is not None and good_until is not None:
            return f"Exact gives a new token from {say(next_at)} on; the one on hand is good until {say(good_until)}."
        case refresh.Use():
            return "The token on hand is good."
        case refresh.WaitUntil(at, why):
            return f"{why} Not before {say(at)}."
        case refresh.Refuse(reason):
            return reason
