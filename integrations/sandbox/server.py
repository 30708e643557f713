"""An HTTP/1.1 server for the sandbox: a thread a connection, keep-alive, and the socket lent to faults.

Made on the standard library because a fault has to reach below HTTP, which servers that are good at their
job do not allow.
"""

import io
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from integrations.sandbox import faults, ledger, registry
from integrations.sandbox.app import MAX_BODY, Sandbox
from integrations.sandbox.clock import Clock
from integrations.sandbox.config import Config
from integrations.sandbox.faults import Order
from integrations.sandbox.registry import App
from integrations.sandbox.spoil import Params
from integrations.sandbox.store import Store

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import WSGIEnvironment

logger = logging.getLogger(__name__)

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
IDLE_SECONDS = 60


class Server(ThreadingMixIn, TCPServer):
    """Serves one Sandbox. `stopping` wakes faults that sleep, so that the server stops at once."""

    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = False

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            logger.debug("A client went away: %s", error)
        else:
            logger.error("The sandbox's server failed", exc_info=error)

    def stop(self) -> None:
        """Close every connection and wait for its thread. Call when `serve_forever` has returned."""
        self.stopping.set()
        with self._open_lock:
            for request in self._open:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection: requests in, WSGI, answers out. Is itself the Connection that deliveries use."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Sandbox", ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def serve(self) -> None:
        body = self._body()
        if body is None:
            return
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /) -> Any:
            del exc_info
            head[:] = [(status, headers)]
            return head.append  # PEP 3333's write(), which werkzeug never calls

        content = b"".join(_closing(self.server.sandbox(self._environ(body), start_response)))
        if head:
            self._send(*head[0], content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self, seconds: float) -> bool:
        return self.server.stopping.wait(seconds)

    def close(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        # The request line holds codes and states in its query: only the path is logged.
        logger.debug("%s %s", self.command, getattr(self, "path", "").partition("?")[0])

    def _body(self) -> bytes | None:
        """The whole body; None when it was refused, and the connection with it."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.send_error(411)
        elif int(length) > MAX_BODY:
            self.send_error(413)
        else:
            return self.rfile.read(int(length))
        self.close()
        return None

    def _environ(self, body: bytes) -> "WSGIEnvironment":
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "sandbox.connection": self,
        }
        for name in {name.lower() for name in self.headers}:
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = ",".join(self.headers.get_all(name, []))
        return environ

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        """One write, so that small answers travel in one packet."""
        code, _, phrase = status.partition(" ")
        lines = [f"HTTP/1.1 {code} {phrase}", f"Date: {self.date_time_string()}", "Server: Sandbox"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() != "content-length"]
        lines.append(f"Content-Length: {len(content)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self.send(head if self.command == "HEAD" else head + content)
        self.log_message("")


@contextmanager
def _closing_iterable(parts: Iterable[bytes]) -> Iterator[Iterable[bytes]]:
    try:
        yield parts
    finally:
        close = getattr(parts, "close", None)
        if close:
            close()


def _closing(parts: Iterable[bytes]) -> list[bytes]:
    """All parts; WSGI (PEP 3333) wants the iterable closed after."""
    with _closing_iterable(parts) as open_parts:
        return list(open_parts)


@dataclass
class Running:
    """A sandbox that serves, with short cuts for tests in the same process."""

    url: str
    server: Server

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    @property
    def clock(self) -> Clock:
        return self.sandbox.clock

    def register(self, name: str, redirect_url: str, *, kind: str = "product", granted: bool = False) -> App:
        """Raises RegistrationRefusedError."""
        with self.sandbox.store.transaction() as db:
            return registry.register_or_update(
                db, name=name, kind=kind, redirect_url=redirect_url, now=self.clock.now(), granted=granted
            )

    def order(
        self,
        fault: str,
        target: str = "any",
        count: int = 1,
        *,
        processed: bool | None = None,
        params: Params | None = None,
    ) -> Order:
        """A fault for the next `count` matching requests."""
        with self.sandbox.store.transaction() as db:
            return faults.place(db, fault, target=target, count=count, processed=processed, params=params)

    def ledger(self, kind: str = "", after: int = 0) -> list[dict[str, Any]]:
        """At most the first 200,000 entries, oldest first."""
        with self.sandbox.store.transaction() as db:
            return ledger.entries(db, kind=kind, after=after, limit=200_000)


def make_server(config: Config, host: str, port: int, clock: Clock | None = None) -> Server:
    """A server that listens already; port 0 takes a free one. Raises OSError when the port is taken."""
    # Whoever binds another address (a container) has chosen who may reach the pages, and by what name.
    hosts = LOOPBACK if host in LOOPBACK else None
    store = Store(config.database)
    try:
        return Server((host, port), Sandbox(config, store, clock, hosts))
    except OSError:
        store.close()
        raise


def serve_forever(config: Config, host: str, port: int) -> None:
    """Serve in the foreground until SIGTERM or SIGINT. Call from the main thread."""
    server = make_server(config, host, port)

    def stop(number: int, frame: object) -> None:
        del number, frame
        # shutdown() waits for the loop that this handler interrupted.
        threading.Thread(target=server.shutdown).start()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.serve_forever()
    finally:
        _end(server)
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def running(
    *,
    database: Path,
    region: str = "practice",
    title: str = "Practice",
    lifetime: int = 600,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
    language: str = "",
) -> Iterator[Running]:
    """A sandbox on a free port, for as long as the block lasts."""
    config = Config(region=region, title=title, database=database, lifetime=lifetime, language=language)
    server = make_server(config, host, port, clock)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    shown = f"[{host}]" if ":" in host else host
    try:
        yield Running(f"http://{shown}:{server.port}", server)
    finally:
        server.shutdown()
        thread.join()
        _end(server)


def _end(server: Server) -> None:
    server.stop()
    server.sandbox.store.close()
