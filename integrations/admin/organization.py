"""Ourselves: one row, so no list."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from integrations.admin.base import PortalModelAdmin, never, not_to_be_sent
from integrations.admin.organization_form import OrganizationForm
from integrations.models import Organization
from integrations.rules.sections import PORTAL
from integrations.services import logos

ONE = "There is one organization, ourselves: it is changed, and neither added nor deleted."


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
            ("While Exact decides", {"fields": ("remind_after_days",)}),
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
        """Filling it in for the first time is changing what stood at its defaults."""
        allowed = request.user.has_perm("integrations.change_organization") or super().has_add_permission(request)
        return allowed and (not Organization.objects.exists() or never(request, ONE))

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return never(request, ONE)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if answer := not_to_be_sent(request):
            return answer
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
        return self._back(request)

    def response_change(self, request: HttpRequest, obj: Organization) -> HttpResponse:
        super().response_change(request, obj)
        return self._back(request)

    @staticmethod
    def _back(request: HttpRequest) -> HttpResponse:
        return redirect("portal" if request.user.has_perm(PORTAL) else "admin:integrations_organization_changelist")
