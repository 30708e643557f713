"""The form of the organization: a logo that is taken apart first, and a time zone that is found by typing."""

from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import URLValidator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.admin.base import clean_name
from integrations.models import Organization
from integrations.rules import images

ZONES: Final = "time-zones"


@cache
def zones() -> tuple[str, ...]:
    """Return the zones that people live in, such as Europe/Amsterdam, and UTC."""
    odd = ("Etc/", "SystemV/", "posix/", "right/", "US/")
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith(odd)))


class ZoneInput(forms.TextInput):
    """A field that offers the zones whose name holds what was typed; the browser does it by itself."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, {**(attrs or {}), "list": ZONES, "autocomplete": "off"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((zone,) for zone in zones()))
        return format_html('{}<datalist id="{}">{}</datalist>', field, ZONES, options)


class PublicURLField(forms.URLField):
    """An address that everybody can open in a browser."""

    default_validators = [URLValidator(schemes=("https", "http"))]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", **kwargs)

    def validate(self, value: str) -> None:
        super().validate(value)
        if "@" in urlsplit(value).netloc:
            raise ValidationError("Enter the address without a user name and a password: customers see it.")


class OrganizationForm(forms.ModelForm):
    """Ourselves. A new logo replaces the one before."""

    logo = forms.FileField(
        label="Logo",
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
        help_text=f"PNG or JPEG, at most {images.MAX_BYTES // 1024} kB, {images.MAX_SIDE} pixels wide and high.",
    )
    remove_logo = forms.BooleanField(required=False, label="Remove the logo")

    class Meta:
        model = Organization
        fields = (
            "name",
            "time_zone",
            "remind_after_days",
            "support_name",
            "support_email",
            "support_phone",
            "privacy_policy_url",
        )
        widgets = {"time_zone": ZoneInput, "privacy_policy_url": forms.URLInput(attrs={"class": "vURLField"})}
        field_classes = {"privacy_policy_url": PublicURLField}
        help_texts = {"time_zone": "Pages show times in this zone. Type a part of its name, such as a city."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "time_zone" in self.fields:
            # Its default is a function, for which Django would add a hidden field.
            self.fields["time_zone"].show_hidden_initial = False

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def clean_logo(self) -> images.Picture | None:
        file: UploadedFile | None = self.cleaned_data["logo"]
        if file is None:
            return None
        try:
            # One byte more tells that there is more, and no more is read.
            return images.clean(file.read(images.MAX_BYTES + 1))
        except images.NotAnImage as error:
            raise ValidationError(str(error)) from None
