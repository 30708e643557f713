"""The short form by which an app is added; its pages change it later."""

from typing import Any

from django import forms
from django.conf import settings

from integrations.admin.base import clean_name
from integrations.admin.keys_form import KeysForm, OwnAddressField, clean_own_address
from integrations.models import Application, region_choices


class ApplicationForm(KeysForm, forms.ModelForm):
    """A new app, and its keys where they are there already."""

    region = forms.ChoiceField(
        choices=region_choices,
        help_text="The country whose Exact Online the app is registered at; fixed once saved.",
    )
    own_redirect_url = OwnAddressField()

    class Meta:
        model = Application
        fields = ("region", "kind", "name", "client_id")

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_own_redirect_url(self) -> str:
        return clean_own_address(self.cleaned_data["own_redirect_url"], kept="", practice=bool(settings.SANDBOX))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "own_redirect_url" in cleaned:
            self.instance.redirect_uri = cleaned["own_redirect_url"] or self.instance.default_redirect_uri()
        return cleaned
