"""Somebody at a step of Set up: what is known of the app there, and the frame that all steps have."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations.admin import app_findings, app_pages
from integrations.admin.base import require
from integrations.exact import regions
from integrations.exact.regions import Region
from integrations.models import Application, AuditEvent, KeyTest
from integrations.rules import journey, lint
from integrations.rules.journey import Facts, Step
from integrations.rules.lint import Field, Finding
from integrations.services import app_facts, key_tests

HOME: Final = "admin:integrations_application_changelist"
ADD: Final = "integrations.add_application"
CHANGE: Final = "integrations.change_application"
TEMPLATES: Final = "admin/integrations/application/set_up"
YES: Final = "yes"


@dataclass(frozen=True, slots=True)
class Visit:
    """A step of an app that is here, or of one that is to be: then its address holds what was answered before."""

    pk: UUID
    step: Step
    region: Region
    application: Application | None
    facts: Facts
    findings: tuple[Finding, ...] = ()
    test: KeyTest | None = None
    """The latest of the present keys."""

    @property
    def app(self) -> Application:
        """The app, at a step that only an app has which is here."""
        assert self.application is not None
        return self.application

    @property
    def origin(self) -> str:
        """Where the app is registered, or will be."""
        return self.app.origin if self.application else settings.EXACT_ORIGINS[self.region.code]

    @property
    def is_practice(self) -> bool:
        return self.origin != self.region.origin

    @property
    def title(self) -> str:
        return journey.title(self.step, self.facts)

    def url(self, step: Step) -> str:
        address = reverse("admin:set-up-step", args=[self.pk, step])
        return address if self.application else f"{address}?{urlencode(self._answers())}"

    @property
    def back_url(self) -> str:
        """Where *Back* leads; empty at the first step of an app that is here."""
        if before := journey.before(self.step, self.facts):
            return self.url(before)
        return "" if self.application else f"{reverse('admin:set-up')}?{urlencode(self._answers())}"

    @property
    def next_url(self) -> str:
        return self.url(journey.after(self.step, self.facts))

    def at_exact(self, path: str) -> str:
        """Return an address of the App Center: in practice a page of the practice Exact."""
        return f"{self.origin}/{path}" if self.is_practice else self.region.developer_site

    def place(self, field: Field) -> str:
        """Return the address at which something about the app is mended: a step, or a page of the app."""
        step = journey.mended_at(field, self.facts)
        if step is None:
            return app_pages.place(self.app, field)
        return f"{'' if step is self.step else self.url(step)}#about-{field}"

    def told(self, findings: Iterable[Finding]) -> list[dict[str, Any]]:
        """Return findings as pages say them, each with the way to where it is mended."""
        rows = list(findings)
        return app_findings.grouped(self.app, rows, lambda _, field: self.place(field)) if rows else []

    def _answers(self) -> dict[str, str]:
        return {"region": self.region.code, "existed": YES if self.facts.existed_before else "no"}


def begin(request: HttpRequest, pk: UUID, step: str) -> Visit:
    """Let somebody into a step who may set up this app.

    Raises:
        PermissionDenied: who may not.
        Http404: there is no such step, or nothing that it could be about.
    """
    application = Application.objects.filter(pk=pk).first()
    require_rights(request, is_here=application is not None)
    if step not in list(Step):
        raise Http404
    visit = _of(application, Step(step)) if application else _to_be(request, pk, Step(step))
    if visit.step not in journey.steps(visit.facts):
        raise Http404
    return visit


def require_rights(request: HttpRequest, *, is_here: bool) -> None:
    """Let pass who may change the app; one that is not here yet takes the right to add it too.

    Raises:
        PermissionDenied: who may not. Nobody adds an app whose next step would refuse him.
    """
    for right in (CHANGE,) if is_here else (ADD, CHANGE):
        require(request, right)


def of(application: Application) -> Facts:
    """Return where an app stands on the way."""
    return _of(application, Step.BEFORE).facts


def answer(request: HttpRequest, at: Visit, template: str, **context: Any) -> TemplateResponse:
    """Answer with a page in the frame that all steps have."""
    places = journey.places(at.facts, at.step)
    everything = {
        **admin.site.each_context(request),
        "title": at.title,
        "at": at,
        "application": at.application,
        "places": [{"place": place, "url": at.url(place.step)} for place in places],
        "number": next(place.number for place in places if place.current),
        "home": reverse(HOME),
        **context,
    }
    return TemplateResponse(request, f"{TEMPLATES}/{template}", everything)


def _of(application: Application, step: Step) -> Visit:
    app = app_facts.of([application])[application.pk]
    facts = journey.facts_of(
        app,
        existed_before=application.existed_before,
        enabled=application.is_enabled,
    )
    return Visit(
        pk=application.pk,
        step=step,
        region=regions.by_code(application.region),
        application=application,
        facts=facts,
        findings=lint.lint(app),
        test=key_tests.latest([application]).get(application.pk),
    )


def _to_be(request: HttpRequest, pk: UUID, step: Step) -> Visit:
    try:
        region = regions.by_code(request.GET.get("region", ""))
    except regions.UnknownRegion:
        raise Http404 from None
    if AuditEvent.objects.about(Application(pk=pk)).exists():
        raise Http404  # it was deleted: what is set up now is another app
    facts = Facts(existed_before=request.GET.get("existed") == YES)
    return Visit(pk=pk, step=step, region=region, application=None, facts=facts)
