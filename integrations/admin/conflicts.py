"""Two people and one form: who changed the app meanwhile, and what saving once more would overwrite."""

from typing import Any, Final

from django import forms

from integrations.admin.base import told
from integrations.models import Application
from integrations.services import applications

MOST_SHOWN: Final = 10
STORED_AS: Final = {"own_redirect_url": "redirect_uri"}
"""Fields of forms that have another name in the row."""


def events(application: Application, *, since: int) -> list[dict[str, Any]]:
    """Return who changed the app after that version and when, the newest first."""
    return told(applications.changes_since(application, since)[:MOST_SHOWN])


def differences(form: forms.ModelForm, now: Application) -> list[dict[str, str]]:
    """Return each field in which what was typed, validly, is not what stands in the row ``now``."""
    columns = {name: STORED_AS.get(name, name) for name in form.fields if name != "version"}
    return [
        {
            "label": str(form.fields[name].label),
            "stored": _said(now, column),
            "typed": _said(form.instance, column),
        }
        for name, column in columns.items()
        if getattr(now, column) != getattr(form.instance, column)
    ]


def _said(application: Application, column: str) -> str:
    display = getattr(application, f"get_{column}_display", None)
    value = display() if display else getattr(application, column)
    return ", ".join(str(value).splitlines()) if value else "nothing"
