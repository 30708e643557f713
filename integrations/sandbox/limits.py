"""Exact's limits per app and company: 60 in a clock minute, 5,000 in a UTC day.

Source: Exact, "API limits" (gen-apilimits). Every call that reached a company counts, a refused one too:
on a minute's 429 the day goes on counting. Header values are whole numbers; resets are epoch
milliseconds, UTC. On a 429 only the family of the limit that was hit is sent.
"""

import sqlite3
from dataclasses import dataclass

MINUTE = 60
DAY = 24 * 3600

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Window:
    """How far one limit is used up; `calls` includes the call at hand, `resets_at_ms` is its end."""

    prefix: str
    limit: int
    calls: int
    resets_at_ms: int

    @property
    def exceeded(self) -> bool:
        return self.calls > self.limit

    @property
    def headers(self) -> Headers:
        return [
            (f"{self.prefix}-Limit", str(self.limit)),
            (f"{self.prefix}-Remaining", str(max(0, self.limit - self.calls))),
            (f"{self.prefix}-Reset", str(self.resets_at_ms)),
        ]


def minute_window(limit: int, calls: int, now: float) -> Window:
    return Window("X-RateLimit-Minutely", limit, calls, _end(now, MINUTE) * 1_000)


def day_window(limit: int, calls: int, now: float) -> Window:
    return Window("X-RateLimit", limit, calls, _end(now, DAY) * 1_000)


def count(db: sqlite3.Connection, counted: str, seconds: int, now: float) -> int:
    """Count one call in the clock window that `now` lies in; answers its number there, from 1."""
    rows = db.execute(
        "INSERT INTO call_window (counted, starts_at, seconds, calls) VALUES (?, ?, ?, 1)"
        " ON CONFLICT DO UPDATE SET calls = calls + 1 RETURNING calls",
        (counted, _end(now, seconds) - seconds, seconds),
    ).fetchall()
    return int(rows[0]["calls"])


def _end(now: float, seconds: int) -> int:
    return (int(now // seconds) + 1) * seconds
