"""The database itself keeps the activity: nobody changes an event, or deletes it before its time.

In production the triggers stand as the migrations made them; so does the test of all migrations below.
"""

# ruff: noqa: S608 (every word of a statement is written here)

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg import sql

from integrations.models import AuditEvent
from integrations.rules import retention
from integrations.services import upkeep
from tests.conftest import GUARD
from tests.models.test_constraints import make_event
from tests.portal.processes import KEYS, manage

TABLE = "integrations_auditevent"
COLUMNS = "id, at, actor, action, object_type, object_id, details"
YOUNG = timezone.now() - retention.ACTIVITY + timedelta(hours=1)
OLD = timezone.now() - retention.ACTIVITY - timedelta(hours=1)


def refused(statement: Callable[[], Any], why: str) -> None:
    before = list(AuditEvent.objects.order_by("id").values())
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        statement()
    assert list(AuditEvent.objects.order_by("id").values()) == before


def run(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_the_migration_holds_the_same_age_as_the_rule() -> None:
    assert timedelta(days=GUARD.DAYS) == retention.by_name("activity").age


@pytest.mark.usefixtures("guarded_activity")
def test_an_event_is_not_changed_however_it_is_tried() -> None:
    event = make_event(at=OLD)
    make_event()
    refused(lambda: AuditEvent.objects.update(action="c.d"), "activity_is_not_changed")
    refused(lambda: run(f"UPDATE {TABLE} SET details = details"), "activity_is_not_changed")
    refused(lambda: run(f"UPDATE {TABLE} SET at = %s", OLD), "activity_is_not_changed")
    refused(lambda: AuditEvent.objects.filter(pk=event.pk).update(actor="portal"), "activity_is_not_changed")


@pytest.mark.usefixtures("guarded_activity")
def test_an_event_goes_when_its_time_is_over_and_no_sooner() -> None:
    old, young = make_event(at=OLD), make_event(at=YOUNG)
    refused(lambda: AuditEvent.objects.filter(pk=young.pk).delete(), "activity_is_kept")
    refused(lambda: AuditEvent.objects.all().delete(), "activity_is_kept")
    AuditEvent.objects.filter(pk=old.pk).delete()
    assert AuditEvent.objects.get() == young


@pytest.mark.usefixtures("guarded_activity")
def test_a_moment_without_microseconds_is_compared_as_well() -> None:
    old, young = make_event(at=OLD.replace(microsecond=0)), make_event(at=YOUNG.replace(microsecond=0))
    refused(lambda: AuditEvent.objects.filter(pk=young.pk).delete(), "activity_is_kept")
    AuditEvent.objects.filter(pk=old.pk).delete()


@pytest.mark.usefixtures("guarded_activity")
def test_events_are_added_as_before_one_or_many() -> None:
    make_event()
    values = {"actor": "portal", "action": "a.b", "object_type": "application", "object_id": "1"}
    AuditEvent.objects.bulk_create([AuditEvent(**values) for _ in range(300)])
    assert AuditEvent.objects.count() == 301


@pytest.mark.usefixtures("guarded_activity")
@pytest.mark.parametrize("recursive", ["on", "off"])
@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_sqlite_replaces_no_event(recursive: str) -> None:
    event = make_event()
    run(f"PRAGMA recursive_triggers = {recursive}")
    values = f"'{event.pk.hex}', '2020-01-01', 'portal', 'x.y', 'a', '1', '{{}}'"
    refused(lambda: run(f"INSERT OR REPLACE INTO {TABLE} ({COLUMNS}) VALUES ({values})"), "activity_is_not_replaced")
    refused(lambda: run(f"REPLACE INTO {TABLE} ({COLUMNS}) VALUES ({values})"), "activity_is_not_replaced")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT rowid FROM {TABLE}")
        (rowid,) = cursor.fetchone()
    other = f"{rowid}, '{uuid4().hex}', '2020-01-01', 'portal', 'x.y', 'a', '1', '{{}}'"
    refused(
        lambda: run(f"INSERT OR REPLACE INTO {TABLE} (rowid, {COLUMNS}) VALUES ({other})"), "activity_is_not_replaced"
    )
    refused(lambda: run(f"UPDATE OR REPLACE {TABLE} SET action = 'c.d'"), "activity_is_not_changed")
    upsert = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET action = 'c.d'"
    refused(lambda: run(upsert), "activity_is_not_replaced")


@pytest.mark.usefixtures("guarded_activity")
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_postgresql_neither_empties_nor_overwrites() -> None:
    event = make_event()
    for statement in (f"TRUNCATE {TABLE}", f"TRUNCATE {TABLE} CASCADE", f"TRUNCATE {TABLE}, django_session"):
        refused(lambda statement=statement: run(statement), "activity_is_not_changed")
    values = f"'{event.pk}', now(), 'portal', 'x.y', 'a', '1', '{{}}'"
    upsert = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET action = 'c.d'"
    refused(lambda: run(upsert), "activity_is_not_changed")
    merge = f"MERGE INTO {TABLE} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE"
    refused(lambda: run(merge), "activity_is_kept")


# --- Making it anew, and noticing that it is gone ------------------------------------------------------------


@pytest.mark.usefixtures("guarded_activity")
@pytest.mark.parametrize("times", [1, 2])
def test_it_can_be_made_anew_whatever_is_left_of_it(times: int) -> None:
    names = {"sqlite": "activity_is_kept", "postgresql": "activity_is_kept ON integrations_auditevent"}
    run(f"DROP TRIGGER {names[connection.vendor]}")
    assert not upkeep.check_activity_guard().ok
    for _ in range(times):
        for statement in (*GUARD.UNGUARD[connection.vendor], *getattr(GUARD, connection.vendor.upper())):
            run(statement)
    assert upkeep.check_activity_guard().ok


@pytest.mark.django_db
def test_the_doctor_notices_that_it_is_gone() -> None:
    finding = upkeep.check_activity_guard()
    assert not finding.ok
    assert "activity_is_kept" in finding.detail


@pytest.mark.usefixtures("guarded_activity")
@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_the_doctor_notices_that_it_is_disabled() -> None:
    run(f"ALTER TABLE {TABLE} DISABLE TRIGGER activity_is_not_emptied")
    assert "activity_is_not_emptied" in upkeep.check_activity_guard().detail


# --- As production has it: every migration, and connections of others ----------------------------------------


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Any]:
    """A connection to a database of its own, made by `manage.py migrate`, the guard included."""
    var = tmp_path / "var"
    var.mkdir(mode=0o700)
    if connection.vendor == "sqlite":
        ended = manage("migrate", var=var, **KEYS)
        assert ended.returncode == 0, ended.stderr
        with closing(sqlite3.connect(var / "portal.sqlite3", isolation_level=None)) as database:
            yield database
        return
    options, name = django_settings.DATABASES["default"], f"guard_{uuid4().hex}"
    place = {"host": options["HOST"], "port": options["PORT"], "user": options["USER"], "password": options["PASSWORD"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **place) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            url = f"postgres://{place['user']}:{place['password']}@{place['host']}:{place['port']}/{name}"
            ended = manage("migrate", var=var, **KEYS, DATABASE_URL=url)
            assert ended.returncode == 0, ended.stderr
            with psycopg.connect(dbname=name, autocommit=True, **place) as database:
                yield database
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_after_all_migrations_a_stranger_with_sql_is_refused_too(production: Any) -> None:
    moments = {"old": OLD, "young": timezone.now()}
    for name, moment in moments.items():
        written = moment.strftime("%Y-%m-%d %H:%M:%S.%f") + ("" if connection.vendor == "sqlite" else "+00")
        production.execute(
            f"INSERT INTO {TABLE} ({COLUMNS}) VALUES "
            f"('{uuid4().hex}', '{written}', 'portal', 'a.b', 'application', '{name}', '{{}}')"
        )
    everything = f"SELECT {COLUMNS} FROM {TABLE} ORDER BY object_id"
    before = production.execute(everything).fetchall()
    assert {"old", "young"} <= {row[COLUMNS.split(", ").index("object_id")] for row in before}
    statements = [f"UPDATE {TABLE} SET action = 'c.d'", f"DELETE FROM {TABLE}"]
    if connection.vendor == "postgresql":
        statements += [f"TRUNCATE {TABLE}", f"WITH gone AS (DELETE FROM {TABLE} RETURNING *) SELECT 1 FROM gone"]
    else:
        statements += [f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}"]
    for statement in statements:
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RestrictViolation), match="activity_is_"):
            production.execute(statement)
    assert production.execute(everything).fetchall() == before
    production.execute(f"DELETE FROM {TABLE} WHERE object_id = 'old'")
    left = {object_id for (object_id,) in production.execute(f"SELECT object_id FROM {TABLE}").fetchall()}
    assert "young" in left
    assert "old" not in left
