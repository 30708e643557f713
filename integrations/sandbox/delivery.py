"""Ways to send an answer badly, below HTTP: late, in drops, without end, or not at all."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from werkzeug.wrappers import Response


class Connection(Protocol):
    """The client's socket, as the server lends it in `environ["sandbox.connection"]`."""

    def send(self, data: bytes) -> None:
        """Raises OSError when the client has gone."""

    def wait(self, seconds: float) -> bool:
        """Sleep; True when the server is stopping and nobody should wait on."""

    def close(self) -> None:
        """No more on this connection; nothing else of the answer is sent."""


# True: the answer has been dealt with. False: send it in the usual way now.
Delivery = Callable[[Connection, Response], bool]


def late(seconds: float) -> Delivery:
    """The usual answer, after a while."""

    def deliver(connection: Connection, response: Response) -> bool:
        del response
        connection.wait(seconds)
        return False

    return deliver


def dripping(seconds: float) -> Delivery:
    """The answer byte by byte from the first letter of the status line, so that no read ever times out."""

    def deliver(connection: Connection, response: Response) -> bool:
        data = serialized(response)
        for at in range(len(data)):
            connection.send(data[at : at + 1])
            if connection.wait(seconds):
                break
        connection.close()
        return True

    return deliver


def endless(connection: Connection, response: Response) -> bool:
    """A good beginning, then spaces (white space in JSON) until the client gives up."""
    body = response.get_data()
    connection.send(_head(response) + b"\r\n" + body[:-1])
    while not connection.wait(0.01):
        connection.send(b" " * 65_536)
    connection.close()
    return True


def dropped(connection: Connection, response: Response) -> bool:
    """The connection is closed and the client hears nothing."""
    del response
    connection.close()
    return True


def truncated(connection: Connection, response: Response) -> bool:
    """Half of the body under the Content-Length of the whole, then the end."""
    data = serialized(response)
    connection.send(data[: len(data) - len(response.get_data()) // 2 - 1])
    connection.close()
    return True


def serialized(response: Response) -> bytes:
    """The whole answer as it goes over the wire, after which the connection is closed."""
    body = response.get_data()
    return _head(response) + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def _head(response: Response) -> bytes:
    status = HTTPStatus(response.status_code)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Connection: close"]
    skipped = {"content-length", "connection"}
    lines += [f"{name}: {value}" for name, value in response.headers if name.lower() not in skipped]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")
