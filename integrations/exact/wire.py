"""The only way out of the house: one pooled adapter per process and origin, hardened.

Whatever goes through it is held to the application's origin and to a deadline (name, connection, handshake,
headers and body together); answers are capped after decompression; redirects, cookies, proxies and
credentials of the environment are refused. What goes wrong is one of `errors`, without cause or context,
because those of `requests` carry the request with its secrets.
"""

import logging
import os
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from time import perf_counter
from typing import Any, Final, cast

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

from integrations.exact import errors
from integrations.exact.connections import WatchedPool, WatchedTlsPool
from integrations.exact.deadline import Exchange
from integrations.exact.evidence import Evidence
from integrations.exact.failures import FAILURES, Failure, name
from integrations.exact.origin import Origin

MAX_ANSWER_BYTES: Final = 1024 * 1024
"""Decoded. A page of 60 divisions with all their fields is about a tenth of it."""
DEADLINE_SECONDS: Final = 20.0
"""From before the name is resolved to the last byte of the answer."""
USER_AGENT: Final = "exact-integration-portal/1"

_CHUNK = 64 * 1024
_POOL_SIZE = 64
_LONGEST_LOCATION = 4_096

# Its one message is a warning with the header block of a malformed answer in it.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


def _allow() -> None:
    pass


before_send: Callable[[], None] = _allow
"""Called before anything else of each request. Whoever knows of transactions sets it to something that
raises while one is open; what it raises goes to the caller as it is, and nothing is sent."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that arrived whole. Nothing of its content is in its repr."""

    evidence: Evidence
    status: int
    phrase: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Adapter(HTTPAdapter):
    """Sends to one origin, with the deadline in `timeout` (seconds); thread-safe."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        super().__init__(pool_connections=1, pool_maxsize=_POOL_SIZE, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        # One context for all connections: reading the CA file costs some 28 ms each time.
        if self.origin.scheme == "https":
            options["ssl_context"] = _trusting_context()
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": WatchedPool, "https": WatchedTlsPool}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to add: the context of the pool requires and checks certificates, whatever is asked."""

    def close(self) -> None:
        """Nothing: sessions come and go and close their adapters; the pool stays."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 — the signature of requests
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """The answer with its body read. Raises an `ExactError`, or what `before_send` raises."""
        url = request.url or ""
        evidence = Evidence.of(request.method or "", url)
        if not self.origin.holds(url):
            raise errors.WrongHost(evidence)
        before_send()
        started = perf_counter()
        got = self._attempt(request, DEADLINE_SECONDS if timeout is None else float(timeout))
        elapsed = round((perf_counter() - started) * 1000)
        if isinstance(got, requests.Response):
            return _accept(got, evidence.answered(got.status_code, elapsed))
        raise got.kind(evidence.answered(got.status, elapsed), reason=got.reason, sent=got.sent)

    def _attempt(self, request: requests.PreparedRequest, seconds: float) -> requests.Response | Failure:
        response: requests.Response | None = None
        with Exchange(seconds) as exchange:
            try:
                response = super().send(request, stream=True, timeout=seconds, verify=True, proxies={})
                failure = _read(response)
            except FAILURES as raised:
                failure = name(raised, sent=exchange.sent)
        if exchange.expired:
            failure = Failure(errors.TimedOut, sent=exchange.sent)
        return failure or cast("requests.Response", response)


def _read(response: requests.Response) -> Failure | None:
    # By read(), not stream(): for chunked answers that takes lines of any length into memory.
    parts: list[bytes] = []
    size = 0
    while chunk := response.raw.read(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            response.close()
            return Failure(errors.AnswerTooLarge, status=response.status_code)
        parts.append(chunk)
    response._content = b"".join(parts)
    response._content_consumed = True  # type: ignore[attr-defined]
    response.encoding = "utf-8"  # else requests guesses, for seconds where the text is hostile
    return None


def _accept(response: requests.Response, evidence: Evidence) -> requests.Response:
    # Here rather than in the session, which looks at a redirect's target even if it may not follow it.
    response.evidence = evidence  # type: ignore[attr-defined]
    if 300 <= response.status_code < 400:
        raise errors.RedirectRefused(evidence, location=response.headers.get("Location", "")[:_LONGEST_LOCATION])
    if not 200 <= response.status_code < 600:
        raise errors.MalformedAnswer(evidence, reason="no status of HTTP")
    return response


def _trusting_context() -> ssl.SSLContext:
    context = create_urllib3_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


# ── One adapter per process and origin ───────────────────────────────────────────────────────────────

_adapters: dict[tuple[int, Origin], Adapter] = {}
_lock = threading.Lock()


def adapter(origin: Origin) -> Adapter:
    """This process's adapter for the origin, made at first use, so after any fork: two processes on one
    TLS connection garble both."""
    key = (os.getpid(), origin)
    with _lock:
        if key not in _adapters:
            _adapters[key] = Adapter(origin)
        return _adapters[key]


def _forget() -> None:
    global _lock  # noqa: PLW0603 — another thread of the parent may have held it at the fork
    _lock = threading.Lock()
    _adapters.clear()


os.register_at_fork(after_in_child=_forget)


def prepare(session: requests.Session, origin: Origin) -> None:
    """Make a session one of the wire: our adapter only, nothing from the environment, no cookies."""
    session.adapters.clear()
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter(origin))
    session.trust_env = False
    session.verify = True
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"})


def reply(response: requests.Response) -> Reply:
    """What came through the adapter, as values."""
    evidence: Evidence = response.evidence  # type: ignore[attr-defined]
    return Reply(evidence, response.status_code, str(response.reason or ""), response.headers, response.content)


def request(
    origin: Origin,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    seconds: float = DEADLINE_SECONDS,
) -> Reply:
    """One request. `path` absolute, with query. Raises an `ExactError`, or what `before_send` raises."""
    session = requests.Session()
    prepare(session, origin)
    url = origin.url(path)
    return reply(session.request(method, url, headers=dict(headers), data=body, timeout=seconds, allow_redirects=False))
