"""How a review and a permission go from state to state: one table, which buttons, services, commands and docs read.

Exact offers no interface to either, so each step is recorded by somebody after it happened there. What Exact calls
its states is known of one only, *In Review* (Dutch: Wordt beoordeeld); the others are ours.

Source: Exact, "Register a product app" and "Publication procedure" (Data & Security Review, Request permission).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from integrations.exact.review import DUTCH_IN_REVIEW, DUTCH_REQUEST_PERMISSION

RECORD: Final = "integrations.record_review"
AS_IT_STOOD: Final = "as_it_stood"
"""The code of what nobody saw happen here: how an app stood before the portal."""


class ReviewState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"


class PermissionState(StrEnum):
    """How Exact stands to a product app. It belongs to the app: no round of a review changes it."""

    NONE = "none"
    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """By us."""
    TAKEN_BACK = "taken_back"
    """By Exact."""


class Course(StrEnum):
    REVIEW = "review"
    PERMISSION = "permission"


class By(StrEnum):
    """Whose doing it is at Exact; staff record it here either way."""

    US = "us"
    EXACT = "Exact"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the table."""

    code: str
    """Stable: events, commands and addresses name a step by it."""
    course: Course
    before: tuple[str, ...]
    after: str
    label: str
    """What its button says."""
    sentence: str
    """What whoever presses it records."""
    by: By
    note: str
    """What is asked beside the day."""
    note_needed: bool = False
    right: str = RECORD


STEPS: Final = (
    Step(
        "submit",
        Course.REVIEW,
        (ReviewState.DRAFT,),
        ReviewState.SUBMITTED,
        "It is submitted",
        "The form was filled in and submitted at Exact as it stands here. It is frozen from now on.",
        By.US,
        "Note",
    ),
    Step(
        "begin",
        Course.REVIEW,
        (ReviewState.SUBMITTED,),
        ReviewState.IN_REVIEW,
        "Exact is reviewing it",
        "Exact shows that it is in review.",
        By.EXACT,
        "Note",
    ),
    Step(
        "approve",
        Course.REVIEW,
        (ReviewState.SUBMITTED, ReviewState.IN_REVIEW),
        ReviewState.APPROVED,
        "Exact approved it",
        "Exact approved this round; the scopes that were submitted are the approved ones from now on.",
        By.EXACT,
        "Note",
    ),
    Step(
        "reject",
        Course.REVIEW,
        (ReviewState.SUBMITTED, ReviewState.IN_REVIEW),
        ReviewState.REJECTED,
        "Exact rejected it",
        "Exact rejected this round. Granted permission and approved scopes stay as they are.",
        By.EXACT,
        "What Exact wrote",
        note_needed=True,
    ),
    Step(
        "request",
        Course.PERMISSION,
        (PermissionState.NONE, PermissionState.REFUSED, PermissionState.WITHDRAWN, PermissionState.TAKEN_BACK),
        PermissionState.REQUESTED,
        "Permission is requested",
        f"Request permission ({DUTCH_REQUEST_PERMISSION}) was pressed at Exact; it shows In Review "
        f"({DUTCH_IN_REVIEW}) there.",
        By.US,
        "Note",
    ),
    Step(
        "grant",
        Course.PERMISSION,
        (PermissionState.REQUESTED,),
        PermissionState.GRANTED,
        "Exact granted it",
        "Exact granted permission: customers with their own Exact subscription can connect.",
        By.EXACT,
        "Note",
    ),
    Step(
        "refuse",
        Course.PERMISSION,
        (PermissionState.REQUESTED,),
        PermissionState.REFUSED,
        "Exact refused it",
        "Exact refused permission: only users of your own Exact subscription can connect.",
        By.EXACT,
        "What Exact wrote",
        note_needed=True,
    ),
    Step(
        "withdraw",
        Course.PERMISSION,
        (PermissionState.REQUESTED, PermissionState.GRANTED),
        PermissionState.WITHDRAWN,
        "We withdrew it",
        "We gave the permission up, or took the request back. No further customer can connect.",
        By.US,
        "Why",
        note_needed=True,
    ),
    Step(
        "take_back",
        Course.PERMISSION,
        (PermissionState.GRANTED,),
        PermissionState.TAKEN_BACK,
        "Exact took it back",
        "Exact took the permission back. No further customer can connect.",
        By.EXACT,
        "What Exact wrote",
        note_needed=True,
    ),
    Step(
        "record_granted",
        Course.PERMISSION,
        tuple(state for state in PermissionState if state is not PermissionState.GRANTED),
        PermissionState.GRANTED,
        "Record it as granted",
        "Exact has granted permission already, and nobody wrote it down here.",
        By.EXACT,
        "How you know",
        note_needed=True,
    ),
)
BY_CODE: Final = {step.code: step for step in STEPS}
NEXT_ROUND: Final = frozenset({ReviewState.APPROVED, ReviewState.REJECTED})
"""A decided round is never changed: the next one begins as a copy of it."""
WITH_EXACT: Final = frozenset({ReviewState.SUBMITTED, ReviewState.IN_REVIEW, PermissionState.REQUESTED})
PERMISSION_STATES: Final = frozenset(str(state) for state in PermissionState)
OPEN_PERMISSION: Final = frozenset({PermissionState.REQUESTED, PermissionState.GRANTED})
"""From the others on, a further request is a row of its own."""
LABELS: Final[dict[str, str]] = {
    ReviewState.DRAFT: "Draft",
    **dict.fromkeys(WITH_EXACT, "With Exact"),
    ReviewState.APPROVED: "Approved",
    ReviewState.REJECTED: "Rejected",
    PermissionState.NONE: "Not requested",
    PermissionState.GRANTED: "Granted",
    PermissionState.REFUSED: "Refused",
    PermissionState.WITHDRAWN: "Withdrawn by us",
    PermissionState.TAKEN_BACK: "Taken back by Exact",
}
"""What pages say of a state."""
WORDS: Final = {**LABELS, ReviewState.SUBMITTED: "Submitted", ReviewState.IN_REVIEW: "In review",
                 PermissionState.REQUESTED: "Requested"}  # fmt: skip
