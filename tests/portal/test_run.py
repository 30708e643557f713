"""``make run`` from the first start to Ctrl-C, with real processes in a folder of its own."""

import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import stat
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portal import first_start, run
from tests.portal.processes import KEYS, Process, kill, listens, manage, of, python, running, wait_for
from tests.ports import free_port

pytestmark = pytest.mark.processes

LAST_LINE = "└──"
STOPS_WITHIN = 10


@dataclass
class Start:
    """What one start said and did until it was stopped."""

    said: str
    code: int
    left: list[int]
    port_is_free: bool
    env: bytes
    users: list[tuple[Any, ...]]
    page: str = ""


@dataclass
class Life:
    var: Path
    port: int
    first: Start
    second: Start


def users(var: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(var / "portal.sqlite3")) as database:
        return database.execute("SELECT id, username, password FROM integrations_user").fetchall()


def start(var: Path, port: int, number: signal.Signals, *, group: bool) -> Start:
    output = var.parent / f"output-{number}"
    with running("-m", "portal.run", var=var, output=output, PORT=str(port)) as process:
        process.says(LAST_LINE)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=10) as answer:
            page = answer.read().decode()
        logs = [var / "log" / f"{name}.log" for name in run.commands()]
        wait_for(lambda: all(log.exists() for log in logs), seen=lambda: process.said)
        wait_for(lambda: "ready." in (var / "log" / "worker.log").read_text())
        if group:
            process.group(number)
        else:
            process.popen.send_signal(number)
        code = process.ends(STOPS_WITHIN)
        return Start(process.said, code, of(var), not listens(port), (var / "env").read_bytes(), users(var), page)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Start for the first time and press Ctrl-C; start again and be told to end."""
    var, port = tmp_path_factory.mktemp("life") / "var", free_port()
    first = start(var, port, signal.SIGINT, group=True)
    return Life(var, port, first, start(var, port, signal.SIGTERM, group=False))


def test_the_first_start_ends_with_address_user_and_password(life: Life) -> None:
    address = re.escape(f"http://127.0.0.1:{life.port}/")
    box = rf"┌─+┐\n│ Address:  {address} +│\n│ User:     admin +│\n│ Password: [a-z2-9]{{4}}(-[a-z2-9]{{4}}){{3}} +│\n"
    assert re.search(box, life.first.said)
    assert len({len(line) for line in life.first.said.splitlines() if line[0] in "┌│└"}) == 1


def test_a_first_start_has_no_database_to_copy_aside(life: Life) -> None:
    assert "copied" not in life.first.said
    assert not (life.var / "backups").exists()


def test_the_page_behind_the_address_is_there(life: Life) -> None:
    assert 'name="username"' in life.first.page


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_stop_leaves_no_process_and_no_listener(life: Life, which: str) -> None:
    ended: Start = getattr(life, which)
    assert (ended.left, ended.port_is_free, ended.code) == ([], True, 0)
    assert "stopped" not in ended.said
    assert "Traceback" not in ended.said


def test_the_second_start_shows_no_password_and_changes_nothing(life: Life) -> None:
    assert "Password:" not in life.second.said
    assert "`make password` sets a new password" in life.second.said
    assert life.second.env == life.first.env
    assert life.second.users == life.first.users
    assert len(life.first.users) == 1
    assert not (life.var / "env.part").exists()


def test_nobody_else_can_read_what_is_written(life: Life) -> None:
    paths = [life.var, life.var / "env", life.var / "installation"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert modes == {"var": 0o700, "env": 0o600, "installation": 0o600}


def test_the_first_start_owns_the_tokens(life: Life) -> None:
    with closing(sqlite3.connect(life.var / "portal.sqlite3")) as database:
        ((owner, path),) = database.execute("SELECT owner, database_path FROM integrations_installation")
    assert (owner, path) == ((life.var / "installation").read_text().strip(), str(life.var / "portal.sqlite3"))
    assert "stands by" not in life.first.said + life.second.said


def test_the_choices_are_kept_for_every_later_command(life: Life) -> None:
    choices = dict(line.split("=", 1) for line in life.first.env.decode().splitlines() if not line.startswith("#"))
    assert choices.keys() == {"SANDBOX", "HOST", "PORT", "SECRET_KEY", "PORTAL_KEYS"}
    assert (choices["SANDBOX"], choices["PORT"]) == ("on", str(life.port))
    secrets = {choices["SECRET_KEY"], choices["PORTAL_KEYS"]}
    seen = life.first.said + "".join(path.read_text() for path in (life.var / "log").iterdir())
    assert not any(secret in seen for secret in secrets)
    assert manage("check", var=life.var).returncode == 0


def test_addresses_that_were_chosen_are_kept_and_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORT", "HOST", "SANDBOX", *first_start.ADDRESSES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setenv("EXACT_NL_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("DATABASE_URL", "postgres://portal:Kanarie7Vogel@127.0.0.1/portal")
    first_start.write_choices(tmp_path / "env")
    written = (tmp_path / "env").read_text(encoding="utf-8")
    assert "\nEXACT_NL_URL=http://127.0.0.1:9000\n" in written
    assert "UK_URL" not in written
    assert "Kanarie7Vogel" not in written
    assert first_start.only_this_time() == []
    monkeypatch.setenv("EXACT_UK_URL", "http://127.0.0.1:9001")
    monkeypatch.setenv("PORT", "8123")
    assert first_start.only_this_time() == ["PORT", "EXACT_UK_URL"]


def test_every_process_has_a_log_of_its_own(life: Life) -> None:
    assert {path.name for path in (life.var / "log").iterdir()} == {
        *(f"{name}.log" for name in run.commands()),
        "system.log",
    }
    assert "ready." in (life.var / "log" / "worker.log").read_text()


def test_a_new_password_can_be_set_and_the_old_one_ends(life: Life) -> None:
    old = re.search(r"Password: (\S+)", life.first.said)
    ended = manage("new_password", "--text", var=life.var)
    new = re.fullmatch(r"user: admin  password: (\S+)\n", ended.stdout)
    assert old
    assert new
    tried = f"""
