"""Exact's permission for one app: where it stands, the steps that can be recorded, and those that were."""

from typing import Any, Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from integrations.admin import app_pages
from integrations.admin.app_pages import Tab
from integrations.admin.base import acting, require
from integrations.models import Application, LinkPage, WorkflowStep
from integrations.rules import gate, review_sentences, roles, workflow
from integrations.rules.actors import PORTAL
from integrations.rules.link_states import LinkState
from integrations.rules.workflow import Course, PermissionState, Step
from integrations.services import app_facts, links, people, permissions
from integrations.services.permissions import Standing
from integrations.services.refusals import Refused

RECORD: Final = workflow.RECORD
RECORD_GRANTED: Final = "record_granted"
REQUEST: Final = "request"
"""What it lacks is an approved round of the review."""
LONGEST_NOTE: Final = 4000
TRIES_SHOWN: Final = 10
NOT_NEEDED: Final = "Not needed: connected by another link page"
LABELS: Final = {**{code: step.label for code, step in workflow.BY_CODE.items()}, workflow.AS_IT_STOOD: "As it stood"}


class StepForm(forms.Form):
    """One step: the day on which it happened at Exact, what there is to say, and what shows it."""

    on = forms.DateField(label="Day", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    note = forms.CharField(required=False, max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 3}))
    evidence = forms.CharField(
        label="Evidence",
        required=False,
        max_length=500,
        help_text="The address of the letter, ticket or page that shows it.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None = None, *, step: Step, note: str = "") -> None:
        super().__init__(
            data, initial={"on": timezone.localdate(), "note": note}, auto_id=f"id_{step.code}_%s", label_suffix=""
        )
        self.fields["note"].label = step.note if step.note_needed else f"{step.note}, if there is one"
        for name, field in self.fields.items():
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"id_{step.code}_{name}_helptext"


def urls(admin_view: Any) -> list[URLPattern]:
    return [path("<uuid:pk>/permission/", admin_view(page), name="app-permission")]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show where it stands; a POST records a step."""
    application = app_pages.find(request, pk)
    if request.method == "POST":
        require(request, RECORD)
        return _record(request, application)
    if not {"step"}.issuperset(request.GET):
        raise SuspiciousOperation("This page opens a step, and takes nothing else.")
    return _shown(request, application, opened=request.GET.get("step", ""))


def _record(request: HttpRequest, application: Application) -> HttpResponse:
    code = request.POST.get("step", "")
    form = StepForm(request.POST, step=workflow.BY_CODE.get(code, workflow.BY_CODE[RECORD_GRANTED]))
    if not form.is_valid():
        return _shown(request, application, opened=code, form=form)
    said = form.cleaned_data
    try:
        permissions.take(
            application,
            code,
            by=acting(request),
            on=said["on"],
            note=said["note"],
            evidence=said["evidence"],
            seen=request.POST.get("seen"),
        )
    except Refused as refusal:
        return _refused(request, application, code, form, refusal)
    state = permissions.state(application)
    messages.success(request, f"Recorded: {gate.stage(state, said['on'])}")
    return redirect(app_pages.address(application, Tab.PERMISSION))


def _refused(
    request: HttpRequest, application: Application, code: str, form: StepForm, refusal: Refused
) -> HttpResponse:
    """Keep what was typed where the step can still be recorded; say why not in any case."""
    if any(step.code == code for step in _offered(application)):
        for reason in refusal.reasons:
            form.add_error(None, reason)
        return _shown(request, application, opened=code, form=form)
    for reason in refusal.reasons:
        messages.error(request, reason)
    return redirect(app_pages.address(application, Tab.PERMISSION))


def _offered(application: Application) -> tuple[Step, ...]:
    if application.is_testing:
        return ()
    return workflow.offered(Course.PERMISSION, permissions.state(application))


# --- What it shows ------------------------------------------------------------------------------------------


def _shown(
    request: HttpRequest, application: Application, *, opened: str, form: StepForm | None = None
) -> HttpResponse:
    standing, clock = permissions.of(application), permissions.clock(application)
    facts = app_facts.of([application])[application.pk]
    context = {
        "stage": _stage(application, standing),
        "what_it_means": _meaning(application, standing),
        "state": standing.state,
        "with_exact": workflow.LABELS[PermissionState.REQUESTED],
        "clock": clock,
        "waiting": "" if clock.waiting is None else review_sentences.days(clock.waiting),
        "earlier": [
            {
                "row": row,
                "became": _within(workflow.LABELS[row.state]),
                "took": "" if row.days is None else review_sentences.days(row.days),
            }
            for row in clock.earlier
            if row.requested_on is not None
        ],
        "unpermitted": facts.connected_unpermitted,
        "proposed": RECORD_GRANTED,
        "steps": _steps(request, application, opened, form, facts.connected_unpermitted),
        "who_may_record": roles.who_may(RECORD),
        "history": _history(application),
        "tries": _tries(application) if request.user.has_perm("integrations.view_customer") else [],
    }
    return app_pages.answer(request, application, Tab.PERMISSION, "permission.html", **context)


def _stage(application: Application, standing: Standing) -> str:
    if application.is_testing:
        return "Not needed: a testing app works for your own Exact subscription only."
    return gate.stage(standing.state, standing.since)


def _meaning(application: Application, standing: Standing) -> str:
    if application.is_testing:
        return "Customers need a product app. It goes through a review and Exact's permission first."
    if standing.state is PermissionState.GRANTED:
        return "Customers with their own Exact subscription can connect."
    return gate.ONLY_OURS


def _steps(
    request: HttpRequest, application: Application, opened: str, form: StepForm | None, unpermitted: int
) -> list[dict[str, Any]]:
    """Return what can be recorded next, by the table; what a step lacks stands in the place of its form."""
    if not request.user.has_perm(RECORD):
        return []
    note = _seen_connected(unpermitted) if unpermitted else ""
    return [
        {
            "step": step,
            "reasons": (reasons := permissions.unmet(application, step.code)),
            "review_first": bool(reasons) and step.code == REQUEST,
            "form": form
            if form is not None and step.code == opened
            else StepForm(step=step, note=note if step.code == RECORD_GRANTED else ""),
            "open": step.code == opened,
        }
        for step in _offered(application)
    ]


def _seen_connected(number: int) -> str:
    if number == 1:
        return "A company of a customer was connected through the app, so Exact permits it."
    return f"{number} companies of customers were connected through the app, so Exact permits it."


def _history(application: Application) -> list[dict[str, Any]]:
    steps: list[WorkflowStep] = list(permissions.steps(application).order_by("-at", "-id"))
    names = people.names({step.by for step in steps})
    return [
        {
            "step": step,
            "label": LABELS.get(step.code, step.code),
            "became": workflow.LABELS.get(step.after, step.after),
            "who": names.get(step.by, ""),
        }
        for step in steps
    ]


def _tries(application: Application) -> list[dict[str, Any]]:
    rows: list[LinkPage] = list(links.tries(application)[:TRIES_SHOWN])
    names = people.names({row.created_by for row in rows})
    return [{"link": row, "who": names.get(row.created_by, ""), "became": _became(row)} for row in rows]


def _within(label: str) -> str:
    """Return a label as it reads within a sentence."""
    return label[0].lower() + label[1:]


def _became(link: LinkPage) -> str:
    match links.state(link):
        case LinkState.USED:
            return "Connected"
        case LinkState.REVOKED:
            return NOT_NEEDED if link.revoked_by == str(PORTAL) else "Revoked"
        case LinkState.EXPIRED:
            return "Nothing came of it"
        case LinkState.OPEN:
            return "Open"
