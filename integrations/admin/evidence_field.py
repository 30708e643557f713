"""The field for the address of what shows that something is so: a letter, a ticket, a page."""

from typing import Any, Final

from django import forms

from integrations.rules.redirects import is_web_address

NO_ADDRESS: Final = "Enter a web address that begins with https:// or http://."


class EvidenceField(forms.URLField):
    """A web address, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Evidence",
            required=False,
            max_length=500,
            assume_scheme="https",
            error_messages={"invalid": NO_ADDRESS},
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        address: str = super().clean(value)
        if address and not is_web_address(address):
            raise forms.ValidationError(NO_ADDRESS)
        return address
