"""The permission of an app: every step of the table, as it stood before, refusals, and two people at once."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections as databases
from django.utils import timezone

from integrations.models import Application, AuditEvent, PermissionRequest, WorkflowStep
from integrations.rules import workflow
from integrations.rules.workflow import Course, PermissionState
from integrations.services import applications, permissions
from integrations.services.refusals import Conflict, Refused
from tests.conftest import SOMEBODY
from tests.permission import approved, stands

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
DAY = date(2026, 5, 3)
STEPS = [step for step in workflow.STEPS if step.course is Course.PERMISSION]
LEGAL = [(step.code, before) for step in STEPS for before in step.before]
ILLEGAL = [(step.code, state) for step in STEPS for state in PermissionState if state not in step.before]


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return approved(make_app(), {"crm.accounts": "read"})


def take(application: Application, code: str, on: date | None = DAY, **said: Any) -> PermissionRequest:
    return permissions.take(application, code, by=SOMEBODY, on=on, **{"note": "Exact wrote so.", **said})


def refusals() -> list[dict[str, Any]]:
    return [event.details for event in AuditEvent.objects.filter(action="workflow.refused")]


# --- Steps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "before"), LEGAL)
def test_a_step_leads_where_the_table_says(app: Application, code: str, before: str) -> None:
    stands(app, before, on=DAY)
    take(app, code)
    after = workflow.BY_CODE[code].after
    assert permissions.of(app) == permissions.Standing(PermissionState(after), DAY)
    step = permissions.steps(app).last()
    assert (step.code, step.before, step.after, step.on, step.by) == (code, before, after, DAY, str(SOMEBODY))
    event = AuditEvent.objects.get(action="permission.stepped")
    assert event.details == {"step": code, "permission": [before, after], "on": "2026-05-03"}


@pytest.mark.parametrize(("code", "before"), ILLEGAL)
def test_a_step_that_jumps_is_refused_recorded_and_changes_nothing(app: Application, code: str, before: str) -> None:
    stands(app, before, on=DAY)
    rows = (permissions.of(app), permissions.steps(app).count(), PermissionRequest.objects.count())
    with pytest.raises(Refused, match="cannot follow"):
        take(app, code)
    assert rows == (permissions.of(app), permissions.steps(app).count(), PermissionRequest.objects.count())
    (refusal,) = refusals()
    assert refusal["step"] == code
    assert "cannot follow" in refusal["reasons"][0]


@pytest.mark.parametrize(("code", "told"), [("approve", "approve"), ("", "unknown"), ("grant\x00" * 99, "unknown")])
def test_what_is_no_step_of_a_permission_is_refused_and_recorded(app: Application, code: str, told: str) -> None:
    with pytest.raises(Refused, match="no such step"):
        take(app, code)
    assert [refusal["step"] for refusal in refusals()] == [told]
    assert not PermissionRequest.objects.exists()


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        ("request", {"on": None}, "Enter the day"),
        ("request", {"on": date(2999, 1, 1)}, "lies in the future"),
        ("request", {"on": DAY - timedelta(days=1)}, r"before the step before it \(2026-05-03\)"),
        ("request", {"note": "x" * 4001}, "at most 4000"),
        ("request", {"evidence": "javascript:alert(1)"}, "valid URL"),
        ("request", {"evidence": "ftp://exact.example/letter"}, "begins with https"),
        ("record_granted", {"note": " \n "}, "Fill in “How you know”"),
    ],
)
def test_what_a_step_lacks_is_said_and_nothing_is_stored(
    app: Application, code: str, said: dict[str, Any], reason: str
) -> None:
    stands(app, PermissionState.REFUSED, on=DAY)
    with pytest.raises(Refused, match=reason):
        take(app, code, **said)
    assert permissions.state(app) is PermissionState.REFUSED
    assert not AuditEvent.objects.filter(action="permission.stepped").exists()
    assert len(refusals()) == 1


def test_the_day_before_an_unknown_one_is_still_held_against(app: Application) -> None:
    stands(app, PermissionState.REFUSED, on=DAY)
    WorkflowStep.objects.create(
        application=app, code=workflow.AS_IT_STOOD, before="refused", after="refused", by=str(SOMEBODY)
    )
    with pytest.raises(Refused, match="before the step before it"):
        take(app, "request", DAY - timedelta(days=9))


def test_permission_is_requested_after_the_review(make_app: MakeApp) -> None:
    application = make_app()
    assert permissions.unmet(application, "request") == (
        "Exact has approved no round of the Data & Security Review yet. The review comes first.",
    )
    with pytest.raises(Refused, match="The review comes first"):
        take(application, "request")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.code)
def test_a_testing_app_has_no_permission(make_app: MakeApp, step: workflow.Step) -> None:
    application = make_app(kind="testing")
    with pytest.raises(Refused, match=r"no permission to ask for|cannot follow"):
        take(application, step.code)
    assert permissions.state(application) is PermissionState.NONE


def test_a_request_after_a_refusal_is_a_row_of_its_own(app: Application) -> None:
    take(app, "request")
    take(app, "refuse")
    take(app, "request", DAY + timedelta(days=3))
    take(app, "grant", DAY + timedelta(days=5))
    rows = app.permission_requests.order_by("number").values_list("number", "state")
    assert [*rows] == [(1, "refused"), (2, "granted")]
    assert [step.code for step in permissions.steps(app)] == ["request", "refuse", "request", "grant"]


def test_steps_of_one_moment_keep_their_order(app: Application) -> None:
    with time_machine.travel(timezone.now(), tick=False):
        for code in ("request", "refuse", "request", "grant", "take_back"):
            take(app, code)
        assert [step.code for step in permissions.steps(app)] == ["request", "refuse", "request", "grant", "take_back"]
    assert permissions.state(app) is PermissionState.TAKEN_BACK


def test_withdrawn_by_us_and_taken_back_by_exact_are_two_things(app: Application) -> None:
    stands(app, PermissionState.GRANTED, on=DAY)
    take(app, "withdraw")
    assert permissions.state(app) is PermissionState.WITHDRAWN
    take(app, "request")
    take(app, "grant")
    take(app, "take_back")
    assert permissions.state(app) is PermissionState.TAKEN_BACK


def test_how_apps_stand_is_read_by_one_query(make_app: MakeApp, django_assert_num_queries: Any) -> None:
    apps = [make_app(client_id=None, name=f"App {number}", secret=None) for number in range(5)]
    for application in apps[:3]:
        stands(application, PermissionState.GRANTED, on=DAY)
    with django_assert_num_queries(1):
        found = permissions.standings(apps)
    assert [found[application.pk].state for application in apps] == [*["granted"] * 3, *["none"] * 2]


# --- Two at once ----------------------------------------------------------------------------------------------


def test_who_decides_by_a_page_from_before_is_refused(app: Application) -> None:
    take(app, "request")
    take(app, "grant")
    with pytest.raises(Refused, match="Meanwhile it has become “Granted”"):
        take(app, "withdraw", seen="requested")
    assert permissions.state(app) is PermissionState.GRANTED
    take(app, "withdraw", seen="granted")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_the_second_is_refused(make_app: MakeApp) -> None:
    app = approved(make_app(), {"crm.accounts": "read"})
    take(app, "request")
    outcomes: list[str] = []

    def decide(code: str) -> None:
        try:
            take(Application.objects.get(pk=app.pk), code)
            outcomes.append(code)
        except Refused as refusal:
            outcomes.append(refusal.reasons[0][-50:])
        finally:
            databases.close_all()

    threads = [threading.Thread(target=decide, args=[code]) for code in ("grant", "refuse")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({*outcomes} & {"grant", "refuse"}) == 1
    assert permissions.steps(app).count() == 2
    assert len(refusals()) == 1


# --- As it stood ----------------------------------------------------------------------------------------------


def stood(application: Application, state: str, **said: Any) -> None:
    applications.record_as_it_stood(application, by=SOMEBODY, permission=state, **{"scopes": {}, **said})


def recorded() -> list[Any]:
    return [event.details["permission"] for event in AuditEvent.objects.filter(action="application.stood_recorded")]


@pytest.mark.parametrize("state", [state for state in PermissionState if state is not PermissionState.NONE])
def test_how_it_stood_is_recorded_with_its_evidence(make_app: MakeApp, state: PermissionState) -> None:
    application = make_app()
    stood(application, state, on=DAY, note=" By letter. ", evidence="https://exact.example/letter")
    assert permissions.of(application) == permissions.Standing(state, DAY)
    step = permissions.steps(application).get()
    assert (step.code, step.note, step.evidence) == ("as_it_stood", "By letter.", "https://exact.example/letter")
    assert recorded() == [state]


def test_the_same_once_more_is_nothing(make_app: MakeApp) -> None:
    application = make_app()
    for _ in range(2):
        stood(application, "granted", on=DAY, note="By letter.\n")
    assert permissions.steps(application).count() == 1
    assert recorded() == ["granted"]


def test_a_day_that_was_corrected_is_in_nobodys_way(app: Application) -> None:
    stood(app, "granted", on=DAY)
    stood(app, "none")
    assert permissions.why_not(app, "request", on=DAY - timedelta(days=1), note="") == ()


def test_nothing_is_recorded_of_an_app_of_which_nothing_is_known(make_app: MakeApp) -> None:
    stood(make_app(), "none")
    assert recorded() == []


def test_what_was_written_down_wrongly_is_corrected_and_stays_in_the_history(make_app: MakeApp) -> None:
    application = make_app()
    stood(application, "granted", note="So I heard.")
    version = application.version
    stood(application, "none", version=version)
    assert permissions.state(application) is PermissionState.NONE
    assert [(step.before, step.after) for step in permissions.steps(application)] == [
        ("none", "granted"), ("granted", "none"),
    ]  # fmt: skip
    assert application.version == version + 1
    assert sorted(recorded()) == ["granted", "none"]
    stood(application, "refused")
    assert permissions.state(application) is PermissionState.REFUSED


def test_a_correction_of_what_somebody_else_corrected_is_a_conflict(make_app: MakeApp) -> None:
    application = make_app()
    stood(application, "granted")
    seen = application.version
    stood(application, "refused", version=seen)
    with pytest.raises(Conflict):
        stood(application, "none", version=seen)
    assert permissions.state(application) is PermissionState.REFUSED


def test_after_the_first_step_it_is_no_longer_said_how_it_stood(app: Application) -> None:
    take(app, "request")
    with pytest.raises(Refused, match="Steps of the permission are recorded here already"):
        stood(app, "granted")


@pytest.mark.parametrize(
    ("kind", "state", "said", "reason"),
    [
        ("product", "perhaps", {}, "no such state"),
        ("product", "granted", {"on": date(2999, 1, 1)}, "lies in the future"),
        ("product", "granted", {"evidence": "nonsense"}, "valid URL"),
        ("testing", "granted", {}, "no permission to ask for"),
        ("product", "none", {"scopes": {"Crm.Accounts": "read"}}, r"It is written crm\.accounts"),
        ("product", "none", {"scopes": {"crm.accounts": "all"}}, "a level is none, read or manage"),
    ],
)
def test_what_could_not_have_stood_so_is_refused(
    make_app: MakeApp, kind: str, state: str, said: dict[str, Any], reason: str
) -> None:
    application = make_app(kind=kind)
    with pytest.raises(Refused, match=reason):
        stood(application, state, **said)
    assert not WorkflowStep.objects.exists()
    assert recorded() == []
