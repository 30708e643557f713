"""The page of an app's permission: where it stands, the steps of the table, refusals, and what was recorded."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import Application, AuditEvent, Organization, WorkflowStep
from integrations.rules import gate, workflow
from integrations.rules.actors import PORTAL
from integrations.rules.workflow import Course, PermissionState
from integrations.services import links, permissions
from tests import customers as given
from tests.conftest import SOMEBODY
from tests.permission import approved, granted, stands

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]
DAY = date(2026, 5, 3)
RECORD = ("view_application", "record_review")


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return approved(make_app(enable=True), {"crm.accounts": "read"})


def url(application: Application) -> str:
    return f"/admin/integrations/application/{application.pk}/permission/"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def sent(application: Application, step: str, **typed: Any) -> dict[str, Any]:
    """Return what the form of a step sends, as somebody's browser has it."""
    seen = permissions.state(application)
    return {"step": step, "seen": seen, "on": "2026-05-03", "note": "Exact wrote so.", "evidence": "", **typed}


def offered(page: str) -> list[str]:
    return re.findall(r'<details class="workflow-step" id="step-(\w+)"', page)


def days_ago(number: int) -> date:
    return timezone.localdate() - timedelta(days=number)


# --- Where it stands, and what can be recorded ----------------------------------------------------------------


@pytest.mark.parametrize("state", PermissionState)
def test_it_says_where_it_stands_and_offers_what_the_table_says(
    annas: Client, app: Application, state: PermissionState
) -> None:
    stands(app, state, on=DAY)
    page = text(annas.get(url(app)))
    known = None if state is PermissionState.NONE else DAY
    assert gate.stage(state, known).replace("'", "&#x27;") in page
    assert offered(page) == [step.code for step in workflow.offered(Course.PERMISSION, state)]
    for step in workflow.offered(Course.PERMISSION, state):
        assert step.sentence in page


def test_withdrawn_and_taken_back_read_differently(annas: Client, make_app: MakeApp) -> None:
    told = []
    for number, state in enumerate(["withdrawn", "taken_back"]):
        application = make_app(client_id=None, secret=None, name=f"App {number}")
        told.append(text(annas.get(url(stands(application, state)))))
    assert "We withdrew the permission" in told[0]
    assert "Exact took the permission back" in told[1]


