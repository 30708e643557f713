"""The Integrations page: its first line, a card per region, an app's row, the busiest companies."""

import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Final
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Application, Company, Connection, UsageWindow
from integrations.rules.usage import day_number, milliseconds, ring_of
from integrations.services import app_states
from tests import customers as given
from tests.conftest import SOMEBODY
from tests.permission import stands

pytestmark = pytest.mark.django_db
HOME: Final = "/admin/integrations/application/"
LOOKING: Final = ("view_application", "view_connection", "view_company", "view_customer")
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


class Words(HTMLParser):
    """The text of a page, and what its links and buttons are called, as a screen reader has them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page(client: Client) -> str:
    response = client.get(HOME)
    assert response.status_code == 200
    main: str = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return main


def words(client: Client) -> str:
    return " ".join(" ".join(Words(page(client)).text).split())


def markup(client: Client, name: str) -> str:
    """Return the row of an app as it stands in the page."""
    rows = re.findall(r'<li>\s*<div class="row-head">.*?</li>', page(client), re.DOTALL)
    (found,) = [text for text in rows if f">{name}</a>" in text]
    return str(found)


def row(client: Client, name: str) -> str:
    """Return the text of the row of an app."""
    return " ".join(" ".join(Words(markup(client, name)).text).split())


def card(client: Client, region: str) -> str:
    html = page(client).partition(f'aria-labelledby="region-{region}"')[2].partition("</section>")[0]
    return " ".join(" ".join(Words(html).text).split())


def window(company: Company, *, day: int = 0, minute: int = 0, **fields: Any) -> None:
    now = timezone.now()
    UsageWindow.objects.create(
        application=company.application,
        division=company.division,
        day=day_number(now),
        day_used=day,
        minute_ring=ring_of([milliseconds(now)] * minute, 60),
        **fields,
    )


def granted(make_app: MakeApp, *, permission: str = "granted", **fields: Any) -> Application:
    return stands(make_app(**{"enable": True, **fields}), permission)


# --- The first line -------------------------------------------------------------------------------------------


def test_an_empty_house_says_what_to_do(annas: Client) -> None:
    shown = page(annas)
    assert "No app is set up yet" in shown
    for region in ("nl", "uk"):
        assert f'href="{HOME}set-up/?region={region}">Set up</a>' in shown


def test_whoever_may_not_add_an_app_is_told_who_may(staff: Staff) -> None:
    shown = words(staff(*LOOKING))
    assert "Integrations manager may do this." in shown
    assert "Set up" not in shown


def test_the_first_line_counts_customers_and_who_needs_somebody(annas: Client, make_app: MakeApp) -> None:
    application = granted(make_app)
    for number in range(3):
        given.connected(application, f"Customer {number}", 10 + number)
    customer = given.add("Jansen BV")
    given.reach(given.connect(application, "Dead", status="reconnect"), customer, 1)
    shown = page(annas)
    assert "3 of 4 customers connected; 1 needs you." in shown
    assert 'href="/admin/integrations/customer/?state=reconnect">Reconnect needed: 1' in shown


def test_customers_are_counted_for_who_may_see_customers(staff: Staff, make_app: MakeApp) -> None:
    given.connected(granted(make_app), "Jansen BV", 1)
    assert "customer connected" not in words(staff("view_application"))
    assert "1 of 1 app enabled." in words(staff("view_application"))


def test_a_customer_who_needs_somebody_is_not_counted_as_an_app_as_well(annas: Client, make_app: MakeApp) -> None:
    application = granted(make_app)
    given.reach(given.connect(application, status="reconnect"), given.add(), 1)
    assert "0 of 1 customer connected; 1 needs you." in words(annas)
    assert "app needs" not in words(annas)


def test_our_own_connection_that_must_be_made_again_is_an_app_that_needs_you(annas: Client, make_app: MakeApp) -> None:
    given.connect(granted(make_app), status="reconnect")
    assert "1 of 1 app enabled; 1 needs you. No customer yet." in words(annas)


# --- The row of an app ----------------------------------------------------------------------------------------


def test_a_row_has_three_lamps(annas: Client, make_app: MakeApp) -> None:
    application = granted(make_app)
    given.connected(application, "Jansen BV", 1)
    shown = row(annas, "Meridian Bookings")
    assert "Enabled by us Enabled" in shown
    assert "Permission by Exact Granted" in shown
    assert "Connected by customers 1 of 1 well" in shown
    assert "Last checked 4 minutes ago: all well." in shown


def test_a_testing_app_needs_no_permission_and_counts_our_own(annas: Client, make_app: MakeApp) -> None:
    given.connect(make_app(kind="testing", enable=True))
    shown = row(annas, "Meridian Bookings")
    assert "Permission by Exact Not needed" in shown
    assert "Connected by us 1 of 1 well" in shown


@pytest.mark.parametrize(
    ("fields", "button", "target"),
    [
        ({"secret": None, "enable": False}, "Set up", "set-up"),
        ({"enable": False}, "Enable", "enable"),
        ({"permission": "none"}, "Review", "review"),
        ({}, "Connect", "connect"),
    ],
)
def test_the_main_button_is_the_next_step(
    annas: Client, make_app: MakeApp, fields: dict[str, Any], button: str, target: str
) -> None:
    application = granted(make_app, **fields)
    shown = markup(annas, "Meridian Bookings")
    assert re.findall(r'class="button"[^>]*>([^<]*)<', shown) == [button]
    assert f'"{HOME}{application.pk}/{target}/"' in shown


def test_where_nothing_has_to_be_done_no_button_calls(annas: Client, make_app: MakeApp) -> None:
    given.connected(granted(make_app), "Jansen BV", 1)
    shown = markup(annas, "Meridian Bookings")
    assert 'class="button"' not in shown
    assert 'class="button button-quiet"' in shown
    assert "Next:" not in shown


def test_a_stopped_app_leads_to_the_end_of_the_stop_and_has_no_switch(annas: Client, make_app: MakeApp) -> None:
    application = granted(make_app)
    given.connect(application)
    app_states.stop(application, by=SOMEBODY)
    shown = row(annas, "Meridian Bookings")
    assert "Enabled by us Emergency stop" in shown
    assert "Lift the stop Meridian Bookings" in shown
    assert 'role="switch"' not in page(annas)


def test_a_step_that_is_somebody_elses_says_whose_and_has_no_button(staff: Staff, make_app: MakeApp) -> None:
    make_app()
    shown = row(staff(*LOOKING), "Meridian Bookings")
    assert "It has its keys and can be enabled. Integrations manager may do this." in shown
    assert "Enable Meridian Bookings" not in shown
    assert "Look Meridian Bookings" in shown


def test_archived_apps_are_folded_away(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    app_states.archive(application, by=SOMEBODY)
    shown = page(annas)
    assert "<summary>Archived (1)</summary>" in shown
    assert f'<a href="{HOME}{application.pk}/change/">Meridian Bookings</a>' in shown
    assert "No app is set up yet" in shown


def test_an_app_of_another_exact_sleeps_and_offers_nothing(annas: Client, make_app: MakeApp, settings: Any) -> None:
    granted(make_app)
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": "https://elsewhere.example"}
    shown = row(annas, "Meridian Bookings")
    assert "It sleeps: it was made for" in shown
    assert "Connect through" not in shown


def test_an_app_cannot_bring_markup_onto_the_page(annas: Client, make_app: MakeApp) -> None:
    granted(make_app, name="<img src=x onerror=alert(1)>")
    assert "<img" not in page(annas)


# --- The toggle -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("enable", "checked", "to"), [(True, "true", "off"), (False, "false", "on")])
def test_the_toggle_says_what_it_is_of_and_how_it_stands(
    annas: Client, make_app: MakeApp, enable: bool, checked: str, to: str
) -> None:
    granted(make_app, enable=enable)
    shown = page(annas)
    assert f'role="switch" aria-label="Enabled: Meridian Bookings" aria-checked="{checked}"' in shown
    assert f'name="to" value="{to}"' in shown
    assert 'name="next" value="list"' in shown


def test_the_toggle_of_the_page_works(annas: Client, make_app: MakeApp) -> None:
    application = granted(make_app)
    annas.post(f"{HOME}{application.pk}/toggle/", {"to": "off", "next": "list"})
    assert "Enabled by us Disabled" in row(annas, "Meridian Bookings")


# --- The busiest companies ------------------------------------------------------------------------------------


def test_the_busiest_companies_stand_beside_their_own_limits(annas: Client, make_app: MakeApp) -> None:
    application = granted(make_app)
    companies = given.reach(given.connect(application), given.add(), *range(1, 6))
    for company, calls in zip(companies, (10, 4250, 30, 20, 0), strict=True):
        window(company, day=calls)
    shown = card(annas, "nl")
    assert "1 of 5 companies is above 80 % of a limit: of this minute's calls, or of today's." in shown
    order = [shown.index(f"Company {division}") for division in (2, 3, 4)]
    assert order == sorted(order)
    assert "Company 1 (1)" not in shown
    assert "4250 of 5000" in shown
    assert "4310" not in shown, "a sum stands there"


def test_a_full_minute_counts_as_well(annas: Client, make_app: MakeApp) -> None:
    window(given.reach(given.connect(granted(make_app)), None, 1)[0], day=60, minute=59)
    shown = card(annas, "nl")
    assert "1 of 1 company is above 80 % of a limit" in shown
    assert "59 of 60" in shown


def test_a_company_that_exact_refuses_says_so(annas: Client, make_app: MakeApp) -> None:
    later = timezone.now() + timedelta(minutes=2)
    company = given.reach(given.connect(granted(make_app)), None, 1)[0]
    window(company, day=1, blocked_until=later, blocked_by="minute")
    assert "Exact refuses" in card(annas, "nl")


def test_no_calls_today_are_said(annas: Client, make_app: MakeApp) -> None:
    given.reach(given.connect(granted(make_app)), None, 1, 2)
    assert "No calls today of 2 companies." in card(annas, "nl")
    assert "Busiest companies" not in card(annas, "uk")


def test_companies_are_for_who_may_see_companies(staff: Staff, make_app: MakeApp) -> None:
    window(given.reach(given.connect(granted(make_app)), None, 1)[0], day=60)
    assert "Company 1" in words(staff("view_application", "view_company"))
    shown = words(staff("view_application"))
    assert "Company 1" not in shown
    assert "Busiest" not in shown


# --- However many there are -----------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(
    annas: Client, make_app: MakeApp, django_assert_max_num_queries: Any
) -> None:
    def count() -> int:
        with django_assert_max_num_queries(30) as queries:
            page(annas)
        return len(queries)

    def add(number: int) -> None:
        states = ({"enable": True}, {"enable": False}, {"kind": "testing", "enable": True}, {"secret": None})
        application = make_app(client_id=str(uuid4()), region=("nl", "uk")[number % 2], **states[number % 4])
        customer = given.connected(application, f"Customer {number}", number + 1)
        if number % 5 == 0:
            Connection.objects.filter(application=application).update(
                status="reconnect", refresh_token="", next_check_at=None
            )
        window(customer.companies.get(), day=number % 5000, minute=number % 60)

    for number in range(4):
        add(number)
    app_states.archive(make_app(client_id=str(uuid4())), by=SOMEBODY)
    few = count()
    for number in range(4, 200):
        add(number)
    assert Application.objects.count() == 201
    assert count() == few
