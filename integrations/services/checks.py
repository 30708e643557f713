"""Checks: is a connection well, and what was seen."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection as database
from django.db import connections as databases
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from integrations.exact import errors, reads
from integrations.exact.api import Answer
from integrations.exact.errors import ExactError
from integrations.models import Application, AuditEvent, Connection, ConnectionCheck
from integrations.rules import schedule
from integrations.rules.actors import PORTAL, Actor
from integrations.services import calls, companies, installation, replacements, rights, token_store, tokens
from integrations.services import connections as connecting
from integrations.services.usage import LimitReached

THREADS: Final = 16
SOFT_SECONDS: Final = 240
CLAIM: Final = timedelta(minutes=10)
AT_ONCE: Final = 1_000
KEPT_ALIVE: Final = "The app is disabled: only the link was kept alive; its token {}."


@dataclass(slots=True)
class Door:
    """The way to Exact for one check: remembers what was asked and what came back."""

    connection: Connection
    evidence: list[str] = field(default_factory=list)
    calls: int = 0

    def send(self, method: str, path: str) -> Answer:
        counted = path != reads.ME_PATH
        try:
            answer = calls.send(self.connection, method, path, purpose=calls.CHECK)
        except ExactError as error:
            self.evidence.append(errors.describe(error))
            self.calls += counted and error.sent
            raise
        self.evidence.append(str(answer.evidence))
        self.calls += counted
        return answer

    def keep_alive(self) -> str:
        """Ask for a token, which asks Exact where it is due, and for nothing else; return what came of it."""
        began = timezone.now()
        try:
            tokens.access_token(self.connection, may_wait=True)
        except ExactError as error:
            self.evidence.append(errors.describe(error))
            raise
        self.connection.refresh_from_db(fields=["token_answered_at"])
        answered_at = self.connection.token_answered_at
        refreshed = answered_at is not None and answered_at >= began
        self.evidence.append(KEPT_ALIVE.format("was refreshed" if refreshed else "is still good"))
        return self.evidence[-1]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found: a cause and who must act, or nothing where all is well."""

    cause: str = ""
    detail: str = ""
    who: str = ""
    may_retry: bool = False
    not_before: datetime | None = None
    kept_alive: bool = False
    """Nothing but that: the app is disabled."""
    stopped: bool = False
    """No check before the stop ends."""


def run(connection: Connection, *, by: Actor = PORTAL) -> ConnectionCheck:
    """Check a connection now: ``Me`` and one list of companies on the pinned one (1 counted call). Where the app is
    disabled no call is made, and its token is refreshed where that is due; where it is stopped, nothing is asked.

    Whatever is found becomes a row with its evidence; only a fault of our own is raised, and NotPermitted. ``by``:
    who asked for it, which is an event; what the clock asks for is none.

    Raises:
        StandingBy: another portal owns the tokens; nothing was asked, and nothing written.
    """
    rights.require(by, "integrations.check_connection")
    installation.refuse_standby()
    started, clock = timezone.now(), time.monotonic()
    door = Door(connection)
    outcome = _look(connection, door)
    milliseconds = round((time.monotonic() - clock) * 1000)
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        row.next_check_at = _next(row, outcome)
        row.claimed_until = None
        row.save(update_fields=["next_check_at", "claimed_until"])
        if by != PORTAL:
            details = {"cause": outcome.cause} if outcome.cause else None
            AuditEvent.objects.record("connection.checked", row, by=by, details=details)
        return ConnectionCheck.objects.create(
            connection=row,
            checked_at=started,
            milliseconds=milliseconds,
            ok=not outcome.cause,
            cause=outcome.cause,
            detail=outcome.detail[:500],
            who=outcome.who,
            evidence=door.evidence,
            calls=door.calls,
            next_check_at=None if outcome.stopped else row.next_check_at,
        )


def run_many(ids: Iterable[UUID], *, seconds: float = SOFT_SECONDS) -> int:
    """Run claimed checks in threads, and return how many ran.

    No new one is begun after ``seconds``: the rest falls due again when its claim ends.
    """
    last_start = time.monotonic() + seconds

    def one(pk: UUID) -> bool:
        if time.monotonic() > last_start:
            return False
        try:
            rows = Connection.objects.select_related("application").filter(application__in=_at_work())
            found = rows.filter(pk=pk, next_check_at__isnull=False).first()
            return found is not None and run(found) is not None
        except tokens.StandingBy:  # claimed meanwhile: who owns the tokens now finds it due
            return False
        finally:
            databases.close_all()

    with ThreadPoolExecutor(THREADS, thread_name_prefix="check") as pool:
        return sum(pool.map(one, ids))


