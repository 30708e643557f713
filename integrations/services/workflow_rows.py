"""What a recorded step leaves behind, whichever course it belongs to; and the attempts that were refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from integrations.models import AuditEvent, WorkflowStep
from integrations.rules.actors import Actor
from integrations.rules.names import can_be_stored
from integrations.rules.redirects import is_web_address
from integrations.services.refusals import Conflict, Refused


def add(step: WorkflowStep, *, by: Actor) -> None:
    """Store a step, as the newest of its app even where clocks stand still.

    Raises:
        Refused: its note is too long, or its evidence no web address.
    """
    step.by, step.at = str(by), _after_all(step)
    step.note, step.evidence = step.note.strip(), step.evidence.strip()
    if not can_be_stored(step.note + step.evidence):
        raise Refused(["It holds a sign that is no text and cannot be stored. Type it anew."])
    try:
        step.full_clean(validate_constraints=False)
    except ValidationError as error:
        raise Refused(error.messages) from None
    if step.evidence and not is_web_address(step.evidence):
        raise Refused(["The evidence is no web address: it begins with https:// or http://."])
    step.save(force_insert=True)


def _after_all(step: WorkflowStep) -> datetime:
    newest = WorkflowStep.objects.filter(application=step.application_id).aggregate(Max("at"))["at__max"]
    now = timezone.now()
    return max(now, newest + timedelta(microseconds=1)) if newest else now


@contextmanager
def refusals_recorded(subject: models.Model, step: str, *, by: Actor) -> Iterator[None]:
    """Keep in the activity that a step was refused, after everything that was begun has been undone.

    A conflict is no refusal: whoever met it looks at what is there now, and presses again.
    """
    try:
        yield
    except Conflict:
        raise
    except Refused as refusal:
        with transaction.atomic():
            details = {"step": step, "reasons": list(refusal.reasons)}
            AuditEvent.objects.record("workflow.refused", subject, by=by, details=details)
        raise
