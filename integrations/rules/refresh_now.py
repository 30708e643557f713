"""What is said where somebody wants a new token at once: why Exact does not give one yet."""

from collections.abc import Callable
from datetime import datetime, timedelta

from integrations.rules import refresh

Say = Callable[[datetime], str]
"""Puts a moment into the organization's time."""


def why_not_yet(decision: refresh.Decision, answered_at: datetime | None, lifetime: timedelta, say: Say) -> str:
    """Return why nothing is asked now; "" where it is."""
    match decision:
        case refresh.Refresh():
            return ""
        case refresh.Use() if answered_at is not None:
            next_at, good_until = say(refresh.earliest(answered_at, lifetime)), say(answered_at + lifetime)
            return f"Exact gives a new token from {next_at} on; the one on hand is good until {good_until}."
        case refresh.Use():
            return "The token on hand is good."
        case refresh.WaitUntil(at, why):
            return f"{why} Not before {say(at)}."
        case refresh.Refuse(reason):
            return reason
