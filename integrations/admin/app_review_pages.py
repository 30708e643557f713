"""What the pages of a review share: which round is meant, what a finding leads to, and a round as it is shown."""

from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from integrations.admin import app_pages
from integrations.admin.app_findings import HEADINGS
from integrations.admin.app_pages import Tab
from integrations.admin.app_review_form import CONTACT
from integrations.exact.regions import by_code
from integrations.exact.review import LABELS, QUESTIONS, asks_local, local_language, local_levels
from integrations.exact.scopes import GROUPS, Level
from integrations.models import Application, Review, WorkflowStep
from integrations.rules import review_form, workflow
from integrations.rules.lint import Severity
from integrations.rules.review_lint import ORGANIZATION, Finding
from integrations.rules.submissions import Submission
from integrations.rules.workflow import ReviewState
from integrations.services import people

PREPARE: Final = "integrations.prepare_review"
RECORD: Final = "integrations.record_review"
TONES: Final = {
    ReviewState.DRAFT: "quiet",
    ReviewState.SUBMITTED: "info",
    ReviewState.IN_REVIEW: "info",
    ReviewState.APPROVED: "good",
    ReviewState.REJECTED: "bad",
}


def find(request: HttpRequest, pk: UUID, number: int, *rights: str) -> Review:
    """Return a round of an app, for whoever may see apps and has the further rights.

    Raises:
        PermissionDenied: one of them is lacking.
        Http404: there is no such app, or no such round of it.
    """
    application = app_pages.find(request, pk, *rights)
    # A number that no column holds is none of a round.
    review = application.reviews.filter(number=number).first() if number < 2**31 else None
    if review is None:
        raise Http404
    review.application = application
    return review


def address(review: Review, name: str = "app-review-round") -> str:
    return reverse(f"admin:{name}", args=[review.application_id, review.number])


def answer(request: HttpRequest, review: Review, template: str, title: str, **context: Any) -> HttpResponse:
    """Answer with a page about one round."""
    everything = {
        "review": review,
        "round_name": f"Round {review.number}",
        "round_chip": chip(review.state),
        "subtitle": f"Review, round {review.number}: {title}",
        "page_title": title,
        **context,
    }
    return app_pages.answer(request, review.application, Tab.REVIEW, f"review/{template}", **everything)


def chip(state: str) -> dict[str, str]:
    return {"label": workflow.LABELS[state], "tone": TONES[ReviewState(state)]}


# --- Findings -------------------------------------------------------------------------------------------------


SEE_ORGANIZATION: Final = "integrations.view_organization"


def place(request: HttpRequest, review: Review, field: str) -> str:
    """Return the address at which something about a round is mended; "" where whoever looks may not open it."""
    if field == "scopes":
        return app_pages.address(review.application, Tab.SCOPES)
    if field == "app":
        return app_pages.address(review.application, Tab.OVERVIEW)
    if field == ORGANIZATION:
        url = reverse("admin:integrations_organization_changelist")
        return url if request.user.has_perm(SEE_ORGANIZATION) else ""
    if not request.user.has_perm(PREPARE):
        return ""
    return f"{address(review, 'app-review-form')}#field-{field}"


def grouped(request: HttpRequest, review: Review, findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings under a heading for each severity that has some, as ``app_findings.grouped`` does."""
    headings = {**HEADINGS, Severity.ERROR: ("Keeps it from being submitted", "ill")}
    rows = [(finding.severity, _told(request, review, finding)) for finding in findings]
    return [
        {"heading": heading, "tone": tone, "items": [told for held, told in rows if held is severity]}
        for severity, (heading, tone) in headings.items()
        if any(held is severity for held, _ in rows)
    ]


def _told(request: HttpRequest, review: Review, finding: Finding) -> dict[str, str]:
    named = {**review_form.LABELS, **review_form.labels(review.application.region)}
    label = named.get(finding.field, "The organization")
    return {
        "code": finding.code,
        "text": finding.text,
        "place": label[0].lower() + label[1:],
        "url": place(request, review, finding.field),
    }


def tone(finding: Finding) -> str:
    return HEADINGS[finding.severity][1]


# --- A round, as it is shown ----------------------------------------------------------------------------------


def rejection(application: Application, number: int) -> dict[str, Any]:
    """Return what pages show of the rejection of a round; the one after it remembers what that was about."""
    rejected = WorkflowStep.objects.filter(review__application=application, review__number=number, code="reject")
    step = rejected.select_related("review").last()
    if step is None:
        return {}
    after = application.reviews.filter(number=number + 1).values_list("concerned", flat=True).first()
    named = {**review_form.LABELS, **review_form.labels(application.region)}
    return {"rejection": step, "concerned_labels": [named.get(key, key) for key in after or ()]}


def told_steps(steps: Iterable[WorkflowStep]) -> list[dict[str, Any]]:
    """Return steps in words, with one query for the names of who recorded them."""
    rows = list(steps)
    names = people.names(row.by for row in rows)
    return [{"step": row, "label": _label(row.code), "by": names[row.by]} for row in rows]


def _label(code: str) -> str:
    step = workflow.BY_CODE.get(code)
    return step.label if step else "Recorded as it stood"


def shown(submission: Submission) -> dict[str, Any]:
    """Return everything of a round in the order of Exact's form."""
    form = submission.form
    local = asks_local(submission.region)
    purposes = [("purpose_english", "Purpose", form.purpose_english)]
    language = local_language(submission.region)
    if local:
        purposes = [
            ("purpose_local", f"Purpose, in {language}", form.purpose_local),
            ("purpose_english", "Purpose, in English", form.purpose_english),
        ]
    return {
        "submission": submission,
        "bilingual": local,
        "language": language,
        "language_code": by_code(submission.region).language_code if local else "",
        "form": form,
        "purposes": purposes,
        "groups": list(groups(submission)),
        "questions": list(_questions(submission)),
        "parties": [_party(submission, party) for party in form.third_parties],
        "contact": [(label, getattr(form.contact, name)) for name, label in CONTACT.items()],
    }


def _party(submission: Submission, party: review_form.ThirdParty) -> list[tuple[str, str]]:
    if not asks_local(submission.region):
        return [("Name", party.name), ("Purpose", party.purpose_english), ("Data", party.data_english)]
    language = local_language(submission.region)
    return [
        ("Name", party.name),
        (f"Purpose, in {language}", party.purpose_local),
        ("Purpose, in English", party.purpose_english),
        (f"Data, in {language}", party.data_local),
        ("Data, in English", party.data_english),
    ]


def groups(submission: Submission) -> Iterator[dict[str, Any]]:
    """Yield the groups of the form in which the round asks for something, with a line for each resource."""
    local = local_levels(submission.region)
    for group in GROUPS:
        rows = [
            {
                "name": resource.name,
                "scope": resource.scope,
                "level": level.capitalize(),
                "local": local.get(level, ""),
                "reason": submission.reasons.get(resource.scope, ""),
            }
            for resource in group.resources
            if (level := submission.scopes.get(resource.scope, Level.NONE)) is not Level.NONE
        ]
        if rows:
            yield {"name": group.name, "rows": rows}


def _questions(submission: Submission) -> Iterator[dict[str, Any]]:
    asked = review_form.open_questions(submission.form)
    for question in QUESTIONS:
        given = submission.form.answers[question.number]
        if question.number in asked:
            label = LABELS[given.answer] if given.answer else ""
            yield {
                "question": question,
                "label": label,
                "given": given,
                "key": f"answer-{question.number}",
                "explanation_label": f"Explanation to question {question.number}",
            }
