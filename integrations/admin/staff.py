"""Staff accounts and groups: Django's pages, with our lookups and our events."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db import models, transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from integrations.admin.base import PortalModelAdmin, acting
from integrations.admin.choices import Choices
from integrations.admin.confirming import confirmed
from integrations.models import AuditEvent, User
from integrations.rules import moments
from integrations.services import signing_in

admin.site.unregister(Group)

PASSWORD_PAGE: Final = "auth_user_password_change"
"""Django's name of the page on which a password is set for somebody."""


class RightsField(forms.ModelMultipleChoiceField):
    """Rights in words: which table they belong to is not for people."""

    def label_from_instance(self, obj: models.Model) -> str:
        return str(getattr(obj, "name", obj))


class TickedMixin:
    """Groups and rights to tick, and of the rights those that a page of ours asks for."""

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name not in {"groups", "permissions", "user_permissions"}:
            return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        label = "Groups" if db_field.name == "groups" else "Rights"
        rows: Any = Group.objects.order_by("name") if db_field.name == "groups" else _rights()
        return RightsField(queryset=rows, required=False, label=label, widget=Choices(label))


def _rights() -> models.QuerySet[Permission]:
    ours = Q(content_type__app_label="integrations") | Q(content_type__app_label="auth", content_type__model="group")
    return Permission.objects.filter(ours).order_by("content_type__model", "name")


@admin.register(User)
class StaffAdmin(TickedMixin, PortalModelAdmin, UserAdmin):
    list_display = ("username", "full_name", "state", "last_signed_in")
    list_filter = ()
    empty_value_display = ""
    search_fields = ("username__startswith", "last_name__istartswith")
    filter_horizontal = ()
    readonly_fields = ("last_signed_in", "added")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Who it is", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("When", {"fields": ("last_signed_in", "added")}),
    )

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

    @admin.display(description="Last signed in")
    def last_signed_in(self, user: User) -> str:
        return _said(user.last_login) if user.last_login else "Never"

    @admin.display(description="Added")
    def added(self, user: User) -> str:
        return _said(user.date_joined)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Let whoever is added here sign in: that is what staff are added for."""
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse: staff are deactivated, since rows and events name them."""
        return False

    @confirmed("integrations.change_user")
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> None:  # type: ignore[override]
        """Record what was done; a password that was set or taken away for somebody is an event of its own."""
        at = request.resolver_match
        if isinstance(obj, User) and at is not None and at.url_name == PASSWORD_PAGE:
            action = "user.password_set" if obj.has_usable_password() else "user.password_removed"
            signing_in.forgive(obj.get_username())
            AuditEvent.objects.record(action, obj, by=acting(request))
        else:
            super().log_change(request, obj, message)


@admin.register(Group)
class StaffGroupAdmin(TickedMixin, PortalModelAdmin, GroupAdmin):
    search_fields = ("name__startswith",)
    filter_horizontal = ()


def _said(moment: Any) -> str:
    return moments.moment(moment, timezone.get_current_timezone())
