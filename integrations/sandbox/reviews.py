"""Rounds of the Data & Security Review of an app. Only an approved one changes what the API lets the app do.

The states are words of the sandbox; of Exact's own only *In Review* is known.
"""

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from integrations.sandbox import form as forms
from integrations.sandbox import registry
from integrations.sandbox.form import Form
from integrations.sandbox.registry import App

LABELS = {
    "": "Not submitted",
    "draft": "Draft",
    "in_review": "In review",
    "approved": "Approved",
    "rejected": "Rejected",
}


class StepRefusedError(Exception):
    """A step that the App Center does not take; the reasons say why, for people."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Review:
    """One round: draft → in_review → approved or rejected. `text`: what the reviewer wrote."""

    id: int
    client_id: str
    state: str
    form: Form
    text: str
    saved_at: float
    submitted_at: float | None
    decided_at: float | None

    @property
    def label(self) -> str:
        return LABELS[self.state]


def rounds(db: sqlite3.Connection, of: App) -> list[Review]:
    """Newest first."""
    rows = db.execute("SELECT * FROM review WHERE client_id = ? ORDER BY id DESC", (of.client_id,))
    return [_review(row) for row in rows]


def newest(db: sqlite3.Connection, of: App) -> Review | None:
    return next(iter(rounds(db, of)), None)


def approved(db: sqlite3.Connection, of: App) -> Review | None:
    """The newest approved round, if any: a later draft or rejection takes nothing of it back."""
    return next((review for review in rounds(db, of) if review.state == "approved"), None)


def form(db: sqlite3.Connection, of: App) -> Form:
    """The form as it stands: of the newest round, or a blank one.

    An app that had its scopes without a review (registered with permission) starts from those.
    """
    review = newest(db, of)
    if review is not None:
        return review.form
    return Form(scopes=of.scopes if of.granted else {})


def save(db: sqlite3.Connection, of: App, filled: Form, now: float) -> None:
    """Keep the form as a draft; after a decided round, as the next one. Nothing else changes.

    Raises StepRefusedError.
    """
    review = newest(db, of)
    if review is not None and review.state == "in_review":
        raise StepRefusedError("The form is in review: it can be edited again when that is decided.")
    if review is not None and review.state == "draft":
        db.execute("UPDATE review SET form = ?, saved_at = ? WHERE id = ?", (forms.dumps(filled), now, review.id))
        return
    db.execute(
        "INSERT INTO review (client_id, state, form, saved_at) VALUES (?, 'draft', ?, ?)",
        (of.client_id, forms.dumps(filled), now),
    )


def submit(db: sqlite3.Connection, of: App, now: float, *, english_too: bool) -> None:
    """Hand the saved draft to the reviewer. Raises StepRefusedError with everything that is missing."""
    review = _in_state(db, of, "draft", "There is no saved form to submit.")
    reasons = tuple(forms.missing(review.form, english_too=english_too))
    if reasons:
        raise StepRefusedError(*reasons)
    db.execute("UPDATE review SET state = 'in_review', submitted_at = ? WHERE id = ?", (now, review.id))


def approve(db: sqlite3.Connection, of: App, text: str, now: float) -> None:
    """The scopes of the round are the app's from now on. Raises StepRefusedError."""
    review = _in_state(db, of, "in_review", "Nothing is in review.")
    _decide(db, review, "approved", text, now)
    registry.change(db, replace(of, scopes=dict(review.form.scopes)))


def reject(db: sqlite3.Connection, of: App, text: str, now: float) -> None:
    """Permission and scopes stay as they are. Raises StepRefusedError."""
    review = _in_state(db, of, "in_review", "Nothing is in review.")
    if not text:
        raise StepRefusedError("Write what is wrong: whoever submitted the form has to mend it.")
    _decide(db, review, "rejected", text, now)


def _decide(db: sqlite3.Connection, review: Review, state: str, text: str, now: float) -> None:
    db.execute("UPDATE review SET state = ?, text = ?, decided_at = ? WHERE id = ?", (state, text, now, review.id))


def _in_state(db: sqlite3.Connection, of: App, state: str, otherwise: str) -> Review:
    review = newest(db, of)
    if review is None or review.state != state:
        raise StepRefusedError(otherwise)
    return review


def _review(row: sqlite3.Row) -> Review:
    values: dict[str, Any] = {**dict(row), "form": forms.loads(row["form"])}
    return Review(**values)
