"""Rounds of the Data & Security Review: begun, filled in, and the steps that staff record."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.exact.scopes import Level
from integrations.models import Application, AuditEvent, Organization, Review, WorkflowStep
from integrations.rules import (
    review_clock,
    review_form,
    review_lint,
    review_sentences,
    scope_grids,
    submissions,
    workflow,
)
from integrations.rules.actors import Actor
from integrations.rules.review_clock import Clock, Stage
from integrations.rules.review_form import FIELDS, Form, Malformed
from integrations.rules.review_lint import Finding
from integrations.rules.submissions import Submission
from integrations.rules.workflow import Course, ReviewState, Step
from integrations.services import people, rights, scope_approvals, workflow_rows
from integrations.services.refusals import Conflict, Refused

PREPARE: Final = "integrations.prepare_review"
_NO_STEP: Final = "There is no such step of a review. Nothing was recorded."
_OTHERWISE: Final = (
    "After you opened this page somebody changed what the round would send, such as the app's scopes. Nothing was "
    "recorded: look whether it is what was submitted at Exact."
)


# --- Looked at ------------------------------------------------------------------------------------------------


def rounds(application: Application) -> list[Review]:
    """Return every round of an app, the newest first."""
    return list(application.reviews.order_by("-number"))


def newest(application: Application) -> Review | None:
    return application.reviews.order_by("-number").first()


def approved(application: Application) -> Review | None:
    """Return the newest round that Exact approved; a later one that it rejected changes nothing about it."""
    return application.reviews.filter(state=ReviewState.APPROVED).order_by("-number").first()


def form(review: Review) -> Form:
    """Return what was filled in."""
    return review_form.read(review.form)


def submission(review: Review) -> Submission:
    """Return what was sent; of a draft, what would be."""
    if review.submitted is not None:
        return submissions.read(review.submitted)
    return submissions.as_sent(_filled_in(review))


def digest(review: Review) -> str:
    """Return the hash of what was sent; of a draft, of what would be."""
    return review.submitted_hash or submissions.digest(submission(review))


def findings(review: Review) -> tuple[Finding, ...]:
    """Return what is wrong, or may be, with a draft; of a frozen round, what was on the day it was submitted."""
    if review.submitted is None:
        return review_lint.lint(_filled_in(review), today=timezone.localdate())
    sent_on = review.steps.filter(code="submit").values_list("on", flat=True).first()
    return review_lint.lint(submission(review), today=sent_on or timezone.localdate(review.created_at))


def steps(review: Review) -> QuerySet[WorkflowStep]:
    """Return what was recorded of a round, the oldest first."""
    return review.steps.all()


def clock(review: Review) -> Clock:
    """Return how long the round has been where, beside earlier ones; by three queries, however many those are."""
    upto = list(review.application.reviews.filter(number__lte=review.number).order_by("number"))
    recorded: dict[Any, list[tuple[str, date | None]]] = {row.pk: [] for row in upto}
    for row, after, on in WorkflowStep.objects.filter(review__in=upto).values_list("review", "after", "on"):
        recorded[row].append((after, on))
    *earlier, this = [_stages(row, recorded[row.pk]) for row in upto]
    return review_clock.clock(this, earlier=earlier, remind_after=Organization.objects.ours().remind_after_days)


def _stages(review: Review, recorded: list[tuple[str, date | None]]) -> tuple[Stage, ...]:
    begun, today = timezone.localdate(review.created_at), timezone.localdate()
    return review_clock.stages(begun, recorded, today=today)


def _filled_in(review: Review) -> Submission:
    """Return a draft with the app as it is now, whether Exact's form has a place for it or not."""
    app, organization = review.application, Organization.objects.ours()
    rows = app.scope_selections.exclude(level=Level.NONE).values_list("scope", "level", "reason")
    wanted = [(scope, level, reason) for scope, level, reason in rows if scope in scope_grids.EVERYTHING]
    return Submission(
        app_name=app.name,
        client_id=app.client_id or "",
        region=app.region,
        redirect_url=app.redirect_uri,
        registered_redirect_url=app.registered_redirect_uri,
        organization=organization.name,
        privacy_policy_url=organization.privacy_policy_url,
        form=form(review),
        scopes=scope_grids.grid((scope, level) for scope, level, _ in wanted),
        reasons={scope: reason for scope, _, reason in wanted if reason},
    )


