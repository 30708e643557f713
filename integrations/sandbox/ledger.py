"""What the sandbox received and how it answered. Tests compare the portal with it.

No code, token, secret or state is ever written here; a presented token leaves twelve characters of its
SHA-256, enough to tell two tokens apart.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from integrations.sandbox import chains

PAGE = 1_000


@dataclass
class Entry:
    """One request.

    kind: authorize · login · consent · token · me · hrm_divisions · system_divisions · api · unknown · and the steps
        that somebody takes in the App Center: review · permission
    status: what was answered; None when no answer was sent (dropped, lost)
    error: the machine's word for a refusal ("invalid_client", "minutely_limit", …)
    minute, day: this request's number in its clock minute and UTC day, per app and division; None when it
        was not counted
    token_calls: this request's number in the UTC day, per app and user (200 is Exact's historic limit)
    processed: False when an ordered fault kept the request from having any effect
    """

    received_at_ms: int
    kind: str
    method: str
    path: str
    client_id: str | None = None
    app: str | None = None
    user_id: str | None = None
    user: str | None = None
    division: int | None = None
    grant_type: str | None = None
    status: int | None = None
    error: str | None = None
    minute: int | None = None
    day: int | None = None
    token_calls: int | None = None
    token: str | None = None
    fault: str | None = None
    processed: bool = True

    def show(self, token: str) -> None:
        """Remember which token was presented, by its fingerprint."""
        self.token = chains.fingerprint(token)[:12]

    def forget_counts(self) -> None:
        """The effects of this request were undone."""
        self.processed = False
        self.minute = self.day = self.token_calls = None


def record(db: sqlite3.Connection, entry: Entry) -> None:
    db.execute(
        "INSERT INTO ledger (received_at_ms, kind, method, path, client_id, app, user_id, user, division,"
        " grant_type, status, error, minute, day, token_calls, token, fault, processed)"
        " VALUES (:received_at_ms, :kind, :method, :path, :client_id, :app, :user_id, :user, :division,"
        " :grant_type, :status, :error, :minute, :day, :token_calls, :token, :fault, :processed)",
        vars(entry),
    )


def entries(
    db: sqlite3.Connection,
    *,
    after: int = 0,
    kind: str = "",
    client_id: str = "",
    division: int | None = None,
    limit: int = PAGE,
) -> list[dict[str, Any]]:
    """Oldest first. Each has `id` beside the fields of Entry."""
    rows = db.execute(
        "SELECT * FROM ledger WHERE id > :after AND (:kind = '' OR kind = :kind)"
        " AND (:client_id = '' OR client_id = :client_id) AND (:division IS NULL OR division = :division)"
        " ORDER BY id LIMIT :limit",
        {"after": after, "kind": kind, "client_id": client_id, "division": division, "limit": limit},
    )
    return [{**dict(row), "processed": bool(row["processed"])} for row in rows]


def latest(db: sqlite3.Connection, *, kind: str = "", limit: int = 200) -> list[dict[str, Any]]:
    """Newest first, for people."""
    rows = db.execute(
        "SELECT * FROM ledger WHERE :kind = '' OR kind = :kind ORDER BY id DESC LIMIT :limit",
        {"kind": kind, "limit": limit},
    )
    return [dict(row) for row in rows]


def last_id(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(id), 0) FROM ledger").fetchone()[0])
