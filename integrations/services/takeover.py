"""Tells the original of a copied SQLite file that a copy owns the tokens now.

A copy has a row of its own: to claim in it reaches nobody. But the row says in which file it was written, and
where that file is still on this machine the claim is written there as well, so that its portal stands by from
its next look on. The file belongs to a portal of maybe another release: plain SQL, and only what it must say.
"""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from integrations.models import AuditEvent, Installation
from integrations.services import database
from integrations.services.refusals import Refused

BUSY_SECONDS: Final = 5
COLUMNS: Final = ("owner", "database", "database_path", "public_url", "claimed_at", "claimed_by")


class Original(StrEnum):
    """What became of the one that owned the tokens."""

    NONE = "none"
    """There was none, or it was this one, at another address."""
    SHARED = "shared"
    """It uses this very database, and stands by from now on."""
    TOLD = "told"
    """It uses another file on this machine, in which it was written that it stands by."""
    OUT_OF_REACH = "out of reach"
    """Nobody could tell it. Where it still runs, it goes on asking Exact."""

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES: Final = {
    Original.NONE: "No other portal owned them.",
    Original.SHARED: "The portal that owned them uses this same database: it stands by from now on.",
    Original.TOLD: "The portal that owned them was told so in its own database file: it stands by from now on.",
    Original.OUT_OF_REACH: "The portal that owned them could not be told, because its database is not within reach: "
    "where it still runs, or starts again, it goes on asking Exact, and connections end. Make sure that it does not.",
}


def tell(row: Installation, *, owner: dict[str, Any]) -> Original:
    """Write into the original's own database that ``owner`` (the columns of an Installation) owns the tokens.

    Raises:
        Refused: the original is being used at this moment, so that it is not stopped.
    """
    if row.database == owner["database"]:
        return Original.NONE if row.owner == owner["owner"] else Original.SHARED
    path = Path(row.database_path) if row.database_path else None
    if path is None or database.sqlite_mark(path) != row.database:
        return Original.OUT_OF_REACH
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)) as original:
            return _write(original, row, owner)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            reason = f"Something is writing to {path}: the portal that owns the tokens still runs. Stop it first."
            raise Refused([reason]) from None
        return Original.OUT_OF_REACH
    except sqlite3.DatabaseError:
        return Original.OUT_OF_REACH


def _write(original: sqlite3.Connection, row: Installation, owner: dict[str, Any]) -> Original:
    values = [_stored(owner[name]) for name in COLUMNS]
    settings = ", ".join(f"{name} = ?" for name in COLUMNS)
    with original:
        original.execute("BEGIN IMMEDIATE")
        changed = original.execute(
            f"UPDATE {Installation._meta.db_table} SET {settings} WHERE owner = ? AND database = ?",  # noqa: S608
            [*values, row.owner, row.database],
        )
        if not changed.rowcount:  # another copy has claimed since: what its file says is out of our reach
            return Original.OUT_OF_REACH
        _record(original, "installation.lost", row, owner)
    return Original.TOLD


def _record(original: sqlite3.Connection, action: str, row: Installation, owner: dict[str, Any]) -> None:
    details = {"owner": [row.owner, owner["owner"]], "database": [row.database, owner["database"]]}
    event = {
        "id": uuid4().hex,
        "at": _stored(owner["claimed_at"]),
        "actor": owner["claimed_by"],
        "action": action,
        "object_type": Installation._meta.model_name,
        "object_id": str(row.pk),
        "details": json.dumps({name: pair for name, pair in details.items() if len({*pair}) > 1}),
    }
    marks = ", ".join("?" * len(event))
    original.execute(
        f"INSERT INTO {AuditEvent._meta.db_table} ({', '.join(event)}) VALUES ({marks})",  # noqa: S608
        [*event.values()],
    )


def _stored(value: Any) -> Any:
    """Return a value as Django keeps it in SQLite: times as UTC without their zone."""
    return str(value.replace(tzinfo=None)) if isinstance(value, datetime) else value