def due(now: datetime) -> Q:
    return Q(next_check_at__lte=now) & Connection.unclaimed(now)


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many checks have waited since they fell due, taken by a worker or not, and since when the oldest."""

    count: int
    oldest: datetime | None


def overdue() -> Overdue:
    """Return how far the workers are behind."""
    waiting = Connection.objects.filter(next_check_at__lte=timezone.now(), application__in=_at_work())
    return Overdue(**waiting.aggregate(count=Count("pk"), oldest=Min("next_check_at")))


@transaction.atomic  # or Django refuses to write the locks of PostgreSQL into the statement
def claim(limit: int = AT_ONCE) -> list[UUID]:
    """Take what is due, by one statement, so that no two workers check the same connection.

    A claim ends by itself after ten minutes: what a worker that died had taken falls due again. To a portal
    that stands by nothing is due.
    """
    if installation.standing().reasons:
        return []
    now = timezone.now()
    eligible = Connection.objects.filter(due(now), application__in=_at_work()).order_by("next_check_at").values("pk")
    if database.features.has_select_for_update_skip_locked:
        eligible = eligible.select_for_update(skip_locked=True, of=("self",))
    sql, parameters = eligible[:limit].query.sql_with_params()
    table = database.ops.quote_name(Connection._meta.db_table)
    materialized = "MATERIALIZED " if database.vendor == "postgresql" else ""
    statement = (
        f"WITH due AS {materialized}({sql}) UPDATE {table} SET claimed_until = %s "  # noqa: S608 (no value is in it)
        "WHERE id IN (SELECT due.pk FROM due) RETURNING id"
    )
    until = database.ops.adapt_datetimefield_value(now + CLAIM)
    with database.cursor() as cursor:
        cursor.execute(statement, [*parameters, until])
        return [value if isinstance(value, UUID) else UUID(str(value)) for (value,) in cursor.fetchall()]


def _at_work() -> QuerySet[Application]:
    return Application.objects.awake().in_use()


def _look(connection: Connection, door: Door) -> Outcome:
    try:
        return _asked(connection, door)
    except tokens.StandingBy:
        raise
    except LimitReached as limit:
        return Outcome("LimitReached", str(limit), "nobody", may_retry=True, not_before=limit.resets_at)
    except tokens.AppStopped as stop:
        return Outcome(type(stop).__name__, str(stop), stop.who, stopped=True)
    except tokens.TokenUnavailable as wait:
        return Outcome(type(wait).__name__, str(wait), wait.who, may_retry=True, not_before=wait.until)
    except calls.CallRefused as refusal:
        return Outcome(type(refusal).__name__, str(refusal), refusal.who)
    except errors.DivisionNotGranted as error:
        return Outcome(type(error).__name__, companies.not_granted(connection), error.who)
    except ExactError as error:
        until = error.resets_at if isinstance(error, errors.LimitReached) else None
        return Outcome(type(error).__name__, str(error), error.who, may_retry=error.may_retry, not_before=until)


def _asked(connection: Connection, door: Door) -> Outcome:
    """Ask what may be asked; whether the app is disabled is the answer of who looks at each call."""
    try:
        me = reads.me(door.send)
        connecting.describe(connection, me)
        found = connecting.read_companies(connection, max_pages=1, send=door.send)
    except calls.AppDisabled:
        return Outcome(detail=door.keep_alive(), kept_alive=True)
    companies.keep(connection, found.items, complete=found.complete)
    replacements.follow(connection)
    return Outcome()


def _next(row: Connection, outcome: Outcome) -> datetime | None:
    if row.status in Connection.ENDED:
        return None
    if outcome.stopped:
        return row.next_check_at  # who ends the stop lets it fall due
    now = timezone.now()
    tells_at = token_store.tells_at(row) if row.status == Connection.Status.VERIFYING else None
    if tells_at is not None and tells_at > now:
        return tells_at
    if outcome.cause:
        return schedule.after_failure(row.pk, now, may_retry=outcome.may_retry, not_before=outcome.not_before)
    if not outcome.kept_alive:
        return schedule.after_success(row.pk, now)
    # Enabled while we were at it: then all its connections fell due, and this one has not been asked yet.
    enabled = Application.objects.enabled().filter(pk=row.application_id).exists()
    return now if enabled else schedule.keep_alive(row.pk, now)
