"""A round of the review as it should be, for tests of rules, services, commands and pages."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.utils import timezone

from integrations.exact.review import AnswerKind
from integrations.exact.scopes import Level
from integrations.models import Application, Organization, Review, ScopeSelection
from integrations.rules.actors import Actor
from integrations.rules.editions import ARTICLE
from integrations.rules.review_form import BLANK, Answer, Contact, Form, ThirdParty
from integrations.rules.submissions import Submission
from integrations.services import applications, reviews
from tests.conftest import CLIENT_ID, SOMEBODY

TODAY: Final = date(2026, 11, 1)
URL: Final = "https://portal.example.com/oauth/callback/1/"
FILLED: Final = Form(
    purpose_local="Meridian boekt verkooporders en facturen van zijn klanten.",
    purpose_english="Meridian books sales orders and invoices of its customers.",
    answers={
        number: Answer(AnswerKind.YES, f"We see to it, as point {number} of our policy says.", "", None)
        for number in BLANK.answers
    }
    | {12: Answer(AnswerKind.YES, "ISO 27001.", "https://www.meridian.example/iso", date(2028, 1, 31))},
    third_parties=(ThirdParty("Cloud BV", "Opslag", "Hosting", "Facturen", "Invoices"),),
    contact=Contact("Anna", "Smit", "+31 20 123 45 67", "anna@meridian.example"),
    terms=True,
)
SUBMISSION: Final = Submission(
    app_name="Meridian Bookings",
    client_id=CLIENT_ID,
    region="nl",
    redirect_url=URL,
    registered_redirect_url=URL,
    organization="Meridian",
    privacy_policy_url="https://www.meridian.example/privacy",
    form=FILLED,
    scopes={"crm.accounts": Level.MANAGE, "organization.administration": Level.MANAGE},
    reasons={"crm.accounts": "Customers are kept there.", "organization.administration": "To find companies."},
)


def with_answer(number: int, **changes: Any) -> Form:
    answer = replace(FILLED.answers[number], **changes)
    return replace(FILLED, answers={**FILLED.answers, number: answer})


def ready(application: Application, *, scopes: dict[str, str] | None = None) -> None:
    """Let nothing but the form be missing: ourselves, the Redirect URL at Exact, and scopes with their reasons."""
    policy = SUBMISSION.privacy_policy_url
    Organization.objects.update_or_create(pk=1, defaults={"name": "Meridian", "privacy_policy_url": policy})
    applications.register(application, application.redirect_uri, by=SOMEBODY)
    ScopeSelection.objects.filter(application=application).delete()
    for scope, level in (scopes or dict(ARTICLE.scopes)).items():
        ScopeSelection.objects.create(application=application, scope=scope, level=level, reason=f"We use {scope}.")


def drafted(application: Application, *, form: Form = FILLED, scopes: dict[str, str] | None = None) -> Review:
    """A round that can be submitted."""
    ready(application, scopes=scopes)
    review = reviews.newest(application)
    if review is None or not review.is_draft:
        review = reviews.begin(application, by=SOMEBODY)
    reviews.save(review, form, by=SOMEBODY, version=review.version)
    return review


def taken(review: Review, *codes: str, **values: Any) -> Review:
    """The round after some steps, each recorded of today."""
    for code in codes:
        note = {"note": "Answer 4 is too short."} if code == "reject" else {}
        last = values if code == codes[-1] else {}
        reviews.take(review, code, **{"by": SOMEBODY, "on": timezone.localdate(), **note, **last})
    return review


def canaries(application: Application, mark: str, *, by: Actor, submit: bool = False) -> Review:
    """A round of which each text of people carries the mark, without an event but those of the round itself."""
    Organization.objects.update_or_create(pk=1, defaults={"name": "Meridian"})
    ScopeSelection.objects.create(application=application, scope="crm.accounts", level="read", reason=mark)
    review = reviews.begin(application, by=by)
    form = replace(FILLED, contact=Contact(mark, mark, "+31 20 123 45 67", f"{mark}@example.com"), purpose_local=mark)
    reviews.save(review, form, by=by, version=review.version)
    return reviews.take(review, "submit", by=by, on=timezone.localdate(), note=mark) if submit else review
