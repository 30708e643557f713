"""The draft of a round: the form of Exact, filled in here, saved as often as one likes, with all that is missing."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from integrations.admin import answers, app_review_pages, conflicts
from integrations.admin.app_review_form import DraftForm, with_answer
from integrations.admin.app_review_pages import PREPARE
from integrations.admin.base import acting, say_why_not, told
from integrations.exact.regions import by_code
from integrations.exact.review import BY_NUMBER, LABELS, PURPOSE_LONGEST, AnswerKind, length
from integrations.models import AuditEvent, LibraryAnswer, Review
from integrations.rules import review_form, submissions
from integrations.rules.lint import Severity
from integrations.rules.review_form import Answer, Form
from integrations.rules.review_lint import Finding
from integrations.services import answers as library
from integrations.services import reviews
from integrations.services.refusals import Conflict, Refused

SUGGESTION: Final = "suggestion-"
GONE: Final = "This answer is not in the library any more. The draft was saved without it."


def urls(admin_view: Any) -> list[URLPattern]:
    return [path("<uuid:pk>/review/<int:number>/form/", admin_view(page), name="app-review-form")]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Show the form; a POST saves it, however much is missing, unless somebody else saved meanwhile."""
    review = app_review_pages.find(request, pk, number, PREPARE)
    if request.method != "POST":
        return _shown(request, review, _form(review)) if review.is_draft else redirect(app_review_pages.address(review))
    form = _form(review, request.POST)
    if not form.is_valid():
        return _shown(request, review, form) if review.is_draft else _frozen(request, review)
    return _save(request, review, form)


def _form(review: Review, data: QueryDict | None = None) -> DraftForm:
    stored = review_form.read(review.form)
    return DraftForm(data, form=stored, version=review.version, region=review.application.region)


def _frozen(request: HttpRequest, review: Review) -> HttpResponse:
    """Refuse to change what was submitted, as the service does and records."""
    try:
        reviews.save(review, review_form.read(review.form), by=acting(request), version=review.version)
    except Refused as refusal:
        say_why_not(request, refusal)
    return redirect(app_review_pages.address(review))


def _save(request: HttpRequest, review: Review, form: DraftForm) -> HttpResponse:
    typed, anchor = form.typed(), ""
    if wanted := request.POST.get("insert"):
        typed, anchor = _inserted(request, typed, wanted)
    try:
        reviews.save(review, typed, by=acting(request), version=form.cleaned_data["version"])
    except Conflict as conflict:
        now = _now(review)
        if differences := _differences(now, typed):
            return _conflicting(request, now, form, reasons=conflict.reasons, differences=differences)
        # Sent twice, or the same by two people: it is stored.
    except Refused as refusal:
        if not _now(review).is_draft:
            say_why_not(request, refusal)
            return redirect(app_review_pages.address(review))
        form.add_error(None, list(refusal.reasons))
        return _shown(request, _now(review), form)
    messages.success(request, "The draft is saved.")
    return redirect(f"{app_review_pages.address(review, 'app-review-form')}{anchor}")


def _now(review: Review) -> Review:
    now: Review = Review.objects.select_related("application").get(pk=review.pk)
    return now


# --- Answers to use again -------------------------------------------------------------------------------------


def _inserted(request: HttpRequest, typed: Form, wanted: str) -> tuple[Form, str]:
    """Return the form with the answer that a button was pressed for, and the part of the page where it is."""
    suggested = wanted.removeprefix(SUGGESTION)
    if wanted.startswith(SUGGESTION) and suggested in map(str, BY_NUMBER) and BY_NUMBER[int(suggested)].suggestion:
        number = int(suggested)
        parts: dict[str, Any] = {"answer": AnswerKind.YES, "explanation": BY_NUMBER[number].suggestion}
    elif row := _library_answer(wanted):
        number = row.number
        parts = {
            "answer": AnswerKind(row.answer),
            "explanation": row.explanation,
            "evidence": row.evidence,
            "valid_until": row.valid_until,
        }
    else:
        messages.warning(request, GONE)
        return typed, ""
    return with_answer(typed, number, **parts), f"#field-answer-{number}"


