"""A step of the review, recorded after it happened at Exact: on which day, with what note, shown by what."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from integrations.admin import app_pages, app_review_pages
from integrations.admin.app_pages import Tab
from integrations.admin.app_review_form import DayField, LinesField
from integrations.admin.app_review_pages import RECORD
from integrations.admin.base import acting
from integrations.admin.conflicts import SeenField
from integrations.admin.evidence_field import EvidenceField
from integrations.admin.set_up_forms import StepForm
from integrations.exact.review import QUESTIONS
from integrations.models import Review
from integrations.rules import review_form, workflow
from integrations.rules.workflow import Course, ReviewState, Step
from integrations.services import reviews
from integrations.services.refusals import Refused

DONE: Final = {
    ReviewState.SUBMITTED: "It is recorded that round {number} was submitted. What was sent is frozen from now on.",
    ReviewState.IN_REVIEW: "It is recorded that Exact is reviewing round {number}.",
    ReviewState.APPROVED: "It is recorded that Exact approved round {number}. Its scopes are the approved ones now.",
    ReviewState.REJECTED: "It is recorded that Exact rejected round {number}. The next round has begun as a copy "
    "of it, with what the rejection is about marked.",
}
_ASKS: Final = {f"answer-{question.number}": question.asks for question in QUESTIONS}
"""Beside the number of a question, of which nobody knows by heart what it asks."""


class RecordForm(StepForm):
    """The day, the note, what shows it; of a rejection also which fields Exact's text is about."""

    version = SeenField()
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    on = DayField(label="Day", help_text="The day on which it happened at Exact.")
    evidence = EvidenceField()

    def __init__(self, data: QueryDict | None = None, *, step: Step, review: Review) -> None:
        seen = {"version": review.version, "seen": reviews.digest(review)}
        super().__init__(data, initial={"on": timezone.localdate(), **seen})
        self.labels = review_form.labels(review.application.region)
        self.fields["note"] = LinesField(label=step.note, rows=4)
        self.fields["evidence"].help_text = "The address of the e-mail, ticket or page that shows it."
        if step.after == ReviewState.REJECTED:
            self.fields["concerned"] = forms.MultipleChoiceField(
                label="Which fields is it about?",
                choices=list(self.labels.items()),
                required=False,
                error_messages={"invalid_choice": "The form has no such field."},
            )
            self.fields["note"].help_text = "Word for word, as Exact wrote it: the next round shows it."

    def ticks(self) -> list[dict[str, Any]]:
        chosen = set(self["concerned"].value() or ())
        return [
            {"value": key, "label": label, "asks": _ASKS.get(key, ""), "ticked": key in chosen}
            for key, label in self.labels.items()
        ]


def urls(admin_view: Any) -> list[URLPattern]:
    route = "<uuid:pk>/review/<int:number>/step/<slug:code>/"
    return [path(route, admin_view(page), name="app-review-step")]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: UUID, number: int, code: str) -> HttpResponse:
    """Ask for what a step needs, or list what is in its way; a POST records it."""
    review = app_review_pages.find(request, pk, number, RECORD)
    step = workflow.BY_CODE.get(code)
    if step is None or step.course is not Course.REVIEW:
        raise Http404
    if request.method != "POST":
        return _shown(request, review, step, RecordForm(step=step, review=review))
    form = RecordForm(request.POST, step=step, review=review)
    if not form.is_valid():
        return _shown(request, review, step, form)
    try:
        reviews.take(review, code, by=acting(request), **form.cleaned_data)
    except Refused as refusal:
        return _refused(request, review, step, refusal)
    messages.success(request, DONE[ReviewState(step.after)].format(number=review.number))
    return redirect(app_pages.address(review.application, Tab.REVIEW))


def _refused(request: HttpRequest, review: Review, step: Step, refusal: Refused) -> HttpResponse:
    """Keep what was typed, over the round as it is now; what is in the way anyhow stands there already."""
    review = app_review_pages.find(request, review.application_id, review.number)
    data = request.POST.copy()
    data["version"], data["seen"] = str(review.version), reviews.digest(review)
    form = RecordForm(data, step=step, review=review)
    form.is_valid()
    form.add_error(None, list(refusal.reasons))
    return _shown(request, review, step, form)


def _shown(request: HttpRequest, review: Review, step: Step, form: RecordForm) -> HttpResponse:
    reasons = reviews.why_not(review, step.code, on=timezone.localdate(), note=step.note)
    findings = reviews.findings(review) if review.is_draft and step.after == ReviewState.SUBMITTED else ()
    context = {
        "step": step,
        "form": form,
        "reasons": reasons,
        "findings": app_review_pages.grouped(request, review, findings),
    }
    return app_review_pages.answer(request, review, "step.html", step.label, **context)
