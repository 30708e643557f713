"""Exact's permission for a product app: requested by its owner, granted or refused, taken back or withdrawn.

`App.granted` is what consent asks. The steps beside it say how that came about; an app that was registered with
permission, or was given it by the control API, has none. Exact publishes one of the states, *In Review*.
"""

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from integrations.sandbox import registry, reviews
from integrations.sandbox.registry import App
from integrations.sandbox.reviews import StepRefusedError

NONE, IN_REVIEW, GRANTED = "none", "in_review", "granted"
LABELS = {
    NONE: "Not requested",
    IN_REVIEW: "In Review",
    GRANTED: "Granted",
    "refused": "Refused",
    "withdrawn": "Withdrawn",
    "taken_back": "Taken back",
}


@dataclass(frozen=True)
class Step:
    """`by_exact`: at the real Exact somebody there does it; here whoever practises plays them."""

    label: str
    before: tuple[str, ...]
    after: str
    by_exact: bool = True


STEPS = {
    "request": Step("Request permission", (NONE, "refused", "withdrawn", "taken_back"), IN_REVIEW, by_exact=False),
    "grant": Step("Grant", (IN_REVIEW,), GRANTED),
    "refuse": Step("Refuse", (IN_REVIEW,), "refused"),
    "take_back": Step("Take back", (GRANTED,), "taken_back"),
    "withdraw": Step("Withdraw", (IN_REVIEW, GRANTED), "withdrawn", by_exact=False),
}


def state(db: sqlite3.Connection, of: App) -> str:
    """Where the permission stands, in a word of LABELS."""
    if of.granted:
        return GRANTED
    last = next(iter(steps(db, of)), None)
    if last is None:
        return NONE
    return "taken_back" if last["state"] == GRANTED else str(last["state"])


def steps(db: sqlite3.Connection, of: App) -> list[dict[str, Any]]:
    """What was done, newest first: `state`, `text`, `at`."""
    rows = db.execute(
        "SELECT state, text, at FROM permission_step WHERE client_id = ? ORDER BY id DESC", (of.client_id,)
    )
    return [dict(row) for row in rows]


def why_no_request(db: sqlite3.Connection, of: App) -> str:
    """Why permission cannot be requested yet; empty when it can."""
    if of.kind == "testing":
        return "A testing app needs no permission, and never gets one."
    if reviews.approved(db, of) is None:
        return "Permission can be requested after the Data & Security Review is approved."
    return ""


def take(db: sqlite3.Connection, of: App, name: str, text: str, now: float) -> None:
    """Take a step. Raises StepRefusedError when the permission does not stand where the step begins."""
    step, stands = STEPS[name], state(db, of)
    if stands not in step.before:
        raise StepRefusedError(f"“{step.label}” cannot follow “{LABELS[stands]}”.")
    refusal = why_no_request(db, of) if name == "request" else ""
    if refusal:
        raise StepRefusedError(refusal)
    db.execute(
        "INSERT INTO permission_step (client_id, state, text, at) VALUES (?, ?, ?, ?)",
        (of.client_id, step.after, text, now),
    )
    registry.change(db, replace(of, granted=step.after == GRANTED))
