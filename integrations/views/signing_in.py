"""Signing in, the own password, and the page that asks for it again: Django's views over our services."""

import math
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import login
from django.contrib.auth.forms import UsernameField
from django.contrib.auth.views import LoginView, PasswordChangeView, RedirectURLMixin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.generic import FormView
from django.views.generic.edit import FormMixin

from integrations.models import User
from integrations.rules.signing_in import BROWSER_KNOWN, LONGEST_PASSWORD
from integrations.services import known_browsers, sessions, signing_in
from integrations.services.refusals import Refused
from integrations.services.signing_in import Throttled, Visitor

MINUTE: Final = timedelta(minutes=1)
TOO_MANY: Final = 429


def visitor(request: HttpRequest) -> Visitor:
    """Return where a request comes from, as far as the portal believes it."""
    return Visitor(request.META.get("REMOTE_ADDR", ""), request.COOKIES.get(settings.BROWSER_COOKIE_NAME, ""))


def in_words(refusal: Refused) -> str:
    """Return a refusal as a page says it, with the time from which on one may try again."""
    if not isinstance(refusal, Throttled):
        return str(refusal)
    minutes = max(1, math.ceil((refusal.retry_at - timezone.now()) / MINUTE))
    whole_minute = refusal.retry_at.replace(second=0, microsecond=0)
    until = timezone.localtime(whole_minute if whole_minute == refusal.retry_at else whole_minute + MINUTE)
    return f"{refusal} Try again in {minutes} minute{'' if minutes == 1 else 's'}, at {until:%H:%M}."


class ThrottledForm(forms.Form):
    """A form that asks a service for a password's worth, and keeps why it said no."""

    refusal: Refused | None = None

    def refuse(self, refusal: Refused) -> ValidationError:
        self.refusal = refusal
        return ValidationError(in_words(refusal), code="refused")


class Answered(FormMixin):  # type: ignore[type-arg] # no generic at run time
    """A view whose form may be refused for some time: the answer says so to programs, too."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if isinstance(form.refusal, Throttled):
            wait = form.refusal.retry_at - timezone.now()
            response.status_code = TOO_MANY
            response.headers["Retry-After"] = str(max(1, math.ceil(wait.total_seconds())))
        return response


# --- Signing in ---------------------------------------------------------------------------------------------


class SignInForm(ThrottledForm, AdminAuthenticationForm):
    """Django's form; who may come in is the service's to say."""

    username = UsernameField(
        max_length=User._meta.get_field("username").max_length, widget=forms.TextInput(attrs={"autofocus": True})
    )
    password = forms.CharField(
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username and password and self.request is not None:
            try:
                self.user_cache = signing_in.sign_in(username, password, at=visitor(self.request))
            except Refused as refusal:
                raise self.refuse(refusal) from None
        return self.cleaned_data


class SignIn(Answered, LoginView):
    """Django's page; a log-in is recorded, and the browser is known from now on."""

    authentication_form = SignInForm

    def form_valid(self, form: SignInForm) -> HttpResponse:
        user = form.get_user()
        with transaction.atomic():
            login(self.request, user)
            signing_in.signed_in(user, at=visitor(self.request))
        response = HttpResponseRedirect(self.get_success_url())
        cookie = known_browsers.remember(visitor(self.request).cookie, user.get_username())
        response.set_cookie(
            settings.BROWSER_COOKIE_NAME,
            cookie,
            max_age=BROWSER_KNOWN,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return response


# --- The own password ---------------------------------------------------------------------------------------


class OwnPasswordForm(ThrottledForm, AdminPasswordChangeForm):
    """Django's form; the old password is throttled, or it could be guessed here."""

    def __init__(self, user: User, *args: Any, at: Visitor, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.at = at

    def clean_old_password(self) -> str:
        old: str = self.cleaned_data["old_password"]
        try:
            signing_in.check_own_password(self.user, old, at=self.at)
        except Refused as refusal:
            raise self.refuse(refusal) from None
        return old


class OwnPassword(Answered, PasswordChangeView):
    """Django's page; the other sessions of this account end, and this one goes on."""

    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "at": visitor(self.request)}

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            signing_in.password_changed(form.user, at=visitor(self.request))
        return response


# --- Confirm it is you --------------------------------------------------------------------------------------


class ConfirmForm(ThrottledForm):
    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_password(self) -> str:
        user = self.request.user
        if not isinstance(user, User):
            raise ValidationError("Nobody is signed in.")
        try:
            signing_in.check_own_password(user, self.cleaned_data["password"], at=visitor(self.request))
        except Refused as refusal:
            raise self.refuse(refusal) from None
        return ""


class Confirm(Answered, RedirectURLMixin, FormView):  # type: ignore[type-arg]
    """Asks for the password again before keys are set, and leads on to the page that asked; within the portal only."""

    form_class = ConfirmForm
    template_name = "admin/confirm_it_is_you.html"
    next_page = "admin:index"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if sessions.may_set_keys(request.session):
            return HttpResponseRedirect(self.get_success_url())
        return super().get(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **admin.site.each_context(self.request),
            "title": "Confirm it is you",
            "next": self.get_redirect_url(),
            **super().get_context_data(**kwargs),
        }

    def form_valid(self, form: Any) -> HttpResponse:
        user = self.request.user
        with transaction.atomic():
            sessions.confirm(self.request.session)
            if isinstance(user, User):
                signing_in.confirmed(user, at=visitor(self.request))
        return HttpResponseRedirect(self.get_success_url())
