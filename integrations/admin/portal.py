"""The portal itself: its health, the organization, the staff; and the parts that pages are made of."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrations.admin.base import acting, require
from integrations.admin.customer_form import TypedNameForm
from integrations.admin.set_up_forms import NameForm
from integrations.models import Organization, User
from integrations.rules.findings import ill, warning, well
from integrations.rules.lamps import AppStanding, Tally, lamps
from integrations.rules.sections import PORTAL
from integrations.rules.workflow import PermissionState
from integrations.services import health, installation, monitor, people, practice, retention, vitals


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show what the doctor finds, and lead to the organization and the staff."""
    require(request, PORTAL)
    findings = list(health.doctor(only_looking=True))
    standing = installation.standing()
    context = {
        "title": "Portal",
        "findings": findings,
        "ill": sum(not finding.ok for finding in findings),
        "warnings": sum(finding.warns for finding in findings),
        "organization": Organization.objects.ours(),
        "staff": User.objects.filter(is_active=True).count(),
        "standing": standing,
        "claimed_by": people.names([standing.row.claimed_by])[standing.row.claimed_by] if standing.row else "",
        "may_claim": request.user.has_perm("integrations.claim_installation") and not standing.why_not_claimed,
        "processes": vitals.processes(),
        "versions": vitals.versions(),
        "monitor": monitor.seen(),
        "practice_apps": practice.count(),
        "cleared": retention.last_run(),
    }
    return _page(request, "admin/portal/overview.html", context)


def remove_practice(request: HttpRequest) -> HttpResponse:
    """Ask, and then delete everything that was made for a practice Exact."""
    require(request, "integrations.delete_application")
    if request.method == "POST":
        removed = practice.remove(by=acting(request))
        messages.success(
            request, f"The practice data is gone: {removed} app{'' if removed == 1 else 's'} with all they had."
        )
        return redirect("portal" if request.user.has_perm(PORTAL) else "admin:index")
    apps = practice.count()
    context = {
        "title": "Remove all practice data?",
        "lead": "Every app that was made for a practice Exact goes, with its keys, connections, companies and counts. "
        "Nothing of the real Exact is touched. This cannot be undone.",
        "facts": [{"label": "Practice apps", "text": str(apps)}],
        "reasons": () if apps else ("There is no practice data.",),
        "action": "Remove practice data",
        "tone": "bad",
        "cancel_url": reverse("portal" if request.user.has_perm(PORTAL) else "admin:index"),
    }
    return TemplateResponse(request, "admin/portal/confirm.html", {**admin.site.each_context(request), **context})


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Show every small part once, so that the next page looks like the last one."""
    require(request, PORTAL)
    context = {
        "title": "Components",
        "tones": ("good", "warn", "bad", "info", "quiet"),
        "lamps": lamps(
            AppStanding(
                "stopped", is_testing=False, permission=PermissionState.REQUESTED, customers=Tally(well=9, failing=1)
            )
        ),
        "resets_at": timezone.now() + timedelta(hours=9),
        "findings": [
            well("database", "SQLite answers."),
            warning("key copies", "Nobody has confirmed that k1 is stored elsewhere.", "Store it, then confirm."),
            ill("disk", "120 MB free.", "Make room: a full disk loses what Exact answers."),
        ],
        "facts": [
            {"label": "Region", "text": "Where the app is registered"},
            {"label": "Kind", "text": "Product app"},
        ],
        "reasons": ["The Client ID is missing.", "The Client secret is missing."],
        "home": reverse("admin:index"),
        "field": TypedNameForm(name="")["typed"],
        "question": NameForm(application=None)["kind"],
        "pages": Paginator(range(120), 50).page(2),
    }
    return _page(request, "admin/portal/components.html", context)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})
