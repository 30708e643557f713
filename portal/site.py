"""The admin site: Django's, with the portal's name and its own front page."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


class PortalSite(AdminSite):
    site_header = site_title = "Exact Online portal"
    index_title = "Integrations"
    site_url = None
    enable_nav_sidebar = False
    login_template = "admin/login.html"

    def index(  # type: ignore[override] # a redirect
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:integrations_application_changelist")

    def app_index(  # type: ignore[override] # a redirect
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:index")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return nothing: the sidebar has the portal's own sections, not lists of tables."""
        return []
