"""urllib3's connections and pools, under the deadline of the exchange that uses them."""

import socket
from time import monotonic
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection

from integrations.exact.deadline import Exchange, current, resolve

MAX_IDLE_SECONDS = 20
"""Servers and load balancers close idle connections, the quick ones after half a minute or a minute. A
request that crosses such a close is lost with its outcome unknown, so older connections are not reused."""


class WatchedConnection(HTTPConnection):
    """Plain http: knows when the first byte leaves, and dies at the deadline."""

    idle_since: float = 0.0

    def _new_conn(self) -> socket.socket:
        exchange = current()
        try:
            addresses = resolve(self._dns_host, self.port, exchange.remaining())
            sock = self._connect_one_of(addresses, exchange)
            # Its share of the time was for connecting; a TLS handshake keeps to this one, as a whole.
            sock.settimeout(exchange.remaining())
        except socket.gaierror as failure:
            raise NameResolutionError(self.host, self, failure) from None
        except TimeoutError:
            raise ConnectTimeoutError(self, "no connection by the deadline") from None
        except OSError as failure:
            raise NewConnectionError(self, "no connection") from failure
        return sock

    def _connect_one_of(self, addresses: list[str], exchange: Exchange) -> socket.socket:
        # Each address gets its share of the time, so that a dead IPv6 route does not eat all of it.
        last: OSError = OSError("no address")
        for position, address in enumerate(addresses):
            share = exchange.remaining() / (len(addresses) - position)
            try:
                return create_connection((address, self.port), share, socket_options=self.socket_options)
            except OSError as failure:
                last = failure
        raise last

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        current().leaving(self.sock)
        super().send(data)


class WatchedTlsConnection(WatchedConnection, HTTPSConnection):
    """https: the same, around the handshake too."""


class _RestedPool(HTTPConnectionPool):
    """Does not hand out connections that were idle for long."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if not connection.is_closed and monotonic() - connection.idle_since > MAX_IDLE_SECONDS:
            connection.close()
        return connection

    def _put_conn(self, connection: Any) -> None:
        if connection is not None:
            current().finish()  # from here on another thread may use it
            connection.idle_since = monotonic()
        super()._put_conn(connection)


class WatchedPool(_RestedPool):
    ConnectionCls = WatchedConnection


class WatchedTlsPool(_RestedPool, HTTPSConnectionPool):
    ConnectionCls = WatchedTlsConnection
