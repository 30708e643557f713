"""The clearing: what goes, what stays of it, in chunks that may be stopped anywhere."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.db import connection as database
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import (
    Access,
    Application,
    AuditEvent,
    AuthorizationState,
    CheckDay,
    Company,
    Connection,
    ConnectionCheck,
    FamiliarNetwork,
    LinkPage,
    RetentionRun,
    SignInTally,
    UsageCount,
    User,
)
from integrations.rules import retention as rules
from integrations.rules.actors import PORTAL, Actor
from integrations.services import retention, retention_rows
from integrations.services.refusals import Refused
from tests.models.test_constraints import make_event

pytestmark = pytest.mark.django_db
NOW = timezone.now()
DAY = timedelta(days=1)
State = RetentionRun.State


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAUSE", 0)


@pytest.fixture
def application(make_app: Callable[..., Application]) -> Application:
    return make_app(secret=None)


def connection(application: Application, user: str = "u1", **fields: Any) -> Connection:
    values = {"refresh_token": "v1.k1.x", "status": "connected", "exact_user_id": user, **fields}
    return Connection.objects.create(application=application, **values)


def check(of: Connection, at: datetime, milliseconds: int, cause: str = "", calls: int = 1) -> ConnectionCheck:
    return ConnectionCheck.objects.create(
        connection=of, checked_at=at, milliseconds=milliseconds, ok=not cause, cause=cause, calls=calls
    )


def link(application: Application, token: str, expires_at: datetime, **fields: Any) -> LinkPage:
    made = min(expires_at, fields.get("connected_at") or expires_at) - 14 * DAY
    return LinkPage.objects.create(
        application=application, token_hash=token, created_by="portal", created_at=made, expires_at=expires_at, **fields
    )


def count(application: Application, minute: datetime, calls: int, **fields: Any) -> UsageCount:
    values = {"application": application, "division": 5, "purpose": "check", **fields}
    return UsageCount.objects.create(minute=minute, calls=calls, **values)


def went() -> dict[str, int]:
    run = retention.run(by=PORTAL)
    assert run.state == State.DONE
    return run.went


# --- What simply goes ---------------------------------------------------------------------------------------


def test_each_kind_goes_at_its_age_and_no_sooner(application: Application, anna: User) -> None:
    young, old = {}, {}
    for place, rows, ages in ((young, "young", timedelta(hours=-2)), (old, "old", timedelta(hours=2))):
        at = {kind.name: rules.before(kind, NOW) - ages for kind in rules.KINDS}
        page = link(application, f"{rows}-open", NOW + DAY)
        place["states"] = AuthorizationState.objects.create(
            link=page, state_hash=rows, browser_hash="b", created_at=at["states"], expires_at=at["states"] + DAY
        )
        place["sessions"] = Session.objects.create(session_key=rows, session_data="x", expire_date=at["sessions"])
        place["sign_in_tallies"] = SignInTally.objects.create(mark=rows.rjust(64), since=at["sign_in_tallies"])
        place["familiar_networks"] = FamiliarNetwork.objects.create(
            user=anna, network=rows, used_at=at["familiar_networks"]
        )
        place["pending_connections"] = Connection.objects.create(
            application=application, refresh_token="v1.k1.x", consented_at=at["pending_connections"]
        )
        place["links"] = link(application, f"{rows}-expired", at["links"])
        place["used"] = link(application, f"{rows}-used", at["links"] + 10 * DAY, connected_at=at["links"])
        place["usage_days"] = count(application, at["usage_days"], 3, span="day")
        place["retention_runs"] = RetentionRun.objects.create(
            by="portal", state="done", started_at=at["retention_runs"], alive_at=at["retention_runs"],
            ended_at=at["retention_runs"],
        )  # fmt: skip
        place["activity"] = make_event(at=at["activity"])
    expected = dict.fromkeys(old.keys() - {"used"}, 1) | {"links": 2}
    assert went() == expected
    for name, row in young.items():
        assert type(row).objects.filter(pk=row.pk).exists(), name
    for name, row in old.items():
        assert not type(row).objects.filter(pk=row.pk).exists(), name
    assert LinkPage.objects.count() == 4
    assert went() == {}


def test_a_finished_connection_is_never_too_old(application: Application) -> None:
    ancient = NOW - 3000 * DAY
    for status in ("connected", "verifying", "reconnect"):
        connection(application, status, status=status, consented_at=ancient, created_at=ancient)
    assert went() == {}
    assert Connection.objects.count() == 3


def test_an_unfinished_connection_goes_with_all_that_hangs_on_it(application: Application) -> None:
    row = connection(application, status="pending", exact_user_id=None, consented_at=NOW - 2 * DAY)
    company = Company.objects.create(application=application, division=7, name="Jansen BV")
    access = Access.objects.create(company=company, connection=row)
    Company.objects.update(primary_access=access)
    check(row, NOW, 5)
    assert went() == {"pending_connections": 1}
    assert not ConnectionCheck.objects.exists()
    assert Company.objects.get().primary_access is None


def test_an_old_link_page_takes_a_forgotten_way_along(application: Application) -> None:
    page = link(application, "x", NOW - 91 * DAY)
    AuthorizationState.objects.create(link=page, state_hash="s", browser_hash="b", expires_at=NOW + DAY)
    assert went() == {"links": 1}
    assert not AuthorizationState.objects.exists()


# --- What is folded -----------------------------------------------------------------------------------------


def test_checks_become_a_line_a_day(application: Application) -> None:
    anna, bert = connection(application, "a"), connection(application, "b")
    day = datetime.combine((NOW - 40 * DAY).date(), datetime.min.time(), UTC)
    for milliseconds, cause in ((100, ""), (900, "TimedOut"), (300, ""), (200, "")):
        check(anna, day + timedelta(milliseconds=milliseconds), milliseconds, cause, calls=2)
    check(anna, day + DAY, 7)
    for milliseconds in (30, 10, 20):
        check(bert, day + timedelta(hours=23, minutes=59), milliseconds)
    recent = check(bert, NOW - 29 * DAY, 1)
    assert went() == {"checks": 8}
    columns = ("connection", "day", "checks", "failed", "calls", "median_milliseconds", "slowest_milliseconds")
    assert set(CheckDay.objects.values_list(*columns)) == {
        (anna.pk, day.date(), 4, 1, 8, 250, 900),
        (anna.pk, (day + DAY).date(), 1, 0, 1, 7, 7),
        (bert.pk, day.date(), 3, 0, 3, 20, 30),
    }
    assert ConnectionCheck.objects.get() == recent


def test_a_day_that_was_folded_before_gets_the_rest_added(application: Application) -> None:
    row = connection(application)
    day = NOW - 40 * DAY
    for milliseconds in (100, 100, 100):
        check(row, day, milliseconds)
    went()
    check(row, day, 500, "TimedOut")
    assert went() == {"checks": 1}
    line = CheckDay.objects.get()
    assert (line.checks, line.failed, line.median_milliseconds, line.slowest_milliseconds) == (4, 1, 200, 500)


def test_calls_are_folded_from_minutes_to_hours_to_days_and_none_is_lost(application: Application) -> None:
    hour = rules.start_of(NOW - 100 * DAY, DAY) + timedelta(hours=3)
    spread = {"errors": 1, "refusals": 1, "endpoint": "crm/Accounts", "connection_id": UUID(int=9)}
    for minute in range(60):
        count(application, hour + timedelta(minutes=minute), 2)
        count(application, hour + timedelta(minutes=minute), 3, **spread)
    count(application, hour + timedelta(hours=5), 4)
    week = rules.start_of(NOW - 8 * DAY, timedelta(hours=1))
    count(application, week, 5)
    count(application, week + timedelta(minutes=59), 6)
    count(application, NOW, 7)
    total = UsageCount.objects.aggregate(Sum("calls"), Sum("errors"), Sum("refusals"))
    assert went() == {"usage_minutes": 123, "usage_hours": 3}
    assert UsageCount.objects.aggregate(Sum("calls"), Sum("errors"), Sum("refusals")) == total
    columns = ("span", "minute", "endpoint", "connection_id", "calls", "errors", "refusals")
    midnight = hour - timedelta(hours=3)
    assert set(UsageCount.objects.values_list(*columns)) == {
        ("day", midnight, "", UsageCount.NO_CONNECTION, 124, 0, 0),
        ("day", midnight, "crm/Accounts", UUID(int=9), 180, 60, 60),
        ("hour", week, "", UsageCount.NO_CONNECTION, 11, 0, 0),
        ("minute", NOW, "", UsageCount.NO_CONNECTION, 7, 0, 0),
    }


def test_a_chunk_ends_between_companies_and_apps_and_never_within_one(
    make_app: Callable[..., Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "CHUNK", 4)
    apps = [make_app(secret=None), make_app(secret=None, client_id=None, region="uk")]
    hour = rules.start_of(NOW - 8 * DAY, timedelta(hours=1))
    sizes = [3, 2, 7, 1, 1, 1]
    for app in apps:
        for division, size in enumerate(sizes, 1):
            for minute in range(size):
                count(app, hour + timedelta(minutes=minute), 1, division=division)
    source = retention_rows.SOURCES["usage_minutes"]
    pieces = list(source.pieces(source.within(hour, hour + timedelta(hours=1)), 4))
    assert [piece.count() for piece in pieces] == [3, 2, 7, 3] * 2
    assert went() == {"usage_minutes": 30}
    assert [row.calls for row in UsageCount.objects.order_by("application_id", "division")] == sizes * 2


# --- Stopped, resumed, disturbed ----------------------------------------------------------------------------


def old_events(number: int) -> None:
    at = NOW - rules.ACTIVITY - 3 * DAY
    AuditEvent.objects.bulk_create(
        AuditEvent(at=at, actor="portal", action="a.b", object_type="application", object_id=str(row))
        for row in range(number)
    )


def test_a_run_out_of_time_is_resumed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 10)
    old_events(25)
    first = retention.run(by=PORTAL, seconds=0)
    assert (first.state, first.went) == (State.STOPPED, {"activity": 10})
    assert went() == {"activity": 15}


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_a_run_that_breaks_off_keeps_what_it_did_and_says_so(
    application: Application, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    """The fold of the second chunk breaks off between the sums and the deletion: neither is kept."""
    hour = rules.start_of(NOW - 8 * DAY, timedelta(hours=1))
    for hours in range(3):
        count(application, hour - timedelta(hours=hours), 4)
    delete, broken = retention._delete, []

    def fail_once(rows: Any) -> int:
        if not broken and UsageCount.objects.filter(span="hour").count() == 2:
            broken.append(True)
            raise fault
        return delete(rows)

    monkeypatch.setattr(retention, "_delete", fail_once)
    with pytest.raises(fault):
        retention.run(by=PORTAL)
    stopped = RetentionRun.objects.get()
    assert (stopped.state, stopped.went) == (State.STOPPED, {"usage_minutes": 1})
    assert sorted(UsageCount.objects.values_list("span", flat=True)) == ["hour", "minute", "minute"]
    assert went() == {"usage_minutes": 2}
    assert UsageCount.objects.aggregate(Sum("calls")) == {"calls__sum": 12}


def test_a_second_run_waits_for_the_first() -> None:
    first = RetentionRun.objects.create(by="portal")
    with pytest.raises(Refused, match="at work already"):
        retention.run(by=PORTAL)
    assert RetentionRun.objects.get() == first


def test_the_place_of_a_killed_run_is_taken_and_what_it_did_is_recorded() -> None:
    hours_ago = NOW - timedelta(hours=2)
    killed = RetentionRun.objects.create(
        by="command:root", started_at=hours_ago, alive_at=hours_ago, went={"checks": 1000}
    )
    assert went() == {}
    killed.refresh_from_db()
    assert killed.state == State.STOPPED
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.details) == ("retention.cleared", "command:root", {"checks": 1000})
    assert event.object_id == str(killed.pk)


def test_a_run_whose_place_was_taken_does_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 10)
    old_events(25)
    chunk, done = retention._chunk, []

    def overtaken(row: RetentionRun, *rest: Any) -> int:
        if done:
            RetentionRun.objects.update(state=State.STOPPED, ended_at=timezone.now())
        done.append(1)
        return chunk(row, *rest)

    monkeypatch.setattr(retention, "_chunk", overtaken)
    run = retention.run(by=PORTAL)
    assert (run.state, run.went, AuditEvent.objects.filter(action="a.b").count()) == (
        State.STOPPED, {"activity": 10}, 15,
    )  # fmt: skip


# --- What is recorded and shown -----------------------------------------------------------------------------


def test_a_run_is_one_event_and_only_where_something_went() -> None:
    anna = Actor.command("anna")
    assert retention.run(by=anna).went == {}
    assert not AuditEvent.objects.exists()
    old_events(3)
    run = retention.run(by=anna)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.details) == ("retention.cleared", str(anna), {"activity": 3})
    assert event.object_id == str(run.pk)
    assert retention.last_run() == run


def test_the_outlook_says_what_a_run_would_do(application: Application, django_assert_num_queries: Any) -> None:
    old_events(3)
    make_event()
    count(application, NOW - 8 * DAY, 1)
    with django_assert_num_queries(2 * len(rules.KINDS)):
        seen = {line.kind.name: (line.rows, line.going) for line in retention.outlook() if line.rows}
    assert seen == {"activity": (5, 3), "usage_minutes": (1, 1)}
    assert went() == {"activity": 3, "usage_minutes": 1}


def test_the_outlook_counts_no_further_than_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_COUNTED", 11)
    old_events(25)
    assert {line.going for line in retention.outlook() if line.rows} == {11}


# --- A hundred thousand rows --------------------------------------------------------------------------------


def test_a_hundred_thousand_rows_go_in_short_chunks_of_few_statements(application: Application) -> None:
    rows = 100_000
    people = [connection(application, f"u{number}") for number in range(50)]
    day = datetime.combine((NOW - 40 * DAY).date(), datetime.min.time(), UTC)
    ConnectionCheck.objects.bulk_create(
        (
            ConnectionCheck(
                connection=people[number % 50],
                checked_at=day + timedelta(seconds=number // 2 % 80_000),
                milliseconds=number % 997,
                ok=True,
                calls=1,
                evidence=["GET current/Me 200"],
            )
            for number in range(rows // 2)
        ),
        batch_size=5_000,
    )
    old_events(rows // 2)
    seen: list[float] = []
    chunk = retention._chunk

    with pytest.MonkeyPatch.context() as patch, CaptureQueriesContext(database) as queries:

        def timed(*arguments: Any) -> int:
            began = timezone.now()
            gone = chunk(*arguments)
            seen.append((timezone.now() - began).total_seconds())
            return gone

        patch.setattr(retention, "_chunk", timed)
        assert went() == {"checks": rows // 2, "activity": rows // 2}
    assert CheckDay.objects.aggregate(Sum("checks")) == {"checks__sum": rows // 2}
    assert {line.day for line in CheckDay.objects.all()} == {date(day.year, day.month, day.day)}
    chunks = len(seen)
    assert chunks == rows // 1000 + 1  # the last one finds nothing
    # A chunk: savepoint, lock, (fold,) delete, count, release.
    assert len(queries) <= 6 * chunks + 4 * len(rules.KINDS) + 10
    assert sorted(seen)[chunks // 2] < 0.1
