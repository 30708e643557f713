"""A message broker that needs no server: kombu's filesystem transport, made safe for several processes.

kombu's own lets a reader see a message that is still being written; the reader dies and the message is lost
(celery/kombu#1551). Here a message appears under its name only when it is whole, one reader wins it by
renaming it, and the tables of queues are read and written under one lock.
"""

import fcntl
import itertools
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any, Final

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

SCHEME: Final = "atomicfs"
POLL_SECONDS: Final = 0.2
_sequence = itertools.count()


class Channel(filesystem.Channel):
    """One process's view of the folder of messages."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override] # as kombu's own does
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020d}-{next(_sequence):06d}-{uuid.uuid4().hex}.{queue}.msg"
        unfinished = folder / f"{name}.part"
        unfinished.write_text(dumps(payload), encoding="utf-8")
        unfinished.replace(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        with os.scandir(folder) as entries:  # as names: Path would make a long queue slow
            names = sorted(entry.name for entry in entries if entry.name.partition(".")[2] == f"{queue}.msg")
        for name in names:
            taken = folder / f"{name}.{os.getpid()}.taken"
            with suppress(FileNotFoundError):  # another reader was faster
                (folder / name).rename(taken)
                payload = loads(taken.read_text(encoding="utf-8"))
                taken.unlink()
                return payload
        raise Empty

    def _queue_bind(self, *args: Any) -> None:
        with self._tables(fcntl.LOCK_EX):
            super()._queue_bind(*args)

    def get_table(self, exchange: str) -> Any:
        with self._tables(fcntl.LOCK_SH):
            return super().get_table(exchange)

    @contextmanager
    def _tables(self, mode: int) -> Iterator[None]:
        with (Path(self.control_folder) / "lock").open("a") as lock:
            fcntl.flock(lock, mode)
            yield


class Transport(filesystem.Transport):
    Channel = Channel
    polling_interval = POLL_SECONDS

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Wait for a message, and for no longer than one poll where the caller sets a limit.

        A worker looks whether it has to stop between two waits only, and its waits of 2 s add up to 4.
        """
        super().drain_events(connection, timeout=None if timeout is None else min(timeout, POLL_SECONDS))


def register() -> None:
    """Make ``atomicfs://`` known to kombu, which rejects a dotted path in a broker URL."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"


def options(folder: Path) -> dict[str, Any]:
    """Make the folders below ``folder``, for this user only, and return the transport's options."""
    messages, control = folder / "messages", folder / "control"
    for path in (folder.parent, folder, messages, control):  # mkdir gives its mode to the last folder only
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": POLL_SECONDS,
    }