def test_what_a_step_lacks_stands_in_the_place_of_its_form(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    page = text(annas.get(url(app)))
    step = page.partition('id="step-request"')[2].partition("</details>")[0]
    assert "The review comes first." in step
    assert f'href="{reverse("admin:app-review", args=[app.pk])}"' in step
    assert "<form" not in step


def test_a_testing_app_needs_none(annas: Client, make_app: MakeApp) -> None:
    page = text(annas.get(url(make_app(kind="testing"))))
    assert "Not needed: a testing app works for your own Exact subscription only." in page
    assert offered(page) == []


def test_whoever_may_only_look_reads_who_may_record(staff: Staff, app: Application) -> None:
    viewer = staff("view_application")
    page = text(viewer.get(url(app)))
    assert offered(page) == []
    assert "To record what happened at Exact: Integrations manager may do this." in page
    assert viewer.post(url(app), sent(app, "request")).status_code == 403
    assert permissions.state(app) is PermissionState.NONE


# --- Recording ------------------------------------------------------------------------------------------------


def test_a_step_is_recorded_with_day_note_and_evidence(annas: Client, app: Application) -> None:
    response = annas.post(url(app), sent(app, "request", evidence="https://exact.example/ticket/1"))
    assert response.url == url(app)
    assert said(response) == ["Recorded: Permission was requested on 3 May 2026, and is with Exact."]
    page = text(annas.get(url(app)))
    for shown in ("On 3 May 2026. Recorded by Anna Smit", "Exact wrote so.", 'href="https://exact.example/ticket/1"'):
        assert shown in page


def test_the_whole_way_can_be_walked(staff: Staff, app: Application) -> None:
    client = staff(*RECORD)
    for step in ("request", "refuse", "request", "grant", "take_back", "request", "withdraw", "record_granted"):
        assert client.post(url(app), sent(app, step)).status_code == 302
    assert permissions.state(app) is PermissionState.GRANTED
    assert [step.code for step in permissions.steps(app)][-1] == "record_granted"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ({"on": ""}, "Enter the day on which it happened."),
        ({"on": "yesterday"}, "Enter a valid date"),
        ({"on": "2999-01-01"}, "The day lies in the future."),
        ({"note": " "}, "Fill in “How you know”."),
        ({"note": "x" * 4001}, "at most 4000 characters"),
        ({"note": "\x00"}, "Null characters"),
        ({"evidence": "javascript:alert(1)"}, "Enter a valid URL"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    annas: Client, app: Application, typed: dict[str, str], reason: str
) -> None:
    response = annas.post(url(app), sent(app, "record_granted", **{"evidence": "https://kept.example/", **typed}))
    page = text(response)
    assert response.status_code == 200
    assert reason in page
    assert '<details class="workflow-step" id="step-record_granted" open>' in page
    assert "evidence" in typed or 'value="https://kept.example/"' in page
    assert permissions.state(app) is PermissionState.NONE


@pytest.mark.parametrize("step", ["grant", "take_back", "approve", "nonsense", ""])
def test_a_crafted_step_is_refused_with_the_reason_and_recorded(annas: Client, app: Application, step: str) -> None:
    response = annas.post(url(app), sent(app, step))
    assert response.url == url(app)
    assert any("cannot follow" in reason or "no such step" in reason for reason in said(response))
    assert AuditEvent.objects.filter(action="workflow.refused").count() == 1
    assert permissions.state(app) is PermissionState.NONE
    assert not app.permission_requests.exists()


def test_of_two_by_the_same_page_the_second_is_refused(annas: Client, staff: Staff, app: Application) -> None:
    annas.post(url(app), sent(app, "request"))
    both = sent(app, "withdraw")
    annas.post(url(app), sent(app, "grant"))
    response = staff(*RECORD).post(url(app), both)
    assert "Meanwhile it has become “Granted”" in text(response)
    assert permissions.state(app) is PermissionState.GRANTED


def test_the_address_opens_one_step_and_takes_nothing_else(annas: Client, app: Application) -> None:
    assert '<details class="workflow-step" id="step-request" open>' in text(annas.get(f"{url(app)}?step=request"))
    assert " open>" not in text(annas.get(f"{url(app)}?step=nonsense"))
    assert annas.get(f"{url(app)}?state=granted").status_code == 400


# --- The clock ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "reminds"), [(4, False), (5, True)])
def test_it_reminds_after_the_days_that_the_organization_chose(
    annas: Client, app: Application, days: int, reminds: bool
) -> None:
    Organization.objects.create(name="Meridian", remind_after_days=5)
    stands(app, PermissionState.NONE)
    permissions.take(app, "request", by=SOMEBODY, on=days_ago(days))
    page = text(annas.get(url(app)))
    assert (f"It has been with Exact for {days} days." in page) == reminds
    assert (f"With Exact for {days} days." in page) != reminds


def test_a_request_of_today_has_been_with_exact_for_less_than_a_day(annas: Client, app: Application) -> None:
    permissions.take(app, "request", by=SOMEBODY, on=days_ago(0))
    assert "With Exact for less than a day." in text(annas.get(url(app)))
    permissions.take(app, "grant", by=SOMEBODY, on=days_ago(0))
    assert ", after less than a day" in text(annas.get(url(app)))


def test_a_request_whose_permission_was_taken_back_says_by_whom(annas: Client, app: Application) -> None:
    for step in ("request", "grant", "take_back"):
        permissions.take(app, step, by=SOMEBODY, on=date(2026, 5, 1), note="No.")
    assert "Requested on 1 May 2026: taken back by Exact on 1 May 2026" in text(annas.get(url(app)))


def test_earlier_requests_say_how_long_they_took(annas: Client, app: Application) -> None:
    for step, day in (("request", 1), ("refuse", 8), ("request", 9)):
        permissions.take(app, step, by=SOMEBODY, on=date(2026, 5, day), note="No.")
    assert "Requested on 1 May 2026: refused on 8 May 2026, after 7 days" in text(annas.get(url(app)))


# --- What came of a try ---------------------------------------------------------------------------------------


def test_a_customer_who_did_connect_is_proposed_as_granted(annas: Client, app: Application) -> None:
    assert "Record it as granted</a>" not in text(annas.get(url(app)))
    given.connected(app, "Jansen BV", 1, companies=2)
    page = text(annas.get(url(app)))
    assert "2 companies of customers are connected through this app although no permission is recorded." in page
    assert 'href="?step=record_granted#step-record_granted">Record it as granted</a>' in page
    opened = text(annas.get(f"{url(app)}?step=record_granted"))
    assert "2 companies of customers were connected through the app, so Exact permits it.</textarea>" in opened


def test_tries_say_who_why_and_what_came_of_them(annas: Client, staff: Staff, app: Application) -> None:
    links.make(app, by=SOMEBODY, customer=given.add(), tried_because="Exact phoned.")
    page = text(annas.get(url(app)))
    assert "because: Exact phoned." in page
    assert "Jansen BV" in page
    assert "Jansen BV" not in text(staff(*RECORD).get(url(app)))
    app.links.update(expires_at=timezone.now())
    assert "Nothing came of it" in text(annas.get(url(app)))
    app.links.update(revoked_at=timezone.now(), revoked_by=str(SOMEBODY))
    assert "Revoked</span>" in text(annas.get(url(app)))
    app.links.update(revoked_by=str(PORTAL))
    assert "Not needed: connected by another link page" in text(annas.get(url(app)))


# --- Elsewhere ------------------------------------------------------------------------------------------------


def test_an_enabled_app_without_permission_says_that_it_waits(annas: Client, app: Application) -> None:
    overview = f"/admin/integrations/application/{app.pk}/change/"
    assert "waiting for permission" in text(annas.get(overview))
    assert url(app) in text(annas.get(overview))
    assert "waiting for permission" not in text(annas.get(f"/admin/integrations/application/{granted(app).pk}/change/"))


def test_enabling_says_that_customers_wait(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    enable = f"/admin/integrations/application/{application.pk}/enable/"
    assert "Customers wait until Exact has granted permission." in text(annas.get(enable))
    (told,) = said(annas.post(enable))
    assert "is enabled, waiting for permission" in told
    step = f"/admin/integrations/application/{application.pk}/set-up/enable/"
    assert "is enabled, waiting for permission" in text(annas.get(step))


@pytest.mark.parametrize("fields", [{"kind": "testing"}, {}])
def test_an_app_that_needs_or_has_no_more_permission_waits_for_none(
    annas: Client, make_app: MakeApp, fields: dict[str, str]
) -> None:
    application = make_app(**fields)
    if not fields:
        granted(application)
    (told,) = said(annas.post(f"/admin/integrations/application/{application.pk}/enable/"))
    assert told == "The app “Meridian Bookings” is enabled."


def test_the_number_of_queries_grows_with_nothing(annas: Client, app: Application) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert annas.get(url(app)).status_code == 200
        return len(queries)

    def happen(rounds: int) -> None:
        for _ in range(rounds):
            for step in ("request", "refuse"):
                permissions.take(app, step, by=SOMEBODY, on=DAY, note="No.")

    happen(1)
    count()
    one = count()
    happen(100)
    assert WorkflowStep.objects.count() > 200
    assert count() == one
