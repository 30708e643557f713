"""Workers take what is due outside any transaction, and at once: each connection goes to one of them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, Connection
from integrations.services import checks
from tests.services.practice import turn

# Without a transaction around them: on PostgreSQL locks need one, which a test's own would hide.
pytestmark = pytest.mark.django_db(transaction=True)
MANY, WORKERS = 40, 8


@pytest.fixture
def due(make_app: Callable[..., Application]) -> list[UUID]:
    """Connections that have fallen due, the longest ago first."""
    application = make_app(enable=True)
    now = timezone.now()
    values = {"application": application, "status": Connection.Status.CONNECTED, "refresh_token": "v1.t1.x"}
    rows = [
        Connection(exact_user_id=f"user {place}", next_check_at=now - timedelta(minutes=MANY - place), **values)
        for place in range(MANY)
    ]
    return [row.pk for row in Connection.objects.bulk_create(rows)]


def test_what_is_due_is_taken_by_one_statement(due: list[UUID]) -> None:
    with CaptureQueriesContext(database) as queries:
        taken = checks.claim(limit=3)
    assert set(taken) == set(due[:3])
    (statement,) = [query["sql"] for query in queries if "integrations_connection" in query["sql"]]
    assert statement.startswith("WITH due AS")
    left = timezone.now() + checks.CLAIM
    assert all(
        left - timedelta(seconds=20) < row.claimed_until <= left
        for row in Connection.objects.filter(claimed_until__isnull=False)
    )
    assert set(checks.claim()) == set(due[3:])
    assert checks.claim() == []


def test_workers_at_once_never_take_the_same(due: list[UUID]) -> None:
    together = threading.Barrier(WORKERS)

    def work(_: int) -> list[UUID]:
        together.wait()
        try:
            return [pk for _ in range(MANY) for pk in checks.claim(limit=1)]
        finally:
            database.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        taken = [pk for one in pool.map(work, range(WORKERS)) for pk in one]
    assert sorted(taken) == sorted(due)


def test_a_claim_that_ended_is_due_again(due: list[UUID]) -> None:
    assert len(checks.claim()) == MANY
    Connection.objects.filter(pk=due[7]).update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert checks.claim() == [due[7]]
    assert checks.claim() == []


def test_nothing_else_is_taken_with_what_is_due(due: list[UUID], make_app: Callable[..., Application]) -> None:
    now = timezone.now()
    Connection.objects.filter(pk__in=due[:10]).update(next_check_at=now + timedelta(hours=1))
    Connection.objects.filter(pk__in=due[10:20]).update(claimed_until=now + timedelta(minutes=1))
    stopped = make_app(name="Another", client_id="1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a002", secret=None)
    turn(stopped, "stopped")
    Connection.objects.filter(pk__in=due[20:30]).update(application=stopped)
    assert set(checks.claim()) == set(due[30:])
    untouched = Connection.objects.exclude(pk__in=due[30:]).values_list("claimed_until", flat=True)
    assert set(untouched) == {None, now + timedelta(minutes=1)}


@pytest.mark.parametrize(("state", "due_now"), [("enabled", MANY), ("disabled", MANY), ("stopped", 0), ("archived", 0)])
def test_the_state_of_the_app_decides_what_is_due(due: list[UUID], state: str, due_now: int) -> None:
    turn(Application.objects.get(), state)
    assert checks.overdue().count == due_now
    assert len(checks.claim()) == due_now


def test_an_app_that_is_enabled_again_is_due_at_once_whoever_had_taken_it(due: list[UUID]) -> None:
    assert len(checks.claim()) == MANY
    Connection.objects.filter(pk__in=due[:10]).update(next_check_at=timezone.now() + timedelta(days=3))
    Connection.objects.filter(pk=due[0]).update(status=Connection.Status.VERIFYING)
    gone = {"status": Connection.Status.RECONNECT, "next_check_at": None, "claimed_until": None}
    Connection.objects.filter(pk=due[-1]).update(**gone)
    assert Connection.objects.fall_due(timezone.now()) == MANY - 1
    assert set(checks.claim()) == set(due[:-1])
