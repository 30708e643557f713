"""What an app's forms have in common: its keys, and an address of one's own in place of the portal's."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from integrations.rules.keys import MAX_SECRET_LENGTH, clean_client_id, clean_client_secret
from integrations.rules.redirects import LONGEST, clean_redirect_url

BLANK_KEEPS: Final = "Blank keeps the one that is stored."


class KeysForm(forms.Form):
    """The keys. The Client secret is write-only: it never comes back, and blank keeps it."""

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes: list[str] = []

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


class OwnAddressField(forms.CharField):
    """A redirect URL that is not the portal's; blank for the portal's."""

    def __init__(self) -> None:
        super().__init__(
            label="Address of your own",
            required=False,
            strip=False,
            max_length=LONGEST + 100,
            help_text="Blank, where browsers reach this portal. Elsewhere any https address that you own, as "
            "registered at Exact: whoever connects then pastes the address at which the browser ended.",
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        )


def clean_own_address(text: str, *, kept: str, practice: bool) -> str:
    """Return the address; one that stands already (``kept``) may have been made by an earlier rule.

    Raises:
        ValidationError: Exact would not accept it.
    """
    if not text.strip() or text == kept:
        return text.strip()
    cleaned = clean_redirect_url(text, practice=practice)
    if cleaned.reasons:
        raise ValidationError(list(cleaned.reasons))
    return cleaned.value
