"""Staff accounts and groups: Django's pages, with our lookups and our events."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from integrations.admin.base import PortalModelAdmin
from integrations.models import User

admin.site.unregister(Group)


@admin.register(User)
class StaffAdmin(PortalModelAdmin, UserAdmin):
    list_display = ("username", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ()
    search_fields = ("username__startswith", "last_name__istartswith")

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse: staff are deactivated, since rows and events name them."""
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
        return response


@admin.register(Group)
class StaffGroupAdmin(PortalModelAdmin, GroupAdmin):
    search_fields = ("name__startswith",)
