"""Activity: who did what."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from integrations.admin.base import PortalModelAdmin, never, told
from integrations.models import AuditEvent

WRITTEN_ONCE = "The activity is written once: nobody adds to it, changes or deletes it by hand."


@admin.register(AuditEvent)
class ActivityAdmin(PortalModelAdmin):
    list_display = ("at",)
    list_display_links = None
    ordering = ("-at", "-id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return never(request, WRITTEN_ONCE)

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return never(request, WRITTEN_ONCE)

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return never(request, WRITTEN_ONCE)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, {"title": "Activity", **(extra_context or {})})
        changelist = getattr(response, "context_data", {}).get("cl")
        if changelist is not None:
            response.context_data["events"] = told(list(changelist.result_list))  # type: ignore[attr-defined]
        return response
