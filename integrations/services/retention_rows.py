"""Where the rows of each kind are, which of them are old, and how some are folded into sums."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Count, QuerySet, Sum, Window
from django.db.models.functions import Coalesce, RowNumber

from integrations.models import (
    AuditEvent,
    AuthorizationState,
    CheckDay,
    Connection,
    ConnectionCheck,
    FamiliarNetwork,
    LinkPage,
    RetentionRun,
    SignInTally,
    UsageCount,
)

Rows = QuerySet[Any]
Span = UsageCount.Span

_NEW_ID: Final = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}

# A day or hour that was folded before, as after a clock was set back, gets the rest added; of two medians it is the
# weighted mean that stays.
_FOLD_CHECKS: Final = """
INSERT INTO integrations_checkday AS kept
    (id, day, connection_id, checks, failed, calls, median_milliseconds, slowest_milliseconds)
SELECT {new_id}, %s, connection_id, count(*), sum(CASE WHEN ok THEN 0 ELSE 1 END), sum(calls),
    CAST(round(avg(CASE WHEN place IN ((number + 1) / 2, (number + 2) / 2) THEN milliseconds END)) AS integer),
    max(milliseconds)
FROM ({rows}) AS folded WHERE true GROUP BY connection_id
ON CONFLICT (connection_id, day) DO UPDATE SET
    checks = kept.checks + excluded.checks, failed = kept.failed + excluded.failed,
    calls = kept.calls + excluded.calls,
    median_milliseconds = (kept.median_milliseconds * kept.checks + excluded.median_milliseconds * excluded.checks)
        / (kept.checks + excluded.checks),
    slowest_milliseconds = CASE WHEN kept.slowest_milliseconds > excluded.slowest_milliseconds
        THEN kept.slowest_milliseconds ELSE excluded.slowest_milliseconds END
"""
_FOLD_USAGE: Final = """
INSERT INTO integrations_usagecount AS kept
    (id, span, minute, application_id, division, connection_id, endpoint, purpose, calls, errors, refusals)
SELECT {new_id}, %s, %s, folded.* FROM ({rows}) AS folded WHERE true
ON CONFLICT (application_id, division, span, minute, purpose, endpoint, connection_id) DO UPDATE SET
    calls = kept.calls + excluded.calls, errors = kept.errors + excluded.errors,
    refusals = kept.refusals + excluded.refusals
"""


def fold_checks(rows: Rows, start: datetime) -> None:
    """Add the checks of one day to the lines of their connections."""
    alone = ["connection_id"]
    placed = (
        rows.order_by()
        .values("connection_id", "ok", "calls", "milliseconds")
        .annotate(place=Window(RowNumber(), partition_by=alone, order_by="milliseconds"))
        .annotate(number=Window(Count("*"), partition_by=alone))
    )
    _insert(_FOLD_CHECKS, placed, connection.ops.adapt_datefield_value(start.date()))


def fold_usage(span: str) -> Callable[[Rows, datetime], None]:
    """Return what adds counts of one period to those of the coarser ``span``."""

    def fold(rows: Rows, start: datetime) -> None:
        kinds = rows.order_by().values("application_id", "division", "connection_id", "endpoint", "purpose")
        sums = kinds.annotate(total=Sum("calls"), failed=Sum("errors"), refused=Sum("refusals"))
        _insert(_FOLD_USAGE, sums, span, connection.ops.adapt_datetimefield_value(start))

    return fold


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind: all of them, the column that their age is counted from, and how they are folded.

    What is folded is cut into chunks by ranges of ``key`` within one ``scope``, so that no line of sums is
    written by two chunks.
    """

    rows: Callable[[], Rows]
    since: str
    fold: Callable[[Rows, datetime], None] | None = None
    key: str = ""
    scope: tuple[str, ...] = ()

    def old(self, before: datetime) -> Rows:
        """Return what is older, the oldest first."""
        return self.rows().filter(**{f"{self.since}__lt": before}).order_by(self.since)

    def within(self, start: datetime, end: datetime) -> Rows:
        return self.rows().filter(**{f"{self.since}__gte": start, f"{self.since}__lt": end})

    def pieces(self, rows: Rows, size: int) -> Iterator[Rows]:
        """Cut rows into parts of ``size`` rows or fewer, or of all that one key has."""
        names = (*self.scope, self.key)
        number, first, last = 0, (), ()
        # As a list: an open cursor of SQLite would keep the next transaction from writing.
        for *key, count in list(rows.order_by(*names).values_list(*names).annotate(Count("pk"))):
            if number and (number + count > size or tuple(key[:-1]) != last[:-1]):
                yield rows.filter(**self._range(first, last))
                number = 0
            first, last, number = first if number else tuple(key), tuple(key), number + count
        if number:
            yield rows.filter(**self._range(first, last))

    def _range(self, first: tuple[Any, ...], last: tuple[Any, ...]) -> dict[str, Any]:
        scope = dict(zip(self.scope, first, strict=False))
        return {**scope, f"{self.key}__gte": first[-1], f"{self.key}__lte": last[-1]}


def _links() -> Rows:
    return LinkPage.objects.annotate(over_at=Coalesce("connected_at", "expires_at"))


def _counts(span: str) -> Callable[[], Rows]:
    return lambda: UsageCount.objects.filter(span=span)


def _folded_counts(span: str, into: str) -> Source:
    return Source(_counts(span), "minute", fold_usage(into), key="division", scope=("application_id",))


SOURCES: Final = {
    "states": Source(AuthorizationState.objects.all, "created_at"),
    "sessions": Source(Session.objects.all, "expire_date"),
    "sign_in_tallies": Source(SignInTally.objects.all, "since"),
    "familiar_networks": Source(FamiliarNetwork.objects.all, "used_at"),
    "pending_connections": Source(lambda: Connection.objects.filter(status=Connection.Status.PENDING), "consented_at"),
    "links": Source(_links, "over_at"),
    "checks": Source(ConnectionCheck.objects.all, "checked_at", fold_checks, key="connection_id"),
    "check_days": Source(CheckDay.objects.all, "day"),
    "usage_minutes": _folded_counts(Span.MINUTE, Span.HOUR),
    "usage_hours": _folded_counts(Span.HOUR, Span.DAY),
    "usage_days": Source(_counts(Span.DAY), "minute"),
    "retention_runs": Source(RetentionRun.objects.all, "ended_at"),
    "activity": Source(AuditEvent.objects.all, "at"),
}


def _insert(statement: str, rows: Rows, *values: Any) -> None:
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement.format(new_id=_NEW_ID[connection.vendor], rows=sql), [*values, *parameters])
