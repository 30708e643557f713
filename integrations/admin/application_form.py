"""The short form by which an app is added; its pages change it later."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from integrations.admin.base import clean_name
from integrations.admin.conflicts import REOPEN
from integrations.admin.keys_form import KeysForm, OwnAddressField, clean_own_address
from integrations.models import Application, AuditEvent, region_choices


class ApplicationForm(KeysForm, forms.ModelForm):
    """A new app, and its keys where they are there already."""

    app = forms.UUIDField(required=False, widget=forms.HiddenInput, error_messages={"invalid": REOPEN})
    """The id of the app to be: made once with the page, so that what is sent twice makes one app."""
    region = forms.ChoiceField(
        choices=region_choices,
        help_text="The country whose Exact Online the app is registered at; fixed once saved.",
    )
    own_redirect_url = OwnAddressField()

    class Meta:
        model = Application
        fields = ("region", "kind", "name", "client_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["app"] = self.instance.pk

    def clean_app(self) -> UUID:
        pk: UUID = self.cleaned_data["app"] or self.instance.pk
        if AuditEvent.objects.about(Application(pk=pk)).exists() and not Application.objects.filter(pk=pk).exists():
            raise ValidationError("The app that this page made was deleted. Open the page once more to add another.")
        return pk

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_own_redirect_url(self) -> str:
        return clean_own_address(self.cleaned_data["own_redirect_url"], kept="", practice=bool(settings.SANDBOX))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.instance.pk = cleaned.get("app") or self.instance.pk
        if "own_redirect_url" in cleaned:
            self.instance.redirect_uri = cleaned["own_redirect_url"] or self.instance.default_redirect_uri()
        return cleaned
