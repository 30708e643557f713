"""What a form of the admin changed, as an event may keep it: names of fields, switches, and ids of what was chosen."""

from typing import Any, Final

from django.contrib.auth.models import Permission
from django.db import models

Chosen = dict[str, set[Any]]
VALUES: Final = "values"


def chosen(form: Any) -> Chosen:
    """Return the ids that each field of several, such as groups, holds in the database now; rights by their code."""
    names = [field.name for field in form.instance._meta.many_to_many if field.name in form.cleaned_data]
    return {name: {_reference(row) for row in _rows(getattr(form.instance, name))} for name in names}


def difference(before: Chosen, after: Chosen) -> dict[str, dict[str, list[Any]]]:
    """Return what was added to and removed from each field, where that is anything."""
    found = {}
    for name in after:
        parts = {"added": after[name] - before[name], "removed": before[name] - after[name]}
        if changes := {part: sorted(ids) for part, ids in parts.items() if ids}:
            found[name] = changes
    return found


def switched(form: Any) -> dict[str, list[bool]]:
    """Return the switches that were turned, such as ``is_active``, from what to what."""
    found = {}
    for name in form.changed_data:
        if name in form.cleaned_data and isinstance(_column(form, name), models.BooleanField):
            before = bool(form.get_initial_for_field(form.fields[name], name))
            found[name] = [before, bool(form.cleaned_data[name])]
    return found


def details(message: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the details of an event from what the admin says that it did."""
    fields = [name for part in message for change in part.values() for name in change.get("fields", ())]
    values = {name: value for part in message for name, value in part.get(VALUES, {}).items()}
    return {**({"fields": fields} if fields else {}), **values}


def _column(form: Any, name: str) -> Any:
    return next((field for field in form.instance._meta.fields if field.name == name), None)


def _rows(manager: Any) -> Any:
    return manager.select_related("content_type") if manager.model is Permission else manager.all()


def _reference(row: models.Model) -> Any:
    if isinstance(row, Permission):
        return f"{row.content_type.app_label}.{row.codename}"
    return row.pk if isinstance(row.pk, int) else str(row.pk)
