"""Rounds of a review to read: one as sent, two side by side, as Exact's form asks for it, as customers see it."""

from typing import Any, Final
from uuid import UUID

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST, require_safe

from integrations.admin import app_pages, app_review_pages
from integrations.admin.app_pages import Tab
from integrations.admin.app_review_pages import PREPARE, RECORD
from integrations.admin.base import acting, say_why_not
from integrations.exact.regions import by_code
from integrations.exact.review import local_levels
from integrations.exact.scopes import Level
from integrations.models import Review
from integrations.rules import submissions
from integrations.rules.lint import Severity
from integrations.rules.review_form import BLANK
from integrations.rules.submissions import Submission
from integrations.rules.workflow import Course, ReviewState, offered
from integrations.services import review_evidence, reviews
from integrations.services.refusals import Refused

NOTHING: Final = Submission("", "", "", "", "", "", "", BLANK, {})
"""Against it, everything that stands in a round is a difference."""


def urls(admin_view: Any) -> list[URLPattern]:
    def page(route: str, view: Any, name: str) -> URLPattern:
        pattern: URLPattern = path(f"<uuid:pk>/review/{route}", admin_view(view), name=f"app-review-{name}")
        return pattern

    return [
        page("compare/", compare, "compare"),
        page("<int:number>/", one, "round"),
        page("<int:number>/copy/", copy, "copy"),
        page("<int:number>/preview/", preview, "preview"),
        page("<int:number>/evidence/", evidence, "evidence"),
    ]


@require_safe
def one(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Show a round as it was sent; or a draft, as it would be sent now."""
    review = app_review_pages.find(request, pk, number)
    title = "What would be sent" if review.is_draft else "What was sent"
    context = {
        "told": app_review_pages.told_steps(review.steps.all()),
        **app_review_pages.rejection(review.application, number),
        "asked": review.questions.count(),
        "before": number - 1,
        "may_prepare": request.user.has_perm(PREPARE),
        **app_review_pages.shown(reviews.submission(review)),
    }
    return app_review_pages.answer(request, review, "round.html", title, **context)


@require_safe
def copy(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Show a round laid out as Exact's form, each field with a button that copies it."""
    review = app_review_pages.find(request, pk, number)
    steps = offered(Course.REVIEW, review.state) if request.user.has_perm(RECORD) else ()
    shown = app_review_pages.shown(submissions.as_sent(reviews.submission(review)))
    context = {
        "manage_url": by_code(review.application.region).developer_site,
        "submits": next((step for step in steps if step.after == ReviewState.SUBMITTED), None),
        "left": _errors(review) if review.is_draft else 0,
        "local_none": local_levels(review.application.region).get(Level.NONE, ""),
        "copied_parties": [_copied(number, party) for number, party in enumerate(shown["parties"], start=1)],
        **shown,
    }
    return app_review_pages.answer(request, review, "copy.html", "Copy to Exact", **context)


def _errors(review: Review) -> int:
    return sum(finding.severity is Severity.ERROR for finding in reviews.findings(review))


def _copied(number: int, party: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {
            "label": f"Third party {number}: {label[0].lower()}{label[1:]}",
            "text": text,
            "identifier": f"copy-party-{number}-{place}",
        }
        for place, (label, text) in enumerate(party)
    ]


@require_safe
def preview(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Show what customers will read when they consent at Exact."""
    review = app_review_pages.find(request, pk, number)
    submission = submissions.as_sent(reviews.submission(review))
    context = {
        "words": [_in_words(scope, level) for scope, level in submission.scopes.items()],
        **app_review_pages.shown(submission),
    }
    return app_review_pages.answer(request, review, "preview.html", "Preview of the consent", **context)


def _in_words(scope: str, level: Level) -> str:
    group, _, resource = scope.partition(".")
    verb = "Read and change" if level is Level.MANAGE else "Read"
    return f"{verb} {group.capitalize()}, {resource}"


@require_safe
def compare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show two rounds side by side: what differs, then what is the same in both."""
    application = app_pages.find(request, pk)
    if not {"one", "other"}.issuperset(request.GET):
        raise SuspiciousOperation("This page compares one with other.")
    rounds = list(application.reviews.order_by("-number").values_list("number", flat=True))
    if len(rounds) < 2:
        return redirect(app_pages.address(application, Tab.REVIEW))
    earlier = _asked(request, "one", rounds[1])
    later = _asked(request, "other", rounds[0])
    found = [app_review_pages.find(request, pk, number) for number in (earlier, later)]
    before, after = (submissions.as_sent(reviews.submission(review)) for review in found)
    differences = submissions.compare(before, after)
    context = {
        "rounds": rounds,
        "differs": f"{len(differences)} line{'' if len(differences) == 1 else 's'}",
        "concerned": found[1].concerned if later == earlier + 1 else (),
        "one": found[0],
        "other": found[1],
        "chips": [app_review_pages.chip(review.state) for review in found],
        "differences": differences,
        "same": _same(before, {(one.field, one.label) for one in differences}),
    }
    title = {"subtitle": "Review: two rounds", "page_title": "Two rounds side by side"}
    return app_pages.answer(request, application, Tab.REVIEW, "review/compare.html", **context, **title)


def _asked(request: HttpRequest, name: str, otherwise: int) -> int:
    """Return the number of a round.

    Raises:
        Http404: it is none.
    """
    text = request.GET.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)


def _same(submission: Submission, differing: set[tuple[str, str]]) -> list[submissions.Difference]:
    everything = submissions.compare(NOTHING, submission)
    return [one for one in everything if (one.field, one.label) not in differing]


@require_POST
def evidence(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """Answer with a file of everything about a round; that it was taken is an event."""
    review = app_review_pages.find(request, pk, number)
    try:
        content = review_evidence.pack(review, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
        return redirect(app_review_pages.address(review))
    response = HttpResponse(content, content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{review_evidence.name(review)}"'
    return response
