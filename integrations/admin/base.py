"""What the portal's admin pages share: closed by default, and our events in place of Django's log."""

from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from integrations.admin import recorded
from integrations.models import AuditEvent, User
from integrations.rules import names, roles, wording
from integrations.rules.actors import Actor
from integrations.services import people
from integrations.services.refusals import Refused
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


def told(events: list[AuditEvent], reader: User | AnonymousUser | None = None) -> list[dict[str, Any]]:
    """Return events as a page says them, with one query a kind of thing for all names.

    For a ``reader`` they name and lead to what he may see, and leave the other things as ids.
    """
    called = people.doers(events)
    wanted = {(event.object_type, event.object_id) for event in events}
    wanted.update(key for event in events for key in wording.references(event.details))
    seen = {kind for kind, _ in wanted if reader is None or _may_see(reader, kind)}
    subjects = people.subjects(key for key in wanted if key[0] in seen)
    return [
        {
            "at": event.at,
            "who": called[event.pk],
            "about": subjects.get((event.object_type, event.object_id), ""),
            "kind": wording.KINDS.get(event.object_type, event.object_type),
            "url": _page_of(event, subjects) if reader is not None else "",
            "what": wording.action(event.action),
            "details": wording.details(event.details, subjects, zone=timezone.get_current_timezone()),
        }
        for event in events
    ]


def say_why_not(request: HttpRequest, refusal: Refused) -> None:
    """Say each reason of a refusal on the next page."""
    for reason in refusal.reasons:
        messages.error(request, reason)


def clean_name(typed: str) -> str:
    """Return a name as it is kept, in one line.

    Raises:
        ValidationError: no page could show it.
    """
    name = " ".join(typed.split())
    if reasons := names.why_not_shown(name):
        raise ValidationError(list(reasons))
    return name


def not_to_be_sent(request: HttpRequest) -> HttpResponse | None:
    """Refuse what was sent to a page that is only read."""
    return HttpResponseNotAllowed(["GET", "HEAD"]) if request.method == "POST" else None


def _may_see(reader: User | AnonymousUser, kind: str) -> bool:
    model = people.SUBJECTS.get(kind)
    return model is not None and reader.has_perm(f"{model._meta.app_label}.view_{kind}")


def _page_of(event: AuditEvent, subjects: dict[tuple[str, str], str]) -> str:
    """Return the address of what the event is about; "" where it is gone, or has no page."""
    model = people.SUBJECTS.get(event.object_type)
    if (event.object_type, event.object_id) not in subjects or model not in admin.site._registry:
        return ""
    return reverse(f"admin:{model._meta.app_label}_{event.object_type}_change", args=[event.object_id])


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
        self.record("changed", request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        for obj in queryset:
            self.record("deleted", request, obj, [])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        before = recorded.chosen(form)
        super().save_related(request, form, formsets, change)
        form.recorded = {**recorded.switched(form), **recorded.difference(before, recorded.chosen(form))}

    def construct_change_message(
        self,
        request: HttpRequest,
        form: Any,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
    ) -> list[dict[str, Any]]:
        message: list[dict[str, Any]] = super().construct_change_message(request, form, formsets, add)
        return [*message, {recorded.VALUES: getattr(form, "recorded", {})}]

    def record(self, verb: str, request: HttpRequest, obj: models.Model, message: Any) -> None:
        """Record which fields changed, and never what they hold but for switches and the ids of what was chosen."""
        details = recorded.details(message)
        if details or verb != "changed":
            action = f"{obj._meta.model_name}.{verb}"
            AuditEvent.objects.record(action, obj, by=acting(request), details=details)

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
            "events": told(list(AuditEvent.objects.about(obj)[:HISTORY]), request.user),
            "most": HISTORY,
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.object_history_template, context)
