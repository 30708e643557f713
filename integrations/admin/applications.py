"""Integrations, the home page, and the pages of one app."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from integrations.admin import integrations_page
from integrations.admin.application_form import ApplicationForm
from integrations.admin.base import PortalModelAdmin, acting, may, never, not_to_be_sent, say_why_not
from integrations.admin.confirming import confirmed
from integrations.models import Application
from integrations.services import app_states, applications, links, people, secrets, tokens
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused

HOME = "admin:integrations_application_changelist"
DISABLE_FIRST = "An enabled app cannot be deleted. Disable it first."
STAY = frozenset({"_continue", "_addanother", "_popup"})
TEMPLATES = "admin/integrations/application"


@admin.register(Application)
class ApplicationAdmin(PortalModelAdmin):
    form = ApplicationForm

    # --- The home page --------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if answer := not_to_be_sent(request):
            return answer
        self.refuse_query(request)
        context = {
            **self.admin_site.each_context(request),
            **integrations_page.context(request.user.has_perm),
            "title": "Integrations",
            "can_add": self.has_add_permission(request),
            "can_enable": self._may_enable(request),
            "can_connect": self._may_connect(request),
        }
        return TemplateResponse(request, f"{TEMPLATES}/integrations.html", context)

    # --- The form of one app --------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Application | None = None) -> Any:
        may_set = self._may_set_keys(request, obj)
        described = ("region_title", "kind", "name", "redirect") if obj else ("region", "kind", "name")
        stored = ("client_id", "stored") if obj else ()
        keys = (*(stored or ("client_id",)), "client_secret") if may_set else stored
        own_address = ("own_redirect_url",) if may_set else ()
        fieldsets: list[Any] = [("The app", {"fields": (*described, *own_address)})]
        if keys:
            fieldsets.append(("Keys", {"fields": keys, "description": "From Manage my apps, at Exact."}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Application | None = None) -> tuple[str, ...]:
        fixed = ("region_title", "kind", "redirect", "stored") if obj else ()
        return fixed if self._may_set_keys(request, obj) else (*fixed, "client_id")

    def get_form(
        self,
        request: HttpRequest,
        obj: Application | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **kwargs: Any,
    ) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        absent = {"region"} if obj else set()
        if not self._may_set_keys(request, obj):
            absent |= {"client_id", "client_secret", "own_redirect_url"}
        for name in absent:
            form.base_fields.pop(name, None)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"region": request.GET.get("region", "")}

    @admin.display(description="Region")
    def region_title(self, application: Application) -> SafeString:
        return _part("region", application=application)

    @admin.display(description="Redirect URL")
    def redirect(self, application: Application) -> SafeString:
        return _part("redirect", application=application)

    @admin.display(description="Stored secret")
    def stored(self, application: Application) -> SafeString:
        stored = secrets.stored(application)
        names = people.names(secret.row.set_by for secret in stored)
        rows = [{"secret": secret, "set_by": names[secret.row.set_by]} for secret in stored]
        return _part("stored", rows=rows)

    # --- Saving ---------------------------------------------------------------------------------------------

    @confirmed("integrations.set_keys")
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self._or_say_why_not(request, super().changeform_view, request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._or_say_why_not(request, super().delete_view, request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:  # noqa: FBT001
        by = acting(request)
        if change:
            applications.change(obj, by=by)
        else:
            applications.add(obj, by=by)
        if secret := form.cleaned_data.get("client_secret"):
            row = secrets.set(obj, secret, by=by)
            form.notes.append(f"The Client secret is stored; its fingerprint is {row.fingerprint}.")
        for note in form.notes:
            messages.info(request, note)

    def delete_model(self, request: HttpRequest, obj: Application) -> None:
        app_states.remove(obj, by=acting(request))

    def record(self, verb: str, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Do nothing: the service recorded what it did."""

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        if STAY.intersection(request.POST):
            return super().response_add(request, obj, post_url_continue)
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Application) -> HttpResponse:
        if STAY.intersection(request.POST):
            return super().response_change(request, obj)
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, application: Application) -> HttpResponse:
        """Confirm, and ask whether to enable the app as soon as nothing else is missing."""
        messages.success(request, f"The app “{application.name}” was saved.")
        if self._may_enable(request) and not applications.why_not_enabled(application):
            return redirect("admin:enable-now-or-later", application.pk)
        return redirect(HOME)

    @staticmethod
    def _or_say_why_not(request: HttpRequest, view: Any, *args: Any) -> HttpResponse:
        """Answer a refusal of a service, whose transaction was undone, on the page that asked for it."""
        try:
            response: HttpResponse = view(*args)
        except (Refused, WrongKeyRing) as refusal:
            messages.error(request, str(refusal))
            return redirect(request.get_full_path())
        return response

    # --- Enabling -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any) -> URLPattern:
            pattern: URLPattern = path(f"<uuid:pk>/{route}/", self.admin_site.admin_view(view), name=route)
            return pattern

        return [
            page("enable-now-or-later", require_safe(self.enable_now_or_later_view)),
            page("enable", self.enable_view),
            page("disable", self.disable_view),
            page("connect", require_POST(self.connect_view)),
            *super().get_urls(),
        ]

    def enable_now_or_later_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        application = self._to_enable(request, pk)
        context = {
            "title": f"Enable “{application.name}” now?",
            "lead": "Once enabled, the portal uses the app: staff and customers can connect through it.",
            "reasons": applications.why_not_enabled(application),
            "action": "Enable now",
            "cancel": "Later",
            "post_url": reverse("admin:enable", args=[pk]),
        }
        return self._confirm(request, application, **context)

    def enable_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        application = self._to_enable(request, pk)
        if request.method == "POST":
            return self._do(request, application, applications.enable, "enabled")
        context = {
            "title": f"Enable “{application.name}”?",
            "lead": "The portal will use the app: staff and customers can connect through it.",
            "reasons": applications.why_not_enabled(application),
            "action": "Enable",
        }
        return self._confirm(request, application, **context)

    def disable_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        application = self._to_enable(request, pk)
        if request.method == "POST":
            return self._do(request, application, applications.disable, "disabled")
        context = {
            "title": f"Disable “{application.name}”?",
            "lead": "Nobody can connect through the app until it is enabled again. Its keys stay; nothing is lost.",
            "reasons": () if application.is_enabled else ("It is disabled already.",),
            "action": "Disable",
            "tone": "bad",
        }
        return self._confirm(request, application, **context)

    def _do(self, request: HttpRequest, application: Application, verb: Any, done: str) -> HttpResponse:
        try:
            verb(application, by=acting(request))
        except Refused as refusal:
            say_why_not(request, refusal)
        else:
            messages.success(request, f"The app “{application.name}” is {done}.")
        return redirect(HOME)

    def _confirm(self, request: HttpRequest, application: Application, **context: Any) -> HttpResponse:
        facts = [
            {"label": "Region", "text": application.region_title},
            {"label": "Kind", "text": application.get_kind_display()},
            {"label": "Client ID", "text": application.client_id or "Not entered yet"},
        ]
        everything = {
            **self.admin_site.each_context(request),
            "application": application,
            "facts": facts,
            "cancel_url": reverse(HOME),
            **context,
        }
        return TemplateResponse(request, f"{TEMPLATES}/confirm.html", everything)

    def _to_enable(self, request: HttpRequest, pk: UUID) -> Application:
        if not self._may_enable(request):
            raise PermissionDenied
        return get_object_or_404(Application, pk=pk)

    # --- Connecting -----------------------------------------------------------------------------------------

    def connect_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Make a link page for ourselves, and open it."""
        if not self._may_connect(request):
            raise PermissionDenied
        application = get_object_or_404(Application, pk=pk)
        try:
            made = links.make(application, by=acting(request))
        except tokens.StandingBy as refusal:
            messages.error(request, str(refusal))
            return redirect(HOME)
        except Refused as refusal:
            say_why_not(request, refusal)
            return redirect(HOME)
        return redirect(made.path)

    # --- Rights ---------------------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Application | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and not (obj and obj.is_enabled and not never(request, DISABLE_FIRST))

    def _may_enable(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may(request, "integrations.enable_application")

    def _may_connect(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may(request, "integrations.connect")

    def _may_set_keys(self, request: HttpRequest, obj: Application | None) -> bool:
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return may_edit and request.user.has_perm("integrations.set_keys")


def _part(name: str, **context: Any) -> SafeString:
    """Render a part of the form; its template escapes what it is given."""
    return mark_safe(render_to_string(f"{TEMPLATES}/{name}.html", context))  # noqa: S308
