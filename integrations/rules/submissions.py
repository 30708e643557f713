"""What goes to Exact with one round: the form, the scopes with their reasons, and the app that it is for.

It is frozen when it is submitted, by the hash of its canonical JSON: keys in order, no blanks, UTF-8.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from integrations.exact import review
from integrations.exact.scopes import SCOPES, Level
from integrations.rules import review_form
from integrations.rules.review_form import LABELS, UNANSWERED, Form
from integrations.rules.scope_grids import Grid


@dataclass(frozen=True, slots=True)
class Submission:
    """Everything of one round. No secret is in it."""

    app_name: str
    client_id: str
    region: str
    redirect_url: str
    """What the portal sends."""
    registered_redirect_url: str
    """What stands at Exact; empty where nobody wrote it down."""
    organization: str
    privacy_policy_url: str
    form: Form
    scopes: Grid
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why the app needs a scope, of those of ``scopes`` that have a reason."""


_SCOPE: Final = re.compile(r"[a-z]{1,30}\.[a-z]{1,29}", re.ASCII)
TEXTS: Final = {
    "app_name": "App name",
    "client_id": "Client ID",
    "region": "Region",
    "redirect_url": "Redirect URL",
    "registered_redirect_url": "Redirect URL at Exact",
    "organization": "Organization",
    "privacy_policy_url": "Privacy policy URL",
}


def as_sent(submission: Submission) -> Submission:
    """Return what Exact's form has a place for."""
    form = review_form.as_asked(submission.form, local=review.asks_local(submission.region))
    reasons = {scope: submission.reasons[scope] for scope in submission.scopes if submission.reasons.get(scope)}
    return replace(submission, form=form, reasons=reasons)


# --- Written and read -----------------------------------------------------------------------------------------


def write(submission: Submission) -> dict[str, Any]:
    """Return it as a JSON document; ``read`` is its reverse."""
    return {
        **{name: getattr(submission, name) for name in TEXTS},
        "form": review_form.write(submission.form),
        "scopes": {scope: str(level) for scope, level in submission.scopes.items()},
        "reasons": dict(submission.reasons),
    }


def read(raw: object) -> Submission:
    """Return what ``write`` made.

    Raises:
        Malformed: it is something else.
    """
    reader = review_form.Reader()
    values = reader.mapping(raw, "the submission", [*TEXTS, "form", "scopes", "reasons"])
    texts = {name: reader.text(values.get(name, ""), name) for name in TEXTS}
    scopes, reasons = (_by_scope(reader, values.get(part, {}), part) for part in ("scopes", "reasons"))
    for scope, level in scopes.items():
        reader.add_if(level not in set(Level), f"{scope} cannot be at “{level[:20]}”.")
    reader.finish()
    form = review_form.read(values.get("form", {}))
    grid = {scope: Level(scopes[scope]) for scope in [*SCOPES, *scopes] if scope in scopes}
    return Submission(**texts, form=form, scopes=grid, reasons={scope: why for scope, why in reasons.items() if why})


def _by_scope(reader: review_form.Reader, raw: object, where: str) -> dict[str, str]:
    """Return texts by scope; also by one that a later release of the form may no longer have."""
    names = [name for name in raw if _SCOPE.fullmatch(str(name))] if isinstance(raw, dict) else []
    return {scope: reader.text(text, f"{where}, {scope}") for scope, text in reader.mapping(raw, where, names).items()}


def digest(submission: Submission) -> str:
    """Return the SHA-256 of its canonical JSON, in hexadecimal."""
    return digest_of(write(submission))


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document, whatever order its keys are in."""
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


# --- Compared -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in two rounds."""

    field: str
    """The part of the form, as in ``review_form.FIELDS``."""
    label: str
    before: str
    after: str


def compare(one: Submission, other: Submission) -> tuple[Difference, ...]:
    """Return what differs from one round to another, in the order of the form."""
    before, after = dict(_lines(one)), dict(_lines(other))
    labels = sorted({**before, **after}, key=lambda key: review_form.FIELDS.index(key[0]))
    return tuple(
        Difference(*key, before.get(key, ""), after.get(key, ""))
        for key in labels
        if before.get(key, "") != after.get(key, "")
    )


def _lines(submission: Submission) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield every line of a round: its part and its label, and what stands there."""
    form = submission.form
    for name, label in TEXTS.items():
        yield ("app", label), getattr(submission, name)
    yield ("purpose_local", LABELS["purpose_local"]), form.purpose_local
    yield ("purpose_english", LABELS["purpose_english"]), form.purpose_english
    for scope in dict.fromkeys((*SCOPES, *submission.scopes)):
        level = submission.scopes.get(scope, Level.NONE)
        yield ("scopes", scope), "" if level is Level.NONE else level.capitalize()
        yield ("scopes", f"{scope}, reason"), submission.reasons.get(scope, "")
    for number in UNANSWERED:
        yield from _answer(number, form)
    for place, party in enumerate(form.third_parties, start=1):
        for name, text in asdict(party).items():
            yield ("third_parties", f"Third party {place}, {name.replace('_', ' ')}"), text
    for name, text in asdict(form.contact).items():
        yield ("contact", name.replace("_", " ").capitalize()), text
    yield ("terms", LABELS["terms"]), "Accepted" if form.terms else ""


def _answer(number: int, form: Form) -> Iterator[tuple[tuple[str, str], str]]:
    answer, key = form.answers[number], f"answer-{number}"
    yield (key, LABELS[key]), review.LABELS[answer.answer] if answer.answer else ""
    yield (key, f"{LABELS[key]}, explanation"), answer.explanation
    yield (key, f"{LABELS[key]}, evidence"), answer.evidence
    yield (key, f"{LABELS[key]}, valid until"), answer.valid_until.isoformat() if answer.valid_until else ""
