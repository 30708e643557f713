"""Fields of which any number may be ticked, in place of two boxes and arrows between them."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import Case, Value, When
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from integrations.rules import roles
from integrations.services import rights

OWN_GROUP = "A group of our own."


class Choices(forms.CheckboxSelectMultiple):
    """Checkboxes with a word of explanation, which a screen reader hears as one group with a name."""

    template = "components/choices.html"

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label = label
        self.locked: frozenset[Any] = frozenset()
        """Values that cannot be ticked by whoever looks; one that is ticked can be taken away."""

    def options_of(self, name: str, value: Any) -> list[dict[str, Any]]:
        _, groups = name, self.optgroups(name, self.format_value(value))
        return [self._described(option) for _, group, _ in groups for option in group]

    def context(self, name: str, value: Any) -> dict[str, Any]:
        return {"label": self.label, "name": name, "options": self.options_of(name, value)}

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return mark_safe(render_to_string(self.template, self.context(name, value)))  # noqa: S308 (it escapes)

    def _described(self, option: dict[str, Any]) -> dict[str, Any]:
        row = getattr(option["value"], "instance", None)
        description = describe(row) if isinstance(row, Group) else ""
        key = getattr(option["value"], "value", option["value"])
        locked = key in self.locked and not option["selected"]
        return {**option, "row": row, "description": description, "locked": locked}


class RightChoices(Choices):
    """Single rights under their headings, folded away where they only add to the roles."""

    template = "components/right_choices.html"

    def __init__(self, label: str, *, folded: bool, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.folded = folded

    def context(self, name: str, value: Any) -> dict[str, Any]:
        options = {_code(option["row"]): option for option in self.options_of(name, value) if option["row"]}
        sections = {
            section: [{**options[right.code], "label": right.phrase} for right in held]
            for section, held in roles.by_section(options).items()
        }
        ticked = sum(option["selected"] for option in options.values())
        return {"label": self.label, "name": name, "sections": sections, "ticked": ticked, "folded": self.folded}


class NamedRows(forms.ModelMultipleChoiceField):
    """Rows by their bare name: which table they belong to is not for people."""

    def label_from_instance(self, obj: models.Model) -> str:
        return str(getattr(obj, "name", obj))


def describe(group: Group) -> str:
    role = roles.BY_NAME.get(group.name)
    return role.description if role else OWN_GROUP


def roles_first() -> models.QuerySet[Group]:
    """Return all groups, the roles in the order of their table."""
    places = [When(name=role.name, then=Value(place)) for place, role in enumerate(roles.ROLES)]
    return Group.objects.annotate(place=Case(*places, default=Value(len(places)))).order_by("place", "name")


def role_field() -> NamedRows:
    label = "Roles"
    return NamedRows(queryset=roles_first(), required=False, label=label, widget=Choices(label))


def right_field(label: str, *, folded: bool) -> NamedRows:
    return NamedRows(queryset=rights.listed(), required=False, label=label, widget=RightChoices(label, folded=folded))


def held_roles(groups: Iterable[Group]) -> SafeString:
    """Show roles that somebody has, with what they are."""
    return _held([{"name": group.name, "description": describe(group)} for group in groups])


def held_rights(rows: Iterable[Permission]) -> SafeString:
    """Show single rights in words."""
    return _held([{"name": phrase, "description": ""} for phrase in roles.in_words({_code(row) for row in rows})])


def _held(items: list[dict[str, str]]) -> SafeString:
    return mark_safe(render_to_string("components/held.html", {"items": items}))  # noqa: S308 (it escapes)


def _code(row: Permission) -> str:
    return f"{row.content_type.app_label}.{row.codename}"
