"""A backup by ``manage.py backup``: sound, private, never over another file; and the documented way back."""

import getpass
import json
import os
import re
import shlex
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.moving.conftest import Server, house
from tests.portal.processes import KEYS, ROOT, manage, python, running, wait_for

pytestmark = pytest.mark.processes

WRITES = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
db.execute("CREATE TABLE pairs (n INTEGER)")
while True:
    db.execute("BEGIN IMMEDIATE")
    n = db.execute("SELECT COUNT(*) FROM pairs").fetchone()[0]
    db.execute("INSERT INTO pairs VALUES (?)", [n])
    db.execute("INSERT INTO pairs VALUES (?)", [n])
    db.execute("COMMIT")
    print(n, flush=True)
"""


def backup(var: Path, *arguments: str, **chosen: str) -> dict[str, Any]:
    done = manage("backup", *arguments, var=var, **{**KEYS, **chosen})
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def refused(var: Path, *arguments: str, **chosen: str) -> str:
    done = manage("backup", *arguments, var=var, **{**KEYS, **chosen})
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def documented(database: str, **places: str) -> list[list[str]]:
    """Return the commands of docs/operations.md by which a backup is restored, with our places in them."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"^```restore-{database}\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
    for name, place in places.items():
        assert name in block, name
        block = block.replace(name, place)
    return [shlex.split(line) for line in block.splitlines() if not line.startswith("#")]


def test_a_sqlite_backup_holds_everything_and_is_private(sqlite: Path, tmp_path: Path) -> None:
    target, before = tmp_path / "copy.sqlite3", house("show", sqlite)
    answer = backup(sqlite, "--to", str(target))
    assert (answer["path"], answer["bytes"], answer["database"]) == (str(target), target.stat().st_size, "sqlite")
    assert "Never keep them beside a backup" in answer["keys"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.sqlite3", "var"]
    url = {"DATABASE_URL": f"sqlite:///{target}"}
    assert house("show", tmp_path / "other", **url) == before


def test_who_took_a_backup_is_recorded_and_a_refused_one_is_none(sqlite: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"
    answer = backup(sqlite, "--to", str(target))
    refused(sqlite, "--to", str(target))
    events = map(json.loads, house("show", sqlite)["tables"]["integrations_auditevent"])
    (event,) = [event for event in events if event["action"] == "backup.made"]
    assert event["actor"] == f"command:{getpass.getuser()}"
    assert event["details"] == {"bytes": answer["bytes"]}


def test_without_a_place_it_lies_among_the_backups_and_no_migration_takes_it_away(sqlite: Path) -> None:
    (sqlite / "env").write_text("PORT=8000\n")
    done = manage("backup", var=sqlite, **KEYS)
    made = Path(json.loads(done.stdout)["path"])
    assert re.fullmatch(r"backup-\d{8}-\d{6}-\d{6}-\d{4}_\w+\.sqlite3", made.name)
    assert made.parent == sqlite / "backups"
    assert "beside the keys" in done.stderr
    for _ in range(6):
        assert manage("migrate", "sessions", var=sqlite, **KEYS).returncode == 0
    assert len(list(made.parent.glob("portal-*"))) == 5
    assert made.is_file()


def test_a_backup_overwrites_nothing_and_leaves_nothing_where_it_fails(sqlite: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.sqlite3"
    there.write_text("somebody's file")
    assert "nothing was overwritten" in refused(sqlite, "--to", str(there))
    assert there.read_text() == "somebody's file"
    assert "cannot be written (No such file or directory)" in refused(sqlite, "--to", str(tmp_path / "no" / "copy"))
    page = bytearray((sqlite / "portal.sqlite3").read_bytes())
    page[8192:12288] = b"\xff" * 4096
    (sqlite / "portal.sqlite3").write_bytes(page)
    target = tmp_path / "copy.sqlite3"
    assert refused(sqlite, "--to", str(target))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.sqlite3", "var"]


def test_a_backup_is_consistent_while_others_write(sqlite: Path, tmp_path: Path) -> None:
    with running("-c", WRITES, str(sqlite / "portal.sqlite3"), var=sqlite, output=tmp_path / "writes") as process:
        process.says("\n10\n")
        for number in range(3):
            target = Path(backup(sqlite, "--to", str(tmp_path / f"{number}.sqlite3"))["path"])
            with closing(sqlite3.connect(target)) as copy:
                (rows,) = copy.execute("SELECT COUNT(*) FROM pairs").fetchone()
                assert rows >= 12
                assert rows % 2 == 0
        assert process.popen.poll() is None


def test_a_sqlite_backup_is_restored_as_documented(sqlite: Path, tmp_path: Path) -> None:
    before = house("show", sqlite)
    answer = backup(sqlite, "--to", str(tmp_path / "portal-backup.sqlite3"))
    # What happened since, a log that was not written back included, must not come through.
    database = sqlite3.connect(sqlite / "portal.sqlite3")
    database.execute("PRAGMA wal_autocheckpoint=0")
    database.execute("DELETE FROM integrations_keystoredelsewhere")
    database.commit()
    left = (sqlite / "portal.sqlite3-wal").read_bytes()
    database.close()
    (sqlite / "portal.sqlite3-wal").write_bytes(left)
    for command in documented("sqlite", **{"portal-backup.sqlite3": answer["path"], "/var/lib/portal": str(sqlite)}):
        done = run(command, sqlite)
        assert done.returncode == 0, done.stderr
    assert house("show", sqlite) == before
    assert stat.S_IMODE((sqlite / "portal.sqlite3").stat().st_mode) == 0o600


def run(command: list[str], var: Path, **chosen: str) -> "subprocess.CompletedProcess[str]":
    """Run a documented command; ``manage.py`` is ours."""
    if command[0].endswith("python"):
        return python(*command[1:], var=var, **{**KEYS, **chosen})
    environment = {"PATH": os.environ["PATH"], **chosen}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.fixture
def moved(sqlite: Path, postgresql: Server, tmp_path: Path) -> str:
    """Return the URL of a PostgreSQL database with the same house in it."""
    url = postgresql.new()
    copy = backup(sqlite, "--to", str(tmp_path / "moved.sqlite3"))["path"]
    for arguments in (("migrate",), ("load_sqlite", "--from", copy)):
        done = manage(*arguments, var=sqlite, **KEYS, DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
    return url


@pytest.mark.services
def test_a_postgresql_backup_is_restored_as_documented(
    sqlite: Path, postgresql: Server, moved: str, tmp_path: Path
) -> None:
    before = house("show", sqlite, DATABASE_URL=moved)
    target = tmp_path / "portal-backup.dump"
    answer = backup(sqlite, "--to", str(target), DATABASE_URL=moved)
    assert (answer["path"], answer["bytes"], answer["database"]) == (str(target), target.stat().st_size, "postgresql")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "nothing was overwritten" in refused(sqlite, "--to", str(target), DATABASE_URL=moved)
    new = postgresql.new()
    parts = urlsplit(new)
    libpq = {"PGHOST": parts.hostname, "PGPORT": str(parts.port), "PGUSER": parts.username}
    places = {
        "portal-backup.dump": str(target),
        "--role portal": f"--role {parts.username}",
        "--dbname portal": f"--dbname {parts.path[1:]}",
    }
    made, *commands = documented("postgresql", **places)
    assert made[0] == "createdb"
    for command in commands:
        done = run(command, sqlite, **libpq, PGPASSWORD=parts.password, DATABASE_URL=new)
        assert done.returncode == 0, done.stderr
    assert house("show", sqlite, DATABASE_URL=new) == before


@pytest.mark.services
def test_the_password_is_seen_by_no_other_process(
    sqlite: Path, moved: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of pg_dump stands a program that says with what it was called, and then hands on to the real one."""
    password = urlsplit(moved).password
    seen = tmp_path / "seen"
    stand_in = tmp_path / "bin" / "pg_dump"
    stand_in.parent.mkdir()
    real = subprocess.run(["which", "pg_dump"], capture_output=True, text=True, check=True).stdout.strip()
    stand_in.write_text(
        f'#!/bin/sh\ntr "\\0" "\\n" < /proc/$$/cmdline > {seen}\n'
        f'tr "\\0" "\\n" < /proc/$$/environ | grep ^PG >> {seen}\n'
        f'stat -c %a "$PGPASSFILE" >> {seen}\nexec {real} "$@"\n'
    )
    stand_in.chmod(0o700)
    backup(sqlite, "--to", str(tmp_path / "a.dump"), DATABASE_URL=moved, PATH=f"{stand_in.parent}:{os.environ['PATH']}")
    said = seen.read_text()
    assert "--format=custom" in said
    assert "PGPASSFILE=" in said
    assert password not in said
    assert said.splitlines()[-1] == "600"
    (file,) = re.findall(r"PGPASSFILE=(.+)", said)
    assert not Path(file).exists()


@pytest.mark.services
def test_a_backup_of_a_server_that_refuses_says_why_and_leaves_nothing(
    sqlite: Path, moved: str, tmp_path: Path
) -> None:
    nothing = tmp_path / "bin"
    nothing.mkdir()
    target = tmp_path / "a.dump"
    assert "pg_dump is not installed" in refused(sqlite, "--to", str(target), DATABASE_URL=moved, PATH=str(nothing))
    failing = nothing / "pg_dump"
    failing.write_text("#!/bin/sh\necho 'pg_dump: error: no such thing' >&2\nexit 1\n")
    failing.chmod(0o700)
    assert "no such thing" in refused(sqlite, "--to", str(target), DATABASE_URL=moved, PATH=str(nothing))
    assert not [path for path in tmp_path.iterdir() if "a.dump" in path.name]
    wait_for(lambda: not list(Path("/tmp").glob("portal-*/pgpass")))  # noqa: S108
