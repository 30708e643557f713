"""An Exact Online on loopback that answers anything at all, byte by byte."""

import contextlib
import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Received:
    """A request as it stood on the wire."""

    head: str
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition("\r\n")[0]

    def header(self, name: str) -> str | None:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


Answer = Callable[[socket.socket], None]


def http(
    body: bytes | str | object = b"",
    *,
    status: str = "200 OK",
    headers: tuple[str, ...] = (),
    kind: str = "application/json",
    length: int | None = None,
) -> bytes:
    """A whole answer. A body that is neither bytes nor text is sent as JSON."""
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    size = len(content) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + content


def bomb(megabytes: int) -> bytes:
    """So much when unpacked, a thousandth of it on the wire."""
    return http(gzip.compress(b" " * (megabytes << 20)), headers=("Content-Encoding: gzip",))


@dataclass
class Hostile:
    """Answers the nth request with the nth answer, and with the last one from then on.

    An answer is bytes, or a function that has the socket to itself and closes the connection by returning.
    `greeting`: what every connection gets before, and instead of, being read.
    """

    answers: list[bytes | Answer]
    greeting: Answer | None = None
    context: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    clients: list[socket.socket] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    @property
    def origin(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.stopped.set()
        for waiting in (self.listener, *self.clients):
            with contextlib.suppress(OSError):  # closed already
                waiting.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(timeout=5)
        self.listener.close()

    def accept(self) -> None:
        with contextlib.suppress(OSError):  # close() shuts the listener
            while True:
                client, _ = self.listener.accept()
                self.connections += 1
                client.settimeout(5)
                thread = threading.Thread(target=self.serve, args=(client,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self.greeting is not None:
                self.clients.append(client)
                self.greeting(client)
                return
            if self.context is None:
                self.converse(client)
                return
            with self.context.wrap_socket(client, server_side=True) as secured:
                self.converse(secured)

    def converse(self, client: socket.socket) -> None:
        self.clients.append(client)
        while (request := self.read(client)) is not None:
            with self.lock:
                answer = self.answers[min(len(self.received), len(self.answers) - 1)]
                self.received.append(request)
            if callable(answer):
                answer(client)
                return
            client.sendall(answer)

    def read(self, client: socket.socket) -> Received | None:
        data = b""
        while b"\r\n\r\n" not in data:
            if (more := client.recv(65536)) == b"":
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        request = Received(head.decode("latin-1"), body)
        missing = int(request.header("Content-Length") or 0) - len(body)
        while missing > 0:
            more = client.recv(65536)
            body += more
            missing -= len(more)
        return Received(request.head, body)


def drip(start: bytes, drop: bytes, stopped: Callable[[], bool], pause: float = 0.05) -> Answer:
    """`start` at once, then one `drop` after another for as long as anybody listens."""

    def answer(client: socket.socket) -> None:
        client.sendall(start)
        waiting = threading.Event()
        while not stopped():
            client.sendall(drop)
            waiting.wait(pause)

    return answer


def cut(data: bytes) -> Answer:
    """The data, then the connection closes."""
    return lambda client: client.sendall(data)


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """An origin where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
