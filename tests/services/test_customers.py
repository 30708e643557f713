"""Customers: one transaction and one event a change; how they stand; disconnecting and erasing."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import IntegrityError
from django.utils import timezone

from integrations.exact.token_answers import TokenAnswer
from integrations.models import Access, Application, AuditEvent, Company, Connection, Customer, LinkPage
from integrations.rules import customers as rules
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.customers import State
from integrations.services import (
    calls,
    checks,
    companies,
    customers,
    imports,
    links,
    standings,
    timelines,
    token_journal,
    token_lease,
    token_store,
)
from integrations.services.refusals import Refused
from tests import customers as given
from tests.permission import granted

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
ANNA = Actor.command("anna")


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return granted(make_app(enable=True))


def events(*subjects: Any) -> list[str]:
    ids = {str(subject.pk) for subject in subjects}
    return list(AuditEvent.objects.filter(object_id__in=ids).order_by("at").values_list("action", flat=True))


def state(customer: Customer) -> State:
    return rules.state(standings.facts(customer))


def open_link(app: Application, customer: Customer) -> LinkPage:
    return links.make(app, by=ANNA, customer=customer).page


# --- Adding and changing ------------------------------------------------------------------------------------


def test_adding_and_changing_record_which_fields_and_never_what_they_hold() -> None:
    customer = given.add("  Jansen   BV ", reference="D-1001")
    assert (customer.name, customer.name_key, customer.reference_key) == ("Jansen BV", "jansen bv", "d-1001")
    customer.name, customer.contact_email, customer.note = "Janssen BV", "jan@janssen.example", "Phones on Mondays"
    assert customers.change(customer, by=ANNA) == ("name", "contact_email", "note")
    assert customers.change(customer, by=ANNA) == ()
    added, changed = AuditEvent.objects.filter(object_id=str(customer.pk)).order_by("at")
    assert added.details == {}
    assert changed.details == {"fields": ["name", "contact's e-mail", "note"]}
    assert Customer.objects.get().name_key == "janssen bv"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": " "}, "Name: This field cannot be blank."),
        ({"name": "x" * 121}, "at most 120"),
        ({"name": "\u200b"}, "Name: Nothing of this name can be seen."),
        ({"contact_email": "no address"}, "Contact's e-mail: Enter a valid email address."),
        ({"language": "fr"}, "not a valid choice"),
        ({"reference": "d-1001"}, "Another customer has this reference already."),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(fields: dict[str, str], reason: str) -> None:
    given.add("First", reference="D-1001")
    with pytest.raises(Refused, match=reason.replace(".", r"\.")):
        given.add(**{"name": "Second", **fields})
    assert Customer.objects.count() == AuditEvent.objects.count() == 1


def test_what_is_too_long_is_said_once() -> None:
    with pytest.raises(Refused) as refused:
        given.add("x" * 300)
    assert refused.value.reasons == ("Name: Ensure this value has at most 120 characters (it has 300).",)


@pytest.mark.parametrize("name", ["a\udcff", "\u200b", "a\x1b[2J"])
def test_a_name_from_a_terminal_that_no_page_can_show_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        customers.named(name, by=ANNA)
    assert not Customer.objects.exists()


def test_what_is_asked_on_one_line_stands_on_one() -> None:
    customer = given.add("A", contact_name="Anna\r\nSmit", contact_phone="+31\n20", note="One\nTwo")
    assert (customer.contact_name, customer.contact_phone, customer.note) == ("Anna Smit", "+31 20", "One\nTwo")


def test_whoever_is_slower_with_a_reference_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    given.add("First", reference="D-1001")
    monkeypatch.setattr(Customer, "full_clean", lambda self: None)
    with pytest.raises(Refused, match="Another customer has this reference already"):
        given.add("Second", reference="D-1001")


def test_another_breach_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Customer, "full_clean", lambda self: None)
    with pytest.raises(IntegrityError):
        given.add("Second", language="xx")


# --- How they stand -----------------------------------------------------------------------------------------


def test_each_state_is_found_by_its_filter(app: Application) -> None:
    numbers = count(100, 10)

    def one(status: str, *, failed: str = "", of: int = 1, withdrawn: int = 0, **fields: Any) -> Customer:
        number = next(numbers)
        customer = given.add(f"Customer {number}", **fields)
        connection = given.connect(app, f"User {number}", status=status)
        given.reach(connection, customer, *range(number, number + of))
        given.reach(connection, customer, *range(number + 5, number + 5 + withdrawn), withdrawn_at=timezone.now())
        given.check(connection, failed=failed)
        return customer

    wanted = {
        State.CONNECTED: [one("connected", of=3)],
        State.RECONNECT: [one("reconnect")],
        State.VERIFYING: [one("verifying"), one("verifying", failed="Odd.")],
        State.TROUBLE: [one("connected", failed="Forbidden."), one("connected", withdrawn=1)],
        State.NOT_CONNECTED: [given.add("New"), one("connected", of=0, withdrawn=1)],
        State.DISCONNECTED: [one("connected")],
        State.ERASED: [given.add("Gone")],
    }
    second = given.connect(app, "Second", status="connected")
    again = one("reconnect")
    Access.objects.create(company=again.companies.get(), connection=second)
    wanted[State.CONNECTED].append(again)
    for status, failed in (("verifying", ""), ("reconnect", ""), ("connected", "Forbidden.")):
        wanted[State.CONNECTED].append(beside := one("connected"))
        (spare,) = given.reach(given.connect(app, f"Beside {next(numbers)}", status=status), beside, next(numbers))
        given.check(spare.accesses.get().connection, failed=failed)
        Company.objects.filter(pk=spare.pk).update(use="to_confirm")
    wanted[State.VERIFYING].append(unchosen := one("verifying"))
    unchosen.companies.update(use="not_used")
    customers.disconnect(wanted[State.DISCONNECTED][0], by=ANNA)
    customers.erase(wanted[State.ERASED][0], by=ANNA)
    for expected, rows in wanted.items():
        assert {row.pk for row in Customer.objects.in_state(expected)} == {row.pk for row in rows}, expected
        for row in rows:
            row.refresh_from_db()
            assert state(row) is expected
    counted = {expected: len(rows) for expected, rows in wanted.items() if expected is not State.ERASED}
    assert Customer.objects.counted_by_state() == counted


def test_since_when_and_why_somebody_must_connect_again(app: Application) -> None:
    customer = given.add()
    connection = given.connect(app, status="reconnect", status_reason="Exact says the link was replaced.")
    given.reach(connection, customer, 1)
    AuditEvent.objects.record("connection.reconnect_needed", connection, by=PORTAL)
    at = standings.say(AuditEvent.objects.latest("at").at)
    said = standings.sentence(standings.facts(customer))
    assert said == f"Reconnect needed since {at}: Exact says the link was replaced."


def test_standings_take_as_many_queries_for_200_as_for_one(app: Application, django_assert_num_queries: Any) -> None:
    rows = [given.connected(app, f"Customer {number}", number * 2 + 1) for number in range(200)]
    for some in (rows[:1], rows):
        with django_assert_num_queries(6):
            found = standings.of(some)
        assert {rules.state(what) for what in found.values()} == {State.CONNECTED}


def test_the_timeline_tells_of_the_customer_his_companies_and_his_connections(app: Application) -> None:
    customer, other = given.add(), given.add("Other")
    connection = given.connect(app)
    (company,) = given.reach(connection, customer, 1)
    given.reach(given.connect(app, "Other user"), other, 2)
    for minutes, failed in ((50, ""), (40, "Exact is in maintenance."), (30, "Still."), (20, ""), (10, "")):
        given.check(connection, failed=failed, minutes=minutes)
    open_link(app, customer)
    companies.assign(company, None, by=ANNA)
    AuditEvent.objects.record("connection.made", connection, by=PORTAL)
    entries = timelines.of(customer, connections=[connection.pk], companies=[company.pk])
    assert {entry.what for entry in entries} == {
        "added the customer", "made a link page", "said whose company it is", "connected",
        "found trouble", "found that all is well again",
    }  # fmt: skip
    assert [entry.details for entry in entries if entry.what.startswith("found")] == ["", "Exact is in maintenance."]
    assert entries == sorted(entries, key=lambda entry: entry.at, reverse=True)


def test_what_a_customer_did_by_the_link_page_is_not_told_as_the_portals(app: Application) -> None:
    customer = given.add()
    connection = given.connect(app)
    for action, by, details in (
        ("connection.made", PORTAL, {"link": str(customer.pk)}),
        ("connection.companies_chosen", PORTAL, {"link": str(customer.pk)}),
        ("connection.renewed", PORTAL, {}),
        ("connection.verified", PORTAL, {"link": str(customer.pk)}),
    ):
        AuditEvent.objects.record(action, connection, by=by, details=details)
    entries = timelines.of(customer, connections=[connection.pk], companies=[])
    assert {entry.what: entry.who for entry in entries if entry.what != "added the customer"} == {
        "connected": "the customer, by the link page",
        "chose which of the companies reached are used": "the customer, by the link page",
        "reconnected": "the portal",
        "found the connection alive": "the portal",
    }


def test_an_import_that_waits_is_no_open_link_page_and_ends_with_the_customer(app: Application) -> None:
    customer = given.add()
    kept = imports.keep(app, "stampNL001.of-a-former-system", by=ANNA, customer=customer)
    assert not links.open_for([customer]).exists()
    assert standings.sentence(standings.facts(customer)).startswith("Waiting for Exact: a connection is being brought")
    assert customers.disconnect(customer, by=ANNA).imports == 1
    assert not Connection.objects.exists()
    kept.link.refresh_from_db()
    assert (kept.link.revoked_by, kept.link.connection) == (str(ANNA), None)
    assert AuditEvent.objects.get(action="customer.disconnected").details["imports_ended"] == 1


# --- Companies ----------------------------------------------------------------------------------------------


def test_staff_say_whose_a_company_is(app: Application) -> None:
    customer = given.add()
    (company,) = given.reach(given.connect(app), None, 1)
    companies.assign(company, customer, by=ANNA)
    assert company.customer == customer
    with pytest.raises(Refused, match="belongs there already"):
        companies.assign(company, customer, by=ANNA)
    companies.assign(company, None, by=ANNA)
    assert company.customer is None
    assert [event.details for event in AuditEvent.objects.about(company).order_by("at")] == [
        {"customer": [None, str(customer.pk)]},
        {"customer": [str(customer.pk), None]},
    ]


def test_a_connected_company_does_not_go_to_whom_was_disconnected(app: Application) -> None:
    gone, erased = given.connected(app, "Gone", 1), given.add("Erased")
    customers.disconnect(gone, by=ANNA)
    customers.erase(erased, by=ANNA)
    (company,) = given.reach(given.connect(app), None, 2)
    for customer in (gone, erased):
        with pytest.raises(Refused):
            companies.assign(company, customer, by=ANNA)


# --- Disconnecting ------------------------------------------------------------------------------------------


def test_a_consent_that_serves_nobody_else_is_ended_and_leaves_no_token(app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 1, companies=3)
    page = open_link(app, customer)
    done = customers.disconnect(customer, by=ANNA)
    connection = Connection.objects.get()
    assert (connection.status, connection.refresh_token, connection.access_token) == ("disconnected", "", "")
    assert connection.next_check_at is None
    assert [row.pk for row in done.ended] == [connection.pk]
    assert not done.kept
    assert set(Access.objects.values_list("withdrawn_by", flat=True)) == {str(ANNA)}
    assert not Company.objects.exclude(primary_access=None).exists()
    page.refresh_from_db()
    assert "has expired" in " ".join(links.why_not_open(page))
    assert state(customer) is State.DISCONNECTED
    assert events(customer)[-1] == "customer.disconnected"
    assert events(connection) == ["connection.disconnected"]


def test_an_accountants_consent_goes_on_for_the_others(app: Application) -> None:
    one, other = given.add("One"), given.add("Other")
    accountant = given.connect(app)
    own = given.connect(app, "Owner")
    mine = given.reach(accountant, one, 1, 2)
    theirs = given.reach(accountant, other, 3)
    given.reach(own, one, 1)
    done = customers.disconnect(one, by=ANNA)
    assert [(kept.connection.pk, kept.serves) for kept in done.kept] == [(accountant.pk, ("Other",))]
    assert [row.pk for row in done.ended] == [own.pk]
    accountant.refresh_from_db()
    assert accountant.status == "connected"
    assert accountant.refresh_token
    assert accountant.division == 3, "checks ask a company that is used"
    assert state(other) is State.CONNECTED
    for company in mine:
        with pytest.raises(calls.NotConnected, match="customer is disconnected"):
            calls.send(company, "GET", f"/api/v1/{company.division}/system/Divisions")
        with pytest.raises(calls.NotConnected, match="Staff withdrew this company"):
            calls.send(accountant, "GET", f"/api/v1/{company.division}/system/Divisions")
    assert Access.objects.get(company=theirs[0]).withdrawn_at is None


def test_a_consent_that_we_use_ourselves_goes_on(app: Application) -> None:
    customer, connection = given.add(), given.connect(app)
    given.reach(connection, customer, 1)
    given.reach(connection, None, 2)
    (kept,) = customers.disconnect(customer, by=ANNA).kept
    assert kept.serves == ("our own companies",)


def test_the_page_tells_what_the_service_does(app: Application) -> None:
    customer, other = given.add(), given.add("Other")
    accountant = given.connect(app)
    given.reach(accountant, customer, 1)
    given.reach(accountant, other, 2)
    given.reach(given.connect(app, "Owner"), customer, 3)
    assert customers.effects(customer) == customers.disconnect(customer, by=ANNA)


def test_who_is_not_connected_is_not_disconnected(app: Application) -> None:
    customer = given.add()
    with pytest.raises(Refused, match="not connected"):
        customers.disconnect(customer, by=ANNA)
    open_link(app, customer)
    customers.disconnect(customer, by=ANNA)
    with pytest.raises(Refused, match="disconnected already"):
        customers.disconnect(customer, by=ANNA)


def test_tokens_that_arrive_after_disconnecting_are_not_kept(app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 1)
    lease = token_lease.take(Connection.objects.get(), timezone.now())
    customers.disconnect(customer, by=ANNA)
    answer = TokenAnswer("access", "refresh", 600, Mock())
    with token_journal.reserve(lease.connection_id) as slot:
        assert not token_store.save(lease, answer, timezone.now(), slot, before=Connection.objects.get())
    assert token_journal.read(lease.connection_id) is None
    token_lease.undo(lease)
    connection = Connection.objects.get()
    assert (connection.status, connection.refresh_token, connection.access_token) == ("disconnected", "", "")


def test_a_check_of_a_disconnected_connection_asks_nothing_and_says_why(app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 1)
    customers.disconnect(customer, by=ANNA)
    connection = Connection.objects.select_related("application").get()
    check = checks.run(connection)
    assert (check.ok, check.evidence, check.next_check_at) == (False, [], None)
    assert "Staff disconnected it" in check.detail
    assert "new consent" in check.detail
    assert checks.claim() == []


# --- Erasing ------------------------------------------------------------------------------------------------


def test_erasing_leaves_no_name_and_every_event(app: Application) -> None:
    customer = given.connected(app, "Canary Jansen", 1)
    customer.reference, customer.contact_name, customer.note = "CANARY-1", "Canary Jan", "Canary note"
    customer.contact_email, customer.contact_phone = "canary@jansen.example", "canary 1"
    customers.change(customer, by=ANNA)
    Company.objects.update(name="Canary Jansen", name_key="canary jansen")
    Connection.objects.update(full_name="Canary", user_name="canary", email="canary@x.example", email_key="canary@x")
    with pytest.raises(Refused, match="Disconnect first"):
        customers.erase(customer, by=ANNA)
    customers.disconnect(customer, by=ANNA)
    before = list(AuditEvent.objects.order_by("at").values())
    customers.erase(customer, by=ANNA)
    assert list(AuditEvent.objects.order_by("at").values())[:-1] == before
    held = [*Customer.objects.values(), *Company.objects.values(), *Connection.objects.values()]
    assert "canary" not in str(held).lower()
    assert (str(customer), state(customer)) == ("Erased customer", State.ERASED)
    customer.name = "Again"
    with pytest.raises(Refused, match="erased"):
        customers.change(customer, by=ANNA)
    with pytest.raises(Refused, match="erased"):
        links.make(app, by=ANNA, customer=customer)
    with pytest.raises(Refused, match="erased already"):
        customers.erase(customer, by=ANNA)


def test_erasing_keeps_the_user_whose_consent_serves_others(app: Application) -> None:
    customer, other = given.add(), given.add("Other")
    accountant = given.connect(app)
    given.reach(accountant, customer, 1)
    given.reach(accountant, other, 2)
    customers.disconnect(customer, by=ANNA)
    customers.erase(customer, by=ANNA)
    accountant.refresh_from_db()
    assert accountant.full_name == "Alex Accountant"
    assert Company.objects.get(division=2).name == "Company 2"


def test_a_link_page_of_an_erased_customer_leads_nowhere(app: Application) -> None:
    customer = given.add()
    page = open_link(app, customer)
    customers.erase(customer, by=ANNA)
    LinkPage.objects.update(expires_at=timezone.now() + timedelta(days=1))
    page = LinkPage.objects.select_related("application", "customer").get()
    assert "no longer good" in " ".join(links.why_not_open(page))
