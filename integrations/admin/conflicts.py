"""Two people and one form: who changed the app meanwhile, and what saving once more would overwrite."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from integrations.admin.base import told
from integrations.models import Application
from integrations.services import applications

MOST_SHOWN: Final = 10
REOPEN: Final = "This form is incomplete. Open the page once more, and enter it there."
STORED_AS: Final = {"own_redirect_url": "redirect_uri"}
"""Fields of forms that have another name in the row."""


class SeenField(forms.IntegerField):
    """The version of what whoever typed had before him."""

    def __init__(self, *, least: int = 1) -> None:
        wrong = dict.fromkeys(("required", "invalid", "min_value", "max_value"), REOPEN)
        super().__init__(min_value=least, max_value=2**31 - 1, widget=forms.HiddenInput, error_messages=wrong)


def events(application: Application, *, since: int) -> list[dict[str, Any]]:
    """Return who changed the app after that version and when, the newest first."""
    return told(applications.changes_since(application, since)[:MOST_SHOWN])


def differences(form: forms.ModelForm, now: Application) -> list[dict[str, str]]:
    """Return each field in which what was typed, validly, is not what stands in the row ``now``."""
    labels = {STORED_AS.get(name, name): field.label for name, field in form.fields.items() if name != "version"}
    return compared(labels, typed=form.instance, now=now)


def compared(labels: Mapping[str, Any], *, typed: Application, now: Application) -> list[dict[str, str]]:
    """Return what differs between two versions of an app in these columns, by their labels."""
    return [
        {"label": str(label), "stored": _said(now, column), "typed": _said(typed, column)}
        for column, label in labels.items()
        if getattr(now, column) != getattr(typed, column)
    ]


def _said(application: Application, column: str) -> str:
    display = getattr(application, f"get_{column}_display", None)
    value = display() if display else getattr(application, column)
    if isinstance(value, dict):
        value = "\n".join(f"{name}: {level}" for name, level in value.items())
    return ", ".join(str(value).splitlines()) if value else "nothing"