# --- Drafts ---------------------------------------------------------------------------------------------------


def why_not_begun(application: Application) -> tuple[str, ...]:
    """Return why no round can begin now; what its button asks."""
    if application.is_testing:
        return (review_sentences.TESTING,)
    if application.is_archived:
        return (f"The app “{application.name}” is archived. Bring it back first.",)
    latest = newest(application)
    if latest is not None and latest.state not in workflow.NEXT_ROUND:
        return (f"Round {latest.number} is not decided yet. The next one begins as a copy of it, after that.",)
    return ()


def begin(application: Application, *, by: Actor) -> Review:
    """Begin round 1, or the next one as a copy of the one before.

    Raises:
        Refused: it is a testing app, it is archived, or a round is not decided yet; or no right to it.
    """
    rights.require(by, PREPARE)
    with workflow_rows.refusals_recorded(application, "round", by=by), transaction.atomic():
        row = _locked_app(application)
        if reasons := why_not_begun(row):
            raise Refused(reasons)
        made = _next_round(row, by=by)
        AuditEvent.objects.record("review.begun", row, by=by, details=about(made))
    return made


def _next_round(application: Application, *, by: Actor, concerned: Collection[str] = ()) -> Review:
    before = newest(application)
    return Review.objects.create(
        application=application,
        number=before.number + 1 if before else 1,
        form=before.form if before else review_form.write(review_form.BLANK),
        concerned=[key for key in FIELDS if key in concerned],
        created_by=str(by),
    )


def save(review: Review, form: Form, *, by: Actor, version: int) -> tuple[str, ...]:
    """Store a draft as it was filled in, right or wrong, and return the parts that changed.

    ``version``: that of the row from which the form was filled in.

    Raises:
        Conflict: somebody saved meanwhile; nothing was stored.
        Refused: it cannot be stored; the round is frozen, and the attempt is an event. Or no right to it.
    """
    rights.require(by, PREPARE)
    try:
        tidy = review_form.tidied(form)
    except Malformed as malformed:
        raise Refused(malformed.reasons) from None
    with workflow_rows.refusals_recorded(review.application, "save", by=by), transaction.atomic():
        if reasons := review_form.why_not_kept(tidy):
            raise Refused(reasons)
        row = locked(review)
        if not row.is_draft:
            raise Refused([f"Round {row.number} is frozen: it was submitted, and what went to Exact never changes."])
        _refuse_stale(row, version)
        changed = review_form.changed_parts(review_form.read(row.form), tidy)
        if changed:
            row.form, row.version = review_form.write(tidy), row.version + 1
            row.save(update_fields=["form", "version"])
            details = {**about(row), "fields": [review_form.LABELS[key] for key in changed]}
            AuditEvent.objects.record("review.saved", row.application, by=by, details=details)
    review.refresh_from_db()
    return changed


# --- Steps ----------------------------------------------------------------------------------------------------


def why_not(review: Review, code: str, *, on: date | None, note: str = "") -> tuple[str, ...]:
    """Return why a step cannot be recorded now; what its button asks."""
    step = _step(code)
    if step is None:
        return (_NO_STEP,)
    recorded = review.application.workflow_steps.exclude(review=None).order_by("at").last()
    return workflow.why_not(
        step,
        review.state,
        on=on,
        note=note,
        today=timezone.localdate(),
        since=recorded.on if recorded else None,
        unmet=_unmet(review, code),
    )


def _step(code: str) -> Step | None:
    step = workflow.BY_CODE.get(code)
    return step if step and step.course is Course.REVIEW else None


def _unmet(review: Review, code: str) -> tuple[str, ...]:
    """Return what else a step needs beside the state before it."""
    if code != "submit" or review.submitted is not None:
        return ()
    app = review.application
    faults = review_lint.errors(_filled_in(review), today=timezone.localdate())
    return (*([review_sentences.TESTING] if app.is_testing else ()), *faults)


