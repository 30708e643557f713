"""One request and its answer, with the moment by which both are over.

A socket's own time-out counts between two bytes: an answer that drips one byte a second never meets it. So
a timer shuts the socket, and whatever blocks on it (sending, headers, body) returns at once.
"""

import ipaddress
import os
import queue
import socket
import threading
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Final, Self

_here = threading.local()


class Exchange:
    """Use with `with`, in the thread that sends; connections find it by `current()`.

    `sent` becomes true just before the first byte of the request is handed to the socket: while it is
    false, provably nothing has left. `expired`: the deadline passed while the exchange was open.
    """

    def __init__(self, seconds: float) -> None:
        self.sent = False
        self.expired = False
        self._ends: Final = monotonic() + seconds
        self._over = False
        self._lock = threading.Lock()
        self._guard: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _here.exchange = self
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _here.exchange = None
        self.finish()

    def finish(self) -> None:
        """The timer does nothing any more. Before the connection goes to others."""
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self._guard is not None:
                self._guard.close()
                self._guard = None

    def remaining(self) -> float:
        """Seconds, more than 0. Raises `TimeoutError`."""
        left = self._ends - monotonic()
        if left <= 0 or self.expired:
            self.expired = True
            raise TimeoutError
        return left

    def leaving(self, sock: socket.socket) -> None:
        """The next thing that happens is a send on this socket: from now on the timer shuts it. Raises
        `TimeoutError` when it is too late to send.

        The guard is a second descriptor of the same connection: shutting a TLS socket from another thread
        takes its state away under the reader, and a connection that closes early hands its own to the answer.
        """
        with self._lock:
            self.remaining()
            if self._guard is None:
                self._guard = socket.socket(fileno=os.dup(sock.fileno()))
            self.sent = True

    def _expire(self) -> None:
        with self._lock:
            if self._over:
                return
            self.expired = True
            if self._guard is not None:
                with suppress(OSError):
                    self._guard.shutdown(socket.SHUT_RDWR)


def current() -> Exchange:
    """The exchange open in this thread. A connection used outside one has no deadline: a mistake."""
    exchange: Exchange | None = getattr(_here, "exchange", None)
    if exchange is None:
        raise RuntimeError("A connection of the wire was used outside of an exchange.")
    return exchange


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a host. Raises `OSError` when there are none, `TimeoutError` after `seconds`.

    The C library's resolver cannot be interrupted, and a dead name server costs it half a minute: it is
    asked in a thread of its own, which is left behind when it takes too long.
    """
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host.strip("[]")))]
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(info[4][0]) for info in infos)))
        except (OSError, UnicodeError) as failure:
            found.put(socket.gaierror(*failure.args[:2]))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = found.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer
