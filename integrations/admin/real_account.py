"""From practice to a real Exact account: what is true now, what is missing, and three ways there."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from integrations.admin.base import require
from integrations.exact.regions import REGIONS
from integrations.models import Application, Connection, Organization
from integrations.rules import real_account
from integrations.services import key_copies


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    require(request, "integrations.view_application")
    findings = real_account.findings(standing(practising=settings.SANDBOX))
    context = {
        **admin.site.each_context(request),
        "title": "Your real Exact account",
        "findings": findings,
        "open": sum(finding.warns or not finding.ok for finding in findings),
        "reached": real_account.is_reached(settings.PUBLIC_URL),
        "public_url": settings.PUBLIC_URL,
        "port": settings.PORT,
        "env": settings.VAR_DIR / "env",
        "regions": REGIONS,
        "can_add": request.user.has_perms(["integrations.add_application", "integrations.change_application"]),
    }
    return TemplateResponse(request, "admin/portal/real_account.html", context)


def standing(*, practising: bool) -> real_account.Standing:
    """Return what is true of this portal, as far as a real account is concerned."""
    real = [app for app in Application.objects.all() if not app.is_practice]
    return real_account.Standing(
        practising=practising,
        public_url=settings.PUBLIC_URL,
        trusts_a_proxy=bool(settings.TRUSTED_PROXIES),
        real_apps=len(real),
        real_apps_enabled=sum(app.is_enabled for app in real),
        real_connections=Connection.objects.linked().filter(application__in=real).count(),
        apps_by_hand=sum(not app.comes_back_here for app in real),
        organization_named=bool(Organization.objects.ours().name),
        keys_unconfirmed=key_copies.unconfirmed(),
    )
