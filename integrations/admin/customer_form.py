"""The forms about customers: their own fields, a link page, a typed name, and whose a company is."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import QueryDict

from integrations.admin.base import clean_name
from integrations.models import Application, Customer, Kind
from integrations.rules import gate
from integrations.rules.folding import fold
from integrations.services import applications, links, permissions
from integrations.services.permissions import Standing


class CustomerForm(forms.ModelForm):
    """What staff know about a customer."""

    class Meta:
        model = Customer
        fields = ("name", "reference", "language", "contact_name", "contact_email", "contact_phone", "note")
        widgets = {"note": forms.Textarea(attrs={"rows": 4})}

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_reference(self) -> str:
        reference = " ".join(self.cleaned_data["reference"].split())
        taken = Customer.objects.filter(reference_key=fold(reference)).exclude(pk=self.instance.pk)
        if reference and taken.exists():
            raise ValidationError("Another customer has this reference already.")
        return reference


class LinkPageForm(forms.Form):
    """Through which app, and for how long. It offers those that customers can connect through; what another one
    lacks is the service's to say, to whoever sends it all the same."""

    app = forms.ModelChoiceField(queryset=Application.objects.none(), empty_label=None, label="App")
    days = forms.IntegerField(min_value=1, max_value=90, initial=links.DAYS, label="Open for, in days")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        app: Any = self.fields["app"]
        app.queryset = applications.usable().exclude(kind=Kind.TESTING)
        self.apps = list(app.queryset)
        self.standings = permissions.standings(self.apps)
        self.open = [row for row in self.apps if self._is_open(row)]
        app.widget.choices = [(row.pk, f"{row.name}, {row.region_title}") for row in self.open]

    def _is_open(self, row: Application) -> bool:
        return gate.is_open(is_testing=row.is_testing, permission=self.standings[row.pk].state)

    def waiting(self) -> list[tuple[Application, Standing]]:
        """Return the apps without Exact's permission, each with how it stands."""
        return [(row, self.standings[row.pk]) for row in self.apps if row not in self.open]


class TryForm(forms.Form):
    """Why a customer is to try although no permission is recorded."""

    app = forms.ModelChoiceField(queryset=Application.objects.none(), widget=forms.HiddenInput)
    because = forms.CharField(
        label="Why",
        max_length=links.LONGEST_REASON,
        help_text="Stands on the app's tab Permission. Exact refuses the customer where it has granted no permission.",
        error_messages={"required": "Say why the customer is to try."},
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: QueryDict | None = None, *, app: Application) -> None:
        super().__init__(data, initial={"app": app.pk}, auto_id=f"id_{app.pk}_%s")
        chosen: Any = self.fields["app"]
        chosen.queryset = Application.objects.filter(pk=app.pk)
        self.fields["because"].widget.attrs["aria-describedby"] = f"id_{app.pk}_because_helptext"


class TypedNameForm(forms.Form):
    """The name, typed: what cannot be undone is not done by one click."""

    typed = forms.CharField(label="The customer's name", max_length=200, required=False)

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["typed"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_typed(self) -> str:
        typed = " ".join(self.cleaned_data["typed"].split())
        if typed != self.name:
            raise ValidationError("This is not the customer's name as it stands above. Nothing was erased.")
        return typed


class OwnerForm(forms.Form):
    """Whose a company is: by name or reference, then, where several begin so, by a choice."""

    SHOWN = 10
    typed = forms.CharField(
        label="Customer", max_length=200, required=False, help_text="How the name or our reference begins."
    )
    customer = forms.ModelChoiceField(queryset=Customer.objects.filter(erased_at=None), required=False)
    ours = forms.BooleanField(required=False)

    def candidates(self) -> list[Customer]:
        """Return who is meant: one, none, or several to choose from."""
        if chosen := self.cleaned_data.get("customer"):
            return [chosen]
        typed = fold(self.cleaned_data.get("typed", ""))
        if not typed:
            return []
        rows = Customer.objects.filter(erased_at=None)
        exact = list(rows.filter(models.Q(reference_key=typed) | models.Q(name_key=typed))[:2])
        if len(exact) == 1:
            return exact
        begins = models.Q(reference_key__prefix=typed) | models.Q(name_key__prefix=typed)
        return list(rows.filter(begins)[: self.SHOWN])
