"""Exact's permission for an app: how it stands, and the steps that staff record."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from integrations.models import Application, AuditEvent, Organization, PermissionRequest, WorkflowStep
from integrations.rules import gate, permission_clock, workflow
from integrations.rules.actors import Actor
from integrations.rules.permission_clock import Clock
from integrations.rules.workflow import Course, PermissionState
from integrations.services import rights, workflow_rows
from integrations.services.refusals import Refused

ENDS: Final = ("withdraw", "take_back")
"""The steps after which somebody who was permitted is so no more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How Exact stands to an app, and the day since when; None where nobody knows it."""

    state: PermissionState
    since: date | None = None


def standings(applications: Collection[Application]) -> dict[UUID, Standing]:
    """Return how Exact stands to each app, by one query."""
    found = {app.pk: Standing(PermissionState.NONE) for app in applications}
    last = WorkflowStep.objects.filter(permission=OuterRef("pk")).order_by("-at", "-id")
    rows = PermissionRequest.objects.filter(application__in=list(found)).order_by("number")
    told = rows.annotate(since=Subquery(last.values("on")[:1])).values_list("application_id", "state", "since")
    return found | {pk: Standing(PermissionState(state), since) for pk, state, since in told}


def standing(applications: Collection[Application]) -> dict[UUID, PermissionState]:
    """Return the same without the days."""
    return {pk: stands.state for pk, stands in standings(applications).items()}


def of(application: Application) -> Standing:
    return standings([application])[application.pk]


def state(application: Application) -> PermissionState:
    return of(application).state


def is_granted(application: Application) -> bool:
    return state(application) is PermissionState.GRANTED


def waits(application: Application) -> bool:
    """Tell whether an app for customers cannot serve any of them yet."""
    return gate.waits(is_testing=application.is_testing, permission=state(application))


def steps(application: Application) -> QuerySet[WorkflowStep]:
    """Return every step of the app's permission, the oldest first."""
    return application.workflow_steps.filter(review=None)


def ended() -> QuerySet[WorkflowStep]:
    """Return the steps that ended a permission."""
    return WorkflowStep.objects.filter(code__in=ENDS, before=PermissionState.GRANTED)


def clock(application: Application) -> Clock:
    """Return how long requests of the app were with Exact, and whether to remind of the present one."""
    requests = application.permission_requests.prefetch_related("steps").order_by("-number")
    return permission_clock.clock(
        (
            permission_clock.request(
                row.number,
                PermissionState(row.state),
                [(step.before, step.after, step.on) for step in row.steps.all()],
            )
            for row in requests
        ),
        today=timezone.localdate(),
        remind_after=Organization.objects.ours().remind_after_days,
    )


def unmet(application: Application, code: str) -> tuple[str, ...]:
    """Return what a step needs beside the state before it, and has not; before anybody said on which day."""
    if application.is_testing:
        return ("A testing app works for your own Exact subscription only: it has no permission to ask for.",)
    if code == "request" and not application.scope_approvals.exists():
        return ("Exact has approved no round of the Data & Security Review yet. The review comes first.",)
    return ()


def why_not(
    application: Application, code: str, *, on: date | None, note: str, seen: str | None = None
) -> tuple[str, ...]:
    """Return why a step cannot be recorded now; what its button asks.

    ``seen``: the state that was on the page of whoever asks; None where nobody looked at one.
    """
    step, now = workflow.BY_CODE[code], state(application)
    if seen is not None and seen != now and now in step.before:
        return (f"Meanwhile it has become “{workflow.LABELS[now]}”: look at where it stands now, and decide again.",)
    return workflow.why_not(
        step,
        now,
        on=on,
        note=note,
        today=timezone.localdate(),
        since=_latest_day(application),
        unmet=unmet(application, code),
    )


def _latest_day(application: Application) -> date | None:
    """Return the latest day that was recorded; none of a request that turned out never to have been made."""
    latest = None
    for after, on in steps(application).values_list("after", "on"):
        latest = on if after == PermissionState.NONE else on or latest
    return latest


def take(
    application: Application,
    code: str,
    *,
    by: Actor,
    on: date | None,
    note: str = "",
    evidence: str = "",
    seen: str | None = None,
) -> PermissionRequest:
    """Record a step of the permission: what happened at Exact, and on which day.

    ``seen`` as for ``why_not``.

    Raises:
        Refused: no such step, or it cannot follow; the attempt is an event. Or no right to it.
    """
    step = workflow.BY_CODE.get(code)
    rights.require(by, step.right if step is not None else workflow.RECORD)
    told = step.code if step is not None else "unknown"
    with workflow_rows.refusals_recorded(application, told, by=by), transaction.atomic():
        if step is None or step.course is not Course.PERMISSION:
            raise Refused(["There is no such step of a permission. Nothing was recorded."])
        row = Application.objects.select_for_update().get(pk=application.pk)
        if reasons := why_not(row, code, on=on, note=note, seen=seen):
            raise Refused(reasons)
        before = state(row)
        permission = _newest(row) if before in workflow.OPEN_PERMISSION else _opened(row, by=by)
        permission.state = step.after
        permission.save()
        workflow_rows.add(
            WorkflowStep(application=row, permission=permission, code=code, before=before, after=step.after,
                         on=on, note=note, evidence=evidence),
            by=by,
        )  # fmt: skip
        details = {"step": code, "permission": [before, step.after], "on": on.isoformat() if on else None}
        AuditEvent.objects.record("permission.stepped", row, by=by, details=details)
    return permission


def record_as_it_stood(
    application: Application, stood: str, *, by: Actor, on: date | None, note: str = "", evidence: str = ""
) -> None:
    """Record how Exact stood to an app before the portal, once: in the transaction and the event of whoever asks.

    Raises:
        Refused: there is a permission here already, or it could not have stood so.
    """
    newest = steps(application).last()
    said = (stood, on, note.strip(), evidence.strip())
    same = newest and (newest.after, newest.on, newest.note, newest.evidence) == said
    if same or (newest is None and said == (PermissionState.NONE, None, "", "")):
        return
    if newest is not None and newest.code != workflow.AS_IT_STOOD:
        raise Refused(["Steps of the permission are recorded here already: record what became of it there."])
    if stood not in workflow.PERMISSION_STATES:
        raise Refused(["There is no such state of a permission."])
    if application.is_testing and stood != PermissionState.NONE:
        raise Refused(unmet(application, workflow.AS_IT_STOOD))
    if on and on > timezone.localdate():
        raise Refused(["The day of the permission lies in the future."])
    before = state(application)
    permission = None
    if stood == PermissionState.NONE:
        _forget_requests(application)
    else:
        permission = _newest(application) if before is not PermissionState.NONE else _opened(application, by=by)
        permission.state = stood
        permission.save()
    workflow_rows.add(
        WorkflowStep(application=application, permission=permission, code=workflow.AS_IT_STOOD, before=before,
                     after=stood, on=on, note=note, evidence=evidence),
        by=by,
    )  # fmt: skip


def _forget_requests(application: Application) -> None:
    """Take away the request that was written down by mistake; what was said of it stays among the steps."""
    steps(application).update(permission=None)
    application.permission_requests.all().delete()


def _opened(application: Application, *, by: Actor) -> PermissionRequest:
    newest = application.permission_requests.order_by("number").last()
    number = newest.number + 1 if newest else 1
    return PermissionRequest(application=application, number=number, created_by=str(by))


def _newest(application: Application) -> PermissionRequest:
    return application.permission_requests.latest("number")
