"""The pages that steer practice: home, faults, ledger, clock. Each serves people (forms) and tests (JSON)."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from integrations.sandbox import faults, ledger, pages, people, registry
from integrations.sandbox.exchange import Exchange, Fields, json_response
from integrations.sandbox.spoil import Params
from integrations.sandbox.store import set_setting

KINDS = (
    "authorize",
    "login",
    "consent",
    "token",
    "me",
    "hrm_divisions",
    "system_divisions",
    "api",
    "unknown",
    "review",
    "permission",
)
STEPS = ("review", "permission")
MAX_ID = 2**62
MAX_BYTES = 256 * 1024 * 1024


def home(exchange: Exchange) -> Response:
    """What this is, and where everything is."""
    context = {
        "region": exchange.config.region,
        "lifetime": exchange.config.lifetime,
        "address": exchange.request.host_url.rstrip("/"),
        "apps": registry.apps(exchange.db),
        "users": people.users(exchange.db),
    }
    return pages.render(exchange, "home.html", context)


def faults_page(exchange: Exchange) -> Response:
    """`GET /sandbox/faults`; as JSON `{"orders": [Order…], "faults": {name: label}, "targets": [name…]}`."""
    orders = faults.orders(exchange.db)
    if exchange.wants_json:
        labels = {fault.name: fault.label for fault in faults.CATALOGUE.values()}
        payload = {"orders": [order.json for order in orders], "faults": labels, "targets": [*faults.TARGETS]}
        return json_response(payload)
    context: dict[str, object] = {
        "orders": orders,
        "catalogue": faults.CATALOGUE.values(),
        "targets": faults.TARGETS,
    }
    return pages.render(exchange, "faults.html", context)


def order_fault(exchange: Exchange) -> Response:
    """`POST /sandbox/faults` → the order.

    `{"fault", "target"?, "count"?, "processed"?, "client_id"?, "division"?, "seconds"?, "size"?, "field"?,
    "location"?}`
    """
    fields = Fields(exchange.request)
    order = faults.place(
        exchange.db,
        fields.text("fault"),
        target=fields.text("target", "any"),
        count=fields.whole("count", 1),
        processed=_processed(fields),
        client_id=fields.text("client_id") or None,
        division=fields.whole("division", 0) or None,
        params=_params(fields),
    )
    return pages.done(exchange, order.json, "/sandbox/faults", status=201)


def _processed(fields: Fields) -> bool | None:
    """None: as the fault does by default. The page offers three choices, JSON a boolean."""
    return fields.flag("processed", default=False) if _given(fields, "processed") else None


def _given(fields: Fields, name: str) -> bool:
    return name in fields and not fields.is_blank(name)


def _params(fields: Fields) -> Params:
    params: Params = {name: fields.text(name) for name in ("field", "location") if _given(fields, name)}
    if _given(fields, "seconds"):
        params["seconds"] = fields.number("seconds", 0)
    if _given(fields, "size"):
        params["size"] = fields.whole("size", 0)
    if not 0 <= params.get("seconds", 0) <= 3_600 or not 0 <= params.get("size", 0) <= MAX_BYTES:
        raise BadRequest("At most an hour, and at most 256 MiB.")
    return params


def clear_faults(exchange: Exchange) -> Response:
    """`DELETE /sandbox/faults` or `POST /sandbox/faults/clear`: all orders, or the one in `id`."""
    faults.clear(exchange.db, Fields(exchange.request).whole("id", 0))
    left = [order.json for order in faults.orders(exchange.db)]
    return pages.done(exchange, {"orders": left}, "/sandbox/faults")


def ledger_page(exchange: Exchange) -> Response:
    """`GET /sandbox/ledger`: the latest 200 requests, newest first."""
    kind = exchange.request.args.get("kind", "")
    rows = [
        {**row, "time": _time(row["received_at_ms"] / 1_000), "step": _step(row)}
        for row in ledger.latest(exchange.db, kind=kind)
    ]
    context: dict[str, object] = {"rows": rows, "kinds": KINDS, "kind": kind}
    return pages.render(exchange, "ledger.html", context)


def ledger_json(exchange: Exchange) -> Response:
    """`GET /sandbox/ledger.json?after=ID&kind=&client_id=&division=&limit=`, oldest first.

    `{"entries": [Entry with "id"…], "last_id": the newest id there is, "next": URL or null}`
    """
    query = exchange.request.args
    limit = max(1, min(query.get("limit", ledger.PAGE, int), ledger.PAGE))
    entries = ledger.entries(
        exchange.db,
        after=min(query.get("after", 0, int), MAX_ID),
        kind=query.get("kind", ""),
        client_id=query.get("client_id", ""),
        division=_division(query.get("division", "")),
        limit=limit,
    )
    following = None
    if len(entries) == limit and entries:
        options = {**query.to_dict(), "after": str(entries[-1]["id"])}
        following = f"{exchange.request.base_url}?{urlencode(options)}"
    return json_response({"entries": entries, "last_id": ledger.last_id(exchange.db), "next": following})


def _division(text: str) -> int | None:
    """None stands for any; what is no number is nobody's division."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else -1


def change_clock(exchange: Exchange) -> Response:
    """`POST /sandbox/clock`: `{"move"?: seconds, "ahead"?: seconds, "stopped"?: bool, "reset"?: true}`.

    Answers `{"now", "ahead", "stopped"}`. `ahead` outlives a restart, being stopped does not.
    """
    fields, clock = Fields(exchange.request), exchange.clock
    if fields.flag("reset", default=False):
        clock.reset()
    clock.move(fields.number("move", 0))
    if "ahead" in fields:
        clock.move(fields.number("ahead", 0) - clock.ahead)
    if "stopped" in fields:
        (clock.stop if fields.flag("stopped", default=False) else clock.go)()
    set_setting(exchange.db, "clock_ahead", str(clock.ahead))
    payload = {"now": clock.now(), "ahead": clock.ahead, "stopped": clock.stopped}
    return pages.done(exchange, payload, "/sandbox/")


def _step(row: dict[str, Any]) -> str:
    """Which step of a review or a permission; the others are told apart by their kind."""
    return str(row["path"]).rpartition("/")[2] if row["kind"] in STEPS else ""


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


ROUTES = (
    ("/", home, "GET"),
    ("/sandbox/faults", faults_page, "GET"),
    ("/sandbox/faults", order_fault, "POST"),
    ("/sandbox/faults", clear_faults, "DELETE"),
    ("/sandbox/faults/clear", clear_faults, "POST"),
    ("/sandbox/ledger", ledger_page, "GET"),
    ("/sandbox/ledger.json", ledger_json, "GET"),
    ("/sandbox/clock", change_clock, "POST"),
)
