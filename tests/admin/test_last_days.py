"""The page of last possible days: what is well is a number, what is not is listed; and one's own feed of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import Application, CalendarFeed
from integrations.services import calendar_feeds
from tests import customers
from tests.services.test_last_days import linked

pytestmark = pytest.mark.django_db
URL = "/admin/integrations/connection/last-days/"
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_where_nobody_is_connected_it_says_so(annas: Client) -> None:
    assert "Nobody is connected yet." in text(annas.get(URL))


def test_where_all_is_well_it_is_a_number(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    for number in range(3):
        linked(application, f"User {number}", days=1)
    page = text(annas.get(URL))
    assert "3 connections are kept alive. No customer has to connect again." in page
    assert "User 1" not in page


def test_what_is_not_kept_alive_stands_under_its_warning_with_what_to_do(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    linked(application, "Well One", days=1)
    far, near = linked(application, "Far One", days=9), linked(application, "Near One", days=28.5)
    over = linked(application, "Over One", days=31)
    customers.reach(near, customers.add("Jansen BV"), 1)
    response = annas.get(URL)
    page = text(response)
    assert "3 connections are not kept alive; 1 other is." in page
    places = [page.index(part) for part in ("Over</h2>", str(over.pk), "Within 3 days</h2>", str(near.pk))]
    places += [page.index(part) for part in ("More than 14 days left</h2>", str(far.pk))]
    assert places == sorted(places)
    assert "Jansen BV</a>" in page
    assert "press Refresh now" in page
    assert "Let the customer connect again" in page


def test_customers_are_named_only_to_whoever_may_see_them(staff: Staff, make_app: MakeApp) -> None:
    row = linked(make_app(), "Alex Accountant", days=20)
    customers.reach(row, customers.add("Jansen BV"), 1)
    assert "Jansen BV" not in text(staff("view_connection").get(URL))
    assert "Jansen BV" in text(staff("view_connection", "view_customer").get(URL))


def test_it_takes_no_other_filter(annas: Client) -> None:
    assert annas.get(f"{URL}?refresh_token__startswith=v1").status_code == 400


def test_it_has_pages_and_asks_as_often_for_one_row_as_for_two_hundred(annas: Client, make_app: MakeApp) -> None:
    application = make_app()

    def queries() -> int:
        with CaptureQueriesContext(database) as caught:
            assert annas.get(URL).status_code == 200
        return len(caught)

    linked(application, "User", days=20)
    annas.get(URL)
    few = queries()
    for number in range(200):
        linked(application, f"User {number}", days=20)
        linked(application, f"Well {number}", days=1)
    assert queries() == few
    assert "Page 1 of 5" in text(annas.get(URL))


def test_the_address_of_a_feed_is_shown_once(annas: Client) -> None:
    page = text(annas.post(f"{URL}feed/"))
    token = page.partition("/calendar/")[2].partition(".ics")[0]
    assert calendar_feeds.find(token) == CalendarFeed.objects.get()
    assert token not in text(annas.get(URL))


def test_what_is_over_is_not_called_connected(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    linked(application, "Over One", days=31)
    page = text(annas.get(URL))
    assert "Too late</span>" in page
    assert "Connected</span>" not in page
    linked(application, "Near One", days=28)
    assert text(annas.get(URL)).count("Connected</span>") == 1


def test_a_feed_is_revoked_after_a_question(annas: Client) -> None:
    assert annas.get(f"{URL}feed/revoke/").url == URL, "there is nothing to ask about"
    annas.post(f"{URL}feed/")
    assert text(annas.get(URL)).count("Made<") == 1
    assert "Revoke your calendar feed?" in text(annas.get(f"{URL}feed/revoke/"))
    assert CalendarFeed.objects.get().revoked_at is None
    page = text(annas.post(f"{URL}feed/revoke/", follow=True))
    assert "Your calendar feed is revoked" in page
    assert CalendarFeed.objects.get().revoked_at is not None
