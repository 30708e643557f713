"""What the form of a round sends: every field, as it is stored, and what somebody types over it."""

from typing import Any

from integrations.admin.app_review_form import CONTACT, PARTS, PARTY
from integrations.exact.review import QUESTIONS, asks_local
from integrations.models import Review
from integrations.services import reviews


def draft(review: Review, **typed: Any) -> dict[str, Any]:
    """Return the fields of a draft; names of fields with a hyphen are given with an underscore of two."""
    form = reviews.form(review)
    local = asks_local(review.application.region)
    sent: dict[str, Any] = {"version": review.version, "purpose_english": form.purpose_english}
    if local:
        sent["purpose_local"] = form.purpose_local
    for question in QUESTIONS:
        answer = form.answers[question.number]
        sent |= {f"{name}-{question.number}": getattr(answer, name) or "" for name in PARTS}
    for row, party in enumerate(form.third_parties):
        names = [name for name in PARTY if local or not name.endswith("_local")]
        sent |= {f"party-{row}-{name}": getattr(party, name) for name in names}
    sent |= {f"contact-{name}": getattr(form.contact, name) for name in CONTACT}
    if form.terms:
        sent["terms"] = "on"
    return sent | {name.replace("__", "-"): value for name, value in typed.items()}
