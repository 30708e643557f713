"""Ourselves: one row, so no list."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from integrations.admin.base import PortalModelAdmin
from integrations.admin.organization_form import OrganizationForm
from integrations.models import Organization
from integrations.services import logos


@admin.register(Organization)
class OrganizationAdmin(PortalModelAdmin):
    form = OrganizationForm
    readonly_fields = ("shown_logo",)

    def get_fieldsets(self, request: HttpRequest, obj: Organization | None = None) -> Any:
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        shown = ("shown_logo",) if logos.current() else ()
        chosen = (("logo", "remove_logo") if shown else ("logo",)) if may_edit else ()
        return (
            (None, {"fields": ("name", "time_zone")}),
            ("Logo", {"description": "Customers see it while they connect.", "fields": (*shown, *chosen)}),
            (
                "For your customers",
                {
                    "description": "Whom they ask, and what you do with their data.",
                    "fields": ("support_name", "support_email", "support_phone", "privacy_policy_url"),
                },
            ),
        )

    @admin.display(description="Now")
    def shown_logo(self, organization: Organization) -> SafeString:
        return mark_safe(render_to_string("components/logo.html", {"logo": logos.current()}))  # noqa: S308 (it escapes)

    def save_model(self, request: HttpRequest, obj: Organization, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        if picture := form.cleaned_data.get("logo"):
            logos.keep(obj, picture)
        elif form.cleaned_data.get("remove_logo"):
            logos.remove()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organization.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if row := Organization.objects.first():
            return redirect("admin:integrations_organization_change", row.pk)
        return redirect("admin:integrations_organization_add")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        said = {"title": "Organization", "subtitle": None, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, said)

    def response_add(
        self, request: HttpRequest, obj: Organization, post_url_continue: str | None = None
    ) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return redirect("portal")

    def response_change(self, request: HttpRequest, obj: Organization) -> HttpResponse:
        super().response_change(request, obj)
        return redirect("portal")
