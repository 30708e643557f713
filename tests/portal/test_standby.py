"""A copy that is started beside its original, with real processes: the ledger of the practice Exact is the judge."""

import json
import os
import pty
import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from integrations.sandbox.server import Running
from integrations.sandbox.server import running as practising
from integrations.services.database import sqlite_mark
from portal import broker
from portal.celery import SCHEDULE
from tests.portal.processes import KEYS, ROOT, Process, manage, running, variables, wait_for
from tests.ports import free_port
from tests.sandbox.client import REDIRECT, Client

pytestmark = pytest.mark.processes
LOOK = SCHEDULE["look-for-due-checks"]["task"]
WORKER = ("--pool", "threads", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO")

LINK = """
from django.conf import settings
from django.utils import timezone
from integrations.exact import oauth
from integrations.models import Application, Connection
from integrations.rules.actors import PORTAL
from integrations.services import applications, secrets, tokens
app = Application(region="nl", kind="product", name="Meridian", client_id={client_id!r}, redirect_uri={redirect!r})
applications.add(app, by=PORTAL)
secrets.set(app, {secret!r}, by=PORTAL)
applications.enable(app, by=PORTAL)
answer = oauth.exchange_code(app.origin, client_id={client_id!r}, client_secret={secret!r}, redirect_uri={redirect!r},
                             code={code!r})
row = tokens.begin(app, answer, now=timezone.now())
Connection.objects.filter(pk=row.pk).update(status="connected", exact_user_id={user!r}, division={division})
"""


@dataclass
class Portal:
    """A portal in a folder of its own, that talks to the practice Exact of the test."""

    var: Path
    exact: Running
    port: int = field(default_factory=free_port)

    @property
    def chosen(self) -> dict[str, str]:
        return {**KEYS, "DEBUG": "on", "SANDBOX": "on", "EXACT_NL_URL": self.exact.url, "PORT": str(self.port)}

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return manage(*words, var=self.var, **self.chosen)

    def sql(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.var / "portal.sqlite3", timeout=20)) as database, database:
            return database.execute(statement).fetchall()

    def expire(self) -> None:
        """Let the access token be old, and the check of its connection due."""
        self.sql(
            "UPDATE integrations_connection SET token_answered_at = datetime(token_answered_at, '-700 seconds'), "
            "next_check_at = datetime('now', '-1 seconds'), claimed_until = NULL"
        )

    @contextmanager
    def started(self) -> Iterator["Portal"]:
        """Run its web process and its worker."""
        web = ("-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{self.port}", "--no-control-socket")
        with ExitStack() as stack:
            for name, words in (("web", web), ("worker", ("-m", "celery", "-A", "portal.celery", "worker", *WORKER))):
                output = self.var.parent / f"{self.var.name}-{name}.log"
                process = stack.enter_context(running(*words, var=self.var, output=output, **self.chosen))
                setattr(self, name, process)
            self.worker.says("ready.")
            wait_for(lambda: self.get("/health/live")[0] == 200, seen=lambda: self.web.said)
            yield self

    web: Process = field(init=False)
    worker: Process = field(init=False)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def look(self) -> None:
        """Put the scheduler's message on its broker, and wait until its worker has done what it says."""
        done = self.worker.said.count("succeeded in")
        with closing(Celery("beat", broker="atomicfs://", set_as_current=False)) as sender:
            sender.conf.broker_transport_options = broker.options(self.var / "broker")
            sender.send_task(LOOK)
        wait_for(lambda: self.worker.said.count("succeeded in") > done, seen=lambda: self.worker.said)

    def checks(self) -> int:
        return int(self.sql("SELECT count(*) FROM integrations_connectioncheck")[0][0])


@pytest.fixture
def exact(tmp_path: Path) -> Iterator[Running]:
    with practising(database=tmp_path / "exact.sqlite3", region="nl", title="Exact", lifetime=600) as sandbox:
        yield sandbox


@pytest.fixture
def original(migrated: Path, tmp_path: Path, exact: Running, monkeypatch: pytest.MonkeyPatch) -> Portal:
    """A portal with a connection whose token has expired; nothing of it runs yet."""
    broker.register()
    monkeypatch.setenv("CELERY_BROKER_URL", "atomicfs://")
    portal = Portal(Path(shutil.copytree(migrated, tmp_path / "original")), exact)
    file = portal.var / "portal.sqlite3"
    portal.sql(
        f"UPDATE integrations_installation SET database = '{sqlite_mark(file)}', database_path = '{file}', "  # noqa: S608
        f"public_url = 'http://127.0.0.1:{portal.port}'"
    )
    user = Client(exact)
    code = user.consent()
    script = LINK.format(
        client_id=user.app.client_id, secret=user.app.client_secret, redirect=REDIRECT, code=code, user="x", division=1
    )
    ended = portal.manage("shell", "-v0", "-c", script)
    assert ended.returncode == 0, ended.stderr
    user.http.close()
    entry = exact.ledger("token")[-1]
    portal.sql(f"UPDATE integrations_connection SET exact_user_id = '{entry['user_id']}'")  # noqa: S608
    exact.clock.move(700)
    portal.expire()
    return portal


