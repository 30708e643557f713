"""Ourselves: one row, so no list."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from integrations.admin.base import PortalModelAdmin
from integrations.models import Organization


class HttpsURLField(forms.URLField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", **kwargs)


@admin.register(Organization)
class OrganizationAdmin(PortalModelAdmin):
    fieldsets = (
        (None, {"fields": ("name", "time_zone")}),
        (
            "For your customers",
            {
                "description": "Whom they ask, and what you do with their data.",
                "fields": ("support_email", "support_phone", "privacy_policy_url"),
            },
        ),
    )
    formfield_overrides = {models.URLField: {"form_class": HttpsURLField}}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organization.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if row := Organization.objects.first():
            return redirect("admin:integrations_organization_change", row.pk)
        return redirect("admin:integrations_organization_add")

    def response_add(
        self, request: HttpRequest, obj: Organization, post_url_continue: str | None = None
    ) -> HttpResponse:
        super().response_add(request, obj, post_url_continue)
        return redirect("portal")

    def response_change(self, request: HttpRequest, obj: Organization) -> HttpResponse:
        super().response_change(request, obj)
        return redirect("portal")
