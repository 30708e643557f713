"""The form of an app: what is typed is checked here by the rules of the floor below."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from integrations.models import Application, region_choices
from integrations.rules.keys import MAX_SECRET_LENGTH, clean_client_id, clean_client_secret
from integrations.rules.redirects import LONGEST, clean_redirect_url


class ApplicationForm(forms.ModelForm):
    """An app and its keys. The Client secret is write-only: it never comes back, and blank keeps it."""

    region = forms.ChoiceField(
        choices=region_choices,
        help_text="The country whose Exact Online the app is registered at; fixed once saved.",
    )
    client_id = forms.CharField(
        label="Client ID",
        required=False,
        strip=False,
        help_text="A GUID, shown at Exact under Manage my apps.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "data-one-line": ""}),
    )
    client_secret = forms.CharField(
        label="Client secret",
        required=False,
        strip=False,
        max_length=MAX_SECRET_LENGTH + 100,
        widget=forms.PasswordInput(
            render_value=False,
            attrs={"autocomplete": "new-password", "spellcheck": "false", "data-one-line": ""},
        ),
        help_text="Stored sealed, and never shown again.",
    )

    own_redirect_url = forms.CharField(
        label="Address of your own",
        required=False,
        strip=False,
        max_length=LONGEST + 100,
        help_text="Blank, where browsers reach this portal. Elsewhere any https address that you own, as registered at "
        "Exact: whoever connects then pastes the address at which the browser ended.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )

    class Meta:
        model = Application
        fields = ("region", "kind", "name", "client_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes: list[str] = []
        if not self.instance._state.adding and "client_secret" in self.fields:
            self.fields["client_secret"].help_text = "Blank keeps the one that is stored."
        if "own_redirect_url" in self.fields and not (self.instance._state.adding or self.instance.comes_back_here):
            self.fields["own_redirect_url"].initial = self.instance.redirect_uri

    def clean_own_redirect_url(self) -> str:
        text: str = self.cleaned_data["own_redirect_url"]
        if not text.strip() or text == self.fields["own_redirect_url"].initial:
            return text.strip()
        practice = bool(settings.SANDBOX) if self.instance._state.adding else self.instance.is_practice
        cleaned = clean_redirect_url(text, practice=practice)
        if cleaned.reasons:
            raise ValidationError(list(cleaned.reasons))
        return cleaned.value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "own_redirect_url" in cleaned:
            self.instance.redirect_uri = cleaned["own_redirect_url"] or self.instance.default_redirect_uri()
        return cleaned

    def clean_client_id(self) -> str | None:
        text = self.cleaned_data["client_id"]
        if not text.strip():
            return None
        cleaned = clean_client_id(text)
        if cleaned.reasons:
            raise ValidationError(list(cleaned.reasons))
        if cleaned.trimmed:
            self.notes.append("The blanks around the Client ID were taken off.")
        return cleaned.value

    def clean_client_secret(self) -> str:
        text: str = self.cleaned_data["client_secret"]
        if not text:
            return ""
        cleaned = clean_client_secret(text, client_id=self.cleaned_data.get("client_id"))
        if cleaned.reasons:
            raise ValidationError(list(cleaned.reasons))
        if cleaned.trimmed:
            self.notes.append("The blanks around the Client secret were taken off.")
        return cleaned.value
