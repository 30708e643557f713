"""Ways to spoil an answer: each takes the good one and returns what is sent instead."""

import functools
import json
import zlib
from collections.abc import Callable
from typing import Any

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox import access, limits, odata
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.odata import ApiError

Params = dict[str, Any]
Spoil = Callable[[Exchange, Response, Params], Response]

MIB = 1024 * 1024
MAINTENANCE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>"


def unchanged(exchange: Exchange, response: Response, params: Params) -> Response:
    del exchange, params
    return response


def status(code: int, text: str) -> Spoil:
    """A failure of the front end: plain text, no error block."""

    def spoil(exchange: Exchange, response: Response, params: Params) -> Response:
        del exchange, response, params
        return Response(text, code, mimetype="text/plain")

    return spoil


def server_error(exchange: Exchange, response: Response, params: Params) -> Response:
    """Exact's 500 comes with the error block."""
    del response, params
    text = "A problem has occurred. Contact your system administrator if the problem remains."
    return odata.refusal(exchange.request, ApiError(500, text, "server_error"))


def html(exchange: Exchange, response: Response, params: Params) -> Response:
    del exchange, response, params
    return Response(MAINTENANCE, 200, mimetype="text/html")


def empty(exchange: Exchange, response: Response, params: Params) -> Response:
    del exchange, params
    return Response(b"", 200, mimetype=response.mimetype)


def refused(code: int, text: str) -> Spoil:
    """A refusal by the API, in its error block; rate-limit headers of the good answer stay."""

    def spoil(exchange: Exchange, response: Response, params: Params) -> Response:
        del params
        error = ApiError(code, text, "fault", reason=code == 403)
        answer = odata.refusal(exchange.request, error)
        if code == 403:
            answer.headers.extend(_limit_headers(response))
        return answer

    return spoil


def minutely_limit(exchange: Exchange, response: Response, params: Params) -> Response:
    del response, params
    limit = exchange.app.minutely_limit if exchange.app else 60
    return _too_many(exchange, limits.minute_window(limit, limit, exchange.now).headers)


def daily_limit(exchange: Exchange, response: Response, params: Params) -> Response:
    del response, params
    limit = exchange.app.daily_limit if exchange.app else 5_000
    return _too_many(exchange, limits.day_window(limit, limit, exchange.now).headers)


def other_limit(exchange: Exchange, response: Response, params: Params) -> Response:
    """Another limit of the customer's contract (fair use): 429 without a meter of the app's."""
    del response, params
    return _too_many(exchange, [])


def truncated_json(exchange: Exchange, response: Response, params: Params) -> Response:
    """Half of the document, as a complete HTTP answer."""
    del exchange, params
    body = response.get_data()
    return _with_body(response, body[: len(body) // 2])


def huge(exchange: Exchange, response: Response, params: Params) -> Response:
    """The good document, made `size` bytes long (8 MiB unless told) by white space."""
    del exchange
    size = int(params.get("size") or 8 * MIB)
    body = response.get_data()
    return _with_body(response, body[:-1] + b" " * (size - len(body)) + body[-1:])


def gzip_bomb(exchange: Exchange, response: Response, params: Params) -> Response:
    """White space that unpacks to `size` bytes (64 MiB unless told); some thousandth of it is sent."""
    del exchange
    answer = _with_body(response, _bomb(int(params.get("size") or 64 * MIB)))
    answer.headers["Content-Encoding"] = "gzip"
    return answer


@functools.lru_cache(maxsize=4)
def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = [packer.compress(b" " * MIB) for _ in range(size // MIB)]
    return b"".join([*parts, packer.compress(b" " * (size % MIB)), packer.flush()])


def elsewhere(exchange: Exchange, response: Response, params: Params) -> Response:
    """307 to `location`, by default this sandbox under its other loopback name: another host to a client.

    A client that follows sends its body, with secret and token, there; the ledger then shows the request.
    """
    del response
    host, _, port = exchange.request.host.rpartition(":")
    other = "127.0.0.1" if host == "localhost" else "localhost"
    return redirect(params.get("location") or f"http://{other}:{port}/api/elsewhere", 307)


def in_a_list(exchange: Exchange, response: Response, params: Params) -> Response:
    """The good document as the only element of a list."""
    del exchange, params
    return _with_body(response, b"[" + response.get_data() + b"]")


def leaves(change: Callable[[Any], Any]) -> Spoil:
    """Every value of the document changed, or only those under the name `field`."""

    def spoil(exchange: Exchange, response: Response, params: Params) -> Response:
        del exchange
        document = response.get_json(silent=True)
        if document is None:
            return response
        return _with_body(response, json.dumps(_changed(document, change, params.get("field"))).encode())

    return spoil


def _changed(node: Any, change: Callable[[Any], Any], field: str | None, name: str = "") -> Any:
    if isinstance(node, dict):
        return {key: _changed(value, change, field, key) for key, value in node.items()}
    if isinstance(node, list):
        return [_changed(value, change, field, name) for value in node]
    return change(node) if field in {None, "", name} else node


def null(value: Any) -> None:
    del value


def negative(value: Any) -> Any:
    """Numbers, also those written as text, below zero."""
    if isinstance(value, bool) or not str(value).isdigit():
        return value
    return f"-{value}" if isinstance(value, str) else -value


def with_nul(value: Any) -> Any:
    return f"{value}\x00" if isinstance(value, str) else value


def with_crlf(value: Any) -> Any:
    return f"{value}\r\nX-Injected: 1" if isinstance(value, str) else value


def limit_values(change: Callable[[str, str], list[str]]) -> Spoil:
    """Each rate-limit header replaced by none, one or several values; the change gets name and value."""

    def spoil(exchange: Exchange, response: Response, params: Params) -> Response:
        del exchange, params
        for name, value in _limit_headers(response):
            response.headers.pop(name)
            for odd in change(name, value):
                # WSGI carries bytes as Latin-1.
                response.headers.add(name, odd.encode().decode("latin-1"))
        return response

    return spoil


def in_seconds(name: str, value: str) -> list[str]:
    """Resets as seconds since 1970, not milliseconds."""
    return [str(int(value) // 1_000)] if name.endswith("-Reset") else [value]


def _limit_headers(response: Response) -> list[tuple[str, str]]:
    return [(name, value) for name, value in response.headers if name.startswith("X-RateLimit")]


def _too_many(exchange: Exchange, headers: limits.Headers) -> Response:
    error = ApiError(429, access.TOO_MANY, "fault")
    answer = odata.refusal(exchange.request, error)
    answer.headers.extend(headers)
    return answer


def _with_body(response: Response, body: bytes) -> Response:
    response.set_data(body)
    return response
