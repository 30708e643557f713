"""The right to ask Exact for a connection's next token: one process has it, for as long as a request may take.

Each function is one statement, and compares what it saw. Nothing here reaches Exact.
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection as database
from django.db.models import Q
from django.db.models.functions import Now

from integrations.models import Connection

LEASE: Final = timedelta(seconds=settings.TOKEN_LEASE_SECONDS)
PROMPT_SECONDS: Final = 0.1
"""The intent may have been written so long before the request leaves: Exact counts from when it comes."""


@dataclass(slots=True)
class Lease:
    """The right to ask Exact for this connection's next token. ``asked_before``: the intent that stood in
    the row, whose outcome stays unknown when this request turns out to have done nothing."""

    connection_id: uuid.UUID
    generation: int
    owner: uuid.UUID | None
    asked_at: datetime | None
    asked_before: datetime | None
    calls: int
    """Token requests of the day, with this one."""
    used: bool = False
    """A request was sent under it."""
    since: tuple[float, float] = field(default_factory=lambda: (time.time(), time.monotonic()))

    def lasts_for(self, seconds: float) -> bool:
        """Tell whether nobody else can take it before so many seconds have passed, by whichever of our clocks says
        that more time has gone by: one stands still while a machine sleeps, the other may be set back."""
        return self._gone() + seconds <= LEASE.total_seconds()

    @property
    def fresh(self) -> bool:
        """Nothing was sent under it, and what it wrote of when that is holds still."""
        return not self.used and self._gone() <= PROMPT_SECONDS

    def _gone(self) -> float:
        return max(time.time() - self.since[0], time.monotonic() - self.since[1])

    def renewed(self, now: datetime) -> None:
        self.calls += self.used
        self.asked_at, self.since = now, (time.time(), time.monotonic())

    @property
    def row(self) -> dict[str, Any]:
        return {"pk": self.connection_id, "token_generation": self.generation, "lease_owner": self.owner}


def clock(now: datetime) -> Now | datetime:
    """Return the clock by which leases count: PostgreSQL's, since several machines may differ; else our own."""
    return Now() if database.vendor == "postgresql" else now


def take(seen: Connection, now: datetime) -> Lease | None:
    """Take the lease, write the intent and count the request, where the row is still as the rule saw it; else None."""
    calls = 1 + calls_today(seen, now)
    lease = Lease(seen.pk, seen.token_generation, uuid.uuid4(), now, seen.refresh_asked_at, calls)
    unchanged = Connection.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=clock(now)),
        pk=seen.pk,
        status=seen.status,
        token_generation=seen.token_generation,
        lease_owner=seen.lease_owner,
        refresh_asked_at=seen.refresh_asked_at,
    )
    return lease if unchanged.update(lease_owner=lease.owner, **_asking(now, lease.calls)) else None


def hold(lease: Lease, now: datetime) -> bool:
    """Before a further request is sent under a lease, or one that was held up: tell whether it is ours still, and count
    it and the intent from now on."""
    held = Connection.objects.filter(**lease.row, lease_until__gt=clock(now))
    lease.renewed(now)
    return bool(held.update(**_asking(now, lease.calls)))


def _asking(now: datetime, calls: int) -> dict[str, Any]:
    until = clock(now) + LEASE
    return {"lease_until": until, "refresh_asked_at": now, "token_calls": calls, "token_calls_on": _day(now)}


def calls_today(row: Connection, now: datetime) -> int:
    return row.token_calls if row.token_calls_on == _day(now) else 0


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()


def undo(lease: Lease, *, not_before: datetime | None = None) -> None:
    """The request was not sent, or was refused without effect: lease and intent as they were before.

    ``not_before``: until then the next request would be refused like this one.
    """
    before = {"lease_owner": None, "lease_until": None, "refresh_asked_at": lease.asked_before}
    Connection.objects.filter(**lease.row).update(**before, token_not_before=not_before)
