"""One connection, disconnected: what stops and what goes on, said before and done after."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, AuditEvent, AuthorizationState, Company, Connection, LinkPage
from integrations.rules.actors import PORTAL
from integrations.services import disconnecting, links
from integrations.services.refusals import Refused
from tests import customers
from tests.conftest import SOMEBODY
from tests.permission import granted

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return granted(make_app(enable=True))


@pytest.fixture
def alex(app: Application) -> Connection:
    """Reaches two customers' companies and one of ours; Robin reaches one of these, too."""
    row = customers.connect(app, "Alex Accountant", access_token="v1.t1.y", token_answered_at=timezone.now())
    jansen, smit = customers.add("Jansen BV"), customers.add("Smit BV")
    customers.reach(row, jansen, 1)
    customers.reach(row, smit, 2)
    customers.reach(row, None, 3)
    customers.reach(customers.connect(app, "Robin Booker"), smit, 2)
    return row


def disconnect(row: Connection) -> disconnecting.Effects:
    return disconnecting.disconnect(row, by=SOMEBODY)


def begun(row: Connection) -> AuthorizationState:
    """A link page by which another user was to take over, and somebody who is at Exact by it."""
    page = links.make(row.application, by=PORTAL).page
    LinkPage.objects.filter(pk=page.pk).update(replaces=row)
    until = timezone.now() + timedelta(minutes=10)
    return AuthorizationState.objects.create(link=page, state_hash="a", browser_hash="b", expires_at=until)


def test_it_says_whom_it_serves_what_stops_and_what_another_goes_on_with(alex: Connection) -> None:
    begun(alex)
    what = disconnecting.effects(alex)
    assert [company.division for company in what.cut_off] == [1, 3]
    assert [company.division for company in what.taken_over] == [2]
    assert [customer.name for customer in what.customers] == ["Jansen BV", "Smit BV"]
    assert (what.ours, what.links, what.reasons) == (True, 1, ())


def test_of_what_is_not_used_no_call_stops(alex: Connection) -> None:
    Company.objects.filter(division__in=[1, 2]).update(use="not_used")
    what = disconnecting.effects(alex)
    assert [company.division for company in (*what.cut_off, *what.taken_over)] == [3]
    assert what.spare == 2
    assert disconnect(alex).spare == 2
    assert AuditEvent.objects.get(action="connection.disconnected").details["companies"] == 3


def test_nothing_is_left_of_its_tokens_and_everything_of_its_history(alex: Connection) -> None:
    customers.check(alex)
    disconnect(alex)
    assert (alex.status, alex.refresh_token, alex.access_token) == ("disconnected", "", "")
    assert alex.status_reason.startswith("Staff disconnected it on ")
    assert alex.checks.count() == 1
    assert alex.accesses.filter(withdrawn_by=str(SOMEBODY)).count() == 3


def test_what_another_connection_reaches_is_called_by_that_from_now_on(alex: Connection) -> None:
    disconnect(alex)
    primary = dict(Company.objects.values_list("division", "primary_access__connection__full_name"))
    assert primary == {1: None, 2: "Robin Booker", 3: None}


def test_a_connection_that_ended_takes_nothing_over(alex: Connection) -> None:
    Connection.objects.filter(full_name="Robin Booker").update(status="reconnect", refresh_token="", next_check_at=None)
    assert disconnecting.effects(alex).taken_over == []


def test_who_was_on_the_way_to_replace_it_comes_back_in_vain(alex: Connection) -> None:
    state = begun(alex)
    disconnect(alex)
    state.refresh_from_db()
    state.link.refresh_from_db()
    assert state.used_at is not None
    assert (state.link.revoked_at is not None, state.link.revoked_by) == (True, str(SOMEBODY))


def test_it_is_one_event_and_a_second_time_is_refused(alex: Connection) -> None:
    disconnect(alex)
    with pytest.raises(Refused, match="disconnected already"):
        disconnect(alex)
    event = AuditEvent.objects.get(action="connection.disconnected")
    assert event.details == {"companies": 3, "link_pages_closed": 0}


def test_what_is_being_set_up_is_not_disconnected(alex: Connection) -> None:
    Connection.objects.filter(pk=alex.pk).update(status="pending")
    with pytest.raises(Refused, match="being set up"):
        disconnect(alex)


def test_looking_costs_the_same_for_many_companies(alex: Connection) -> None:
    def queries() -> Any:
        with CaptureQueriesContext(database) as caught:
            disconnecting.effects(alex)
        return len(caught)

    few = queries()
    customers.reach(alex, customers.add("Many BV"), *range(10, 110))
    assert queries() == few
