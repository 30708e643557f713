"""Which companies we use: what consents and checks bring, what people choose, and that only those are called."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.exact.reads import Division
from integrations.models import Application, AuditEvent, Company, Connection, Customer, LinkPage, UsageWindow
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.customers import State, state
from integrations.services import calls, checks, companies, links, rights, standings
from integrations.services.refusals import Refused
from tests import customers as given
from tests.conftest import SOMEBODY
from tests.permission import granted
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return granted(make_app(enable=True))


@pytest.fixture
def customer() -> Customer:
    return given.add()


@pytest.fixture
def exact(tmp_path: Path, settings: Any, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as one:
        yield one


def divisions(*codes: int) -> list[Division]:
    return [Division(code, f"Company {code}", "", None, None, "", "", None) for code in codes]


def consent(connection: Connection, customer: Customer | None, *codes: int, current: int | None = None) -> LinkPage:
    page = links.make(connection.application, by=PORTAL, customer=customer).page
    LinkPage.objects.filter(pk=page.pk).update(connection=connection)
    page.refresh_from_db()
    companies.keep(connection, divisions(*codes), complete=True, link=page, current=current)
    connection.refresh_from_db()
    return page


def used() -> dict[int, str]:
    return dict(Company.objects.order_by("division").values_list("division", "use"))


# --- What brings companies ----------------------------------------------------------------------------------


def test_of_many_companies_of_one_consent_only_the_users_own_is_used(app: Application, customer: Customer) -> None:
    connection = given.connect(app)
    consent(connection, customer, *range(1, 7), current=3)
    assert used() == {code: "used" if code == 3 else "not_used" for code in range(1, 7)}


def test_what_a_check_finds_is_not_used_and_keeps_what_was(app: Application, customer: Customer) -> None:
    connection = given.connect(app)
    consent(connection, customer, 1)
    companies.keep(connection, divisions(1, 2), complete=True)
    assert used() == {1: "used", 2: "not_used"}


def test_another_company_on_a_relink_waits_for_staff(app: Application, customer: Customer) -> None:
    connection = given.connect(app)
    consent(connection, customer, 1)
    consent(connection, customer, 1, 2)
    assert used() == {1: "used", 2: "to_confirm"}
    assert Company.objects.get(division=2).customer == customer


def test_another_user_of_a_customer_who_was_connected_waits_for_staff_too(app: Application, customer: Customer) -> None:
    consent(given.connect(app), customer, 1)
    consent(given.connect(app, "Fleur Florist"), customer, 1, 2)
    assert used() == {1: "used", 2: "to_confirm"}
    assert Company.objects.get(division=1).accesses.count() == 2, "a further access, never an overwrite"


def test_a_user_who_returns_for_another_customer_adds_companies(app: Application, customer: Customer) -> None:
    connection, second = given.connect(app), given.add("Second")
    consent(connection, customer, 1)
    consent(connection, second, 1, 2)
    assert used() == {1: "used", 2: "used"}
    assert companies.serves(connection) == ["Jansen BV", "Second"]


# --- Choosing -----------------------------------------------------------------------------------------------


def test_the_choice_is_kept_pins_a_used_company_and_is_one_event(app: Application, customer: Customer) -> None:
    connection = given.connect(app, division=1)
    page = consent(connection, customer, *range(1, 7), current=1)
    chosen = Company.objects.filter(division__in=[4, 5])
    assert companies.choose(connection, [row.pk for row in chosen], by=PORTAL, link=page) == 2
    assert [code for code, use in used().items() if use == "used"] == [4, 5]
    connection.refresh_from_db()
    assert connection.division == 4
    event = AuditEvent.objects.get(action="connection.companies_chosen")
    assert event.details == {"used": 2, "not_used": 4, "link": str(page.pk)}


def test_our_own_choice_is_that_of_who_made_the_link_page(app: Application) -> None:
    connection = given.connect(app, division=1)
    page = consent(connection, None, 1, 2, current=1)
    LinkPage.objects.filter(pk=page.pk).update(created_by=str(SOMEBODY))
    page.refresh_from_db()
    companies.choose(connection, [Company.objects.get(division=2).pk], by=PORTAL, link=page)
    event = AuditEvent.objects.get(action="connection.companies_chosen")
    assert (event.actor, event.details) == (str(SOMEBODY), {"used": 1, "not_used": 1})


def test_a_customer_chooses_only_what_is_theirs_and_needs_no_confirmation(app: Application, customer: Customer) -> None:
    connection, other = given.connect(app), given.add("Other")
    (foreign,) = given.reach(given.connect(app, "Fleur Florist"), other, 9)
    consent(connection, customer, 1)
    page = consent(connection, customer, 1, 2, 9)
    for pk in (foreign.pk, Company.objects.get(division=2).pk, uuid4()):
        with pytest.raises(Refused, match="cannot be chosen here"):
            companies.choose(connection, [pk], by=PORTAL, link=page)
    assert used() == {1: "used", 2: "to_confirm", 9: "used"}


def test_another_links_page_chooses_nothing(app: Application, customer: Customer) -> None:
    connection = given.connect(app)
    consent(connection, customer, 1)
    stray = links.make(app, by=PORTAL, customer=customer).page
    with pytest.raises(Refused, match="no company to choose"):
        companies.choose(connection, [], by=PORTAL, link=stray)
    assert used() == {1: "used"}


@pytest.mark.parametrize("number", [2, 200])
def test_choosing_asks_as_many_queries_however_many_companies(app: Application, number: int) -> None:
    connection = given.connect(app)
    consent(connection, None, *range(1, number + 1))
    ids = list(Company.objects.values_list("pk", flat=True))
    with CaptureQueriesContext(
        database,
    ) as asked:
        companies.choose(connection, ids[:1], by=PORTAL)
    assert len(asked) <= 12, asked.captured_queries


def test_turning_is_one_event_and_asks_for_the_right(app: Application, anna: Any) -> None:
    (company,) = given.reach(given.connect(app), None, 1)
    companies.turn(company, used=False, by=PORTAL)
    assert company.use == "not_used"
    event = AuditEvent.objects.get(action="company.not_used")
    assert event.details == {"use": ["used", "not_used"]}
    with pytest.raises(Refused, match="not used already"):
        companies.turn(company, used=False, by=PORTAL)
    anna.is_superuser = False
    anna.save()
    with pytest.raises(rights.NotPermitted):
        companies.turn(company, used=True, by=Actor.person(anna.pk))


# --- What is used is called, and stands ---------------------------------------------------------------------


def test_a_company_that_is_not_used_is_refused_before_anything_is_counted(app: Application) -> None:
    connection = given.connect(app)
    (company,) = given.reach(connection, None, 7)
    companies.turn(company, used=False, by=PORTAL)
    for target in (company, connection):
        with pytest.raises(calls.NotUsed, match="not one of those that we use"):
            calls.send(target, "GET", "/api/v1/7/crm/Accounts")
    assert not UsageWindow.objects.exists()


def test_a_customer_of_whom_nothing_is_used_needs_a_look(app: Application, customer: Customer) -> None:
    connection = given.connect(app)
    first, second = given.reach(connection, customer, 1, 2)
    given.check(connection)
    companies.turn(second, used=False, by=PORTAL)
    facts = standings.facts(customer)
    assert (facts.companies, state(facts)) == (1, State.CONNECTED)
    companies.turn(first, used=False, by=PORTAL)
    facts = standings.facts(customer)
    assert state(facts) is State.TROUBLE
    assert "none of its companies is used yet" in standings.sentence(facts)
    assert list(Customer.objects.in_state(State.TROUBLE)) == [customer]


def test_what_exact_withdrew_or_newly_granted_is_drift(app: Application, customer: Customer) -> None:
    connection = given.connect(app)
    consent(connection, customer, 1, 2)
    assert not companies.drift(connection).is_any
    companies.keep(connection, divisions(1, 3), complete=True)
    found = companies.drift(connection)
    assert [access.company.division for access in found.granted] == [3]
    assert [access.company.division for access in found.withdrawn] == [2]
    companies.choose(connection, [Company.objects.get(division=1).pk], by=PORTAL)
    assert companies.drift(connection).granted == [], "looked at, and left"


def test_a_check_says_which_company_to_tick_and_where(client: Client, exact: Practice) -> None:
    connection = exact.connect(client, customer=given.add())
    exact.sandbox.order("division_403", "divisions", 1)
    company = Company.objects.get(division=connection.division)
    check = checks.run(connection)
    assert check.cause == "DivisionNotGranted"
    assert f"tick {company}" in check.detail


def test_staff_read_how_many_companies_are_reached_and_not_used(app: Application, customer: Customer) -> None:
    connection = given.connect(app)
    consent(connection, customer, *range(1, 8), current=3)
    given.check(connection)
    assert standings.sentence(standings.facts(customer)).endswith("its company is well; 6 more reached and not used.")


def test_what_changed_is_left_as_it_is_by_one_event_and_shown_when_more_changes(
    app: Application, customer: Customer
) -> None:
    connection = given.connect(app)
    consent(connection, customer, 1, 2)
    companies.keep(connection, divisions(1, 3), complete=True)
    companies.see(connection, by=PORTAL)
    assert not companies.drift(connection).is_any
    assert used() == {1: "used", 2: "used", 3: "not_used"}
    with pytest.raises(Refused, match="Nothing has changed"):
        companies.see(connection, by=PORTAL)
    companies.keep(connection, divisions(3, 4), complete=True)
    found = companies.drift(connection)
    assert [access.company.division for access in (*found.granted, *found.withdrawn)] == [4, 1]
    assert AuditEvent.objects.get(action="connection.changes_seen").details == {"granted": 1, "withdrawn": 1}


def test_staff_choose_what_is_to_be_confirmed_too_and_what_they_leave_stays_so(
    app: Application, customer: Customer
) -> None:
    connection = given.connect(app)
    consent(connection, customer, 1)
    consent(connection, customer, 1, 2, 3)
    meant = Company.objects.get(division=2)
    assert companies.choose(connection, [meant.pk], by=PORTAL) == 1
    assert used() == {1: "not_used", 2: "used", 3: "to_confirm"}
    event = AuditEvent.objects.get(action="connection.companies_chosen")
    assert event.details == {"used": 1, "not_used": 1}
