"""Storing what a step asked: all of it or nothing, once, and over nobody else's change unseen."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from integrations.admin import conflicts
from integrations.admin.base import acting
from integrations.admin.set_up_forms import StepForm
from integrations.admin.set_up_visit import Visit
from integrations.models import Application
from integrations.rules.lint import Field, Severity
from integrations.services import app_facts, applications
from integrations.services.refusals import Conflict, Refused

NAMING: Final = frozenset({Field.NAME, Field.KIND})


def save(
    request: HttpRequest,
    at: Visit,
    form: StepForm,
    values: dict[str, Any],
    then: Callable[[Application, int], None] | None = None,
) -> bool:
    """Store the values, do what comes ``then``, and tell whether both were done; where not, the form says why.

    ``then`` gets the version to hold against the row: the one that was seen, or what storing the values made of it.
    What was sent twice is stored once, and counts as done.
    """
    application = Application.objects.get(pk=at.pk)
    for name, value in values.items():
        setattr(application, name, value)
    seen = _version(request, form)
    if seen is None:
        return False
    try:
        with transaction.atomic():
            newest = seen
            if not _is_stored(at.pk, values):
                applications.change(application, by=acting(request), version=seen)
                newest = application.version
            if then:
                then(application, newest)
    except Conflict as conflict:
        form.conflict = _conflict(application, conflict, values, since=seen)
        return False
    except Refused as refusal:
        form.add_error(None, list(refusal.reasons))
        return False
    return True


def _version(request: HttpRequest, form: StepForm) -> int | None:
    """Return the version of the app that the form was filled in from; where it says none, the form says so."""
    try:
        seen: int = conflicts.SeenField().clean(request.POST.get("version"))
    except ValidationError as error:
        form.add_error(None, error)
        return None
    return seen


def warn_of_name(request: HttpRequest, application: Application) -> None:
    """Say on the next page what may be wrong with kind and name; it holds nobody up."""
    for finding in app_facts.findings(application):
        if finding.field in NAMING and finding.severity is Severity.WARNING:
            messages.warning(request, finding.text)


def _conflict(application: Application, conflict: Conflict, values: dict[str, Any], *, since: int) -> dict[str, Any]:
    """Return who changed what meanwhile, and what saving once more would overwrite."""
    now = Application.objects.get(pk=application.pk)
    labels = {name: Application._meta.get_field(name).verbose_name for name in values}  # type: ignore[union-attr]
    return {
        "reasons": conflict.reasons,
        "events": conflicts.events(now, since=since),
        "differences": conflicts.compared(labels, typed=application, now=now),
    }


def _is_stored(pk: Any, values: dict[str, Any]) -> bool:
    row = Application.objects.get(pk=pk)
    return all(getattr(row, name) == value for name, value in values.items())
