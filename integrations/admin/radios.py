"""Radio buttons, each with a word of explanation; a screen reader hears them as one group with a name."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe


class DescribedRadios(forms.RadioSelect):
    """Radio buttons with a sentence below each; those in ``locked`` cannot be chosen."""

    template = "components/radios.html"

    def __init__(self, descriptions: Mapping[Any, str], *, locked: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.descriptions = descriptions
        self.locked = locked

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attributes = self.build_attrs(self.attrs, attrs)
        groups = self.optgroups(name, self.format_value(value), attributes)
        options = [
            {
                **option,
                "id": f"id_{name}_{place}",
                "description": self.descriptions.get(str(option["value"]), ""),
                "locked": str(option["value"]) in self.locked or bool(attributes.get("disabled")),
                # The whole group is in the wrong; the focus goes to its first button.
                "focused": bool(attributes.get("autofocus")) and place == 0,
            }
            for place, option in enumerate(option for _, group, _ in groups for option in group)
        ]
        context = {"name": name, "options": options, "required": bool(attributes.get("required"))}
        return mark_safe(render_to_string(self.template, context))  # noqa: S308 (it escapes)