"""What tells apart the states that pages read as one."""


def offered(course: Course, state: str) -> tuple[Step, ...]:
    """Return the steps that lead on from a state, in the order of the table."""
    return tuple(step for step in STEPS if step.course is course and state in step.before)


def why_not(
    step: Step, state: str, *, on: date | None, note: str, today: date, since: date | None, unmet: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return every reason why a step cannot be recorded.

    ``on``: the day it happened. ``since``: the day of the step before it, where that is known. ``unmet``: what else
    keeps it, in words, as whoever asks found it.
    """
    return tuple(_why_not(step, state, on, note, today, since, unmet))


def _why_not(
    step: Step, state: str, on: date | None, note: str, today: date, since: date | None, unmet: tuple[str, ...]
) -> Iterator[str]:
    if state not in step.before:
        yield (
            f"“{step.label}” cannot follow “{WORDS[state]}”. Somebody else may have recorded a step meanwhile: "
            "look at where it stands now."
        )
        return
    yield from unmet
    if on is None:
        yield "Enter the day on which it happened."
    elif on > today:
        yield "The day lies in the future."
    elif since is not None and on < since:
        yield f"The day lies before the step before it ({since.isoformat()})."
    if step.note_needed and not note.strip():
        yield f"Fill in “{step.note}”."


def diagram(course: Course) -> str:
    """Return the course as a Mermaid state diagram, as it stands in ``docs/``."""
    states = {ReviewState: Course.REVIEW, PermissionState: Course.PERMISSION}
    names = [state for kind, of in states.items() if of is course for state in kind]
    lines = [f'  state "{WORDS[state]}" as {state}' for state in names]
    lines += [f"  [*] --> {names[0]}"]
    lines += [
        f"  {before} --> {step.after}: {step.code} ({step.by})"
        for step in STEPS
        if step.course is course
        for before in step.before
    ]
    return "\n".join(["stateDiagram-v2", *lines]) + "\n"
