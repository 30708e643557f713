"""The evidence of one round: everything that an auditor may ask for, in one ZIP. No secret is in it.

The page stands on its own, without a style sheet or a script from anywhere; the JSON says the same to programs. Cells
of the tables are safe to open in a spreadsheet.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify

from integrations.exact import regions
from integrations.exact import review as exact
from integrations.models import AuditEvent, Review, WorkflowStep
from integrations.rules import review_form, spreadsheets, submissions, workflow
from integrations.rules.actors import Actor
from integrations.rules.submissions import Submission
from integrations.services import people, reviewer_questions, reviews, rights

RIGHT: Final = "integrations.view_application"
PAGE: Final = "review.html"
DOCUMENT: Final = "review.json"
SCOPES_TABLE: Final = "scopes.csv"
ANSWERS_TABLE: Final = "answers.csv"
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""Of every file in the ZIP: the same evidence gives the same bytes, but for when and by whom it was packed."""


def name(review: Review) -> str:
    """Return what to call the file: the same for the same round."""
    app = slugify(reviews.submission(review).app_name) or str(review.application_id)
    return f"review-{app}-round-{review.number}.zip"


def pack(review: Review, *, by: Actor) -> bytes:
    """Return the ZIP, and record who took it.

    Raises:
        Refused: no right to it.
    """
    rights.require(by, RIGHT)
    document = _document(review, by=by)
    submission = reviews.submission(review)
    page = render_to_string("evidence/review.html", {"document": document, **_shown(review, submission)})
    files = {
        PAGE: page,
        DOCUMENT: json.dumps(document, ensure_ascii=False, indent=2) + "\n",
        SCOPES_TABLE: _table(("scope", "level", "reason"), _scopes(submission)),
        ANSWERS_TABLE: _table(("question", "asks", *_ANSWER), [tuple(row.values()) for row in _answers(submission)]),
    }
    AuditEvent.objects.record("review.packed", review.application, by=by, details=reviews.about(review))
    return _zipped(files)


def _document(review: Review, *, by: Actor) -> dict[str, Any]:
    """Return everything as one JSON document."""
    submission = reviews.submission(review)
    frozen = review.submitted is not None
    return {
        "app": str(review.application_id),
        "round": review.number,
        "state": review.state,
        "frozen": frozen,
        "sha256": reviews.digest(review),
        "concerned": review.concerned,
        "submission": review.submitted if frozen else submissions.write(submission),
        "findings": [asdict(finding) for finding in reviews.findings(review)],
        "history": _history(review),
        "questions": [_question(row) for row in reviewer_questions.of(review)],
        "packed_at": timezone.now().isoformat(timespec="seconds"),
        "packed_by": people.names([str(by)])[str(by)],
    }


# --- Parts ------------------------------------------------------------------------------------------------------

_ANSWER: Final = ("answer", "explanation", "evidence", "valid_until")


def _history(review: Review) -> list[dict[str, Any]]:
    """Return the steps of this round and of those before it, the oldest first."""
    rows = WorkflowStep.objects.filter(
        review__application=review.application_id, review__number__lte=review.number
    ).select_related("review")
    steps = list(rows)
    names = people.names({step.by for step in steps})
    return [_step(step, names[step.by]) for step in steps]


def _step(step: WorkflowStep, who: str) -> dict[str, Any]:
    return {
        "round": step.review.number if step.review else None,
        "step": step.code,
        "says": workflow.BY_CODE[step.code].label if step.code in workflow.BY_CODE else step.code,
        "before": step.before,
        "after": step.after,
        "on": step.on.isoformat() if step.on else None,
        "note": step.note,
        "evidence": step.evidence,
        "recorded_at": step.at.isoformat(timespec="seconds"),
        "recorded_by": who,
        "sha256": step.review.submitted_hash if step.review and step.code == "submit" else "",
    }


def _question(row: Any) -> dict[str, Any]:
    return {
        "asked_on": row.asked_on.isoformat(),
        "question": row.question,
        "answered_on": row.answered_on.isoformat() if row.answered_on else None,
        "answer": row.answer,
    }


def _scopes(submission: Submission) -> list[tuple[str, str, str]]:
    return [
        (scope, level.capitalize(), submission.reasons.get(scope, "")) for scope, level in submission.scopes.items()
    ]


def _answers(submission: Submission) -> list[dict[str, str]]:
    form = submission.form
    return [
        {
            "number": str(number),
            "asks": exact.BY_NUMBER[number].asks,
            "answer": exact.LABELS[answer.answer] if answer.answer else "",
            "explanation": answer.explanation,
            "evidence": answer.evidence,
            "valid_until": answer.valid_until.isoformat() if answer.valid_until else "",
        }
        for number in review_form.open_questions(form)
        for answer in [form.answers[number]]
    ]


def _shown(review: Review, submission: Submission) -> dict[str, Any]:
    """Return what the page shows beside the document, which is written for programs."""
    return {
        "submission": submission,
        "local_language": exact.local_language(submission.region) if exact.asks_local(submission.region) else "",
        "scopes": _scopes(submission),
        "answers": _answers(submission),
        "concerned": [review_form.LABELS.get(key, key) for key in review.concerned],
        "state": workflow.LABELS[review.state],
        "texts": [
            (label, regions.by_code(submission.region).title if key == "region" else getattr(submission, key))
            for key, label in submissions.TEXTS.items()
        ],
    }


# --- Files ------------------------------------------------------------------------------------------------------


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(titles)
    writer.writerows([spreadsheets.safe(cell) for cell in row] for row in rows)
    return written.getvalue()


def _zipped(files: dict[str, str]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in files.items():
            entry = zipfile.ZipInfo(file, EPOCH)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(entry, text.encode())
    return written.getvalue()
