"""The Data & Security Review of one app: where it stands, what can be recorded next, and every round."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integrations.admin import (
    app_pages,
    app_review_draft,
    app_review_pages,
    app_review_questions,
    app_review_rounds,
    app_review_steps,
)
from integrations.admin.app_pages import Tab
from integrations.admin.app_review_pages import PREPARE, RECORD
from integrations.admin.base import CappedPaginator, acting, say_why_not
from integrations.models import Application, Review
from integrations.rules import moments, review_sentences, roles, workflow
from integrations.rules.lint import Severity
from integrations.rules.review_clock import Clock, Stage
from integrations.rules.workflow import Course, ReviewState, Step
from integrations.services import drifts, permissions, reviews
from integrations.services.refusals import Refused

PER_PAGE: Final = 20
PAGES: Final = (app_review_draft, app_review_rounds, app_review_steps, app_review_questions)
"""Modules that bring URLs of one round."""


def urls(admin_view: Any) -> list[URLPattern]:
    return [
        path("<uuid:pk>/review/", admin_view(page), name="app-review"),
        path("<uuid:pk>/review/begin/", admin_view(begin), name="app-review-begin"),
        *(url for module in PAGES for url in module.urls(admin_view)),
    ]


@require_safe
def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show where the newest round stands, what may be recorded of it, and the list of all.

    Raises:
        SuspiciousOperation: the address asks for something else than a page of the list.
    """
    application = app_pages.find(request, pk)
    if not {"p"}.issuperset(request.GET):
        raise SuspiciousOperation("This page takes p only.")
    review = reviews.newest(application)
    findings = reviews.findings(review) if review and review.is_draft else ()
    clock = reviews.clock(review) if review else None
    rejection = app_review_pages.rejection(application, review.number - 1) if review and review.is_draft else {}
    errors = sum(one.severity is Severity.ERROR for one in findings)
    context: dict[str, Any] = {
        "review": review,
        "sentence": _sentence(application, review, clock, errors=errors, rejected=bool(rejection)),
        "begins": review is None or review.state in workflow.NEXT_ROUND,
        "why_not_begun": reviews.why_not_begun(application),
        "may_prepare": request.user.has_perm(PREPARE),
        "may_record": request.user.has_perm(RECORD),
        "who_may_prepare": roles.who_may(PREPARE),
        "who_may_record": roles.who_may(RECORD),
        "drift": drifts.of([application]).get(application.pk, ()),
    }
    if review and clock:
        context |= {
            "findings": app_review_pages.grouped(request, review, findings),
            **rejection,
            "steps_next": [_verb(review, step) for step in workflow.offered(Course.REVIEW, review.state)],
            "stages": [_stage(stage) for stage in clock.stages],
            "earlier": ", ".join(map(review_sentences.days, clock.earlier)),
            "reminder": _reminder(clock),
            "told": app_review_pages.told_steps(review.steps.all()),
            "permission_next": review.state == ReviewState.APPROVED and permissions.waits(application),
            "unanswered": review.questions.filter(answered_on=None).count(),
            **_rounds(request, application, clock),
        }
    return app_pages.answer(request, application, Tab.REVIEW, "review/standing.html", **context)


@require_POST
def begin(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin the first round, or the next one as a copy; a second press of the button leads to what the first made."""
    application = app_pages.find(request, pk, PREPARE)
    try:
        review = reviews.begin(application, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
        return redirect(app_pages.address(application, Tab.REVIEW))
    messages.success(request, f"Round {review.number} has begun. Fill in what Exact's form asks.")
    return redirect(app_review_pages.address(review, "app-review-form"))


# --- What it shows --------------------------------------------------------------------------------------------


def _sentence(
    application: Application, review: Review | None, clock: Clock | None, *, errors: int, rejected: bool
) -> str:
    last = review.steps.last() if review else None
    return review_sentences.sentence(
        review_sentences.Facts(
            number=review.number if review else 0,
            state=ReviewState(review.state) if review else None,
            on=last.on if last else None,
            days=clock.with_exact if clock else 0,
            errors=errors,
            rejected=rejected,
            is_testing=application.is_testing,
        )
    )


def _reminder(clock: Clock) -> str:
    return review_sentences.reminder(clock.with_exact, clock.earlier) if clock.remind else ""


def _stage(stage: Stage) -> dict[str, str]:
    """Return a stage in words; it is told apart here what the state of the whole reads as one."""
    until = f" to {moments.day(stage.until)}" if stage.until else ""
    return {
        "label": workflow.WORDS[stage.state],
        "days": review_sentences.days(stage.days),
        "when": f"from {moments.day(stage.since)}{until}" if until else f"since {moments.day(stage.since)}",
    }


def _verb(review: Review, step: Step) -> dict[str, Any]:
    """Return a step as the page offers it; what only its own form can mend is no reason against it."""
    reasons = reviews.why_not(review, step.code, on=timezone.localdate(), note=step.note)
    return {"step": step, "reasons": reasons}


def _rounds(request: HttpRequest, application: Application, clock: Clock) -> dict[str, Any]:
    """Return a page of the rounds, the newest first, each with the days it was with Exact."""
    rows: Page[Review] = CappedPaginator(_listed(application), PER_PAGE).get_page(request.GET.get("p"))
    days: Sequence[int] = (*clock.earlier, clock.with_exact)
    return {
        "pages": rows,
        "rounds": [
            {"review": row, "chip": app_review_pages.chip(row.state), "days": days[row.number - 1]}
            for row in rows.object_list
        ],
        "numbers": [row.number for row in rows.object_list],
        "can_compare": application.reviews.count() > 1,
    }


def _listed(application: Application) -> Any:
    """Return the rounds without what stands in them: it may be long."""
    return application.reviews.defer("form", "submitted", "concerned").order_by("-number")
