"""The toggle, and the pages that ask before an app is enabled, disabled, stopped, put away or brought back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from integrations.models import Application, AuditEvent
from integrations.rules.app_turns import Turn
from integrations.rules.roles import ROLES
from integrations.services import app_states, applications
from integrations.services.refusals import Refused
from tests import customers, reviews
from tests.conftest import SOMEBODY
from tests.furnished import ADMINISTRATOR, House, furnish

pytestmark = pytest.mark.django_db
HOME: Final = "/admin/integrations/application/"
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[tuple[str, str]]:
    return [(message.level_tag, str(message)) for message in get_messages(response.wsgi_request)]


def url(application: Application, page: str) -> str:
    return f"{HOME}{application.pk}/{page}/"


def switch(client: Client, application: Application, to: str, **fields: str) -> Any:
    response = client.post(url(application, "toggle"), {"to": to, "next": "list", **fields})
    application.refresh_from_db()
    return response


def events(action: str) -> int:
    return AuditEvent.objects.filter(action=f"application.{action}").count()


# --- The toggle -----------------------------------------------------------------------------------------------


def test_an_app_that_lacks_nothing_is_enabled_at_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    response = switch(annas, application, "on")
    assert response.url == HOME
    assert "is enabled, waiting for permission" in said(response)[0][1]
    assert application.is_enabled


def test_it_leads_back_to_the_settings_page_where_it_was_pressed_there(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert switch(annas, application, "on", next="settings").url == url(application, "change")
    assert switch(annas, application, "off", next="https://elsewhere.example/").url == HOME


def test_an_app_that_lacks_something_leads_to_the_page_with_every_reason(annas: Client, make_app: MakeApp) -> None:
    application = make_app(secret=None, client_id=None)
    response = switch(annas, application, "on", next="settings")
    assert response.url == f"{url(application, 'enable')}?next=settings"
    page = text(annas.get(response.url))
    for reason in applications.why_not_enabled(application):
        assert reason in page
    assert f'href="{url(application, "change")}">Back<' in page
    assert f'href="{url(application, "set-up")}">Go on with the set-up<' in page
    assert not application.is_enabled


def test_who_may_not_change_apps_is_not_sent_to_the_set_up(staff: Staff, make_app: MakeApp) -> None:
    application = make_app(secret=None)
    page = text(staff("view_application", "enable_application").get(url(application, "enable")))
    assert "The Client secret is missing." in page
    assert "set-up" not in page


def test_an_app_without_connections_is_disabled_at_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    assert said(switch(annas, application, "off")) == [("success", "The app “Meridian Bookings” is disabled.")]
    assert not application.is_enabled


def test_where_customers_would_be_cut_off_it_asks_first_and_names_them(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    for number, name in enumerate(("Jansen BV", "Bakker BV")):
        customers.connected(application, name, 100 + number)
    response = switch(annas, application, "off")
    assert application.is_enabled
    assert response.url == f"{url(application, 'disable')}?next=list"
    page = text(annas.get(response.url))
    assert "Every call for <strong>2 customers</strong>: Bakker BV, Jansen BV</li>" in page
    assert "our own companies" not in page
    annas.post(response.url)
    application.refresh_from_db()
    assert not application.is_enabled


def test_it_asks_for_our_own_companies_too(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    customers.reach(customers.connect(application), None, 7)
    page = text(annas.get(switch(annas, application, "off").url))
    assert "Every call for our own companies" in page
    assert "customers</strong>" not in page


def test_of_many_customers_it_names_some_and_counts_all(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    connection = customers.connect(application)
    for number in range(23):
        customers.reach(connection, customers.add(f"Customer {number:02}"), 100 + number)
    page = text(annas.get(url(application, "disable")))
    assert "<strong>23 customers</strong>: Customer 00, Customer 01," in page
    assert "Customer 19 and 3 more</li>" in page
    assert "Customer 20" not in page


def test_names_of_customers_are_for_who_may_see_customers(staff: Staff, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    customers.connected(application, "Jansen BV", 100)
    page = text(staff("view_application", "enable_application").get(url(application, "disable")))
    assert "Every call for <strong>1 customer</strong></li>" in page
    assert "Jansen BV" not in page


@pytest.mark.parametrize(("to", "enabled"), [("on", True), ("off", False)])
def test_pressed_twice_it_is_done_once_and_said_calmly(
    annas: Client, make_app: MakeApp, to: str, enabled: bool
) -> None:
    application = make_app(enable=not enabled)
    switch(annas, application, to)
    done = "enabled" if enabled else "disabled"
    before = events(done)
    response = switch(annas, application, to)
    assert said(response)[-1] == ("info", f"It is {done} already.")
    assert application.is_enabled is enabled
    assert events(done) == before


def test_a_switch_off_in_another_tab_does_not_ask_about_what_is_done(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    customers.connected(application, "Jansen BV", 100)
    applications.disable(application, by=SOMEBODY)
    response = switch(annas, application, "off")
    assert response.url == HOME
    assert said(response) == [("info", "It is disabled already.")]


@pytest.mark.parametrize("to", ["on", "off"])
@pytest.mark.parametrize(
    ("verb", "reason"),
    [
        (app_states.stop, "It is under Emergency stop. Lift the stop first."),
        (app_states.archive, "It is archived. Bring it back first."),
    ],
)
def test_a_stopped_or_archived_app_has_no_switch_and_an_old_one_changes_nothing(
    annas: Client, make_app: MakeApp, to: str, verb: Any, reason: str
) -> None:
    application = make_app()
    verb(application, by=SOMEBODY)
    state = applications.state(application)
    response = switch(annas, application, to)
    assert applications.state(application) is state
    shown = text(annas.get(response.url)) + str(said(response))
    assert reason in shown


@pytest.mark.parametrize("to", ["", "ON", "maybe"])
def test_a_switch_that_says_neither_is_refused(annas: Client, make_app: MakeApp, to: str) -> None:
    application = make_app()
    assert switch(annas, application, to).status_code == 400
    assert not application.is_enabled


@pytest.mark.parametrize("name", [role.name for role in ROLES] + [ADMINISTRATOR])
def test_the_switch_is_there_for_whoever_may_press_it(name: str) -> None:
    house: House = furnish()
    allowed = name in {"Integrations manager", ADMINISTRATOR}
    response = switch(house.client(name), house.ready, "on")
    assert response.status_code == (302 if allowed else 403)
    assert house.ready.is_enabled is allowed
    assert ('role="switch"' in house.client(name).get(HOME).content.decode()) is allowed


def test_the_settings_page_has_the_switch_too_and_it_leads_back_there(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    page = text(annas.get(url(application, "change")))
    assert 'role="switch" aria-label="Enabled: Meridian Bookings" aria-checked="true"' in page
    assert 'name="next" value="settings"' in page
    assert f'href="{url(application, "stop")}?next=settings"' in page
    assert annas.post(f"{url(application, 'stop')}?next=settings").url == url(application, "change")


# --- The pages that ask ---------------------------------------------------------------------------------------


def test_looking_at_a_page_does_nothing(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    before = AuditEvent.objects.count()
    for page in (*Turn, "enable-now-or-later"):
        assert annas.get(url(application, page)).status_code == 200, page
    application.refresh_from_db()
    assert application.is_enabled
    assert AuditEvent.objects.count() == before


def test_disabling_says_that_links_are_kept_alive_and_nobody_connects_again(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    customers.connected(application, "Jansen BV", 100)
    page = text(annas.get(url(application, "disable")))
    assert "1 connection is kept alive: refreshed once a week at least" in page
    assert "Nobody has to connect again." in page


def test_an_emergency_stop_shows_the_first_day_on_which_somebody_has_to_connect_again(
    annas: Client, make_app: MakeApp
) -> None:
    application = make_app(enable=True)
    for day in (9, 2):
        customers.connect(application, f"User {day}", token_answered_at=datetime(2026, 3, day, 12, tzinfo=UTC))
    page = text(annas.get(url(application, "stop")))
    assert "Until 1 April 2026: lift the stop before that day." in page
    assert "Checks, and the refreshing that keeps links alive" in page


def test_an_emergency_stop_without_connections_can_be_lifted_at_any_time(annas: Client, make_app: MakeApp) -> None:
    page = text(annas.get(url(make_app(enable=True), "stop")))
    assert "At any time: there is no connection that could be lost." in page


def test_lifting_late_says_that_some_have_to_connect_again(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    customers.connect(application, token_answered_at=timezone.now() - timedelta(days=31))
    app_states.stop(application, by=SOMEBODY)
    assert "Some links were not refreshed in time" in text(annas.get(url(application, "lift")))


def test_the_ways_through_the_states_are_walked_by_the_pages(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    walk = [
        (Turn.ENABLE, "enabled"), (Turn.STOP, "stopped"), (Turn.LIFT, "disabled"), (Turn.ARCHIVE, "archived"),
        (Turn.RESTORE, "disabled"), (Turn.ENABLE, "enabled"), (Turn.DISABLE, "disabled"),
    ]  # fmt: skip
    for turn, state in walk:
        response = annas.post(url(application, turn))
        application.refresh_from_db()
        assert applications.state(application) == state
        assert said(response)[-1][0] == "success", turn


@pytest.mark.parametrize(
    ("turn", "state", "calm"),
    [
        (Turn.ENABLE, "enabled", "It is enabled already."),
        (Turn.DISABLE, "disabled", "It is disabled already."),
        (Turn.STOP, "stopped", "It is under Emergency stop already."),
        (Turn.LIFT, "disabled", "It is not under Emergency stop."),
        (Turn.ARCHIVE, "archived", "It is archived already."),
        (Turn.RESTORE, "disabled", "It is not archived."),
    ],
)
def test_what_another_tab_did_already_is_said_and_no_error(
    annas: Client, make_app: MakeApp, turn: Turn, state: str, calm: str
) -> None:
    application = make_app(enable=state == "enabled")
    if state in {"stopped", "archived"}:
        {"stopped": app_states.stop, "archived": app_states.archive}[state](application, by=SOMEBODY)
    before = AuditEvent.objects.count()
    assert said(annas.post(url(application, turn))) == [("info", calm)]
    assert calm in text(annas.get(url(application, turn)))
    assert AuditEvent.objects.count() == before


def test_an_app_with_a_live_connection_is_not_archived_and_the_page_says_why(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    customers.connect(application)
    reason = "1 connection lives through it. Disconnect the customers first."
    page = text(annas.get(url(application, "archive")))
    assert reason in page
    assert ">Archive</button>" not in page
    assert said(annas.post(url(application, "archive"))) == [("error", reason)]


def test_a_refusal_lists_every_reason(annas: Client, make_app: MakeApp) -> None:
    application = make_app(secret=None, client_id=None)
    response = annas.post(url(application, "enable"))
    assert [reason for _, reason in said(response)] == list(applications.why_not_enabled(application))
    assert {level for level, _ in said(response)} == {"error"}


def test_later_is_offered_at_the_end_of_the_set_up(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    page = text(annas.get(url(application, "enable-now-or-later")))
    assert f'<form method="post" action="{url(application, "enable")}">' in page
    assert ">Enable now</button>" in page
    assert ">Later</a>" in page


# --- Deleting -------------------------------------------------------------------------------------------------


def test_an_app_that_ever_had_a_connection_stays_and_the_page_says_so_before(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    customers.connect(application, status="disconnected")
    page = text(annas.get(url(application, "delete")))
    (reason,) = app_states.effects(application).why_not_deleted
    assert reason in page
    assert "It is still needed" not in page
    assert ">Delete</button>" not in page
    annas.post(url(application, "delete"), {"post": "yes"})
    assert Application.objects.filter(pk=application.pk).exists()


def test_an_enabled_app_is_not_deleted_and_the_page_says_so_before(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    assert "Disable it first" in text(annas.get(url(application, "delete")))
    response = annas.post(url(application, "delete"), {"post": "yes"})
    assert said(response) == [("error", "An enabled app cannot be deleted. Disable it first.")]
    assert Application.objects.filter(pk=application.pk).exists()


def test_the_service_refuses_what_the_page_does_not_offer(make_app: MakeApp) -> None:
    application = make_app()
    customers.connect(application, status="reconnect")
    with pytest.raises(Refused, match="Archive it instead"):
        app_states.remove(application, by=SOMEBODY)


def test_the_evidence_of_a_review_keeps_its_app(make_app: MakeApp) -> None:
    application = make_app()
    review = reviews.drafted(application)
    reviews.taken(review, "submit")
    with pytest.raises(Refused, match="submitted for review"):
        app_states.remove(application, by=SOMEBODY)
    assert Application.objects.filter(pk=application.pk).exists()


def test_the_switch_asks_where_something_is_likely_a_mistake(
    annas: Client, make_app: Callable[..., Application]
) -> None:
    application = make_app(caretakers="Anna Smit")
    url = f"/admin/integrations/application/{application.pk}/toggle/"
    response = annas.post(url, {"to": "on", "next": "list"}, follow=True)
    page = response.content.decode()
    assert "One colleague only can sign in to Manage my apps" in page
    assert "Likely a mistake" in page
    application.refresh_from_db()
    assert not application.is_enabled
    annas.post(response.request["PATH_INFO"])
    application.refresh_from_db()
    assert application.is_enabled
