"""SQLite as the sandbox uses it: a pool of connections and one kind of transaction."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integrations.sandbox.schema import SCHEMA, TIDY

BUSY_SECONDS = 20


class Store:
    """One database file. Safe to use from many threads, and beside other processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._pool = threading.Lock()
        # SQLite's own waiting polls with growing sleeps and lets late comers overtake; inside one process
        # a plain lock is faster. Other processes are still kept out by IMMEDIATE.
        self._writing = threading.Lock()
        connection = self._connect()
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.executescript(SCHEMA)
        connection.executescript(TIDY)
        self._idle.append(connection)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything or nothing. IMMEDIATE: a read that later writes must not find the file changed."""
        connection = self._take()
        try:
            with self._writing:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        finally:
            with self._pool:
                self._idle.append(connection)

    def close(self) -> None:
        with self._pool:
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        with self._pool:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def setting(db: sqlite3.Connection, name: str, default: str = "") -> str:
    row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return default if row is None else str(row["value"])


def set_setting(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))
