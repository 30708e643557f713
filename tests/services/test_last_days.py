"""Which connections are not kept alive, and what is said of each; by queries that do not grow."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, Connection
from integrations.rules.last_days import Step
from integrations.services import app_states, last_days
from tests import customers
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


def linked(application: Application, user: str, *, days: float, **fields: Any) -> Connection:
    """Return a connection to which Exact last gave tokens so many days ago."""
    return customers.connect(application, user, token_answered_at=timezone.now() - timedelta(days=days), **fields)


def failing() -> list[Connection]:
    return list(last_days.failing(timezone.now()))


def told(*rows: Connection) -> list[last_days.Line]:
    return last_days.lines(rows, timezone.now())


def test_what_was_refreshed_in_time_is_a_number_and_what_was_not_is_listed(make_app: MakeApp) -> None:
    application = make_app()
    linked(application, "Well One", days=7.9)
    late, later = linked(application, "Late One", days=9), linked(application, "Later One", days=20, status="verifying")
    assert failing() == [later, late]
    assert last_days.healthy(timezone.now()).count() == 1


def test_what_has_ended_or_was_never_finished_has_no_last_day(make_app: MakeApp) -> None:
    application = make_app()
    for status in ("reconnect", "disconnected"):
        linked(application, status, days=20, status=status)
    linked(application, "Unfinished", days=20, status="pending", exact_user_id=None)
    assert failing() == []
    assert not last_days.healthy(timezone.now()).exists()


def test_under_emergency_stop_all_of_the_app_are_listed(make_app: MakeApp) -> None:
    application = make_app(enable=True)
    row = linked(application, "Alex Accountant", days=0)
    app_states.stop(application, by=SOMEBODY)
    assert failing() == [row]
    assert last_days.healthy(timezone.now()).count() == 0
    (line,) = told(row)
    assert (line.step, line.what_to_do) == (Step.LATER, "Lift the Emergency stop before that day.")


def test_a_line_says_until_when_and_whom_it_serves(make_app: MakeApp) -> None:
    row = linked(make_app(), "Alex Accountant", days=25)
    smit, jansen = customers.add("Smit BV"), customers.add("Jansen BV")
    customers.reach(row, smit, 1, 2)
    customers.reach(row, jansen, 3)
    customers.reach(row, customers.add("Gone BV"), 4, withdrawn_at=timezone.now())
    customers.reach(row, None, 5)
    customers.check(row, failed="Exact is down.")
    (line,) = told(row)
    assert line.last_at == row.token_answered_at + timedelta(days=30)
    assert (line.step, line.customers, line.more, line.ours) == (Step.WEEK, [jansen, smit], 0, True)
    assert line.why == "The last check failed: Exact is down."


def test_of_many_customers_some_are_named_and_the_others_counted(make_app: MakeApp) -> None:
    row = linked(make_app(), "Alex Accountant", days=25)
    for number in range(1, 9):
        customers.reach(row, customers.add(f"Customer {number}"), number)
    (line,) = told(row)
    assert ([customer.name for customer in line.customers], line.more) == ([f"Customer {n}" for n in range(1, 6)], 3)


def test_the_queries_do_not_grow_with_the_rows(make_app: MakeApp) -> None:
    application = make_app()

    def queries(rows: int) -> int:
        with CaptureQueriesContext(database) as caught:
            assert len(told(*failing())) == rows
        return len(caught)

    counts = []
    for start, stop in ((1, 2), (2, 201)):
        for number in range(start, stop):
            row = linked(application, f"User {number}", days=20)
            customers.reach(row, customers.add(f"Customer {number}"), number)
        counts.append(queries(stop - 1))
    assert counts[0] == counts[1] == 4
