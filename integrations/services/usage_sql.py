"""The three statements of the ledger, the same on SQLite and PostgreSQL apart from the clock.

Each is one statement, so that no two processes can both take the last call. Rows are always fetched to the end:
SQLite ends a statement, and lets go of its lock, only then.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection

from integrations.models import UsageCount, UsageWindow
from integrations.rules.usage import STAMP_DIGITS, WINDOW, day_number, milliseconds

_WINDOW_MS: Final = WINDOW // timedelta(milliseconds=1)

# The moment (at), its epoch milliseconds (ms) and its UTC day (today). PostgreSQL's own clock is one for all the
# machines that share it; SQLite's processes share a machine, so their clock is one as well.
_CLOCKS: Final = {
    "postgresql": """
        SELECT clock_timestamp() AS at, CAST(date_part('epoch', clock_timestamp()) * 1000 AS bigint) AS ms,
            CAST(floor(date_part('epoch', clock_timestamp()) / 86400) AS integer) AS today""",
    "sqlite": "SELECT %(at)s AS at, %(ms)s AS ms, %(today)s AS today",
}

# The clock is read once, maybe before a wait for the lock: then it is behind, which admits less, and the stamp goes
# behind the newest one, so that stamps always rise and none comes twice. The exception is a newest stamp more than a
# window ahead: the clock was set back, and we go on from the clock (rules.usage.mended says what becomes of it).
# A day that is one ahead of the clock is gone on with: rules.usage.counted_day says why.
# Stamps have as many digits until 2286, so their order as text is their order as numbers.
# Shortness counts: Django has PostgreSQL read and plan this anew each time, which takes longer than the update.
_NEWEST: Final = (
    f"CAST(substr(minute_ring, {STAMP_DIGITS} * minute_limit - {STAMP_DIGITS - 1}, {STAMP_DIGITS}) AS bigint)"
)
_USED: Final = "CASE WHEN day BETWEEN today AND today + 1 THEN day_used ELSE 0 END"
_STAMP: Final = f"CAST(CASE WHEN {_NEWEST} BETWEEN ms AND ms + {_WINDOW_MS} THEN {_NEWEST} + 1 ELSE ms END AS text)"
_ADMIT: Final = f"""
UPDATE integrations_usagewindow
SET minute_ring = substr(minute_ring, {{keep}}) || {{stamps}},
    day = CASE WHEN day = today + 1 THEN day ELSE today END,
    day_used = {_USED} + {{calls}}
FROM ({{clock}}) AS clock
WHERE application_id = %(application)s AND division = %(division)s
    AND minute_limit >= {{calls}}
    AND substr(minute_ring, {{oldest}}, {STAMP_DIGITS}) <= CAST(ms - {_WINDOW_MS} AS text)
    AND {_USED} + {{calls}} <= day_limit
    AND coalesce(blocked_until, at) <= at
RETURNING minute_ring
"""  # noqa: S608 (constants of this module)

_LOOK: Final = """
SELECT integrations_usagewindow.*, clock.ms AS clock_ms FROM integrations_usagewindow, ({clock}) AS clock
WHERE application_id = %(application)s AND division = %(division)s
"""

_COUNT: Final = """
INSERT INTO integrations_usagecount AS counted
    (id, application_id, division, connection_id, endpoint, purpose, span, minute, calls, errors, refusals)
VALUES (%(id)s, %(application)s, %(division)s, %(connection)s, %(endpoint)s, %(purpose)s, 'minute', %(minute)s,
    %(calls)s, %(errors)s, %(refusals)s)
ON CONFLICT (application_id, division, span, minute, purpose, endpoint, connection_id) DO UPDATE
SET calls = counted.calls + excluded.calls, errors = counted.errors + excluded.errors,
    refusals = counted.refusals + excluded.refusals
"""

_LOOKS: Final = {vendor: _LOOK.format(clock=clock) for vendor, clock in _CLOCKS.items()}


def admit(application: UUID, division: int, calls: int, *, now: datetime) -> int | None:
    """Take ``calls`` from both windows; return their stamp (epoch milliseconds), or None where not admitted.

    ``now`` (aware) is the clock on SQLite; PostgreSQL uses its own.
    """
    with connection.cursor() as cursor:
        cursor.execute(*admitting(application, division, calls, now=now))
        rows = cursor.fetchall()
    return int(rows[0][0][-STAMP_DIGITS:]) if rows else None


def admitting(application: UUID, division: int, calls: int, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return the statement of ``admit`` and its parameters."""
    return _admit(connection.vendor, calls), _key(application, division, now)


@lru_cache(maxsize=100)
def _admit(vendor: str, calls: int) -> str:
    return _ADMIT.format(
        clock=_CLOCKS[vendor],
        calls=calls,
        oldest=STAMP_DIGITS * (calls - 1) + 1,
        keep=STAMP_DIGITS * calls + 1,
        stamps=_STAMP if calls == 1 else f"replace('{'.' * calls}', '.', {_STAMP})",
    )


def look(application: UUID, division: int, *, now: datetime) -> tuple[UsageWindow, int] | None:
    """Return the row and the clock (epoch milliseconds) that ``admit`` goes by; None where there is no row."""
    rows = list(UsageWindow.objects.raw(_LOOKS[connection.vendor], _key(application, division, now)))
    return (rows[0], int(vars(rows[0])["clock_ms"])) if rows else None


def count(
    application: UUID,
    division: int,
    *,
    connection_id: UUID,
    endpoint: str,
    purpose: str,
    minute: datetime,
    calls: int,
    errors: int,
    refusals: int,
) -> None:
    """Add to the UsageCount of this minute and kind, which is made where it is missing."""
    values = {
        "id": _uuid(uuid4()),
        "application": _uuid(application),
        "division": division,
        "connection": _uuid(connection_id),
        "endpoint": endpoint[: UsageCount._meta.get_field("endpoint").max_length],
        "purpose": purpose[: UsageCount._meta.get_field("purpose").max_length],
        "minute": connection.ops.adapt_datetimefield_value(minute),
        "calls": calls,
        "errors": errors,
        "refusals": refusals,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)


def _key(application: UUID, division: int, now: datetime) -> dict[str, Any]:
    """Return the parameters of the row and of the clock; PostgreSQL's clock needs none of the latter."""
    key: dict[str, Any] = {"application": _uuid(application), "division": division}
    if connection.vendor == "sqlite":
        key |= {"at": connection.ops.adapt_datetimefield_value(now), "ms": milliseconds(now), "today": day_number(now)}
    return key


def _uuid(value: UUID) -> UUID | str:
    return value if connection.features.has_native_uuid_field else value.hex
