"""Staff accounts, roles and groups: Django's pages, with our rules, lookups and events."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from integrations.admin import choices
from integrations.admin.base import PortalModelAdmin, acting, never
from integrations.admin.confirming import confirmed
from integrations.admin.staff_forms import GroupForm, NewStaffForm, StaffForm, StaffPasswordForm
from integrations.models import AuditEvent, User
from integrations.rules import moments
from integrations.rules.access import ADMINISTRATORS_ONLY, NOT_OWN
from integrations.services import access, roles, signing_in

DEACTIVATED = "Staff are deactivated, never deleted: events and rows name them."
ROLE_LOCKED = "A role holds what this release gives it: it is neither changed nor deleted. Add a group of our own."

admin.site.unregister(Group)

PASSWORD_PAGE: Final = "auth_user_password_change"
"""Django's name of the page on which a password is set for somebody."""


@admin.register(User)
class StaffAdmin(PortalModelAdmin, UserAdmin):
    form = StaffForm
    add_form = NewStaffForm
    change_password_form = StaffPasswordForm
    list_display = ("username", "full_name", "state", "has_roles", "last_signed_in")
    list_filter = ()
    empty_value_display = ""
    search_fields = ("username__startswith", "last_name__istartswith")
    filter_horizontal = ()
    readonly_fields = ("password_state", "state", "roles_held", "rights_held", "last_signed_in", "added")
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)

    # --- What the form shows ----------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        held: dict[str, Any] = {"fields": ("state", "roles_held", "rights_held")}
        if self._may_set_access(request, obj):
            administrator = ("is_superuser",) if request.user.is_superuser else ()
            held = {"fields": ("is_active", *administrator, "groups", "user_permissions")}
        elif obj.pk == request.user.pk and request.user.has_perm("integrations.change_user"):
            held["description"] = NOT_OWN
        elif obj.is_superuser:
            held = {"fields": ("state",), "description": ADMINISTRATORS_ONLY}
        may_set_password = not self._why_no_password(request, obj)
        return (
            ("Who it is", {"fields": ("username", "first_name", "last_name", "email")}),
            ("What this person may do", held),
            (
                "Signing in",
                {"fields": (*(("password_state",) if may_set_password else ()), "last_signed_in", "added")},
            ),
        )

    def get_form(
        self,
        request: HttpRequest,
        obj: User | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **kwargs: Any,
    ) -> type[ModelForm]:
        # Declared fields would stay on the form although the page does not show them.
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.actor = request.user
        if obj is not None and not self._may_set_access(request, obj):
            for name in ("groups", "user_permissions"):
                form.base_fields.pop(name, None)
        return form  # type: ignore[no-any-return]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return rows

    @admin.display(description="Name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="State")
    def state(self, user: User) -> SafeString:
        if not user.is_active:
            chip = {"label": "Deactivated", "tone": "quiet"}
        elif not user.is_staff:
            chip = {"label": "Cannot sign in", "tone": "warn"}
        else:
            chip = {"label": "Administrator" if user.is_superuser else "Active", "tone": "good"}
        return mark_safe(render_to_string("components/chip.html", chip))  # noqa: S308 (its template escapes)

    @admin.display(description="Roles")
    def has_roles(self, user: User) -> str:
        if user.is_superuser:
            return "All rights"
        return ", ".join(sorted(group.name for group in user.groups.all())) or "None"

    @admin.display(description="Roles")
    def roles_held(self, user: User) -> SafeString:
        return choices.held_roles(choices.roles_first().filter(user=user))

    @admin.display(description="Single rights")
    def rights_held(self, user: User) -> SafeString:
        return choices.held_rights(user.user_permissions.select_related("content_type"))

    @admin.display(description="Password")
    def password_state(self, user: User) -> SafeString:
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return mark_safe(render_to_string("components/link_button.html", {"url": url, "label": "Set a new password"}))  # noqa: S308

    @admin.display(description="Last signed in")
    def last_signed_in(self, user: User) -> str:
        return _said(user.last_login) if user.last_login else "Never"

    @admin.display(description="Added")
    def added(self, user: User) -> str:
        return _said(user.date_joined)

    # --- Saving -------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Let whoever is added here sign in, unless deactivated: that is what staff are added for."""
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    @confirmed("integrations.change_user")
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        with transaction.atomic():
            target = self.get_object(request, unquote(id))
            if target is not None and self.has_change_permission(request, target):
                self._refuse(request, self._why_no_password(request, target))
            response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:  # type: ignore[override]
        """Record what was done; a password that was set for somebody is an event of its own."""
        at = request.resolver_match
        if isinstance(obj, User) and at is not None and at.url_name == PASSWORD_PAGE:
            signing_in.forgive(obj.get_username())
            AuditEvent.objects.record("user.password_set", obj, by=acting(request))
        else:
            super().log_change(request, obj, message)

    # --- Rights -------------------------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if not super().has_change_permission(request, obj):
            return False
        reasons = access.why_not_edited(_actor(request), obj) if obj is not None else ()
        return not reasons or never(request, " ".join(reasons))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return never(request, DEACTIVATED)

    def _may_set_access(self, request: HttpRequest, obj: User) -> bool:
        own = obj.pk == request.user.pk
        return self.has_change_permission(request, obj) and (request.user.is_superuser or not own)

    def _why_no_password(self, request: HttpRequest, obj: User) -> tuple[str, ...]:
        if not self.has_change_permission(request, obj):
            return ("No right to change this account.",)
        return access.why_no_password(_actor(request), obj)

    @staticmethod
    def _refuse(request: HttpRequest, reasons: tuple[str, ...]) -> None:
        if reasons:
            raise PermissionDenied(" ".join(reasons))


@admin.register(Group)
class StaffGroupAdmin(PortalModelAdmin, GroupAdmin):
    form = GroupForm
    list_display = ("name", "what", "people")
    search_fields = ("name__startswith",)
    filter_horizontal = ()
    readonly_fields = ("what", "rights_held")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        people = Count("user", filter=Q(user__is_active=True))
        return choices.roles_first().annotate(people=people)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("place", "name")

    def get_fieldsets(self, request: HttpRequest, obj: Group | None = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return ((None, {"fields": ("name", "permissions")}),)
        return ((None, {"fields": ("name", "what", "rights_held")}),)

    def get_form(
        self,
        request: HttpRequest,
        obj: Group | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 (Django's signature)
        **kwargs: Any,
    ) -> type[ModelForm]:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.actor = request.user
        return form  # type: ignore[no-any-return]

    @admin.display(description="What it is for")
    def what(self, group: Group) -> str:
        return choices.describe(group)

    @admin.display(description="Active people")
    def people(self, group: Any) -> int:
        return int(group.people)

    @admin.display(description="Rights")
    def rights_held(self, group: Group) -> SafeString:
        return choices.held_rights(group.permissions.select_related("content_type"))

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and not self._is_role(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not self._is_role(request, obj)

    @staticmethod
    def _is_role(request: HttpRequest, obj: Group | None) -> bool:
        return obj is not None and roles.of(obj) is not None and not never(request, ROLE_LOCKED)


def _actor(request: HttpRequest) -> User:
    """Return who is signed in; the pages are closed to anybody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _said(moment: Any) -> str:
    return moments.moment(moment, timezone.get_current_timezone())
