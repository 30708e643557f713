"""The newest tokens of each connection in a file of its own, on the disk before its row has them.

Exact spends a refresh token by answering; whatever is lost between that answer and the row's commit would cost a
customer a new consent. So the answer is sealed into ``TOKEN_JOURNAL_DIR`` first: a temporary file, fsync, rename. A
file whose generation is above its row's holds what the row has missed, after a crash, a lost commit or yesterday's
backup; ``token_store.adopt`` takes it.

The room for an answer is taken before the request leaves (``reserve``): a volume that is full or read-only refuses
the request, rather than losing its answer.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from integrations.crypto import CannotOpen, Place, key_id
from integrations.exact.oauth import TokenAnswer
from integrations.models import Connection
from integrations.services import keyring
from integrations.services.disk import to_disk
from integrations.services.token_errors import JournalBehind, JournalUnwritable

PURPOSE: Final = "connection.journal"
ENDING: Final = ".token"
UNFINISHED: Final = ".part"
ROOM: Final = 32 * 1024
"""Bytes: more than two tokens of the longest kind take, sealed."""
NO_GENERATION: Final = 1_000_000_000
"""More than a token a second for 30 years: a file that says so is damaged, and no row could be above it for long."""
_LOCK: Final = ".lock"
_WHAT_TO_DO: Final = "Make room there, or let the portal write there."


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file holds. ``user``: whose tokens they are at Exact; empty while nobody knows."""

    connection_id: uuid.UUID
    generation: int
    application_id: uuid.UUID
    user: str
    lifetime: int
    answered_at: datetime
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @classmethod
    def of(cls, row: Connection, access_token: str, refresh_token: str) -> "Entry":
        """Return what the file of a row holds, whose generation and times are those of these tokens."""
        if row.token_answered_at is None:
            raise ValueError("tokens without a time")
        return cls(
            row.pk,
            row.token_generation,
            row.application_id,
            row.exact_user_id or "",
            row.token_lifetime,
            row.token_answered_at,
            access_token,
            refresh_token,
        )

    @classmethod
    def next_of(cls, row: Connection, generation: int, answer: TokenAnswer, answered_at: datetime) -> "Entry":
        """Return what the file of a row is to hold once Exact has answered."""
        user, life = row.exact_user_id or "", answer.expires_in
        pair = (answer.access_token, answer.refresh_token)
        return cls(row.pk, generation, row.application_id, user, life, answered_at, *pair)


class Slot:
    """Room on the disk for one entry, taken before the request; filled at most once."""

    def __init__(self, connection_id: uuid.UUID) -> None:
        self.connection_id = connection_id
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = _folder() / f".{connection_id}.{uuid.uuid4().hex}{UNFINISHED}"
        self._handle: int | None = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _allocate(self._handle)
        except OSError:
            self.give_back()
            raise

    def write(self, entry: Entry) -> None:
        """Put the entry on the disk, in place of the one before.

        Raises:
            JournalBehind: the disk refused after all; the one before is as it was.
        """
        content = _sealed(entry)
        try:
            self.fill(content, _locked(fcntl.LOCK_SH))
        except OSError as error:
            raise _behind(error) from None

    def fill(self, content: bytes, lock: AbstractContextManager[None]) -> None:
        """Put all of the content on the disk, and then in place, holding ``lock`` while it goes there.

        Raises:
            OSError: the disk refused; what was in place is as it was.
        """
        handle, self._handle = self._handle, None
        if handle is None:
            raise ValueError("the slot is filled")
        with os.fdopen(handle, "wb") as file:  # which goes on where the disk took a part
            file.write(content)
            file.truncate()
            os.fsync(handle)
        with lock:
            self._path.rename(path(self.connection_id))
        to_disk(_folder())

    def give_back(self) -> None:
        """Nothing came, or it was written, or the disk refused it: leave no unfinished file."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
        with suppress(OSError):  # the sweep removes what a disk holds on to
            self._path.unlink(missing_ok=True)


@contextmanager
def reserve(connection_id: uuid.UUID) -> Iterator[Slot]:
    """Take the room for an answer before it is asked for.

    Raises:
        JournalUnwritable: there is none.
    """
    try:
        slot = Slot(connection_id)
    except OSError as error:
        raise _no_room(error) from None
    try:
        yield slot
    finally:
        slot.give_back()


def write(entry: Entry) -> None:
    """Put an entry on the disk for which no room was taken, and that its row has, or is to have.

    Raises:
        JournalBehind: the disk refused.
    """
    try:
        slot = Slot(entry.connection_id)
    except OSError as error:
        raise _behind(error) from None
    try:
        slot.write(entry)
    finally:
        slot.give_back()


def bring_up(entry: Entry) -> None:
    """Put on the disk what a row has, unless its file says that it holds later tokens by now.

    Raises:
        JournalBehind: the disk refused.
    """
    try:
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(fcntl.LOCK_EX):  # nobody renames a later one into its place meanwhile
            if generation(entry.connection_id) <= entry.generation:
                _fill(entry.connection_id, _sealed(entry))
    except OSError as error:
        raise _behind(error) from None


def read(connection_id: uuid.UUID) -> Entry | None:
    """Return what the file holds; None where there is none, or none that opens with the present keys."""
    return _opened(connection_id, _content(connection_id))


def ahead_of(connection_id: uuid.UUID, generation_: int) -> Entry | None:
    """Return what the file holds, where that is above a generation; opened only where its first line says so."""
    if generation(connection_id) <= generation_:
        return None
    entry = read(connection_id)
    return entry if entry is not None and entry.generation > generation_ else None


def generation(connection_id: uuid.UUID) -> int:
    """Return the generation that the file says it holds, without opening it; 0 where it says none.

    Believe it for being above it, not for what it holds: nobody has sealed that line.
    """
    try:
        with path(connection_id).open("rb") as file:
            said = int(file.readline(20))
    except (OSError, ValueError):
        return 0
    return said if said < NO_GENERATION else 0


def remove(connection_id: uuid.UUID) -> None:
    """Leave no tokens behind; that there are none is no mistake."""
    with suppress(OSError):
        path(connection_id).unlink(missing_ok=True)


def ids() -> Iterator[uuid.UUID]:
    """Yield the connections that have a file."""
    for name in _names(ENDING):
        with suppress(ValueError):
            yield uuid.UUID(name.removesuffix(ENDING))


def reseal() -> tuple[int, int]:
    """Seal every file under the ring's first key; return how many were, and how many no present key opens."""
    done = closed = 0
    for connection_id in ids():
        with _locked(fcntl.LOCK_EX):  # nobody renames a newer one into its place meanwhile
            content = _content(connection_id)
            sealed = content.partition("\n")[2].strip()
            if not content or keyring.ring().sealed_by_first(sealed):
                continue
            entry = _opened(connection_id, content)
            if entry is None:
                closed += 1
                continue
            _fill(connection_id, _sealed(entry))
            done += 1
    return done, closed


