"""Exact's error budget: ten answers of 400, 401, 403 or 404 in an hour block an endpoint for an hour.

Source: Exact, "API limits", error limit; per app, user, company and endpoint, longer when repeated. How a
block looks on the wire is not published: here it is a 429 without any rate-limit header, and the n-th
block lasts n hours. Failures that someone ordered on the faults page do not count.
"""

import sqlite3

ERRORS = 10
HOUR = 3600
COUNTED = frozenset({400, 401, 403, 404})


def blocked(db: sqlite3.Connection, endpoint_key: str, now: float) -> bool:
    row = db.execute("SELECT until FROM api_block WHERE endpoint_key = ?", (endpoint_key,)).fetchone()
    return row is not None and now < row["until"]


def note(db: sqlite3.Connection, endpoint_key: str, status: int, now: float) -> None:
    """Count an answer; the tenth error within an hour starts a block."""
    if status not in COUNTED:
        return
    db.execute("INSERT INTO api_error VALUES (?, ?)", (endpoint_key, now))
    (errors,) = db.execute(
        "SELECT count(*) FROM api_error WHERE endpoint_key = ? AND at > ?", (endpoint_key, now - HOUR)
    ).fetchone()
    if errors >= ERRORS:
        _block(db, endpoint_key, now)


def _block(db: sqlite3.Connection, endpoint_key: str, now: float) -> None:
    db.execute(
        "INSERT INTO api_block VALUES (:key, :now + :hour, 1)"
        " ON CONFLICT DO UPDATE SET times = times + 1, until = :now + :hour * (times + 1)",
        {"key": endpoint_key, "now": now, "hour": HOUR},
    )
    db.execute("DELETE FROM api_error WHERE endpoint_key = ?", (endpoint_key,))
