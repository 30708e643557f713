"""What the pages of one app share: who may open them, the heading, the tabs, and where a finding is mended."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations.admin.base import require
from integrations.models import Application
from integrations.rules import lamps
from integrations.rules.lint import Field
from integrations.services import applications, overview

TEMPLATES: Final = "admin/integrations/application"
SEE: Final = "integrations.view_application"
ENABLE: Final = "integrations.enable_application"
SEE_CONNECTIONS: Final = "integrations.view_connection"


class Tab(StrEnum):
    OVERVIEW = "Overview"
    KEYS = "Keys"
    SCOPES = "Scopes"
    REVIEW = "Review"
    PERMISSION = "Permission"
    CONNECTIONS = "Connections"
    HISTORY = "History"


@dataclass(frozen=True, slots=True)
class Page:
    """Where a tab leads, and the right that opens it."""

    url_name: str
    right: str = SEE


PAGES: Final = {
    Tab.OVERVIEW: Page("admin:integrations_application_change"),
    Tab.KEYS: Page("admin:app-keys"),
    Tab.SCOPES: Page("admin:app-scopes"),
    Tab.REVIEW: Page("admin:app-review"),
    Tab.PERMISSION: Page("admin:app-permission"),
    Tab.CONNECTIONS: Page("admin:app-connections", SEE_CONNECTIONS),
    Tab.HISTORY: Page("admin:integrations_application_history"),
}
ELSEWHERE: Final = {
    **dict.fromkeys((Field.CLIENT_ID, Field.CLIENT_SECRET, Field.KEY_TEST), Tab.KEYS),
    Field.PERMISSION: Tab.PERMISSION,
}
"""Where something is mended that is not on the first page."""


def find(request: HttpRequest, pk: UUID, *rights: str) -> Application:
    """Return the app for whoever may see apps and has the further rights.

    Raises:
        PermissionDenied: one of them is lacking.
        Http404: there is no such app.
    """
    for right in (SEE, *rights):
        require(request, right)
    return get_object_or_404(Application, pk=pk)


def address(application: Application, tab: Tab) -> str:
    return reverse(PAGES[tab].url_name, args=[application.pk])


def answer(request: HttpRequest, application: Application, tab: Tab, template: str, **context: Any) -> TemplateResponse:
    """Answer with a page of the app, under its heading and tabs."""
    everything = {**about(request, application, tab), **context}
    return TemplateResponse(request, f"{TEMPLATES}/{template}", everything)


def about(request: HttpRequest, application: Application, tab: Tab) -> dict[str, Any]:
    """Return what the heading and the tabs need."""
    return {
        **admin.site.each_context(request),
        "application": application,
        "lamps": lamps.lamps(overview.of(application)),
        "title": application.name,
        "subtitle": str(tab),
        "tabs": [
            {"label": str(each), "url": address(application, each), "current": each is tab}
            for each, page in PAGES.items()
            if request.user.has_perm(page.right)
        ],
    }


def saved(request: HttpRequest, application: Application, tab: Tab) -> HttpResponse:
    """Confirm that keys were saved, and ask whether to enable the app as soon as nothing else is missing."""
    messages.success(request, f"The app “{application.name}” was saved.")
    if request.user.has_perm(ENABLE) and not applications.why_not_enabled(application):
        return redirect("admin:enable-now-or-later", application.pk)
    return redirect(address(application, tab))


def say_made_already(request: HttpRequest, application: Application, *names: str, **typed: str) -> None:
    """Warn where a form that had made the app already was filled in otherwise when it was sent again."""
    typed |= {name: " ".join(request.POST.get(name, "").split()) for name in names}
    if any(value != (getattr(application, name) or "") for name, value in typed.items()):
        messages.warning(
            request, f"This page had made the app “{application.name}” already. What was typed since was not saved."
        )


def place(application: Application, field: Field) -> str:
    """Return the address at which something about the app is mended: a page, and the part of it."""
    return f"{address(application, ELSEWHERE.get(field, Tab.OVERVIEW))}#about-{field}"