def sealed_by() -> dict[str, int]:
    """Return how many files each key of the ring opens; under an empty name those that none does."""
    found: dict[str, int] = {}
    for connection_id in ids():
        content = _content(connection_id)
        name = (_opened(connection_id, content) and key_id(content.partition("\n")[2].strip())) or ""
        found[name] = found.get(name, 0) + 1
    return found


def sweep_unfinished(before: float) -> None:
    """Remove what processes that died left half written before a time (seconds since 1970)."""
    for name in _names(UNFINISHED):
        file = _folder() / name
        with suppress(OSError):
            if file.stat().st_mtime < before:
                file.unlink()


def path(connection_id: uuid.UUID) -> Path:
    """Return where the tokens of a connection are."""
    return _folder() / f"{connection_id}{ENDING}"


# --- Files ------------------------------------------------------------------------------------------------------


def _folder() -> Path:
    folder: Path = settings.TOKEN_JOURNAL_DIR
    return folder


def _names(ending: str) -> list[str]:
    try:
        return [file.name for file in _folder().iterdir() if file.name.endswith(ending)]
    except OSError:
        return []


def _content(connection_id: uuid.UUID) -> str:
    try:
        return path(connection_id).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _fill(connection_id: uuid.UUID, content: bytes) -> None:
    """Put content in place; the caller holds the lock."""
    slot = Slot(connection_id)
    try:
        slot.fill(content, nullcontext())
    finally:
        slot.give_back()


def _allocate(handle: int) -> None:
    """Take the blocks now: a file that is only open has none."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, ROOM)
    else:  # macOS
        os.pwrite(handle, bytes(ROOM), 0)
        os.fsync(handle)


@contextmanager
def _locked(kind: int) -> Iterator[None]:
    handle = os.open(_folder() / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)


def _no_room(error: OSError) -> JournalUnwritable:
    return JournalUnwritable(
        f"New tokens could not be kept in {settings.TOKEN_JOURNAL_DIR} ({error.strerror}), so Exact was not asked for "
        f"any. {_WHAT_TO_DO}"
    )


def _behind(error: OSError) -> JournalBehind:
    return JournalBehind(
        f"The connection works and the database has its new tokens, but their file in {settings.TOKEN_JOURNAL_DIR} "
        f"could not be written ({error.strerror}). {_WHAT_TO_DO}"
    )


# --- What stands in them ------------------------------------------------------------------------------------------


def _sealed(entry: Entry) -> bytes:
    """Return a line with the generation, which tells whether to open the rest, and a sealed line."""
    body = {
        "application": str(entry.application_id),
        "user": entry.user,
        "lifetime": entry.lifetime,
        "answered_at": entry.answered_at.isoformat(),
        "access_token": entry.access_token,
        "refresh_token": entry.refresh_token,
    }
    sealed = keyring.seal(json.dumps(body), Place(PURPOSE, entry.connection_id, entry.generation))
    return f"{entry.generation}\n{sealed}\n".encode("ascii")


def _opened(connection_id: uuid.UUID, content: str) -> Entry | None:
    head, _, sealed = content.partition("\n")
    try:
        generation = int(head)
        body = json.loads(keyring.open_(sealed.strip(), Place(PURPOSE, connection_id, generation)))
        return Entry(
            connection_id,
            generation,
            uuid.UUID(body["application"]),
            body["user"],
            body["lifetime"],
            datetime.fromisoformat(body["answered_at"]),
            body["access_token"],
            body["refresh_token"],
        )
    except (CannotOpen, ValueError, KeyError, TypeError):
        return None
