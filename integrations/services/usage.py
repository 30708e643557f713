"""Calls, counted before they are sent: reserved, settled by the answer, given back where they never left.

The ledger is one row of the database for each app and company (UsageWindow), whatever the cache forgets and however
many processes call. A crash between ``reserve`` and ``settle`` leaves a call counted that was not made, never the
other way round. Source of the limits: Exact's page *API limits* (support.exactonline.com,
topic DNO-Simulation-gen-apilimits).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.exact import limits
from integrations.exact.limits import LimitHeaders
from integrations.models import Application, Company, Connection, UsageCount, UsageWindow
from integrations.rules import usage as rules
from integrations.rules.usage import WIRE_SECONDS, Books
from integrations.services import usage_sql

ROUNDS: Final = 10
"""Each round a row is made or mended, or somebody else was faster; more than two are rare."""
TOO_MANY: Final = 429
SERVER_ERROR: Final = 500
_FULL: Final = {
    rules.MINUTE: "has had its calls of this minute",
    rules.DAY: "has had its calls of this day",
    rules.EXACT: "was refused by Exact for too many calls",
}


class LimitReached(Exception):
    """No room for the calls now. ``window`` is the one that takes longest: ``"minute"``, ``"day"``, or ``"exact"``
    where Exact refused without saying which. ``resets_at`` (aware, UTC): when they can be admitted, unless
    others take the room first. Nothing was counted."""

    def __init__(self, window: str, resets_at: datetime, division: int) -> None:
        super().__init__(window, resets_at, division)
        self.window = window
        self.resets_at = resets_at
        self.division = division

    def __str__(self) -> str:
        return f"Company {self.division} {_FULL[self.window]}. There is room again at {self.resets_at:%F %T} UTC."


@dataclass(frozen=True, slots=True)
class Reservation:
    """Calls that were counted and may be sent now. Settle or release it once.

    ``stamp``: epoch milliseconds by the database's clock, unique in its app and company. ``reserved_at`` (aware,
    UTC): by this process's clock, from before the statement. ``connection``: its id, or None.
    """

    application: UUID
    division: int
    calls: int
    stamp: int
    purpose: str
    endpoint: str
    connection: UUID | None
    reserved_at: datetime


@dataclass(frozen=True, slots=True)
class Meter:
    """Calls used and allowed, and when all of them are free again (aware, UTC; None where all are)."""

    used: int
    limit: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Meters:
    """The two windows of an app and a company, and what Exact said beside them.

    ``minute`` is our sliding 66 s, ``day`` the UTC day. ``exact_minute_remaining`` and ``…_resets_at`` are Exact's
    clock minute, ``blocked_until`` and ``blocked_by`` ("minute", "day", "exact") a refusal with 429; None, and "",
    once they are past. ``notes``: headers of the last answer that could not be believed.
    """

    application: UUID
    division: int
    minute: Meter
    day: Meter
    exact_minute_remaining: int | None
    exact_minute_resets_at: datetime | None
    blocked_until: datetime | None
    blocked_by: str
    notes: tuple[str, ...]


def reserve(
    *,
    application: Application,
    division: int,
    calls: int = 1,
    purpose: str = "other",
    endpoint: str = "",
    connection: Connection | None = None,
) -> Reservation:
    """Count calls in both windows before they are sent, by one statement. Send within WIRE_SECONDS (``is_stale``).

    Not inside a transaction: until it ends, everybody else who calls this company waits.

    Raises:
        LimitReached: there is no room now; nothing was counted.
        ValueError: so many calls at once can never be admitted.
    """
    if not 1 <= calls <= rules.LARGEST_MINUTE_LIMIT:
        raise ValueError(f"{calls} calls cannot be reserved at once.")
    for _ in range(ROUNDS):
        reserved_at = timezone.now()
        stamp = usage_sql.admit(application.pk, division, calls, now=reserved_at)
        if stamp is not None:
            connection_id = connection.pk if connection else None
            return Reservation(application.pk, division, calls, stamp, purpose, endpoint, connection_id, reserved_at)
        _clear_the_way(application.pk, division, calls)
    raise LimitReached(rules.MINUTE, timezone.now(), division)


def is_stale(reservation: Reservation, now: datetime) -> bool:
    """Tell whether it took so long to get to the wire that the reservation must be released and taken again.

    A clock that went back in between tells nothing about how long it took: stale.
    """
    return not timedelta(0) <= now - reservation.reserved_at <= timedelta(seconds=WIRE_SECONDS)


def settle(reservation: Reservation, headers: LimitHeaders | Mapping[str, str], status: int | None = None) -> None:
    """Enter what Exact answered: limits, what remains, a refusal (429); and add to the counts of the minute.

    ``headers`` as the answer had them, or as ``exact.limits.read`` gave them; ``status`` None: no answer came,
    so the calls may have been made and stay counted. Settle once, whatever ``calls`` is: it is one error at most.
    An app that was deleted meanwhile has nothing left to enter it in.
    """
    now = timezone.now()
    said = headers if isinstance(headers, LimitHeaders) else limits.read(headers, now=now)
    with transaction.atomic():
        if _rewrite(
            reservation.application,
            reservation.division,
            lambda books: rules.settled(books, said, status=status, now=now),
        ):
            _count(reservation, status)


def release(reservation: Reservation) -> None:
    """Give back what provably never left. What the ring does not hold any more stays counted."""
    with transaction.atomic():
        _rewrite(
            reservation.application,
            reservation.division,
            lambda books: rules.without(books, stamp=reservation.stamp, calls=reservation.calls),
        )


def meters(application: Application | None = None) -> list[Meters]:
    """Return the meters of every company that we use, of one app or of all, by app and division.

    Those that were never called are among them, with Exact's published limits; and whatever was called, used or not:
    what is counted is told. Two queries.
    """
    windows, companies = UsageWindow.objects.all(), Company.objects.filter(use=Company.Use.USED)
    if application is not None:
        windows, companies = windows.filter(application=application), companies.filter(application=application)
    rows = {
        (app, division): UsageWindow(application_id=app, division=division)
        for app, division in companies.order_by().values_list("application_id", "division")
    }
    rows |= {(row.application_id, row.division): row for row in windows}
    now = timezone.now()
    return [meter(rows[key], now) for key in sorted(rows)]


def meter(row: UsageWindow, now: datetime) -> Meters:
    """Return what the row says at ``now`` (aware)."""
    books = rules.mended(_books(row), now)
    used, empty_at = rules.used_in_minute(books, now)
    tomorrow = rules.midnight(rules.counted_day(books, now) + 1)
    exact = books.exact_minute_resets_at is not None and books.exact_minute_resets_at > now
    blocked = books.blocked_until is not None and books.blocked_until > now
    return Meters(
        row.application_id,
        row.division,
        minute=Meter(used, books.minute_limit, empty_at),
        day=Meter(rules.used_in_day(books, now), books.day_limit, tomorrow),
        exact_minute_remaining=books.exact_minute_remaining if exact else None,
        exact_minute_resets_at=books.exact_minute_resets_at if exact else None,
        blocked_until=books.blocked_until if blocked else None,
        blocked_by=books.blocked_by if blocked else "",
        notes=books.notes,
    )


def _clear_the_way(application: UUID, division: int, calls: int) -> None:
    """Make the row that is missing, mend the one whose clock was set back, or say why nothing is admitted."""
    found = usage_sql.look(application, division, now=timezone.now())
    if found is None:
        new = UsageWindow(application_id=application, division=division)
        UsageWindow.objects.bulk_create([new], ignore_conflicts=True)
        return
    row, clock = found
    books, now = _books(row), rules.moment(clock)
    if calls > min(books.minute_limit, books.day_limit):
        raise ValueError(f"{calls} calls at once are more than company {division} can ever have in a window.")
    if rules.mended(books, now) != books:
        with transaction.atomic():
            _rewrite(application, division, lambda books: rules.mended(books, now))
        return
    for obstacle in rules.obstacles(books, calls, now):
        raise LimitReached(obstacle.window, obstacle.resets_at, division)


def _rewrite(application: UUID, division: int, change: Callable[[Books], Books]) -> bool:
    """Lock the row and store what differs; False where there is no row. Runs in the caller's transaction."""
    row = UsageWindow.objects.select_for_update().filter(application=application, division=division).first()
    if row is None:
        return False
    before = _books(row)
    after = change(before)
    changed = [field.name for field in fields(Books) if getattr(before, field.name) != getattr(after, field.name)]
    for name in changed:
        setattr(row, name, getattr(after, name))
    if changed:
        row.save(update_fields=changed)
    return True


def _count(reservation: Reservation, status: int | None) -> None:
    moment = rules.moment(reservation.stamp)
    usage_sql.count(
        reservation.application,
        reservation.division,
        connection_id=reservation.connection or UsageCount.NO_CONNECTION,
        endpoint=reservation.endpoint,
        purpose=reservation.purpose,
        minute=moment.replace(second=0, microsecond=0),
        calls=reservation.calls,
        errors=int(status is not None and (status in limits.ERROR_STATUSES or status >= SERVER_ERROR)),
        refusals=int(status == TOO_MANY),
    )


def _books(row: UsageWindow) -> Books:
    values = {field.name: getattr(row, field.name) for field in fields(Books)}
    return Books(**values | {"notes": tuple(row.notes)})
