"""Answers to use again: our own answers to the twelve questions of the review, for any app."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from integrations.admin.app_pages import SEE
from integrations.admin.app_review_form import DayField, LinesField
from integrations.admin.app_review_pages import PREPARE
from integrations.admin.base import CappedPaginator, acting, clean_name, require, say_why_not
from integrations.admin.conflicts import SeenField
from integrations.admin.evidence_field import EvidenceField
from integrations.admin.radios import DescribedRadios
from integrations.admin.set_up_forms import PLAIN, StepForm
from integrations.exact.review import BY_NUMBER, LABELS, QUESTIONS, AnswerKind
from integrations.models import LibraryAnswer
from integrations.rules import review_lint, roles
from integrations.services import answers
from integrations.services.refusals import Conflict, Refused

TEMPLATES: Final = "admin/integrations/answers"
PER_PAGE: Final = 50
KEPT: Final = ("number", "name", "answer", "explanation", "evidence", "valid_until")


class AnswerForm(StepForm):
    """One answer, to which question, and by which name colleagues find it."""

    version = SeenField()
    number = forms.TypedChoiceField(
        label="Question",
        coerce=int,
        choices=[(question.number, f"{question.number}. {question.asks}") for question in QUESTIONS],
        error_messages={"required": "Choose a question.", "invalid_choice": "The form has no such question."},
    )
    name = forms.CharField(
        label="Name",
        max_length=100,
        help_text="By which colleagues find it, such as “Hosting in Amsterdam”.",
        error_messages={"required": "Give the answer a name."},
        widget=forms.TextInput(attrs=PLAIN),
    )
    answer = forms.ChoiceField(
        label="Answer",
        choices=list(LABELS.items()),
        error_messages={"required": "Choose an answer.", "invalid_choice": "Choose one of the answers."},
        widget=DescribedRadios({AnswerKind.NOT_APPLICABLE: "To question 11 only."}),
    )
    explanation = LinesField(label="Explanation", rows=4, longest=1000)
    evidence = EvidenceField()
    valid_until = DayField(label="Evidence valid until", help_text="Such as the day on which a certificate expires.")

    def __init__(self, data: QueryDict | None = None, *, row: LibraryAnswer | None) -> None:
        super().__init__(data, initial={name: getattr(row, name) for name in (*KEPT, "version")} if row else {})
        if row is None:
            del self.fields["version"]

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])


def urls(admin_view: Any) -> list[URLPattern]:
    return [
        path("answers/", admin_view(page), name="answers"),
        path("answers/add/", admin_view(add), name="answer-add"),
        path("answers/<uuid:answer>/", admin_view(change), name="answer"),
        path("answers/<uuid:answer>/delete/", admin_view(delete), name="answer-delete"),
    ]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """List the answers in the order of the form, and mark what has expired.

    Raises:
        SuspiciousOperation: the address asks for something else than a page of the list.
    """
    require(request, SEE)
    if not {"p"}.issuperset(request.GET):
        raise SuspiciousOperation("This page takes p only.")
    pages = CappedPaginator(LibraryAnswer.objects.order_by("number", "name", "id"), PER_PAGE).get_page(
        request.GET.get("p")
    )
    today = timezone.localdate()
    sections: dict[int, list[dict[str, Any]]] = {}
    for row in pages.object_list:
        sections.setdefault(row.number, []).append(
            {"row": row, "label": LABELS[AnswerKind(row.answer)], **validity(row.valid_until, today)}
        )
    context = {
        "title": "Answers to use again",
        "pages": pages,
        "sections": [{"question": BY_NUMBER[number], "rows": rows} for number, rows in sections.items()],
        "may_change": request.user.has_perm(PREPARE),
        "who_may_change": roles.who_may(PREPARE),
    }
    return _answer(request, "list.html", context)


def validity(until: date | None, today: date) -> dict[str, str]:
    """Return how it stands with evidence that expires, as a chip."""
    if until is None:
        return {}
    if until < today:
        return {"validity": "Expired", "tone": "bad"}
    left = (until - today).days
    if left <= review_lint.SOON.days:
        return {
            "validity": "Expires today" if not left else f"Expires in {left} day{'' if left == 1 else 's'}",
            "tone": "warn",
        }
    return {}


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Ask for a new answer; a POST keeps it."""
    _require(request)
    form = AnswerForm(request.POST if request.method == "POST" else None, row=None)
    if request.method == "POST" and form.is_valid():
        try:
            row = answers.add(LibraryAnswer(**form.cleaned_data), by=acting(request))
        except Refused as refusal:
            form.add_error(None, list(refusal.reasons))
        else:
            messages.success(request, f"The answer “{row.name}” is kept. Every draft offers it at its question.")
            return redirect("admin:answers")
    return _answer(request, "form.html", {"title": "Keep an answer", "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, answer: UUID) -> HttpResponse:
    """Show an answer; a POST changes it, unless somebody else did meanwhile."""
    _require(request)
    row = get_object_or_404(LibraryAnswer, pk=answer)
    if request.method != "POST":
        return _changing(request, row, AnswerForm(row=row))
    form = AnswerForm(request.POST, row=row)
    if not form.is_valid():
        return _changing(request, row, form)
    for name in KEPT:
        setattr(row, name, form.cleaned_data[name])
    try:
        answers.change(row, by=acting(request), version=form.cleaned_data["version"])
    except Conflict as conflict:
        return _conflicting(request, row, conflict)
    except Refused as refusal:
        form.add_error(None, list(refusal.reasons))
        return _changing(request, get_object_or_404(LibraryAnswer, pk=answer), form)
    messages.success(request, f"The answer “{row.name}” is saved. Rounds that used it stay as they are.")
    return redirect("admin:answers")


def _conflicting(request: HttpRequest, typed: LibraryAnswer, conflict: Conflict) -> HttpResponse:
    """Keep what was typed, and show what saving once more would overwrite."""
    now = get_object_or_404(LibraryAnswer, pk=typed.pk)
    differences = [
        {"label": str(AnswerForm.base_fields[name].label), "stored": _said(now, name), "typed": _said(typed, name)}
        for name in KEPT
        if getattr(now, name) != getattr(typed, name)
    ]
    data = request.POST.copy()
    data["version"] = str(now.version)
    told = {"reasons": conflict.reasons, "differences": differences}
    return _changing(request, now, AnswerForm(data, row=now), conflict=told)


def _said(row: LibraryAnswer, name: str) -> str:
    value = getattr(row, name)
    return LABELS[AnswerKind(value)] if name == "answer" else str(value or "nothing")


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, answer: UUID) -> HttpResponse:
    """Ask, and then delete an answer."""
    _require(request)
    row = get_object_or_404(LibraryAnswer, pk=answer)
    if request.method == "POST":
        try:
            answers.delete(row, by=acting(request))
        except Refused as refusal:
            say_why_not(request, refusal)
        else:
            messages.success(request, f"The answer “{row.name}” is deleted.")
        return redirect("admin:answers")
    context = {
        "title": f"Delete “{row.name}”?",
        "lead": "It is offered no more. Rounds that used it keep what they took from it.",
        "facts": [{"label": "Question", "text": f"{row.number}. {BY_NUMBER[row.number].asks}"}],
        "action": "Delete",
        "tone": "bad",
        "cancel_url": reverse("admin:answers"),
    }
    return _answer(request, "delete.html", context)


def _require(request: HttpRequest) -> None:
    require(request, SEE)
    require(request, PREPARE)


def _changing(request: HttpRequest, row: LibraryAnswer, form: AnswerForm, **context: Any) -> HttpResponse:
    return _answer(request, "form.html", {"title": row.name, "row": row, "form": form, **context})


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, f"{TEMPLATES}/{template}", {**admin.site.each_context(request), **context})
