"""What tests of tokens and calls share: an app that is registered at a practice Exact, and linked to a user."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection as database
from django.utils import timezone

from integrations.exact import oauth
from integrations.models import Application, AuditEvent, Connection
from integrations.rules.actors import Actor
from integrations.sandbox.server import Running
from integrations.services import keyring, secrets, tokens
from tests.owning import own
from tests.practice import practising
from tests.sandbox.client import Client

LIFETIME = 600
SOMEBODY = Actor.command("tests")
TIMES = ("token_answered_at", "refresh_asked_at", "lease_until")


@dataclass
class Practice:
    """A practice Exact, an app of ours that is registered there, and a connection to its accountant."""

    exact: Running
    client: Client
    application: Application
    connection: Connection

    def row(self) -> Connection:
        return Connection.objects.select_related("application").get(pk=self.connection.pk)

    def ask(self) -> str:
        return tokens.access_token(self.row())

    def later(self, seconds: float) -> None:
        """Let time pass, here and at Exact, by setting back what the row remembers."""
        row = self.row()
        past = {
            name: getattr(row, name) - timedelta(seconds=seconds) for name in TIMES if getattr(row, name) is not None
        }
        Connection.objects.filter(pk=row.pk).update(**past)
        self.exact.clock.move(seconds)

    def until_due(self) -> timedelta:
        """Let time pass until the next check falls due, and return how much."""
        due_at = self.row().next_check_at
        assert due_at is not None
        passed = due_at - timezone.now()
        self.later(passed.total_seconds())
        Connection.objects.filter(pk=self.connection.pk).update(next_check_at=timezone.now())
        return passed

    def stored(self) -> tuple[Any, ...]:
        """Everything of the row that has to do with the chain, sealed as it is."""
        return Connection.objects.values_list(
            "status", "refresh_token", "access_token", "token_generation", "token_answered_at"
        ).get(pk=self.connection.pk)

    def refreshes(self) -> list[dict[str, Any]]:
        """What the practice Exact says it was asked."""
        return [entry for entry in self.exact.ledger("token") if entry["grant_type"] == "refresh_token"]

    def events(self) -> list[str]:
        """What happened to the connection, oldest first."""
        about = AuditEvent.objects.about(self.connection).order_by("at", "id")
        return [event.action for event in about]

    def answer(self) -> oauth.TokenAnswer:
        """The tokens of a new consent of the same user, which ends the chain before it."""
        app = self.client.app
        return oauth.exchange_code(
            self.exact.url,
            client_id=app.client_id,
            client_secret=app.client_secret,
            redirect_uri=app.redirect_url,
            code=self.client.consent(),
        )


def turn(application: Application, state: str) -> None:
    """Let the app be enabled, disabled, stopped or archived from now on, without a word to whoever holds it."""
    values: dict[str, Any] = {}
    for name in ("enabled", "stopped", "archived"):
        now = name == state
        values |= {f"{name}_at": timezone.now() if now else None, f"{name}_by": str(SOMEBODY) if now else ""}
    Application.objects.filter(pk=application.pk).update(**values)


@contextmanager
def practice(settings: Any, folder: Path, *, lifetime: int = LIFETIME) -> Iterator[Practice]:
    folder.mkdir(exist_ok=True)
    with practising(folder, settings, lifetime=lifetime) as made:
        world = Practice(made.sandbox, made.exact, made.application, Connection())
        world.connection = connected(world)
        yield world


def connected(world: Practice) -> Connection:
    row = tokens.begin(world.application, world.answer(), now=timezone.now())
    row.status, row.exact_user_id, row.full_name = Connection.Status.CONNECTED, "an-exact-user", "Alex Accountant"
    row.save(update_fields=["status", "exact_user_id", "full_name"])
    return row


@contextmanager
def database_file(folder: Path) -> Iterator[str]:
    """The URL of the tests' database for other processes and threads; SQLite is copied out of memory.

    Meanwhile this process uses the same file.
    """
    options = database.settings_dict
    if database.vendor != "sqlite":
        yield "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format_map(options)
        return
    path, name = folder / "portal.sqlite3", options["NAME"]
    database.ensure_connection()
    memory = database.connection
    with closing(sqlite3.connect(path)) as copy:
        memory.backup(copy)
    database.connection, options["NAME"] = None, str(path)
    keyring.forget()
    own()
    try:
        yield f"sqlite:///{path}"
    finally:
        database.close()
        database.connection, options["NAME"] = memory, name
        keyring.forget()


def newer_secret(world: Practice, plaintext: str) -> None:
    """Store another secret beside the one in use, which is taken for proven."""
    world.application.secrets.update(proven_at=timezone.now() + timedelta(seconds=1))
    secrets.set(world.application, plaintext, by=SOMEBODY)
