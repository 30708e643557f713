"""The connections of one app: each with its state, whom it serves, and when it was last looked at."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import Application, Connection, LinkPage
from integrations.services import app_states, applications
from tests import customers
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]
LOOK = ("view_application", "view_connection")


def url(application: Application, query: str = "") -> str:
    return reverse("admin:app-connections", args=[application.pk]) + query


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def names(response: Any) -> list[str]:
    return [str(row) for row in response.context["rows"]]


def test_it_lists_the_connections_of_this_app_and_no_other(annas: Client, make_app: MakeApp) -> None:
    application, other = make_app(), make_app(region="uk", name="Meridian UK")
    customers.connect(application, "Alex Accountant")
    customers.connect(application, "Being Set Up", status="pending", exact_user_id=None)
    customers.connect(other, "Robin Booker")
    response = annas.get(url(application))
    assert names(response) == ["Alex Accountant"]
    assert "Alex.Accountant@exact.example" in text(response)


def test_each_says_whom_it_serves_and_when_it_was_last_checked(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    alex = customers.connect(application, "Alex Accountant")
    jansen, smit = customers.add("Jansen BV"), customers.add("Smit BV")
    customers.reach(alex, jansen, 1, 2)
    customers.reach(alex, smit, 3)
    customers.reach(alex, smit, 4, withdrawn_at=timezone.now())
    customers.check(alex, failed="Old news", minutes=60)
    customers.check(alex)
    page = text(annas.get(url(application)))
    assert f'Reaches 3 companies of <a href="{reverse("admin:customer", args=[jansen.pk])}">Jansen BV</a>' in page
    assert "and 1 more customer." in page
    assert "Well when last checked, on" in page
    customers.check(alex, failed="The licence expired.", minutes=1)
    assert "The licence expired." in text(annas.get(url(application)))


def test_our_own_companies_and_nothing_at_all_are_told_apart(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    ours = customers.connect(application, "Ours")
    customers.reach(ours, None, 1)
    assert "Reaches 1 company, all our own." in text(annas.get(url(application)))
    ours.accesses.update(withdrawn_at=timezone.now())
    page = text(annas.get(url(application)))
    assert "Reaches 0 companies." in page
    assert "Not checked yet." in page


def test_it_is_filtered_by_state(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    for status in ("connected", "verifying", "reconnect", "disconnected"):
        customers.connect(application, f"User {status}", status=status)
    assert len(names(annas.get(url(application)))) == 4
    for status in ("connected", "verifying", "reconnect", "disconnected"):
        response = annas.get(url(application, f"?state={status}"))
        assert names(response) == [f"User {status}"]
        assert Connection.Status(status).label in text(response)
    Connection.objects.filter(status="verifying").delete()
    assert "None is in this state" in text(annas.get(url(application, "?state=verifying")))


@pytest.mark.parametrize("query", ["?state=pending", "?state=x", "?application__client_id=1", "?q=a", "?o=1"])
def test_nothing_else_filters_it(annas: Client, make_app: MakeApp, query: str) -> None:
    assert annas.get(url(make_app(), query)).status_code == 400


@pytest.mark.parametrize("page", ["0", "x", "-1", "99", ""])
def test_an_odd_page_is_a_page(annas: Client, make_app: MakeApp, page: str) -> None:
    application = make_app()
    customers.connect(application)
    assert names(annas.get(url(application, f"?p={page}"))) == ["Alex Accountant"]


def test_it_shows_fifty_a_page_and_the_way_to_the_others(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    for number in range(120):
        customers.connect(application, f"User {number}", status="reconnect")
    first = annas.get(url(application, "?state=reconnect"))
    assert len(names(first)) == 50
    assert "Page 1 of 3" in text(first)
    assert 'href="?state=reconnect&amp;p=2"' in text(first)
    pages = [set(names(annas.get(url(application, f"?p={number}")))) for number in (1, 2, 3)]
    assert len(set.union(*pages)) == 120
    assert [len(page) for page in pages] == [50, 50, 20]


# --- What is offered, to whom -------------------------------------------------------------------------------


def test_connecting_is_offered_to_whoever_may_where_somebody_can(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    page = text(annas.get(url(application)))
    assert ">Connect</button>" not in page
    assert f"Nobody can connect now: {applications.why_not_usable(application)[0]}" in page
    applications.enable(application, by=SOMEBODY)
    page = text(annas.get(url(application)))
    assert ">Connect</button>" in page
    assert "Make a link page for a customer" in page
    assert annas.post(reverse("admin:connect", args=[application.pk])).url.startswith("/connect/")
    assert LinkPage.objects.get().application == application
    app_states.stop(application, by=SOMEBODY)
    assert ">Connect</button>" not in text(annas.get(url(application)))


def test_whoever_may_only_look_is_offered_nothing(staff: Staff, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    page = text(staff(*LOOK).get(url(application)))
    assert "Nobody has connected yet" in page
    assert page.partition("<main")[2].count("<button") == 1  # that of the filter
    assert "Make a link page" not in page


def test_names_of_customers_are_for_whoever_may_see_customers(staff: Staff, make_app: MakeApp) -> None:
    application = make_app()
    alex = customers.connect(application)
    customers.reach(alex, customers.add("Jansen BV"), 1)
    customers.reach(alex, customers.add("Smit BV"), 2)
    page = text(staff(*LOOK).get(url(application)))
    assert "Jansen BV" not in page
    assert "Reaches 2 companies of 2 customers." in page
    assert "Jansen BV" in text(staff(*LOOK, "view_customer").get(url(application)))


def test_connections_are_for_whoever_may_see_both(staff: Staff, make_app: MakeApp) -> None:
    application = make_app()
    for right in LOOK:
        assert staff(right).get(url(application)).status_code == 403
    assert staff(*LOOK).get(url(application)).status_code == 200


def test_the_number_of_queries_grows_neither_with_connections_nor_with_customers(
    annas: Client, make_app: MakeApp
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert annas.get(url(application)).status_code == 200
        return len(queries)

    application = make_app(enable=True)
    customers.connected(application, "Jansen 0", 100_000)
    count()
    few = count()
    for number in range(1, 201):
        customers.connected(application, f"Jansen {number}", 100_000 + 10 * number, companies=2)
    assert count() == few
    assert few <= 12
