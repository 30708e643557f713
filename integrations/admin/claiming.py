"""The button that makes this installation the owner of the tokens."""

from typing import Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from integrations.admin.base import acting, require, say_why_not
from integrations.rules.installation import CONFIRMATION, is_confirmed
from integrations.rules.sections import PORTAL
from integrations.services import installation
from integrations.services.installation import Standing
from integrations.services.refusals import Refused
from integrations.services.takeover import Original

ABOUT_THE_TOKENS: Final = {
    "title": "Claim the tokens for this portal?",
    "lead": "From then on this portal asks Exact, and the one that owned the tokens stands by. Connections that it "
    "refreshed after this database was copied have to be made again.",
    "action": "Claim the tokens",
    "tone": "bad",
}
ABOUT_THE_ADDRESS: Final = {
    "title": "Note the new address?",
    "lead": "The portal remembers the address that it has now, and warns no more. Apps that were added before keep "
    "their Redirect URL: it leads to the former address until it is entered anew, here and at Exact.",
    "action": "Note the address",
}


class StoppedForm(forms.Form):
    """A word, typed: what ends every connection where it is not true is not said by one click."""

    typed = forms.CharField(
        label=f"The other portal is stopped, and does not start again. Type “{CONFIRMATION}” to say so",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if not is_confirmed(typed):
            raise ValidationError(f"Stop the other portal first, then type “{CONFIRMATION}”. Nothing was claimed.")
        return typed


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Ask whether the other portal is stopped, and then make this one the owner of the tokens."""
    require(request, "integrations.claim_installation")
    standing = installation.standing()
    form = StoppedForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (not standing.reasons or form.is_valid()):
        return _claim(request)
    context = {
        **(ABOUT_THE_TOKENS if standing.reasons else ABOUT_THE_ADDRESS),
        "facts": _whose(standing),
        "reasons": standing.why_not_claimed,
        "typed": form["typed"] if standing.reasons else None,
        "cancel_url": reverse(_back(request)),
    }
    return TemplateResponse(request, "admin/portal/confirm.html", {**admin.site.each_context(request), **context})


def _claim(request: HttpRequest) -> HttpResponse:
    try:
        claimed = installation.claim(by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        say = messages.warning if claimed.original is Original.OUT_OF_REACH else messages.success
        say(request, f"This portal owns the tokens. {claimed.original.sentence}")
    return redirect(_back(request))


def _whose(standing: Standing) -> list[dict[str, str]]:
    """Return whose the tokens are, beside who would have them."""
    row, here = standing.row, standing.here
    owner = f"{row.owner}, at {row.public_url}" if row else "Nobody"
    where = [{"label": "Their database", "text": row.database_path}] if row and row.database_path else []
    return [
        {"label": "They belong to", "text": owner},
        *where,
        {"label": "This portal", "text": f"{here.installation or 'without an id'}, at {here.address}"},
    ]


def _back(request: HttpRequest) -> str:
    return "portal" if request.user.has_perm(PORTAL) else "admin:index"