def stands_by(portal: Portal) -> None:
    code, said = portal.get("/health/ready")
    assert (code, json.loads(said)["failing"]) == (503, ["installation"])
    ended = portal.manage("check_connections")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "This portal stands by" in ended.stderr


def test_a_copied_folder_asks_exact_nothing_until_claimed_and_then_the_original_does_not(
    original: Portal, exact: Running, tmp_path: Path
) -> None:
    copy = Portal(Path(shutil.copytree(original.var, tmp_path / "copy")), exact)
    asked = len(exact.ledger())
    with copy.started(), original.started():
        assert copy.get("/admin/login/")[0] == 200
        copy.look()
        stands_by(copy)
        assert len(exact.ledger()) == asked

        ended = copy.manage("claim_installation", "--yes")
        assert (ended.returncode, json.loads(ended.stdout)["original"]) == (0, "told")
        stands_by(original)
        original.look()
        assert len(exact.ledger()) == asked
        assert (original.checks(), copy.checks()) == (0, 0)

        copy.look()
        wait_for(copy.checks, seen=lambda: copy.worker.said)
        (refreshed,) = exact.ledger("token")[1:]
        assert (refreshed["grant_type"], refreshed["status"]) == ("refresh_token", 200)
        original.look()
        assert original.checks() == 0
        assert len(exact.ledger("token")) == 2
        events = original.sql("SELECT action FROM integrations_auditevent ORDER BY at DESC LIMIT 1")
        assert events == [("installation.lost",)]


def test_a_copied_database_stands_by_where_its_original_is_gone_too(
    original: Portal, exact: Running, tmp_path: Path
) -> None:
    """As after moving house, or restoring a backup: what cannot be told is said."""
    (tmp_path / "new").mkdir(mode=0o700)
    restored = Portal(tmp_path / "new", exact)
    shutil.copy2(original.var / "portal.sqlite3", restored.var / "portal.sqlite3")
    asked = len(exact.ledger())
    stood = restored.manage("check_connections")
    assert (stood.returncode, "This installation has no id" in stood.stderr) == (1, True)
    assert restored.manage("migrate").returncode == 0
    stood = restored.manage("check_connections")
    assert (stood.returncode, "The tokens belong to another installation" in stood.stderr) == (1, True)
    assert len(exact.ledger()) == asked
    shutil.rmtree(original.var)
    ended = restored.manage("claim_installation", "--yes")
    assert (ended.returncode, json.loads(ended.stdout)["original"]) == (0, "out of reach")
    assert restored.manage("check_connections").returncode == 0
    assert [entry["grant_type"] for entry in exact.ledger("token")[1:]] == ["refresh_token"]


def test_a_claim_asks_at_a_terminal(migrated: Path, tmp_path: Path) -> None:
    """The copy of a folder stands by; a person at a real terminal types the word."""
    var = Path(shutil.copytree(migrated, tmp_path / "copy"))
    with closing(sqlite3.connect(var / "portal.sqlite3")) as database, database:
        database.execute("UPDATE integrations_installation SET database_path = '/gone/portal.sqlite3'")
    for typed, code, said in ((b"yes\n", 1, "Nothing was claimed."), (b"stopped\n", 0, "original: out of reach")):
        leader, follower = pty.openpty()
        with os.fdopen(leader, "wb", buffering=0) as keys:
            command = [sys.executable, "manage.py", "claim_installation", "--text"]
            keys.write(typed)
            ended = subprocess.run(
                command,
                cwd=ROOT,
                env=variables(var, **KEYS),
                stdin=follower,
                capture_output=True,
                text=True,
                timeout=30,
            )
            os.close(follower)
        assert (ended.returncode, said in ended.stdout + ended.stderr) == (code, True), ended.stderr
        assert "Is the other portal stopped" in ended.stderr


def test_a_spoilt_id_stops_the_start(migrated: Path, tmp_path: Path) -> None:
    var = Path(shutil.copytree(migrated, tmp_path / "var"))
    (var / "installation").write_text("?\n")
    ended = manage("check", var=var, **KEYS)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"The portal does not start: {var / 'installation'} holds no id")
    assert manage("check", var=var, **KEYS, INSTALLATION_ID="meridian-production").returncode == 0


def test_an_upgrade_of_a_linked_database_claims_it(original: Portal) -> None:
    """From a release that remembered no owner: the migration is done where the database lives."""
    assert original.manage("migrate", "integrations", "0008_guard_activity").returncode == 0
    owners = "SELECT owner, database FROM integrations_installation"
    assert original.manage("migrate").returncode == 0
    own_id = (original.var / "installation").read_text().strip()
    assert original.sql(owners) == [(own_id, sqlite_mark(original.var / "portal.sqlite3"))]
    original.sql("DELETE FROM integrations_installation")
    assert original.manage("migrate").returncode == 0
    assert original.sql(owners) == []
