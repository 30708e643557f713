"""The one sentence of where the Data & Security Review of an app stands, and the reminder of one that takes long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from integrations.rules import moments
from integrations.rules.workflow import WITH_EXACT, ReviewState

TESTING: Final = "A testing app works for your own Exact subscription only: Exact reviews product apps."


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentence is made of: the newest round."""

    number: int = 0
    """0 where there is no round yet."""
    state: ReviewState | None = None
    on: date | None = None
    """The day of its last step, where that is known."""
    days: int = 0
    """How long it was, or has been, with Exact."""
    errors: int = 0
    """Findings that keep a draft from being submitted."""
    rejected: bool = False
    """Exact rejected the round before it."""
    is_testing: bool = False


def sentence(review: Facts) -> str:
    if review.state is None:
        if review.is_testing:
            return TESTING
        return "No round has begun. Exact reviews an app before customers of other subscriptions can connect."
    lead = f"Round {review.number}"
    if review.state is ReviewState.DRAFT:
        after = f", after Exact rejected round {review.number - 1}" if review.rejected else ""
        return f"{lead} is a draft{after}. {_left(review.errors)}"
    if review.state in WITH_EXACT:
        stage = "" if review.state is ReviewState.SUBMITTED else ", which shows it in review"
        return f"{lead} is with Exact{stage}: {days(review.days)} so far."
    word = "approved" if review.state is ReviewState.APPROVED else "rejected"
    return f"{lead} was {word} by Exact{_on(review.on)}, after {days(review.days)}."


def reminder(waited: int, earlier: Sequence[int]) -> str:
    """Say that a round has been with Exact for long, beside what earlier ones took."""
    text = f"This round has been with Exact for {days(waited)}. Look there whether it was decided, or ask."
    done = [one for one in earlier if one]
    if not done:
        return text
    took = " and ".join(filter(None, [", ".join(map(str, done[-4:-1])), str(done[-1])]))
    return f"{text} Earlier rounds took {took} {'day' if done == [1] else 'days'}."


def _left(errors: int) -> str:
    if not errors:
        return "Nothing keeps it from being submitted."
    return (
        "One thing keeps it from being submitted." if errors == 1 else f"{errors} things keep it from being submitted."
    )


def _on(when: date | None) -> str:
    return f" on {moments.day(when)}" if when else ""


def days(number: int) -> str:
    return {0: "less than a day", 1: "1 day"}.get(number, f"{number} days")
