"""What the Integrations page reads: the connections of each app, and all of it by a fixed number of queries."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from integrations.models import Application, Connection
from integrations.rules.customers import State
from integrations.rules.lamps import Tally
from integrations.services import overview
from tests import customers as given

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def of(application: Application) -> overview.Connected:
    return overview.connections([application]).get(application.pk, overview.Connected())


def test_connections_are_told_apart_by_how_they_stand(make_app: MakeApp) -> None:
    application, customer = make_app(), given.add()

    def one(number: int, status: str, **check: Any) -> None:
        connection = given.connect(application, f"User {number}", status=status)
        given.reach(connection, customer, number)
        if check:
            given.check(connection, **check)

    one(1, "connected")
    one(2, "connected", failed="")
    one(3, "connected", failed="Forbidden.")
    one(4, "verifying", failed="Odd.")
    one(5, "reconnect", failed="Old refresh token used.")
    one(6, "disconnected")
    one(7, "pending")
    found = of(application)
    assert found.customers == Tally(well=2, failing=1, verifying=1, reconnect=1)
    assert found.own == Tally()


def test_only_the_last_check_counts(make_app: MakeApp) -> None:
    application = make_app()
    connection = given.connect(application)
    given.check(connection, failed="Forbidden.", minutes=20)
    last = given.check(connection, minutes=5)
    assert of(application) == overview.Connected(own=Tally(well=1), checked_at=last.checked_at)


def test_the_latest_check_of_all_its_connections_is_told(make_app: MakeApp) -> None:
    application = make_app()
    for number, minutes in enumerate((9, 3, 6)):
        given.check(given.connect(application, f"User {number}"), minutes=minutes)
    passed = timezone.now() - of(application).checked_at
    assert 2 < passed.total_seconds() / 60 < 4


def test_a_connection_that_reaches_our_own_companies_only_is_our_own(make_app: MakeApp) -> None:
    application = make_app()
    given.reach(given.connect(application, "Us"), None, 1)
    given.connect(application, "Nothing yet")
    both = given.connect(application, "Both")
    given.reach(both, None, 2)
    given.reach(both, given.add("Jansen BV"), 3)
    gone = given.connect(application, "Gone")
    given.reach(gone, given.add("Bakker BV"), 4, withdrawn_at=timezone.now())
    assert of(application) == overview.Connected(customers=Tally(well=1), own=Tally(well=3))


def test_each_app_has_its_own(make_app: MakeApp) -> None:
    first, second = make_app(), make_app(region="uk")
    given.connect(first)
    given.connect(second, status="reconnect")
    found = overview.connections([first, second])
    assert (found[first.pk].own, found[second.pk].own) == (Tally(well=1), Tally(reconnect=1))


def test_what_nobody_may_see_is_not_read(make_app: MakeApp) -> None:
    given.connected(make_app(), "Jansen BV", 1)
    read = overview.read(customers=False, companies=False)
    assert (read.customers, read.busiest) == (None, None)
    read = overview.read(customers=True, companies=True)
    assert read.customers == {State.CONNECTED: 1}
    assert read.busiest is not None
    assert read.busiest["nl"].all == 1


@pytest.mark.parametrize("many", [1, 200])
def test_it_is_read_by_a_fixed_number_of_queries(make_app: MakeApp, many: int, django_assert_num_queries: Any) -> None:
    kinds = ["testing", *["product"] * (many - 1)]
    apps = [make_app(client_id=str(uuid4()), kind=kind, enable=kind == "testing") for kind in kinds]
    for number, application in enumerate(apps, start=1):
        given.connected(application, f"Customer {number}", number)
    with django_assert_num_queries(15):
        read = overview.read(customers=True, companies=True)
    assert len(read.apps) == many
    assert sum(what.standing.customers.well for _, what in read.apps) == many
    assert Connection.objects.count() == many
