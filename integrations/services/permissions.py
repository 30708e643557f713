"""Exact's permission for an app: how it stands, and the steps that staff record."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.models import Application, AuditEvent, PermissionRequest, WorkflowStep
from integrations.rules import workflow
from integrations.rules.actors import Actor
from integrations.rules.workflow import Course, PermissionState
from integrations.services import rights, workflow_rows
from integrations.services.refusals import Refused


def standing(applications: Collection[Application]) -> dict[UUID, PermissionState]:
    """Return how Exact stands to each app, by one query."""
    found = {app.pk: PermissionState.NONE for app in applications}
    rows = PermissionRequest.objects.filter(application__in=list(found)).order_by("number")
    return found | {pk: PermissionState(state) for pk, state in rows.values_list("application_id", "state")}


def state(application: Application) -> PermissionState:
    return standing([application])[application.pk]


def is_granted(application: Application) -> bool:
    return state(application) is PermissionState.GRANTED


def steps(application: Application) -> QuerySet[WorkflowStep]:
    """Return every step of the app's permission, the oldest first."""
    return application.workflow_steps.filter(review=None)


def why_not(
    application: Application, code: str, *, on: date | None, note: str, unmet: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Return why a step cannot be recorded now; what its button asks."""
    newest = steps(application).last()
    return workflow.why_not(
        workflow.BY_CODE[code],
        state(application),
        on=on,
        note=note,
        today=timezone.localdate(),
        since=newest.on if newest else None,
        unmet=(*_unmet(application, code), *unmet),
    )


def take(
    application: Application, code: str, *, by: Actor, on: date | None, note: str = "", evidence: str = ""
) -> PermissionRequest:
    """Record a step of the permission: what happened at Exact, and on which day.

    Raises:
        Refused: no such step, or it cannot follow; the attempt is an event. Or no right to it.
    """
    step = workflow.BY_CODE.get(code)
    if step is None or step.course is not Course.PERMISSION:
        raise Refused(["There is no such step of a permission."])
    rights.require(by, step.right)
    with workflow_rows.refusals_recorded(application, code, by=by), transaction.atomic():
        row = Application.objects.select_for_update().get(pk=application.pk)
        if reasons := why_not(row, code, on=on, note=note):
            raise Refused(reasons)
        before = state(row)
        permission = _opened(row, by=by) if before not in workflow.OPEN_PERMISSION else _newest(row)
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
    same = newest and (newest.after, newest.on, newest.note, newest.evidence) == (stood, on, note, evidence)
    if same or (newest is None and stood == PermissionState.NONE and not (on or note or evidence)):
        return
    if newest is not None and newest.code != workflow.AS_IT_STOOD:
        raise Refused(["Steps of the permission are recorded here already: record what became of it there."])
    if stood not in workflow.PERMISSION_STATES:
        raise Refused(["There is no such state of a permission."])
    if on and on > timezone.localdate():
        raise Refused(["The day of the permission lies in the future."])
    before = state(application)
    permission = None
    if stood != PermissionState.NONE:
        permission = _newest_or_opened(application, by=by)
        permission.state = stood
        permission.save()
    elif before is not PermissionState.NONE:
        application.permission_requests.all().delete()
        before = PermissionState.NONE
    workflow_rows.add(
        WorkflowStep(application=application, permission=permission, code=workflow.AS_IT_STOOD, before=before,
                     after=stood, on=on, note=note, evidence=evidence),
        by=by,
    )  # fmt: skip


def _unmet(application: Application, code: str) -> tuple[str, ...]:
    """Return what else a step needs beside the state before it."""
    if application.is_testing:
        return ("A testing app works for your own Exact subscription only: it has no permission to ask for.",)
    if code == "request" and not application.scope_approvals.exists():
        return ("Exact has approved no round of the Data & Security Review yet. The review comes first.",)
    return ()


def _opened(application: Application, *, by: Actor) -> PermissionRequest:
    newest = application.permission_requests.order_by("number").last()
    number = newest.number + 1 if newest else 1
    return PermissionRequest(application=application, number=number, created_by=str(by))


def _newest(application: Application) -> PermissionRequest:
    return application.permission_requests.latest("number")


def _newest_or_opened(application: Application, *, by: Actor) -> PermissionRequest:
    return application.permission_requests.order_by("number").last() or _opened(application, by=by)
