"""The WSGI application: routes, and one transaction for everything that a request changes."""

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.exceptions import Forbidden, HTTPException
from werkzeug.routing import IntegerConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from integrations.sandbox import (
    api,
    appcenter,
    authorize,
    consent,
    control,
    faults,
    ledger,
    pages,
    permission_pages,
    review_pages,
    seed,
    state,
    tokens,
)
from integrations.sandbox.clock import Clock
from integrations.sandbox.config import Config
from integrations.sandbox.delivery import Delivery
from integrations.sandbox.exchange import Exchange, json_response
from integrations.sandbox.store import Store, setting

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

Handler = Callable[..., Response]
MAX_BODY = 1024 * 1024


@dataclass(frozen=True)
class Route:
    """`kind` is the word in the ledger; a page of the sandbox itself has none and leaves no entry.

    `foreign`: called by other programs and sites, as Exact's own endpoints are.
    """

    handler: Handler
    kind: str = ""
    foreign: bool = False


class Number(IntegerConverter):
    """As many digits as SQLite's integers surely take."""

    regex = r"\d{1,12}"


def _rule(path: str, handler: Handler, methods: str = "", kind: str = "", *, foreign: bool = False) -> Rule:
    allowed = methods.split() or None
    return Rule(path, endpoint=Route(handler, kind, foreign), methods=allowed)


ROUTES = Map(
    [
        _rule("/api/oauth2/auth", authorize.authorize, "GET", "authorize", foreign=True),
        _rule("/api/oauth2/token", tokens.token, "", "token", foreign=True),
        _rule("/api/v1/current/Me", api.me, "", "me", foreign=True),
        _rule("/api/v1/<int:division>/hrm/Divisions", api.hrm_divisions, "", "hrm_divisions", foreign=True),
        _rule(
            "/api/v1/<int:division>/system/Divisions",
            api.system_divisions,
            "",
            "system_divisions",
            foreign=True,
        ),
        _rule("/api/v1/<int:division>/<path:resource>", api.other, "", "api", foreign=True),
        _rule("/api/<path:rest>", api.unknown, "", "unknown", foreign=True),
        _rule("/consent/<request_id>/login", consent.login_page, "GET"),
        _rule("/consent/<request_id>/login", consent.login, "POST", "login"),
        _rule("/consent/<request_id>/", consent.consent_page, "GET"),
        _rule("/consent/<request_id>/", consent.decide, "POST", "consent"),
        _rule("/static/<name>", pages.static, "GET"),
        *(_rule(path, handler, methods) for path, handler, methods in appcenter.ROUTES),
        *(_rule(*row) for row in (*review_pages.ROUTES, *permission_pages.ROUTES)),
        *(_rule(path, handler, methods) for path, handler, methods in control.ROUTES),
        *(_rule(path, handler, methods) for path, handler, methods in state.ROUTES),
    ],
    strict_slashes=False,
    merge_slashes=False,
    converters={"int": Number},
)


class Sandbox:
    """One region's Exact Online. `hosts`: names it answers its pages under; None means any."""

    def __init__(
        self, config: Config, store: Store, clock: Clock | None = None, hosts: Collection[str] | None = None
    ) -> None:
        self.config, self.store, self.hosts = config, store, hosts
        with store.transaction() as db:
            seed.fill(db, config)
            self.clock = clock or Clock(ahead=float(setting(db, "clock_ahead", "0")))

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_BODY
        response, delivery = self.answer(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Not "no-referrer": with it browsers send "Origin: null" with the forms of these very pages.
        response.headers["Referrer-Policy"] = "same-origin"
        if delivery is not None and delivery(environ["sandbox.connection"], response):
            return []
        return response(environ, start_response)

    def answer(self, request: Request) -> tuple[Response, Delivery | None]:
        """What is sent, and how when not in the usual way."""
        entry = ledger.Entry(int(self.clock.now() * 1_000), "", request.method, request.path[:200])
        try:
            with self.store.transaction() as db:
                exchange = self._exchange(request, db, entry)
                response, delivery = self._answered(exchange)
                if entry.kind:
                    ledger.record(db, entry)
        except Exception:
            logger.exception("The sandbox failed on %s %s", request.method, request.path)
            return self._failed(entry), None
        return response, delivery

    def _failed(self, entry: ledger.Entry) -> Response:
        """A defect of the sandbox: nothing was processed, and the ledger says so."""
        if entry.kind:
            entry.forget_counts()
            entry.status, entry.error = 500, "sandbox_defect"
            with self.store.transaction() as db:
                ledger.record(db, entry)
        return Response("The sandbox itself failed; its log says why.", 500, mimetype="text/plain")

    def _exchange(self, request: Request, db: sqlite3.Connection, entry: ledger.Entry) -> Exchange:
        now = self.clock.now()
        entry.received_at_ms = int(now * 1_000)
        return Exchange(request, db, self.config, self.clock, now, entry)

    def _answered(self, exchange: Exchange) -> tuple[Response, Delivery | None]:
        """Process; then, when a fault was ordered, undo what the request did (unless told) and spoil it."""
        db, entry = exchange.db, exchange.entry
        db.execute("SAVEPOINT processing")
        response = self._processed(exchange)
        entry.status = response.status_code
        order = faults.due(db, entry) if entry.kind else None
        if order is None:
            return response, None
        if not order.processed:
            db.execute("ROLLBACK TO processing")
            entry.forget_counts()
        faults.use(db, order)
        response, delivery = faults.apply(order, exchange, response)
        entry.fault = order.fault
        entry.status = None if faults.sends_nothing(order) else response.status_code
        return response, delivery

    def _processed(self, exchange: Exchange) -> Response:
        try:
            route, values = self._match(exchange.request)
            exchange.entry.kind = route.kind
            if not route.foreign:
                _refuse_other_sites(exchange.request, self.hosts)
            return route.handler(exchange, **values)
        except HTTPException as error:
            exchange.db.execute("ROLLBACK TO processing")
            return _error_page(exchange, error)

    def _match(self, request: Request) -> tuple[Route, dict[str, Any]]:
        adapter = ROUTES.bind_to_environ(request.environ)
        route, values = adapter.match()
        assert isinstance(route, Route)
        return route, dict(values)


def _refuse_other_sites(request: Request, hosts: Collection[str] | None) -> None:
    """Let no other web site drive these pages from a visitor's browser. Raises Forbidden.

    Programs send neither Origin nor Sec-Fetch-Site. The host is checked against DNS rebinding.
    """
    if hosts is not None and urlsplit(request.host_url).hostname not in hosts:
        raise Forbidden("These pages are not served under this host name.")
    if request.method in {"GET", "HEAD"}:
        return
    origin = request.headers.get("Origin")
    same_site = request.headers.get("Sec-Fetch-Site", "none") in {"same-origin", "none"}
    if not same_site or (origin is not None and origin != request.host_url.rstrip("/")):
        raise Forbidden("This form was sent by another web site.")


def _error_page(exchange: Exchange, error: HTTPException) -> Response:
    status, text = error.code or 500, error.description or error.name
    if exchange.wants_json:
        return json_response({"error": text}, status)
    return pages.message(exchange, error.name, text, status=status)
