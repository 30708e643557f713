"""Which companies are nearest to their limits: a few of each region, by one statement however many there are.

A company has a limit for the minute and one for the day. They are never added up: the fuller one says how near it is.
The minute is a text of stamps, oldest first (rules.usage). Where the newest is older than the window nothing of it is
left, so that stamps are counted only of the few companies that are called at this moment.

Of what we do not use nothing is said: it is not called, so that it comes nearer to no limit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from integrations.models import Company, UsageWindow
from integrations.rules.usage import NEARLY_FULL, STAMP_DIGITS, WINDOW, day_number, milliseconds
from integrations.services import usage
from integrations.services.usage import Meters

MOST: Final = 3
"""Of each region."""
_WINDOW_MS: Final = WINDOW // timedelta(milliseconds=1)

# A row of an earlier day counts nothing today; rules.usage.counted_day says why one that is a day ahead counts.
_STAMP: Final = f"substr(minute_ring, {STAMP_DIGITS} * ({{place}} - 1) + 1, {STAMP_DIGITS})"
_RANKED: Final = f"""
WITH RECURSIVE places (place) AS MATERIALIZED (
    SELECT 1 UNION ALL
    SELECT place + 1 FROM places WHERE place < (SELECT max(minute_limit) FROM integrations_usagewindow)
), spent AS MATERIALIZED (
    SELECT used.id AS window_id, company.id AS company_id, app.region,
        CASE WHEN day BETWEEN %(today)s AND %(today)s + 1 THEN day_used ELSE 0 END * 1.0 / day_limit AS of_day,
        CASE WHEN {_STAMP.format(place="minute_limit")} > %(since)s THEN (
            SELECT count(*) FROM places WHERE place <= minute_limit AND {_STAMP.format(place="place")} > %(since)s
        ) ELSE 0 END * 1.0 / minute_limit AS of_minute
    FROM integrations_usagewindow AS used
    JOIN integrations_application AS app ON app.id = used.application_id
    JOIN integrations_company AS company
        ON company.application_id = used.application_id AND company.division = used.division
        AND company.use = %(use)s
), shares AS (
    SELECT window_id, company_id, region, CASE WHEN of_day > of_minute THEN of_day ELSE of_minute END AS share
    FROM spent
), ranked AS (
    SELECT window_id, company_id, region, share,
        row_number() OVER (PARTITION BY region ORDER BY share DESC, company_id) AS place,
        sum(CASE WHEN share > {NEARLY_FULL} THEN 1 ELSE 0 END) OVER (PARTITION BY region) AS nearly_full
    FROM shares WHERE share > 0
)
SELECT window_id, company_id, region, nearly_full FROM ranked WHERE place <= {MOST} ORDER BY region, place
"""  # noqa: S608 (constants)


@dataclass(frozen=True, slots=True)
class Busy:
    """A company and its two windows at this moment."""

    company: Company
    meters: Meters


@dataclass(frozen=True, slots=True)
class Busiest:
    """The fullest companies of a region, fullest first, and how many there are of which."""

    companies: tuple[Busy, ...] = ()
    nearly_full: int = 0
    """Above 80 % of a limit."""
    all: int = 0
    """Companies of the region that we use, called today or not."""


def by_region() -> dict[str, Busiest]:
    """Return of each region in which we use companies which of them are nearest to a limit. Four queries at most."""
    now, in_use = timezone.now(), Company.objects.filter(use=Company.Use.USED)
    rows = _ranked(now)
    windows = UsageWindow.objects.in_bulk([_uuid(row[0]) for row in rows])
    companies = Company.objects.select_related("application").in_bulk([_uuid(row[1]) for row in rows])
    found: dict[str, list[Busy]] = {}
    nearly_full: dict[str, int] = {}
    for window, company, region, full in rows:
        nearly_full[region] = full
        if _uuid(company) in companies and _uuid(window) in windows:  # nobody removed them meanwhile
            busy = Busy(companies[_uuid(company)], usage.meter(windows[_uuid(window)], now))
            found.setdefault(region, []).append(busy)
    return {
        region: Busiest(tuple(found.get(region, ())), nearly_full.get(region, 0), count)
        for region, count in in_use.order_by().values_list("application__region").annotate(Count("pk"))
    }


def _ranked(now: datetime) -> list[tuple[Any, Any, str, int]]:
    since = milliseconds(now) - _WINDOW_MS
    with connection.cursor() as cursor:
        cursor.execute(_RANKED, {"today": day_number(now), "since": str(since), "use": str(Company.Use.USED)})
        return list(cursor.fetchall())


def _uuid(value: Any) -> UUID:
    """Return an id as models have it; SQLite has it as text."""
    return value if isinstance(value, UUID) else UUID(value)
