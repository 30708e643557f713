"""Integrations, the home page, and the pages of one app."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from integrations.admin import (
    answers,
    app_address,
    app_connections,
    app_keys,
    app_overview,
    app_pages,
    app_permission,
    app_review,
    app_scopes,
    app_scopes_lists,
    app_scopes_reach,
    integrations_page,
    key_answers,
    set_up,
)
from integrations.admin import app_states as state_pages
from integrations.admin.app_pages import Tab
from integrations.admin.application_form import ApplicationForm
from integrations.admin.base import PortalModelAdmin, acting, may, not_to_be_sent, say_why_not
from integrations.admin.confirming import confirmed
from integrations.models import Application
from integrations.rules.keys import clean_client_id
from integrations.services import app_states, applications, links, secrets, tokens
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused

HOME = "admin:integrations_application_changelist"
STAY = frozenset({"_continue", "_addanother", "_popup"})
TEMPLATES = "admin/integrations/application"
PAGES = (
    state_pages,
    app_keys,
    key_answers,
    app_scopes,
    app_scopes_lists,
    app_scopes_reach,
    app_review,
    answers,
    app_permission,
    app_connections,
    app_address,
    set_up,
)
"""Modules that bring URLs of one app."""


@admin.register(Application)
class ApplicationAdmin(PortalModelAdmin):
    form = ApplicationForm
    add_form_template = f"{TEMPLATES}/add.html"
    object_history_template = f"{TEMPLATES}/history.html"

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
        }
        return TemplateResponse(request, f"{TEMPLATES}/integrations.html", context)

    # --- Adding one: a short form --------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Application | None = None) -> Any:
        described = ("region", "kind", "name")
        if not self._may_set_keys(request):
            return [("The app", {"fields": described})]
        keys = {"fields": ("client_id", "client_secret"), "description": "From Manage my apps, at Exact."}
        return [("The app", {"fields": (*described, "own_redirect_url")}), ("Keys", keys)]

    def get_form(
        self,
        request: HttpRequest,
        obj: Application | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **kwargs: Any,
    ) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        if not self._may_set_keys(request):
            for name in ("client_id", "client_secret", "own_redirect_url"):
                form.base_fields.pop(name, None)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"region": request.GET.get("region", "")}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self._adding(request, form_url, extra_context)

    @confirmed("integrations.set_keys")
    def _adding(self, request: HttpRequest, form_url: str, extra_context: dict[str, Any] | None) -> HttpResponse:
        made = self._made_already(request) if request.method == "POST" else None
        if made is not None:
            return self._lead_on(request, made)
        return self._or_say_why_not(request, self._add_once, request, form_url, extra_context)

    def _add_once(self, request: HttpRequest, form_url: str, extra_context: dict[str, Any] | None) -> HttpResponse:
        try:
            return super().changeform_view(request, None, form_url, extra_context)
        except applications.AlreadyAdded:
            made = self._made_already(request)  # by the same form, sent twice at once
            if made is None:
                raise
        return self._lead_on(request, made)

    def _made_already(self, request: HttpRequest) -> Application | None:
        """Return the app that this form made when it was sent before."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        try:
            return Application.objects.filter(pk=UUID(request.POST.get("app", ""))).first()
        except ValueError:
            return None

    def _lead_on(self, request: HttpRequest, made: Application) -> HttpResponse:
        client_id = clean_client_id(request.POST.get("client_id", "")).value
        keys = {"client_id": client_id} if client_id and self._may_set_keys(request) else {}
        app_pages.say_made_already(request, made, "region", "kind", "name", **keys)
        return redirect(app_pages.address(made, Tab.OVERVIEW))

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:  # noqa: FBT001
        by = acting(request)
        applications.add(obj, by=by)
        if secret := form.cleaned_data.get("client_secret"):
            row = secrets.set(obj, secret, by=by)
            form.notes.append(f"The Client secret is stored; its fingerprint is {row.fingerprint}.")
        for note in form.notes:
            messages.info(request, note)

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        if STAY.intersection(request.POST):
            return super().response_add(request, obj, post_url_continue)
        return app_pages.saved(request, obj, Tab.OVERVIEW)

    # --- The pages of one app -------------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the first page of the app; what it can be asked for is in ``app_overview``."""
        application = self._asked_for(request, object_id)
        if application is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        return app_overview.page(request, application)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        application = self._asked_for(request, object_id)
        shared = app_pages.about(request, application, Tab.HISTORY) if application else {}
        return super().history_view(request, object_id, {**shared, **(extra_context or {})})

    def record(self, verb: str, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Do nothing: the service recorded what it did."""

    def _asked_for(self, request: HttpRequest, object_id: str) -> Application | None:
        if not self.has_view_permission(request):
            raise PermissionDenied
        self.refuse_query(request)
        return self.get_object(request, object_id)

    @staticmethod
    def _or_say_why_not(request: HttpRequest, view: Any, *args: Any) -> HttpResponse:
        """Answer a refusal of a service, whose transaction was undone, on the page that asked for it."""
        try:
            response: HttpResponse = view(*args)
        except (Refused, WrongKeyRing) as refusal:
            messages.error(request, str(refusal))
            return redirect(request.get_full_path())
        return response

    # --- Deleting -------------------------------------------------------------------------------------------

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask, or say before it is tried why the app stays."""
        application = self.get_object(request, object_id)
        allowed = application is not None and self.has_delete_permission(request, application)
        if application and allowed and (reasons := app_states.effects(application).why_not_deleted):
            return self._stays(request, application, reasons)
        return self._or_say_why_not(request, super().delete_view, request, object_id, extra_context)

    def _stays(self, request: HttpRequest, application: Application, reasons: tuple[str, ...]) -> HttpResponse:
        if request.method == "POST":
            say_why_not(request, Refused(reasons))
            return redirect(request.get_full_path())
        context = {**self.admin_site.each_context(request), "opts": self.opts, "object": application}
        return TemplateResponse(request, "admin/delete_confirmation.html", {**context, "reasons": reasons})

    def delete_model(self, request: HttpRequest, obj: Application) -> None:
        app_states.remove(obj, by=acting(request))

    # --- The other pages ------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def page(route: str, view: Any) -> URLPattern:
            pattern: URLPattern = path(f"<uuid:pk>/{route}/", self.admin_site.admin_view(view), name=route)
            return pattern

        return [
            page("connect", require_POST(self.connect_view)),
            *(url for module in PAGES for url in module.urls(self.admin_site.admin_view)),
            *super().get_urls(),
        ]

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

    def _may_connect(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may(request, "integrations.connect")

    def _may_set_keys(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and request.user.has_perm("integrations.set_keys")
