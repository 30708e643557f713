"""What Exact's reviewers asked about a round, and what we answered."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from integrations.admin import app_review_pages
from integrations.admin.app_review_form import DayField, LinesField
from integrations.admin.app_review_pages import RECORD
from integrations.admin.base import CappedPaginator, acting, require
from integrations.admin.set_up_forms import StepForm
from integrations.models import Review
from integrations.rules import roles
from integrations.services import people, reviewer_questions
from integrations.services.refusals import Refused

PER_PAGE = 50


class AskedForm(StepForm):
    """What was asked, and on which day; the answer may follow."""

    asked_on = DayField(label="Asked on", required=True)
    question = LinesField(label="What was asked", rows=3)
    answer = LinesField(label="Our answer", rows=3, help_text="It may follow later.")
    answered_on = DayField(label="Answered on")

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"asked_on": timezone.localdate()})


class AnswerForm(StepForm):
    """What we answered, and on which day."""

    answer = LinesField(label="Our answer", rows=4)
    answered_on = DayField(label="Answered on", required=True)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"answered_on": timezone.localdate()})


def urls(admin_view: Any) -> list[URLPattern]:
    route = "<uuid:pk>/review/<int:number>/questions/"
    return [
        path(route, admin_view(page), name="app-review-question"),
        path(f"{route}<uuid:question>/", admin_view(answering), name="app-review-answer"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """List what was asked; a POST adds a question."""
    review = app_review_pages.find(request, pk, number)
    if request.method != "POST":
        return _shown(request, review, AskedForm() if request.user.has_perm(RECORD) else None)
    require(request, RECORD)
    form = AskedForm(request.POST)
    if not form.is_valid():
        return _shown(request, review, form)
    try:
        reviewer_questions.ask(review, by=acting(request), **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, list(refusal.reasons))
        return _shown(request, review, form)
    messages.success(request, "The question is recorded.")
    return redirect(app_review_pages.address(review, "app-review-question"))


@require_http_methods(["GET", "HEAD", "POST"])
def answering(request: HttpRequest, pk: UUID, number: int, question: UUID) -> HttpResponse:
    """Ask for the answer to one question; a POST records it."""
    review = app_review_pages.find(request, pk, number, RECORD)
    row = get_object_or_404(review.questions, pk=question)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            text, on = form.cleaned_data["answer"], form.cleaned_data["answered_on"]
            reviewer_questions.answer(row, text, by=acting(request), answered_on=on)
        except Refused as refusal:
            form.add_error(None, list(refusal.reasons))
        else:
            messages.success(request, "The answer is recorded.")
            return redirect(app_review_pages.address(review, "app-review-question"))
    return app_review_pages.answer(
        request, review, "answering.html", "Answer a question", form=form, question=row, deeper=True
    )


def _shown(request: HttpRequest, review: Review, form: AskedForm | None) -> HttpResponse:
    pages = CappedPaginator(review.questions.order_by("-asked_on", "-created_at", "id"), PER_PAGE).get_page(
        request.GET.get("p")
    )
    rows = list(pages.object_list)
    names = people.names(row.created_by for row in rows)
    context = {
        "form": form,
        "pages": pages,
        "questions": [{"row": row, "by": names[row.created_by]} for row in rows],
        "may_record": request.user.has_perm(RECORD),
        "who_may_record": roles.who_may(RECORD),
        "why_not_asked": "Nobody at Exact has seen a draft." if review.is_draft else "",
    }
    return app_review_pages.answer(request, review, "questions.html", "Questions of Exact's reviewers", **context)