def take(
    review: Review,
    code: str,
    *,
    by: Actor,
    on: date | None,
    note: str = "",
    evidence: str = "",
    concerned: Collection[str] = (),
    version: int | None = None,
    seen: str = "",
) -> Review:
    """Record a step of a round: what happened at Exact, and on which day.

    To submit freezes the whole of what goes to Exact. An approval says from then on which scopes are approved. A
    rejection opens the next round as a copy, with the parts that it is about (``concerned``) marked.

    ``version``: of the round that whoever asks looked at; None where nobody did. ``seen``: the ``digest`` of what
    would be sent then, of which scopes and the app's name are no part of the round; "" as before.

    Raises:
        Conflict: a draft was saved, or a scope was chosen, meanwhile; nothing was recorded.
        Refused: no such step or part, it cannot follow, or something is unmet; the attempt is an event. Or no right.
    """
    step = _step(code)
    rights.require(by, step.right if step else workflow.RECORD)
    with (
        workflow_rows.refusals_recorded(review.application, code if step else "unknown", by=by),
        transaction.atomic(),
    ):
        if step is None:
            raise Refused([_NO_STEP])
        row = locked(review)
        if reasons := (*why_not(row, code, on=on, note=note), *_why_not_concerned(code, concerned)):
            raise Refused(reasons)
        if version is not None:
            _refuse_stale(row, version)
        if code == "submit" and seen and seen != digest(row):
            raise Conflict([_OTHERWISE], version=row.version)
        before, details = row.state, {**about(row), "step": code, "on": on.isoformat() if on else None}
        if code == "submit":
            _freeze(row)
            details["sha256"] = row.submitted_hash
        row.state, row.version = step.after, row.version + 1
        row.save(update_fields=["state", "version", "submitted", "submitted_hash"])
        _add_step(row, code, before, by=by, on=on, note=note, evidence=evidence)
        details |= _consequences(row, code, by=by, on=on, concerned=concerned)
        AuditEvent.objects.record("review.stepped", row.application, by=by, details=details)
    review.refresh_from_db()
    return review


def _freeze(row: Review) -> None:
    row.submitted = submissions.write(submission(row))
    row.submitted_hash = submissions.digest_of(row.submitted)


def _add_step(row: Review, code: str, before: str, *, by: Actor, on: date | None, note: str, evidence: str) -> None:
    workflow_rows.add(
        WorkflowStep(application=row.application, review=row, code=code, before=before, after=row.state,
                     on=on, note=note, evidence=evidence),
        by=by,
    )  # fmt: skip


def _consequences(
    row: Review, code: str, *, by: Actor, on: date | None, concerned: Collection[str]
) -> Mapping[str, Any]:
    """Do what a decision brings with it, and return what the event says of it."""
    if code == "approve":
        approval = scope_approvals.add(row.application, submission(row).scopes, by=by, on=on, review=row)
        return {"approval": approval.number}
    if code == "reject":
        opened = _next_round(row.application, by=by, concerned=concerned)
        return {"concerned": opened.concerned, "next_round": opened.number}
    return {}


def _why_not_concerned(code: str, concerned: Collection[str]) -> tuple[str, ...]:
    if any(key not in FIELDS for key in concerned):
        return ("The form has no such part that a rejection could be about.",)
    if concerned and code != "reject":
        return ("Only a rejection is about parts of the form.",)
    return ()


# --- What a change is held against ----------------------------------------------------------------------------


def _locked_app(application: Application) -> Application:
    return Application.objects.select_for_update().get(pk=application.pk)


def locked(review: Review) -> Review:
    """Lock the app and then the round, in the order that everybody does."""
    app = _locked_app(review.application)
    row = Review.objects.select_for_update().get(pk=review.pk)
    row.application = app
    return row


def _refuse_stale(row: Review, version: int) -> None:
    if version == row.version:
        return
    last = AuditEvent.objects.about(row.application).filter(action__in=["review.saved", "review.stepped"]).first()
    who = people.names({last.actor}) if last else {}
    somebody = next(iter(who.values()), "Somebody")
    reason = f"{somebody} saved this round after you opened it, so nothing was stored."
    raise Conflict([f"{reason} Look at what it is now, and save again where you still want to."], version=row.version)


def about(review: Review) -> dict[str, Any]:
    """Return what every event of a round says; it stands in the history of the app."""
    return {"round": review.number}
