"""Activity: who did what, filtered, and taken away as a file."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.admin.base import PortalModelAdmin, acting, may, never, not_to_be_sent, told
from integrations.models import AuditEvent, Organization
from integrations.rules import activity as rules
from integrations.rules import wording
from integrations.services import activity, people
from integrations.services.refusals import Refused

LIST = "admin:integrations_auditevent_changelist"
TEMPLATE = "admin/integrations/auditevent/activity.html"
FILTER = frozenset({*rules.NAMES, rules.OLDER})
OF_THE_FORM = frozenset({*rules.NAMES, "csrfmiddlewaretoken", "format"})

WRITTEN_ONCE = "The activity is written once: nobody adds to it, changes or deletes it by hand."


@admin.register(AuditEvent)
class ActivityAdmin(PortalModelAdmin):
    ordering = ("-at", "-id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return never(request, WRITTEN_ONCE)

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return never(request, WRITTEN_ONCE)

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return never(request, WRITTEN_ONCE)

    def get_urls(self) -> list[URLPattern]:
        export = require_POST(self.admin_site.admin_view(self.export_view))
        return [path("export/", export, name="export-activity"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return not_to_be_sent(request) or self._page(request, _asked(request.GET, FILTER))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the list, filtered by what the event is about: an event says all it has on its line there."""
        if object_id is None or request.method == "POST":
            self.has_change_permission(request)
            raise PermissionDenied
        if not self.has_view_permission(request):
            raise PermissionDenied
        event = self.get_object(request, object_id)
        known = isinstance(event, AuditEvent) and event.object_type in wording.KINDS
        about = f"?{urlencode({'about': event.object_type, 'which': event.object_id})}" if event and known else ""
        return redirect(f"{reverse(LIST)}{about}")

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Stream a file of what the filter shows; that this was done is an event."""
        if not self._may_export(request):
            raise PermissionDenied
        asked = _asked(request.POST, OF_THE_FORM)
        if asked.reasons:
            return self._page(request, asked)
        file_format = request.POST.get("format", "")
        try:
            parts = activity.export(asked, file_format, by=acting(request))
        except Refused as refusal:
            asked.reasons += refusal.reasons
            return self._page(request, asked)
        response = StreamingHttpResponse(parts, content_type=activity.FORMATS[file_format])
        name = f"activity-{timezone.now():%Y%m%d-%H%M}Z.{file_format}"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _page(self, request: HttpRequest, asked: rules.Asked) -> HttpResponse:
        """Show the events, or why what was asked cannot be followed: then none, so that nothing is taken for the
        answer."""
        events, older = activity.page(asked) if not asked.reasons else ([], None)
        given = {name: value for name, value in asked.values.items() if value and name != rules.OLDER}
        reader: Any = request.user
        context = {
            **self.admin_site.each_context(request),
            "title": "Activity",
            "opts": self.opts,
            "asked": asked,
            "given": given,
            # What is no day does not go back into a field that takes days only.
            "days": {"from": bool(asked.filter.since), "to": bool(asked.filter.until)},
            "events": told(events, reader),
            "older": urlencode({**given, rules.OLDER: older}) if older else "",
            "newest": urlencode(given) if asked.values[rules.OLDER] else "",
            "is_first": not asked.values[rules.OLDER],
            "actors": people.actors(),
            "actions": wording.action_choices(),
            "kinds": wording.KINDS,
            "zone": Organization.objects.ours().time_zone,
            "can_export": self._may_export(request),
        }
        return TemplateResponse(request, TEMPLATE, context, status=400 if asked.reasons else 200)

    def _may_export(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may(request, "integrations.export_auditevent")


def _asked(given: QueryDict, names: frozenset[str]) -> rules.Asked:
    """Read the filter.

    Raises:
        SuspiciousOperation: something else was asked.
    """
    if not names.issuperset(given):
        raise SuspiciousOperation("The activity is filtered by nothing else.")
    return rules.read(dict(given.lists()), timezone.get_current_timezone())
