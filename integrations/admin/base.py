"""What the portal's admin pages share: closed by default, and our events in place of Django's log."""

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.functional import cached_property

from integrations.models import AuditEvent, User
from integrations.rules import roles, wording
from integrations.rules.actors import Actor
from integrations.services import people
from integrations.templatetags.portal import MOST_COUNTED

HISTORY: Final = 200
KEPT_QUERY: Final = frozenset({"e", "_changelist_filters"})


class CappedPaginator(Paginator):
    """Counts no further than 10,001 rows: a list ends there, and the search narrows it."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, models.QuerySet):
            return rows.order_by()[:MOST_COUNTED].count()
        return len(rows)


def acting(request: HttpRequest) -> Actor:
    """Return who is signed in.

    Raises:
        PermissionDenied: nobody is.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return Actor.person(request.user.pk)


def may(request: HttpRequest, code: str) -> bool:
    """Tell whether the person has a right; where not, a page that refuses says which roles have it."""
    if request.user.has_perm(code):
        return True
    return never(request, roles.refusal(code))


def never(request: HttpRequest, why: str) -> bool:
    """Answer that nobody may; ``views.errors`` says why."""
    request.refusal = why  # type: ignore[attr-defined] # read there
    return False


def require(request: HttpRequest, code: str) -> None:
    """Let pass who has the right.

    Raises:
        PermissionDenied: the person has it not.
    """
    if not may(request, code):
        raise PermissionDenied


def told(events: list[AuditEvent]) -> list[dict[str, Any]]:
    """Return events as a page says them, with one query a kind of thing for all names."""
    names = people.names({event.actor for event in events})
    subjects = people.subjects((event.object_type, event.object_id) for event in events)
    return [
        {
            "at": event.at,
            "who": names.get(event.actor, ""),
            "about": subjects.get((event.object_type, event.object_id), ""),
            "what": wording.action(event.action),
            "details": wording.details(event.details),
        }
        for event in events
    ]


def not_to_be_sent(request: HttpRequest) -> HttpResponse | None:
    """Refuse what was sent to a page that is only read."""
    return HttpResponseNotAllowed(["GET", "HEAD"]) if request.method == "POST" else None


class PortalModelAdmin(admin.ModelAdmin):
    """A ModelAdmin that filters by named lookups only, deletes nothing in bulk, and records our events."""

    allowed_lookups: ClassVar[frozenset[str]] = frozenset()
    """Lookups that a query string may use. Django's default admits every local column, secrets included."""
    actions = None
    sortable_by = ()
    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    object_history_template = "admin/object_history.html"

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in self.allowed_lookups

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.opts.pk.name

    # --- Rights: each refusal says which right it lacked ------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(self._code("change")) or may(request, self._code("view"))

    def has_view_or_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, self._code("add"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self._code("change"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self._code("delete"))

    def _code(self, verb: str) -> str:
        return f"{self.opts.app_label}.{get_permission_codename(verb, self.opts)}"

    # --- Pages ------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show a list; nothing can be done to several rows at once."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return not_to_be_sent(request) or super().changelist_view(request, extra_context)

    def refuse_query(self, request: HttpRequest) -> HttpResponse:
        """Refuse a query string on a page that has nothing to filter.

        Raises:
            SuspiciousOperation: it has more than what Django itself adds.
        """
        if not KEPT_QUERY.issuperset(request.GET):
            raise SuspiciousOperation("This page takes no filters.")
        return redirect("admin:index")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Offer one way to save."""
        one_way = {"show_save_and_add_another": False, "show_save_and_continue": False, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, one_way)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]
        self.record("added", request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]
        if message:
            self.record("changed", request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        for obj in queryset:
            self.record("deleted", request, obj, [])

    def record(self, verb: str, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Record which fields changed, never what they hold."""
        fields = [name for part in message for change in part.values() for name in change.get("fields", ())]
        action = f"{obj._meta.model_name}.{verb}"
        AuditEvent.objects.record(action, obj, by=acting(request), details={"fields": fields} if fields else None)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if answer := not_to_be_sent(request):
            return answer
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined,no-any-return]
        context = {
            **self.admin_site.each_context(request),
            "title": "History",
            "subtitle": str(obj),
            "object": obj,
            "opts": self.opts,
            "events": told(list(AuditEvent.objects.about(obj)[:HISTORY])),
            "most": HISTORY,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)
