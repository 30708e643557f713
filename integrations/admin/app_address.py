"""An app's Redirect URL: what was entered at Exact is recorded, and the portal's own address followed."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from integrations.admin import app_pages
from integrations.admin.base import acting, say_why_not
from integrations.admin.conflicts import SeenField
from integrations.models import Application
from integrations.rules.journey import Step
from integrations.rules.lint import Field
from integrations.rules.redirects import LONGEST
from integrations.services import applications
from integrations.services.refusals import Refused

CHANGE = "integrations.change_application"


class RegisteredForm(forms.Form):
    """The Redirect URL as it stands at Exact, pasted."""

    url = forms.CharField(
        label="Paste it as it stands there",
        max_length=LONGEST + 100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        error_messages={"required": "Nothing was pasted. Copy the Redirect URL from Manage my apps, at Exact."},
    )
    version = SeenField()


def urls(admin_view: Any) -> list[URLPattern]:
    return [
        path("<uuid:pk>/registered/", admin_view(require_POST(register)), name="register-url"),
        path("<uuid:pk>/follow-address/", admin_view(require_POST(follow)), name="follow-address"),
    ]


def register(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Record what was entered at Exact, and say whether it is what the portal sends."""
    application = app_pages.find(request, pk, CHANGE)
    form = RegisteredForm(request.POST)
    if not form.is_valid():
        for reasons in form.errors.values():
            for reason in reasons:
                messages.error(request, str(reason))
        return _back(request, application)
    try:
        applications.register(
            application, form.cleaned_data["url"], by=acting(request), version=form.cleaned_data["version"]
        )
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        say_recorded(request, application)
    return _back(request, application)


def follow(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let browsers come back to the portal's present address."""
    application = app_pages.find(request, pk, CHANGE)
    try:
        applications.follow_address(application, by=acting(request))
    except Refused as refusal:
        say_why_not(request, refusal)
    else:
        messages.success(
            request, f"The portal sends its present address from now on. Enter it at Exact: {application.redirect_uri}"
        )
    return _back(request, application)


def say_recorded(request: HttpRequest, application: Application) -> bool:
    """Say on the next page, and tell, whether what was recorded is what the portal sends."""
    same = application.registered_redirect_uri == application.redirect_uri
    if same:
        messages.success(request, "Recorded: Exact has the Redirect URL that the portal sends, letter by letter.")
    else:
        messages.error(
            request, "Recorded. It is not the Redirect URL that the portal sends; Exact compares them letter by letter."
        )
    return same


def compare_url(application: Application) -> str:
    """Return where what was recorded is compared character by character; empty where nothing differs."""
    if application.registered_redirect_uri in {"", application.redirect_uri}:
        return ""
    step = reverse("admin:set-up-step", args=[application.pk, Step.REGISTER])
    return f"{step}#about-{Field.REGISTERED_REDIRECT_URI}"


def _back(request: HttpRequest, application: Application) -> HttpResponse:
    """Lead back to the page that asked: the set-up journey, or the first page of the app."""
    if request.POST.get("next") == "journey":
        return redirect("admin:set-up-step", application.pk, Step.REGISTER)
    return redirect(app_pages.place(application, Field.REGISTERED_REDIRECT_URI))
