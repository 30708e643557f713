"""Another user takes the place of a connection: he connects first, then the old one ends."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Access, Application, AuditEvent, Company, Connection, LinkPage
from integrations.rules.actors import PORTAL
from integrations.services import link_pages, links, replacements
from integrations.services.refusals import Refused
from tests import customers
from tests.conftest import SOMEBODY
from tests.permission import granted
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return granted(make_app(enable=True))


@pytest.fixture
def alex(app: Application) -> Connection:
    """Is to be replaced; reaches two companies of a customer and one that is not used."""
    row = customers.connect(app, "Alex Accountant", access_token="v1.t1.y")
    customers.reach(row, customers.add("Jansen BV"), 1, 2, 3)
    Company.objects.filter(division=3).update(use=Company.Use.NOT_USED)
    return row


def connect(old: Connection, *divisions: int, user: str = "Robin Booker") -> Connection:
    """Let another user connect by a link page that replaces ``old``."""
    made = replacements.make(old, by=SOMEBODY)
    new = customers.connect(old.application, user)
    customers.reach(new, None, *divisions)
    LinkPage.objects.filter(pk=made.page.pk).update(connection=new, connected_at=timezone.now())
    replacements.follow(new, link=made.page)
    old.refresh_from_db()
    return new


def primaries() -> dict[int, str | None]:
    return dict(Company.objects.values_list("division", "primary_access__connection__full_name"))


def actions(row: Connection) -> list[str]:
    return [event.action for event in AuditEvent.objects.about(row).order_by("at", "id")]


def test_the_link_page_is_for_the_customer_and_says_whom_it_replaces(alex: Connection) -> None:
    customers.reach(alex, customers.add("Smit BV"), 9)
    page = replacements.make(alex, by=SOMEBODY).page
    page.refresh_from_db()
    assert (page.replaces, page.customer and page.customer.name) == (alex, "Jansen BV")


def test_of_a_user_of_several_customers_the_link_page_and_the_letter_name_all(alex: Connection) -> None:
    customers.reach(alex, customers.add("Smit BV"), 9)
    customers.reach(alex, None, 10)
    made = replacements.make(alex, by=SOMEBODY)
    assert link_pages.shown(made.page, "nl")["customers"] == "Jansen BV en Smit BV"
    customer = made.page.customer
    assert customer is not None
    for letter, names in zip(
        link_pages.letters(made, customer), ("Jansen BV en Smit BV", "Jansen BV and Smit BV"), strict=True
    ):
        assert names in letter.text


def test_the_letter_of_a_replacement_says_for_whom_the_link_is_not(alex: Connection) -> None:
    made = replacements.make(alex, by=SOMEBODY)
    other = links.make(alex.application, by=SOMEBODY, customer=made.page.customer)
    customer = made.page.customer
    assert customer is not None
    for letter in link_pages.letters(made, customer):
        assert "Alex Accountant" in letter.text
        assert "{" not in letter.text
    for letter in link_pages.letters(other, customer):
        assert "Alex Accountant" not in letter.text
        assert "\n\n\n" not in letter.text


def test_the_pages_by_which_another_can_still_take_its_place_are_those_that_are_open(alex: Connection) -> None:
    first, second = (replacements.make(alex, by=SOMEBODY).page for _ in range(2))
    links.make(alex.application, by=SOMEBODY, customer=first.customer)
    assert replacements.open_pages(alex) == [second, first]
    links.revoke(second, by=SOMEBODY)
    assert replacements.open_pages(alex) == [first]


def test_for_our_own_companies_it_is_for_us(app: Application) -> None:
    row = customers.connect(app)
    customers.reach(row, None, 1)
    assert replacements.make(row, by=SOMEBODY).page.customer is None


def test_who_reaches_all_that_is_used_takes_over_and_the_old_one_ends(alex: Connection) -> None:
    connect(alex, 1, 2)
    assert primaries() == {1: "Robin Booker", 2: "Robin Booker", 3: None}
    assert (alex.status, alex.refresh_token, alex.access_token) == ("disconnected", "", "")
    assert alex.status_reason.startswith("Another Exact user took its place on ")
    assert str(replacements.successor(alex)) == "Robin Booker"
    assert actions(alex) == ["connection.replacement_asked", "connection.replaced"]


def test_what_the_new_one_does_not_reach_goes_to_whom_else_reaches_it(app: Application, alex: Connection) -> None:
    customers.reach(customers.connect(app, "Hanna Harbour"), None, 3)
    connect(alex, 1, 2)
    assert primaries() == {1: "Robin Booker", 2: "Robin Booker", 3: "Hanna Harbour"}


def test_where_a_company_is_missing_both_live_and_it_is_said(alex: Connection) -> None:
    new = connect(alex, 1)
    assert (alex.status, new.status) == ("connected", "connected")
    assert primaries()[1] == "Alex Accountant"
    waiting = replacements.waiting(alex)
    assert waiting is not None
    assert (waiting.new, [company.division for company in waiting.missing]) == (new, [2])
    assert actions(alex) == ["connection.replacement_asked", "connection.replacement_waits"]


def test_it_ends_as_soon_as_what_was_missing_is_reached(alex: Connection) -> None:
    new = connect(alex, 1)
    Access.objects.create(company=Company.objects.get(division=2), connection=new)
    replacements.follow(new)
    alex.refresh_from_db()
    assert alex.status == "disconnected"
    assert replacements.waiting(alex) is None


def test_checks_that_find_it_missing_still_say_nothing_again(alex: Connection) -> None:
    new = connect(alex, 1)
    replacements.follow(new)
    assert actions(alex).count("connection.replacement_waits") == 1


def test_a_new_connection_that_ended_ends_nothing(alex: Connection) -> None:
    new = connect(alex, 1)
    Access.objects.create(company=Company.objects.get(division=2), connection=new)
    Connection.objects.filter(pk=new.pk).update(status="reconnect", refresh_token="", next_check_at=None)
    replacements.follow(new)
    alex.refresh_from_db()
    assert alex.status == "connected"


def test_what_staff_disconnected_is_not_replaced(alex: Connection) -> None:
    Connection.objects.filter(pk=alex.pk).update(
        status="disconnected", refresh_token="", access_token="", next_check_at=None
    )
    alex.refresh_from_db()
    with pytest.raises(Refused, match="nothing to replace"):
        replacements.make(alex, by=SOMEBODY)


# --- The whole way, at a practice Exact ---------------------------------------------------------------------


@pytest.fixture
def exact(settings: Any, tmp_path: Path) -> Any:
    with practising(tmp_path, settings) as made:
        yield made


def replace(exact: Practice, old: Connection, user: str) -> Connection:
    """Let ``user`` walk from the link page to Exact and back."""
    made = replacements.make(old, by=PORTAL)
    client = Client()
    address = client.post(made.path).url  # type: ignore[attr-defined]
    client.get(exact.consent(address, user))
    made.page.refresh_from_db()
    assert made.page.connection is not None
    old.refresh_from_db()
    return made.page.connection


def test_the_same_user_again_is_a_renewal_and_retires_nothing(exact: Practice) -> None:
    old = exact.connect(Client(), customer=customers.add("Jansen BV"))
    generation = old.token_generation
    assert replace(exact, old, "Alex Accountant") == old
    assert (old.status, old.token_generation > generation) == ("connected", True)
    assert "connection.replaced" not in actions(old)


def test_staff_are_told_that_the_same_user_replaced_nobody(exact: Practice) -> None:
    old = exact.connect(Client(), customer=customers.add("Jansen BV"))
    replace(exact, old, "Alex Accountant")
    page = replacements.renewed(old)
    assert page == old.replacements.get()
    event = AuditEvent.objects.get(action="connection.replacement_renewed")
    assert (event.object_id, event.details) == (str(old.pk), {"link": str(page.pk)})
    replacements.follow(old)
    assert actions(old).count("connection.replacement_renewed") == 1


def test_once_staff_made_another_page_what_became_of_the_first_is_said_no_more(exact: Practice) -> None:
    old = exact.connect(Client(), customer=customers.add("Jansen BV"))
    replace(exact, old, "Alex Accountant")
    replacements.make(old, by=PORTAL)
    assert replacements.renewed(old) is None


def test_two_weeks_later_it_is_said_no_more(exact: Practice) -> None:
    old = exact.connect(Client(), customer=customers.add("Jansen BV"))
    replace(exact, old, "Alex Accountant")
    LinkPage.objects.update(connected_at=timezone.now() - timedelta(days=15))
    assert replacements.renewed(old) is None


def test_another_user_who_reaches_none_of_it_replaces_nothing_yet(exact: Practice) -> None:
    old = exact.connect(Client(), customer=customers.add("Jansen BV"))
    new = replace(exact, old, "Hanna Harbour")
    assert new != old
    assert (old.status, new.status) == ("connected", "connected")


def test_another_user_who_reaches_all_of_it_takes_over(exact: Practice) -> None:
    old = exact.connect(Client(), "Fleur Florist", customer=customers.add("Florist BV"))
    new = replace(exact, old, "Alex Accountant")
    assert (old.status, old.refresh_token) == ("disconnected", "")
    (florist,) = Company.objects.filter(accesses__connection=old)
    assert florist.primary_access is not None
    assert florist.primary_access.connection == new
