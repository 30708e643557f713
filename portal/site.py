"""The admin site: Django's, with the portal's name and its own front page."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from integrations.models import User
from integrations.rules import sections
from integrations.services import signing_in
from integrations.views.signing_in import OwnPassword, SignIn, visitor

NO_ROLE = "Your account has no role yet. An administrator or a Security officer can give you one."


class PortalSite(AdminSite):
    site_header = site_title = "Exact Online portal"
    index_title = "Integrations"
    site_url = None
    enable_nav_sidebar = False
    login_template = "admin/login.html"

    def index(  # type: ignore[override] # a redirect
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the first section that this person may open."""
        open_sections = sections.open_to(request.user.has_perm)
        if not open_sections:
            raise PermissionDenied(NO_ROLE)
        return redirect(open_sections[0].url_name)

    def app_index(  # type: ignore[override] # a redirect
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:index")

    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        context = {**self.each_context(request), "title": "Sign in", "app_path": request.get_full_path()}
        if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
            context[REDIRECT_FIELD_NAME] = reverse("admin:index")
        view = SignIn.as_view(template_name=self.login_template, extra_context={**context, **(extra_context or {})})
        response: HttpResponse = view(request)  # type: ignore[assignment] # no stream
        return response

    def logout(  # type: ignore[override] # no template of its own
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user, at = request.user, visitor(request)
        with transaction.atomic():
            response: HttpResponse = super().logout(request, extra_context)
            if isinstance(user, User) and not request.user.is_authenticated:
                signing_in.signed_out(user, at=at)
        return response

    def password_change(  # type: ignore[override] # a redirect where it was changed
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**self.each_context(request), **(extra_context or {})}
        view = OwnPassword.as_view(success_url=reverse("admin:password_change_done"), extra_context=context)
        response: HttpResponse = view(request)  # type: ignore[assignment] # no stream
        return response

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Answer nobody: no form of ours completes what is typed."""
        raise Http404

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return nothing: the sidebar has the portal's own sections, not lists of tables."""
        return []