def _library_answer(wanted: str) -> LibraryAnswer | None:
    try:
        return LibraryAnswer.objects.filter(pk=UUID(wanted)).first()
    except ValueError:
        return None


# --- Two people and one draft ---------------------------------------------------------------------------------


def _differences(now: Review, typed: Form) -> list[dict[str, str]]:
    """Return each line in which what was typed is not what is stored now."""
    submission = reviews.submission(now)
    stored = replace(submission, form=review_form.read(now.form))
    found = submissions.compare(stored, replace(submission, form=review_form.tidied(typed)))
    return [{"label": one.label, "stored": one.before or "nothing", "typed": one.after or "nothing"} for one in found]


def _conflicting(request: HttpRequest, now: Review, form: DraftForm, **conflict: Any) -> HttpResponse:
    """Keep what was typed, and show what saving once more would overwrite."""
    newer = max(0, now.version - form.cleaned_data["version"])
    saved = AuditEvent.objects.about(now.application).filter(action="review.saved")
    told_first = told(list(saved[: min(newer, conflicts.MOST_SHOWN)]))
    data = request.POST.copy()
    data["version"] = str(now.version)
    return _shown(request, now, _form(now, data), conflict={**conflict, "events": told_first})


# --- What it shows --------------------------------------------------------------------------------------------


def _shown(request: HttpRequest, review: Review, form: DraftForm, **context: Any) -> HttpResponse:
    findings = () if form.errors else reviews.findings(review)  # they speak of what is stored, not of what was typed
    offered = _offered()
    at = _by_field(findings)
    concerned = frozenset(review.concerned)
    everything = {
        "form": form,
        "errors": sum(one.severity is Severity.ERROR for one in findings),
        "longest": PURPOSE_LONGEST,
        "purposes": [
            {
                "field": form[name],
                "key": name,
                "length": length(str(form[name].value() or "")),
                "found": at.get(name, ()),
                "concerned": name in concerned,
            }
            for name in ("purpose_local", "purpose_english")
            if name in form.fields
        ],
        "groups": list(app_review_pages.groups(reviews.submission(review))),
        "language_code": by_code(review.application.region).language_code,
        "questions": [
            {
                **row,
                "key": (key := f"answer-{row['number']}"),
                "found": at.get(key, ()),
                "concerned": key in concerned,
                "library": offered.get(row["number"], ()),
            }
            for row in form.questions()
        ],
        "at": at,
        **{f"{key}_concerned": key in concerned for key in ("scopes", "third_parties", "contact", "terms")},
        **app_review_pages.rejection(review.application, review.number - 1),
        **context,
    }
    return app_review_pages.answer(request, review, "form.html", "The form", **everything)


def _by_field(findings: Iterable[Finding]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for one in findings:
        found.setdefault(one.field, []).append({"text": one.text, "code": one.code, "tone": app_review_pages.tone(one)})
    return found


def _offered() -> dict[int, list[dict[str, Any]]]:
    """Return what can be inserted at each question: the suggestion of the set-up article, then the library's."""
    today = timezone.localdate()
    found: dict[int, list[dict[str, Any]]] = {}
    for question in BY_NUMBER.values():
        if question.suggestion:
            suggested = Answer(AnswerKind.YES, question.suggestion)
            found[question.number] = [
                {
                    "value": f"{SUGGESTION}{question.number}",
                    "name": "Suggested answer",
                    "answer": suggested,
                    "label": "Yes",
                }
            ]
    for row in library.every():
        label, validity = LABELS[AnswerKind(row.answer)], answers.validity(row.valid_until, today)
        item = {"value": str(row.pk), "name": row.name, "answer": row, "label": label, **validity}
        found.setdefault(row.number, []).append(item)
    return found
