"""From SQLite to PostgreSQL by the documented steps: every row, every sealed value, and ids that go on."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.moving.conftest import Server, house
from tests.moving.house import SECRETS
from tests.portal.processes import KEYS, manage

pytestmark = [pytest.mark.services, pytest.mark.processes]
OTHER_KEYS = {**KEYS, "PORTAL_KEYS": "t1:" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="}


@pytest.fixture
def copy(sqlite: Path, tmp_path: Path) -> Path:
    target = tmp_path / "copy.sqlite3"
    assert manage("backup", "--to", str(target), var=sqlite, **KEYS).returncode == 0
    return target


@pytest.fixture
def empty(sqlite: Path, postgresql: Server) -> str:
    url = postgresql.new()
    assert manage("migrate", var=sqlite, **KEYS, DATABASE_URL=url).returncode == 0
    return url


def load(var: Path, file: Path, url: str, **chosen: str) -> tuple[int, str]:
    done = manage("load_sqlite", "--from", str(file), var=var, **{**KEYS, "DATABASE_URL": url, **chosen})
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout or done.stderr


def rows(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        names = [name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


EVENTS = "integrations_auditevent"


def test_everything_moves_and_every_sealed_value_opens(sqlite: Path, copy: Path, empty: str) -> None:
    before, own = house("show", sqlite), house("show", sqlite, DATABASE_URL=empty)
    # Who took the copy is recorded after it.
    before["tables"][EVENTS] = [event for event in before["tables"][EVENTS] if "backup.made" not in event]
    code, said = load(sqlite, copy, empty)
    assert code == 0, said
    after = house("show", sqlite, DATABASE_URL=empty)
    # What happened here before, such as that the tokens were claimed, stays: events are never taken away.
    happened = own["tables"][EVENTS]
    assert after == {**before, "tables": {**before["tables"], EVENTS: sorted(before["tables"][EVENTS] + happened)}}
    assert set(SECRETS.values()) < set(after["opened"].values())
    answer = json.loads(said)
    assert answer["sealed"] == len(after["opened"]) == 4
    assert answer["rows"] == sum(len(table) for table in before["tables"].values())
    assert len(before["tables"]["integrations_company"]) == 1100
    doctor = manage("doctor", var=sqlite, **KEYS, DATABASE_URL=empty).stdout
    found = {line["check"]: line["ok"] for line in map(json.loads, doctor.splitlines())}
    assert {"keys", "sealed rows", "migrations", "key copies"} <= {name for name, ok in found.items() if ok}


def test_new_rows_go_on_where_the_old_ones_ended(sqlite: Path, copy: Path, empty: str) -> None:
    assert load(sqlite, copy, empty)[0] == 0
    made = manage(
        "shell", "--no-imports", "-c",
        "from django.contrib.auth.models import Group, Permission; from django.contrib.contenttypes.models import "
        "ContentType; Group.objects.create(name='New'); ContentType.objects.create(app_label='x', model='y');"
        "Permission.objects.create(codename='z', content_type=ContentType.objects.last())",
        var=sqlite, **KEYS, DATABASE_URL=empty,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert manage("migrate", var=sqlite, **KEYS, DATABASE_URL=empty).returncode == 0


def test_with_other_keys_nothing_moves(sqlite: Path, copy: Path, empty: str) -> None:
    before = rows(empty)
    code, said = load(sqlite, copy, empty, **OTHER_KEYS)
    assert code == 1
    assert "cannot be opened with the present keys" in said
    assert rows(empty) == before


def test_into_a_database_in_use_nothing_moves(sqlite: Path, copy: Path, empty: str) -> None:
    assert load(sqlite, copy, empty)[0] == 0
    before = house("show", sqlite, DATABASE_URL=empty)
    code, said = load(sqlite, copy, empty)
    assert code == 1
    assert "is in use" in said
    assert house("show", sqlite, DATABASE_URL=empty) == before


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE integrations_customer SET name = 'a' || char(0)", "integrations_customer does not fit PostgreSQL"),
        ("UPDATE integrations_customer SET name = printf('%.500c', 'x')", "integrations_customer does not fit"),
        ("DELETE FROM integrations_customer", "is not sound"),
        ("DELETE FROM django_migrations WHERE app = 'sessions'", "only this database has sessions.0001_initial"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole(
    sqlite: Path, copy: Path, empty: str, statement: str, words: str
) -> None:
    with closing(sqlite3.connect(copy)) as database:
        database.execute("PRAGMA ignore_check_constraints=1")
        database.execute(statement)
        database.commit()
    before = rows(empty)
    code, said = load(sqlite, copy, empty)
    assert (code, words in said) == (1, True), said
    assert rows(empty) == before


def test_what_is_no_copy_of_a_portal_is_refused(sqlite: Path, copy: Path, empty: str, tmp_path: Path) -> None:
    assert "There is no file" in load(sqlite, tmp_path / "nowhere", empty)[1]
    text = tmp_path / "text"
    text.write_text("not a database, but longer than the header of one, which has a hundred bytes " * 3)
    assert "no SQLite database" in load(sqlite, text, empty)[1]
    in_use = tmp_path / "in-use.sqlite3"
    shutil.copy(copy, in_use)
    (tmp_path / "in-use.sqlite3-wal").touch()
    assert "is in use" in load(sqlite, in_use, empty)[1]
    assert "names no PostgreSQL" in load(sqlite, copy, "")[1]
