"""Faults that someone orders for the next matching requests: the catalogue and the orders."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from integrations.sandbox import access, api, delivery, spoil
from integrations.sandbox.delivery import Delivery
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.ledger import Entry
from integrations.sandbox.spoil import Params, Spoil

# What an order may match on, and the ledger kinds each stands for. "any" is whatever the portal itself
# sends: the token endpoint and the API.
TARGETS: dict[str, frozenset[str]] = {
    "any": frozenset({"token", "me", "hrm_divisions", "system_divisions", "api"}),
    "token": frozenset({"token"}),
    "authorize": frozenset({"authorize"}),
    "me": frozenset({"me"}),
    "divisions": frozenset({"hrm_divisions", "system_divisions"}),
    "hrm_divisions": frozenset({"hrm_divisions"}),
    "system_divisions": frozenset({"system_divisions"}),
    "api": frozenset({"me", "hrm_divisions", "system_divisions", "api"}),
}
SECONDS = {"slow": 5.0, "dripping": 0.2}


@dataclass(frozen=True)
class Fault:
    """`processed` is the default: does the request take effect (token rotated, call counted) all the same?"""

    name: str
    label: str
    spoil: Spoil = spoil.unchanged
    processed: bool = False
    raw: str = ""


def _catalogue() -> list[Fault]:
    scope = access.scope_violated(api.ADMINISTRATION)
    return [
        Fault("error_500", "500 with the error block", spoil.server_error),
        Fault("unavailable_503", "503 Service Unavailable", spoil.status(503, "Service Unavailable")),
        Fault("timeout_504", "504 Gateway Timeout", spoil.status(504, "Gateway Timeout")),
        Fault("timeout_408", "408: the query took too long", spoil.refused(408, "Request Timeout")),
        Fault("html_200", "HTML with 200 (maintenance page)", spoil.html),
        Fault("empty_200", "200 with an empty body", spoil.empty),
        Fault("slow", "Slow: the answer after n seconds", processed=True, raw="late"),
        Fault("dripping", "Dripping: a byte every n seconds", processed=True, raw="dripping"),
        Fault("endless", "An answer that never ends", raw="endless"),
        Fault("dropped", "Connection closed, request not processed", raw="dropped"),
        Fault("lost_answer", "Lost answer: processed, then closed", processed=True, raw="dropped"),
        Fault("cut_off", "Connection closed in the middle of the body", raw="truncated"),
        Fault("unauthorized_401", "401", spoil.refused(401, access.AUTHENTICATION_REQUIRED)),
        Fault("scope_403", "403: scope violated", spoil.refused(403, scope), processed=True),
        Fault(
            "division_403",
            "403: company not granted",
            spoil.refused(403, access.OUTSIDE_SCOPE),
            processed=True,
        ),
        Fault("licence_403", "403: licence expired", spoil.refused(403, access.LICENCE_EXPIRED), processed=True),
        Fault("rights_403", "403: user without rights", spoil.refused(403, access.NO_RIGHTS), processed=True),
        Fault("minute_429", "429: minutely limit", spoil.minutely_limit, processed=True),
        Fault("day_429", "429: daily limit", spoil.daily_limit, processed=True),
        Fault("other_429", "429: another limit, no meters", spoil.other_limit, processed=True),
        Fault("truncated_json", "JSON cut in half", spoil.truncated_json),
        Fault("huge", "A body of many megabytes", spoil.huge),
        Fault("gzip_bomb", "A gzip bomb", spoil.gzip_bomb),
        Fault("redirect_307", "307 to another host", spoil.elsewhere),
        Fault("json_list", "The JSON inside a list", spoil.in_a_list),
        Fault("values_null", "Values: null", spoil.leaves(spoil.null)),
        Fault("values_negative", "Values: numbers below zero", spoil.leaves(spoil.negative)),
        Fault("values_nul", "Values: text with NUL", spoil.leaves(spoil.with_nul)),
        Fault("values_crlf", "Values: text with CRLF", spoil.leaves(spoil.with_crlf)),
        *_header_faults(),
    ]


def _header_faults() -> list[Fault]:
    odd = {
        "absent": ("absent", lambda name, value: []),
        "negative": ("negative", lambda name, value: [f"-{value}"]),
        "huge": ("huge", lambda name, value: ["9" * 40]),
        "text": ("text", lambda name, value: ["plenty"]),
        "twice": ("twice, two values", lambda name, value: [value, "7"]),
        "underscore": ("5_9", lambda name, value: ["5_9"]),
        "arabic": ("Arabic digits", lambda name, value: ["٥٩"]),
        "seconds": ("resets in seconds", spoil.in_seconds),
    }
    return [
        Fault(f"headers_{name}", f"Rate-limit headers: {label}", spoil.limit_values(change), processed=True)
        for name, (label, change) in odd.items()
    ]


CATALOGUE = {fault.name: fault for fault in _catalogue()}


@dataclass(frozen=True)
class Order:
    """`params`: seconds (slow, dripping), size in bytes (huge, gzip_bomb), field (values_…), location."""

    id: int
    fault: str
    target: str
    remaining: int
    processed: bool
    client_id: str | None
    division: int | None
    params: Params

    @property
    def label(self) -> str:
        return CATALOGUE[self.fault].label

    @property
    def json(self) -> dict[str, Any]:
        return vars(self)


def place(
    db: sqlite3.Connection,
    fault: str,
    *,
    target: str = "any",
    count: int = 1,
    processed: bool | None = None,
    client_id: str | None = None,
    division: int | None = None,
    params: Params | None = None,
) -> Order:
    """Order `fault` for the next `count` requests that match. Raises BadRequest."""
    if fault not in CATALOGUE:
        raise BadRequest(f"There is no fault “{fault}”.")
    if target not in TARGETS:
        raise BadRequest(f"There is no kind of request “{target}”.")
    if not 1 <= count <= 1_000_000:
        raise BadRequest("Order between 1 and 1,000,000.")
    if processed is None:
        processed = CATALOGUE[fault].processed
    cursor = db.execute(
        "INSERT INTO fault_order (fault, target, remaining, processed, client_id, division, params)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (fault, target, count, processed, client_id, division, json.dumps(params or {})),
    )
    return Order(int(cursor.lastrowid or 0), fault, target, count, processed, client_id, division, params or {})


def orders(db: sqlite3.Connection) -> list[Order]:
    """Those still to come, in the order they were placed."""
    rows = db.execute("SELECT * FROM fault_order WHERE remaining > 0 ORDER BY id")
    return [
        Order(**{**dict(row), "params": json.loads(row["params"]), "processed": bool(row["processed"])}) for row in rows
    ]


def clear(db: sqlite3.Connection, order_id: int | None = None) -> None:
    """Withdraw one order, or all."""
    db.execute("DELETE FROM fault_order WHERE ? IN (id, 0)", (order_id or 0,))


def due(db: sqlite3.Connection, entry: Entry) -> Order | None:
    """The oldest order that matches this request."""
    for order in orders(db):
        fits = entry.kind in TARGETS[order.target]
        fits = fits and order.client_id in {None, entry.client_id}
        if fits and order.division in {None, entry.division}:
            return order
    return None


def use(db: sqlite3.Connection, order: Order) -> None:
    db.execute("UPDATE fault_order SET remaining = remaining - 1 WHERE id = ?", (order.id,))


def apply(order: Order, exchange: Exchange, response: Response) -> tuple[Response, Delivery | None]:
    """The answer that is sent instead, and how it is sent when not in the usual way."""
    fault = CATALOGUE[order.fault]
    return fault.spoil(exchange, response, order.params), _delivery(fault, order.params)


def _delivery(fault: Fault, params: Params) -> Delivery | None:
    seconds = float(params.get("seconds") or SECONDS.get(fault.name, 0))
    ways: dict[str, Delivery] = {
        "late": delivery.late(seconds),
        "dripping": delivery.dripping(seconds),
        "endless": delivery.endless,
        "dropped": delivery.dropped,
        "truncated": delivery.truncated,
    }
    return ways.get(fault.raw)


def sends_nothing(order: Order) -> bool:
    return CATALOGUE[order.fault].raw == "dropped"
