"""One practice Exact with short times, and a connection of its own for each fault, with another one beside it."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings as django_settings
from django.db import connection as database
from django.utils import timezone

from integrations.exact import oauth
from integrations.models import Application, AuthorizationState, Connection, Kind
from integrations.rules.actors import PORTAL
from integrations.sandbox import chains, faults, registry
from integrations.sandbox.server import Running, running
from integrations.services import applications, keyring, links, secrets, tokens
from tests.faults.crew import Crew, Worker
from tests.faults.times import EARLIEST, LIFETIME
from tests.faults.worker import Job
from tests.permission import granted
from tests.sandbox.client import ACCOUNTANT, FLORIST, Client

SETTLES_WITHIN: Final = 90
ALIVE: Final = "alive"
CONSENT: Final = "needs consent"
LOST: Final = "lost silently"
Status = Connection.Status


class NotHere(Exception):
    """The fault cannot be made on this database, or by this user; says why."""


@dataclass
class Ending:
    """How it ended for a connection: ``verifying_after`` is how long it took until its row said so."""

    fate: str
    reason: str = ""
    verifying_after: float | None = None


@dataclass
class Case:
    """A connection to which something happens, and a witness in the same app, to which nothing may happen."""

    crew: Crew
    exact: Running
    application: Application
    connection: Connection
    witness: Connection
    chains: dict[Any, int]
    """What each of the two is at Exact."""
    rng: random.Random
    stack: ExitStack
    folder: Path
    client: Client
    settings: dict[str, Any] = field(default_factory=dict)
    database: dict[str, Any] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    may_change: set[str] = field(default_factory=set)
    """Columns of the witness that the fault's own mending changes."""
    offered: int = 0
    """The chain at Exact of a consent that is under way."""

    # --- Workers ----------------------------------------------------------------------------------------------

    def worker(self, stop_at: str = "", *, of: Connection | None = None, **job: Any) -> Worker:
        """Start a worker that asks for the connection's token."""
        reached = {name: database.settings_dict[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
        reached |= {"OPTIONS": database.settings_dict["OPTIONS"], **self.database, **job.pop("database", {})}
        exact = {"EXACT_ORIGINS": {**django_settings.EXACT_ORIGINS, self.application.region: self.exact.url}}
        told = {**exact, **self.settings, **job.pop("settings", {})}
        return self.crew.start(Job(str((of or self.connection).pk), reached, stop_at, settings=told, **job))

    def stopped_at(self, point: str, **job: Any) -> Worker:
        """Start a worker and wait until it stands still at its point."""
        self.steps.append(point)
        made = self.worker(point, **job)
        made.reaches()
        return made

    def ask(self, **job: Any) -> dict[str, Any]:
        return self.worker(**job).answer()

    def bystanders(self) -> list[Worker]:
        """Start some others who want the same token at the same moment."""
        return [self.worker() for _ in range(self.rng.randint(0, 2))]

    # --- Exact ------------------------------------------------------------------------------------------------

    def order(self, fault: str, *, count: int = 1, processed: bool = True, **params: Any) -> None:
        """Let the next token request of this app go wrong."""
        self.steps.append(f"{fault}{'' if processed else ', not processed'}")
        with self.exact.sandbox.store.transaction() as db:
            faults.place(
                db,
                fault,
                target="token",
                count=count,
                processed=processed,
                client_id=self.application.client_id,
                params=params or None,
            )

    def requests(self, user: str = ACCOUNTANT) -> list[dict[str, Any]]:
        """What Exact was asked for the connection, or for its witness."""
        with self.exact.sandbox.store.transaction() as db:
            found = db.execute(
                "SELECT * FROM ledger WHERE kind = 'token' AND client_id = ?"
                " AND (grant_type = 'refresh_token' OR error = 'invalid_client') ORDER BY id",
                (self.application.client_id,),
            ).fetchall()
        rows = [{**dict(row), "processed": bool(row["processed"])} for row in found]
        # Exact knows no user where it refuses the app; only the connection under test asks then.
        return [row for row in rows if (row["user"] or ACCOUNTANT) == user]

    def trades(self) -> int:
        """How many codes of consents Exact was asked to trade for tokens."""
        told = self.exact.ledger("token")
        return sum(
            one["client_id"] == self.application.client_id and one["grant_type"] != "refresh_token" for one in told
        )

    def received(self, count: int) -> None:
        """Wait until Exact has been asked so often."""
        wait(lambda: len(self.requests()) >= count)

    def replace_secret(self) -> str:
        """Let somebody replace the app's secret at Exact; return the new one."""
        with self.exact.sandbox.store.transaction() as db:
            app = registry.app(db, self.application.client_id)
            registry.replace_secret(db, app)
            return registry.app(db, self.application.client_id).client_secret

    def due(self, row: Connection | None = None) -> None:
        """Let the next token be due now, here and at Exact; nobody is asking."""
        row = row or self.connection
        past = timezone.now() - timedelta(seconds=LIFETIME)
        Connection.objects.filter(pk=row.pk).update(token_answered_at=past)
        with self.exact.sandbox.store.transaction() as db:
            db.execute(
                "UPDATE chain SET last_token_request_at = NULL WHERE client_id = ? AND state = 'live' AND user_id ="
                " (SELECT user_id FROM chain WHERE id = ?)",
                (self.application.client_id, self._chain(row)),
            )

    def consents(self) -> tuple[str, str]:
        """Let the connection's user consent again; return the state by which he comes back, and the code."""
        page, now = links.make(self.application, by=PORTAL).page, timezone.now()
        state = AuthorizationState.objects.create(
            link=page, state_hash=str(page.pk), browser_hash="x", expires_at=now + timedelta(minutes=10), used_at=now
        )
        code = self.client.consent(ACCOUNTANT)
        with self.exact.sandbox.store.transaction() as db:
            chain = chains.code(db, code).chain
            (user_id,) = db.execute("SELECT user_id FROM chain WHERE id = ?", (chain.id,)).fetchone()
        Connection.objects.filter(pk=self.connection.pk).update(exact_user_id=user_id)
        self.offered = chain.id
        return str(state.pk), code

    def traded(self) -> None:
        """From now on the connection is what the last consent offered."""
        self.chains[self.connection.pk] = self.offered

    def serves(self, fingerprint: str, row: Connection | None = None) -> bool:
        """Tell whether Exact takes this access token, and of the right chain."""
        with self.exact.sandbox.store.transaction() as db:
            found = db.execute(
                "SELECT chain_id, expires_at FROM token WHERE fingerprint = ? AND kind = 'access'", (fingerprint,)
            ).fetchone()
            chain = found and chains.chain(db, found["chain_id"])
        return bool(
            found
            and found["chain_id"] == self._chain(row or self.connection)
            and chain.state == "live"
            and found["expires_at"] > self.exact.clock.now()
        )

    def _chain(self, row: Connection) -> int:
        return self.chains[row.pk]

    # --- Rows -------------------------------------------------------------------------------------------------

    def row(self, of: Connection | None = None) -> Connection:
        return Connection.objects.get(pk=(of or self.connection).pk)

    def stored(self, of: Connection | None = None) -> dict[str, Any]:
        """Return all that the row holds."""
        return Connection.objects.filter(pk=(of or self.connection).pk).values().get()

    # --- The end ----------------------------------------------------------------------------------------------

    def settle(self) -> Ending:
        """Ask, as a portal goes on asking, until there is a token that Exact takes, or only a consent helps.

        A connection that got a token has to get the next one, too: its refresh token is the good one.
        """
        ending = self.settle_once()
        if ending.fate == ALIVE:
            self.due()
            again = self.settle_once()
            return Ending(again.fate, again.reason, ending.verifying_after)
        return ending

    def settle_once(self) -> Ending:
        since, verifying_after = time.monotonic(), None
        while time.monotonic() < since + SETTLES_WITHIN:
            said = self.ask()
            if "token" in said:
                fate = ALIVE if self.serves(said["token"]) else LOST
                return Ending(fate, "" if fate == ALIVE else "a token that Exact does not take", verifying_after)
            row = self.row()
            if row.status == Status.RECONNECT:
                return Ending(CONSENT if row.status_reason else LOST, row.status_reason, verifying_after)
            if verifying_after is None and row.status == Status.VERIFYING:
                verifying_after = time.monotonic() - since
            until = said["until"] or time.time() + 1
            time.sleep(min(max(until - time.time(), 0.1), EARLIEST))
        return Ending(LOST, f"{row.status}: {said}", verifying_after)


def wait(until: Callable[[], object], seconds: float = 30) -> None:
    patience = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < patience, "it did not happen"
        time.sleep(0.02)


@dataclass
class Stage:
    """Where cases are made."""

    crew: Crew
    exact: Running
    folder: Path

    def case(self, name: str, rng: random.Random, stack: ExitStack) -> Case:
        """Register an app of its own, and let two users of Exact consent."""
        application = Application(region="nl", kind=Kind.PRODUCT, name=name)
        application.redirect_uri = f"http://127.0.0.1:8000/oauth/callback/{application.pk}/"
        client = Client(self.exact, name=str(application.pk), redirect_url=application.redirect_uri)
        stack.callback(client.http.close)
        application.client_id = client.app.client_id
        applications.add(application, by=PORTAL)
        secrets.set(application, client.app.client_secret, by=PORTAL)
        granted(application)
        applications.enable(application, by=PORTAL)
        chain_of: dict[Any, int] = {}
        rows = [self._connected(application, client, user, chain_of) for user in (ACCOUNTANT, FLORIST)]
        folder = self.folder / str(application.pk)
        folder.mkdir()
        case = Case(self.crew, self.exact, application, *rows, chain_of, rng, stack, folder, client)
        case.due()
        return case

    def _connected(self, application: Application, client: Client, user: str, chain_of: dict[Any, int]) -> Connection:
        app = client.app
        answer = oauth.exchange_code(
            self.exact.url,
            client_id=app.client_id,
            client_secret=app.client_secret,
            redirect_uri=app.redirect_url,
            code=client.consent(user),
        )
        row = tokens.begin(application, answer, now=timezone.now())
        row.status, row.exact_user_id, row.full_name = Status.CONNECTED, user, user
        row.save(update_fields=["status", "exact_user_id", "full_name"])
        with self.exact.sandbox.store.transaction() as db:
            chain_of[row.pk] = chains.token(db, answer.access_token, "access").chain.id
        return row


@contextmanager
def stage(crew: Crew, folder: Path, settings: Any) -> Iterator[Stage]:
    with running(database=folder / "exact.sqlite3", region="nl", title="Exact", lifetime=LIFETIME) as exact:
        settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": exact.url}
        keyring.fingerprint_key()  # made once, before many threads need it at the same moment
        yield Stage(crew, exact, folder)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Nobody can write to a SQLite database."""
    with sqlite3.connect(file, timeout=30, isolation_level=None) as held:
        held.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            held.execute("ROLLBACK")
    held.close()