from django.contrib.auth import authenticate
print([bool(authenticate(username="admin", password=word)) for word in {[old[1], new[1]]}])
"""
    assert manage("shell", "-v0", "-c", tried, var=life.var).stdout.strip() == "[False, True]"


# --- Starts that fail ---------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        yield port


def fails(var: Path, **chosen: str) -> str:
    with running("-m", "portal.run", var=var, output=var.parent / "output", **chosen) as process:
        assert process.ends() == 1
        assert of(var) == []
        return process.said


def test_a_taken_port_is_named_before_anything_starts(tmp_path: Path, taken: int) -> None:
    said = fails(tmp_path / "var", PORT=str(taken))
    assert said == (
        f"The portal does not start: Port {taken} of 127.0.0.1 is taken. "
        f"Stop what uses it, or: make run PORT={taken + 1}\n"
    )
    assert not list((tmp_path / "var").iterdir())


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"PORT": "eighty"}, "PORT is malformed"),
        ({"HOST": "192.0.2.1"}, "Nothing can listen on port 8000 of 192.0.2.1"),
        ({"HOST": "no-such-host.invalid"}, "Nothing can listen on port 8000 of no-such-host.invalid"),
    ],
)
def test_a_refused_first_start_leaves_its_choices_nowhere(tmp_path: Path, chosen: dict[str, str], reason: str) -> None:
    assert reason in fails(tmp_path / "var", **chosen)
    assert not (tmp_path / "var" / "env").exists()


def test_a_refused_later_start_keeps_the_choices(var: Path, taken: int) -> None:
    (var / "env").write_text(f"PORT={taken}\n", encoding="utf-8")
    assert "is taken" in fails(var, **KEYS)
    assert (var / "env").read_text(encoding="utf-8") == f"PORT={taken}\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = fails(tmp_path / "file")
    assert "Traceback" not in said
    assert f"{tmp_path / 'file'}" in said
    assert "set VAR_DIR" in said


def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    said = fails(tmp_path / "var", DATABASE_URL="postgres://portal:Kanarie7Vogel@127.0.0.1:1/portal")
    assert "The database does not answer (OperationalError)" in said
    assert "Kanarie7Vogel" not in said
    assert "Traceback" not in said


def test_where_a_process_cannot_start_its_log_is_named(var: Path) -> None:
    (var / "broker").touch()  # where worker and beat need a folder
    with running("-m", "portal.run", var=var, output=var / "output", PORT=str(free_port()), **KEYS) as process:
        process.says("worker stopped")
        stopped = re.search(r"^worker stopped, the pages stay; .*: see (.+)$", process.said, re.MULTILINE)
        assert stopped
        assert "FileExistsError" in Path(stopped[1]).read_text()


def workers(var: Path) -> list[int]:
    return [pid for pid in of(var) if b"\0worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_without_the_worker_the_pages_stay(var: Path) -> None:
    port = free_port()
    with running("-m", "portal.run", var=var, output=var / "output", PORT=str(port), **KEYS) as process:
        process.says(LAST_LINE)
        # It starts once the web answers, which is when the box is printed.
        wait_for(lambda: workers(var))
        kill(workers(var))
        process.says("worker stopped, the pages stay; Ctrl-C and make run start it again: see ")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=10) as answer:
            assert answer.status == 200
        os.kill(process.popen.pid, signal.SIGINT)
        assert process.ends(STOPS_WITHIN) == 1, "whoever started it is told that something had died"
        assert of(var) == []


def test_without_the_web_process_all_stop(var: Path) -> None:
    with running("-m", "portal.run", var=var, output=var / "output", PORT=str(free_port()), **KEYS) as process:
        process.says(LAST_LINE)
        kill([pid for pid in of(var) if b"portal.wsgi" in Path(f"/proc/{pid}/cmdline").read_bytes()])
        assert process.ends(STOPS_WITHIN) == 1
        assert of(var) == []
    assert f"web stopped, and with it the portal: see {var / 'log' / 'web.log'}" in process.said


# --- A signal while it is starting --------------------------------------------------------------------------


def children(process: Process) -> list[str]:
    pid = process.popen.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


@pytest.mark.parametrize(
    ("number", "group", "delay"),
    [
        (signal.SIGINT, True, 0.0),
        (signal.SIGINT, True, 0.004),
        (signal.SIGINT, True, 0.015),
        (signal.SIGINT, False, 0.008),
        (signal.SIGTERM, False, 0.002),
        (signal.SIGTERM, True, 0.03),
    ],
)
def test_a_stop_in_the_first_moments_leaves_no_process(
    var: Path, number: signal.Signals, *, group: bool, delay: float
) -> None:
    with running("-m", "portal.run", var=var, output=var / "output", PORT=str(free_port()), **KEYS) as process:
        wait_for(lambda: children(process), seen=lambda: process.said)
        time.sleep(delay)  # the moment is what is tested
        if group:
            process.group(number)
        else:
            os.kill(process.popen.pid, number)
        assert process.ends(STOPS_WITHIN) == 0
        assert of(var) == []
    assert "Traceback" not in process.said


def test_a_stop_before_the_processes_ends_quietly(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(first_start, "unfit", interrupted)
    assert run.main() == 130


# --- What the processes are started with --------------------------------------------------------------------


def test_a_folder_with_a_space_is_no_hindrance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/srv/our portal/.venv/bin/python")
    assert {tuple(shlex.split(command)[:2]) for command in run.commands().values()} == {("exec", sys.executable)}


@pytest.mark.parametrize(("host", "bind"), [("127.0.0.1", "127.0.0.1:8123"), ("::1", "[::1]:8123")])
def test_the_web_process_binds_what_is_chosen(settings: Any, host: str, bind: str) -> None:
    settings.HOST, settings.PORT = host, 8123
    words = shlex.split(run.commands()["web"])
    assert words[words.index("--bind") + 1] == bind


# --- The database before a migration ------------------------------------------------------------------------


@pytest.fixture
def behind(var: Path) -> Path:
    """Return a VAR_DIR whose database lacks a migration, with six copies from earlier ones."""
    assert manage("migrate", "sessions", "zero", var=var, **KEYS).returncode == 0
    (var / "backups").mkdir(mode=0o700, exist_ok=True)
    for old in (var / "backups").iterdir():
        old.unlink()
    for year in range(2015, 2021):
        (var / "backups" / f"portal-{year}0101-000000-000000-0001_house.sqlite3").touch()
    return var


def test_the_database_is_copied_aside_before_a_migration_and_five_copies_are_kept(behind: Path) -> None:
    ended = manage("migrate", var=behind, **KEYS)
    assert ended.returncode == 0
    copies = sorted((behind / "backups").iterdir())
    assert len(copies) == 5
    assert f"The database was copied to {copies[-1]} before the migration." in ended.stdout
    assert stat.S_IMODE(copies[-1].stat().st_mode) == 0o600
    with closing(sqlite3.connect(copies[-1])) as copy:
        tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
    assert "integrations_application" in tables
    assert "django_session" not in tables


def test_without_a_migration_nothing_is_copied(var: Path) -> None:
    before = sorted((var / "backups").glob("*"))
    assert manage("migrate", var=var, **KEYS).returncode == 0
    assert sorted((var / "backups").glob("*")) == before


def test_an_upgrade_by_make_run_copies_aside_then_migrates_and_starts(behind: Path, tmp_path: Path) -> None:
    output, port = tmp_path / "said", free_port()
    with running("-m", "portal.run", var=behind, output=output, PORT=str(port), SANDBOX="off", **KEYS) as process:
        process.says(LAST_LINE)
        os.kill(process.popen.pid, signal.SIGINT)
        assert process.ends(STOPS_WITHIN) == 0
    copy = sorted((behind / "backups").iterdir())[-1]
    assert f"The database was copied to {copy} before the migration." in process.said
    assert re.fullmatch(r"portal-\d{8}-\d{6}-\d{6}-\d{4}_\w+\.sqlite3", copy.name)
    with closing(sqlite3.connect(behind / "portal.sqlite3")) as database:
        assert database.execute("SELECT COUNT(*) FROM django_session").fetchone() == (0,)


def test_without_room_for_the_copy_nothing_is_migrated(behind: Path, tmp_path: Path) -> None:
    before = (behind / "portal.sqlite3").read_bytes()
    shutil.rmtree(behind / "backups")
    (behind / "backups").touch()
    ended = manage("migrate", var=behind, **KEYS)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "Nothing was migrated" in ended.stderr
    started = python("-m", "portal.run", var=behind, PORT=str(free_port()), SANDBOX="off", **KEYS)
    assert started.returncode == 1
    assert "The portal does not start: Nothing was migrated" in started.stderr
    assert (behind / "portal.sqlite3").read_bytes() == before
