"""The fields of an app that staff change on its first page; its keys are on a page of their own."""

from typing import Any

from django import forms

from integrations.admin.base import clean_name
from integrations.admin.conflicts import SeenField
from integrations.admin.keys_form import OwnAddressField, clean_own_address
from integrations.models import Application


class OverviewForm(forms.ModelForm):
    """What is kept of an app by hand, filled in from one version of it."""

    version = SeenField()
    own_redirect_url = OwnAddressField()

    class Meta:
        model = Application
        fields = ("name", "kind", "owner", "caretakers")
        widgets = {
            "caretakers": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, may_set_keys: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version
        self.address_before: str = self.instance.redirect_uri
        self.own_address = "" if self.instance.comes_back_here else self.address_before
        absent = set()
        if self.instance.client_id:
            absent.add("kind")
        if not may_set_keys:
            absent.add("own_redirect_url")
        for name in absent:
            del self.fields[name]
        if may_set_keys:
            self.initial["own_redirect_url"] = self.own_address

    @property
    def leads_elsewhere(self) -> bool:
        """Tell whether browsers would be led to another address than before, with the code of a consent."""
        return bool(self.instance.redirect_uri != self.address_before)

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_owner(self) -> str:
        return " ".join(self.cleaned_data["owner"].split())

    def clean_caretakers(self) -> str:
        return "\n".join(Application(caretakers=self.cleaned_data["caretakers"]).caretaker_names)

    def clean_own_redirect_url(self) -> str:
        text: str = self.cleaned_data["own_redirect_url"]
        return clean_own_address(text, kept=self.own_address, practice=self.instance.is_practice)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "own_redirect_url" in cleaned:
            self.instance.redirect_uri = cleaned["own_redirect_url"] or self.instance.default_redirect_uri()
        return cleaned
