"""Consents and the tokens that follow from them: one live chain per app and Exact user.

Source: Exact, "OAuth 2.0" (authorization code, access token, refresh token) and what owners of apps saw.
Values of codes and tokens are never stored, only their SHA-256.
"""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

CODE_SECONDS = 180
IDLE_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Chain:
    """`state`: live · replaced (by a newer consent) · replayed (a spent token came back) · revoked."""

    id: int
    client_id: str
    user_id: str
    divisions: tuple[int, ...]
    state: str
    created_at: float
    last_token_request_at: float | None


@dataclass(frozen=True)
class Token:
    chain: Chain
    expires_at: float
    used_at: float | None


@dataclass(frozen=True)
class Code(Token):
    redirect_uri: str


def fingerprint(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


def consent(db: sqlite3.Connection, *, client_id: str, user_id: str, divisions: Iterable[int], now: float) -> int:
    """A new chain. An earlier one of the same user for the same app ends here and now.

    Exact's texts say that another authorization kills the chain, not at which step; the consent itself is
    the earliest, so a client that loses the code on its way back has lost its old link too. Access tokens
    of the earlier chain live on until they expire.
    """
    db.execute(
        "UPDATE chain SET state = 'replaced' WHERE client_id = ? AND user_id = ? AND state = 'live'",
        (client_id, user_id),
    )
    cursor = db.execute(
        "INSERT INTO chain (client_id, user_id, divisions, created_at) VALUES (?, ?, ?, ?)",
        (client_id, user_id, json.dumps(sorted(divisions)), now),
    )
    return int(cursor.lastrowid or 0)


def new_code(db: sqlite3.Connection, *, chain_id: int, redirect_uri: str, region: str, now: float) -> str:
    """An authorization code: 3 minutes, once. Exact's contain "!", so this one does."""
    value = f"stamp{region.upper()}001.{secrets.token_urlsafe(24)}!{secrets.token_urlsafe(24)}"
    db.execute(
        "INSERT INTO code VALUES (?, ?, ?, ?, NULL)",
        (fingerprint(value), chain_id, redirect_uri, now + CODE_SECONDS),
    )
    return value


def new_token(db: sqlite3.Connection, *, chain_id: int, kind: str, region: str, now: float, seconds: float) -> str:
    """A token of about the length of Exact's (600 characters), so that nobody's column is too short."""
    value = f"stamp{region.upper()}001.{secrets.token_urlsafe(436)}!{secrets.token_urlsafe(6)}"
    db.execute("INSERT INTO token VALUES (?, ?, ?, ?, NULL)", (fingerprint(value), chain_id, kind, now + seconds))
    return value


def code(db: sqlite3.Connection, value: str) -> Code | None:
    row = db.execute(
        "SELECT chain.*, expires_at, used_at, redirect_uri FROM code JOIN chain ON chain.id = chain_id"
        " WHERE fingerprint = ?",
        (fingerprint(value),),
    ).fetchone()
    if row is None:
        return None
    return Code(_chain(row), row["expires_at"], row["used_at"], row["redirect_uri"])


def token(db: sqlite3.Connection, value: str, kind: str) -> Token | None:
    row = db.execute(
        "SELECT chain.*, expires_at, used_at FROM token JOIN chain ON chain.id = chain_id"
        " WHERE fingerprint = ? AND kind = ?",
        (fingerprint(value), kind),
    ).fetchone()
    return None if row is None else Token(_chain(row), row["expires_at"], row["used_at"])


def spend_code(db: sqlite3.Connection, value: str, now: float) -> None:
    db.execute("UPDATE code SET used_at = ? WHERE fingerprint = ?", (now, fingerprint(value)))


def spend_token(db: sqlite3.Connection, value: str, now: float) -> None:
    db.execute("UPDATE token SET used_at = ? WHERE fingerprint = ?", (now, fingerprint(value)))


def note_token_request(db: sqlite3.Connection, chain_id: int, now: float) -> None:
    db.execute("UPDATE chain SET last_token_request_at = ? WHERE id = ?", (now, chain_id))


def end(db: sqlite3.Connection, chain_id: int, state: str) -> None:
    """Let a live chain become replayed or revoked. A revoked one takes its access tokens along."""
    db.execute("UPDATE chain SET state = ? WHERE id = ? AND state = 'live'", (state, chain_id))
    if state == "revoked":
        db.execute("DELETE FROM token WHERE chain_id = ? AND kind = 'access'", (chain_id,))


def expire(db: sqlite3.Connection, chain_id: int, kind: str, now: float) -> None:
    """Let the chain's access or refresh tokens be over now."""
    db.execute("UPDATE token SET expires_at = ? WHERE chain_id = ? AND kind = ?", (now, chain_id, kind))


def allow_refresh(db: sqlite3.Connection, chain_id: int) -> None:
    """Forget the chain's last token request, so that the 95 % rule lets the next one through."""
    db.execute("UPDATE chain SET last_token_request_at = NULL WHERE id = ?", (chain_id,))


def grant_divisions(db: sqlite3.Connection, chain_id: int, divisions: Iterable[int]) -> None:
    db.execute("UPDATE chain SET divisions = ? WHERE id = ?", (json.dumps(sorted(divisions)), chain_id))


def chain(db: sqlite3.Connection, chain_id: int) -> Chain | None:
    row = db.execute("SELECT * FROM chain WHERE id = ?", (chain_id,)).fetchone()
    return None if row is None else _chain(row)


def recent(db: sqlite3.Connection, limit: int = 100) -> list[Chain]:
    rows = db.execute("SELECT * FROM chain ORDER BY state = 'live' DESC, id DESC LIMIT ?", (limit,))
    return [_chain(row) for row in rows]


def _chain(row: sqlite3.Row) -> Chain:
    return Chain(
        id=row["id"],
        client_id=row["client_id"],
        user_id=row["user_id"],
        divisions=tuple(json.loads(row["divisions"])),
        state=row["state"],
        created_at=row["created_at"],
        last_token_request_at=row["last_token_request_at"],
    )
