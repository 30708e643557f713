"""Set up: a guided journey from nothing to an enabled app, left and resumed at will."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from integrations.admin import real_account, set_up_register, set_up_steps, set_up_visit
from integrations.admin.base import require
from integrations.admin.set_up_forms import QuestionsForm
from integrations.admin.set_up_visit import CHANGE, HOME, TEMPLATES, Visit
from integrations.exact import regions
from integrations.exact.regions import REGIONS, Region
from integrations.models import Application
from integrations.rules import journey
from integrations.rules import real_account as rules
from integrations.rules.journey import Step

STEPS: Final[dict[Step, Callable[[HttpRequest, Visit], HttpResponse]]] = {
    Step.BEFORE: set_up_steps.before,
    Step.NAME: set_up_steps.name,
    Step.AS_IT_STOOD: set_up_register.as_it_stood,
    Step.REGISTER: set_up_register.register,
    Step.KEYS: set_up_steps.keys,
    Step.TEST: set_up_steps.test,
    Step.ENABLE: set_up_steps.enable,
}


def urls(admin_view: Any) -> list[URLPattern]:
    return [
        path("set-up/", admin_view(questions), name="set-up"),
        path("<uuid:pk>/set-up/", admin_view(resume), name="set-up-app"),
        path("<uuid:pk>/set-up/<slug:step>/", admin_view(step_page), name="set-up-step"),
    ]


@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    """Ask the two questions; who answered both goes on to the first step of an app that has an id from now on."""
    set_up_visit.require_rights(request, is_here=False)
    try:
        region = regions.by_code(request.GET.get("region", ""))
    except regions.UnknownRegion as unknown:
        return _page(request, "region.html", regions=REGIONS, problem=str(unknown) if request.GET.get("region") else "")
    practises = settings.EXACT_ORIGINS[region.code] != region.origin
    form = QuestionsForm(request.GET if "app" in request.GET else None, practises=practises)
    if form.is_bound and form.is_valid():
        answers = urlencode({"region": region.code, "existed": form.cleaned_data["existed"]})
        return redirect(f"{reverse('admin:set-up-step', args=[_asked_for(request), Step.BEFORE])}?{answers}")
    return _questions(request, region, form, practises=practises)


@require_safe
def resume(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Lead to the step where the app was left."""
    require(request, CHANGE)
    application = get_object_or_404(Application, pk=pk)
    return redirect("admin:set-up-step", pk, journey.next_step(set_up_visit.of(application)))


@require_http_methods(["GET", "HEAD", "POST"])
def step_page(request: HttpRequest, pk: UUID, step: str) -> HttpResponse:
    """Show a step, or do what it asks; one that makes no sense yet says what comes first."""
    at = set_up_visit.begin(request, pk, step)
    if reasons := journey.why_not_yet(at.step, at.facts):
        first = journey.nearest(at.step, at.facts)
        context = {"reasons": reasons, "first": journey.title(first, at.facts), "first_url": at.url(first)}
        return set_up_visit.answer(request, at, "later.html", **context)
    return STEPS[at.step](request, at)


def _questions(request: HttpRequest, region: Region, form: QuestionsForm, *, practises: bool) -> HttpResponse:
    return _page(
        request,
        "questions.html",
        region=region,
        form=form,
        app=_asked_for(request),
        practises=practises,
        missing=rules.before_real_keys(real_account.standing(practising=practises)),
    )


def _asked_for(request: HttpRequest) -> UUID:
    """Return the id of the app to be: made once, so that whatever is sent twice is about one app."""
    try:
        return UUID(request.GET.get("app", ""))
    except ValueError:
        return uuid4()


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    everything = {**admin.site.each_context(request), "title": "Set up", "home": reverse(HOME), **context}
    return TemplateResponse(request, f"{TEMPLATES}/{template}", everything)
