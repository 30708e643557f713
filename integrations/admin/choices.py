"""A field of which any number may be ticked, in place of two boxes and arrows between them."""

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe


class Choices(forms.CheckboxSelectMultiple):
    """Checkboxes in columns, which a screen reader hears as one group with a name."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label = label

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        context = self.get_context(name, value, attrs)
        options = [option for _, group, _ in context["widget"]["optgroups"] for option in group]
        return mark_safe(render_to_string("components/choices.html", {"label": self.label, "options": options}))  # noqa: S308
