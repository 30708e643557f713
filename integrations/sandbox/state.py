"""Users, companies and consents as they stand, and what may be changed about them during practice."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from integrations.sandbox import chains, consent, pages, people, registry
from integrations.sandbox.chains import Chain
from integrations.sandbox.exchange import Exchange, Fields, json_response
from integrations.sandbox.people import User
from integrations.sandbox.registry import App, RegistrationRefusedError
from integrations.sandbox.tabs import standing

T = TypeVar("T")

PAGE = "/sandbox/"
MAX_COMPANIES = 1_000


def page(exchange: Exchange) -> Response:
    """`GET /sandbox/`."""
    db, clock = exchange.db, exchange.clock
    context: dict[str, object] = {
        "users": [{"user": user, "companies": people.companies_of(db, user.id)} for user in people.users(db)],
        "companies": people.companies(db),
        "connections": [_connection_row(exchange, chain) for chain in chains.recent(db)],
        "now": _time(exchange.now),
        "ahead": round(clock.ahead),
        "stopped": clock.stopped,
    }
    return pages.render(exchange, "state.html", context)


def as_json(exchange: Exchange) -> Response:
    """`GET /sandbox/state.json`: `{"users", "companies", "apps", "connections", "clock"}`, no secrets."""
    db, clock = exchange.db, exchange.clock
    return json_response(
        {
            "users": [_user(exchange, user) for user in people.users(db)],
            "companies": [vars(company) for company in people.companies(db)],
            "apps": [_app(exchange, app) for app in registry.apps(db)],
            "connections": [vars(chain) for chain in chains.recent(db)],
            "clock": {"now": exchange.now, "ahead": clock.ahead, "stopped": clock.stopped},
        }
    )


def change_company(exchange: Exchange, division: int) -> Response:
    """`POST /sandbox/companies/<division>` → the company.

    `{"licence_expired"?, "status"?, "blocking_status"?, "description"?}`
    """
    company = _found(people.company(exchange.db, division), "company")
    fields = Fields(exchange.request)
    changed = replace(
        company,
        description=fields.text("description") or company.description,
        status=fields.whole("status", company.status),
        blocking_status=fields.whole("blocking_status", company.blocking_status),
        licence_expired=fields.flag("licence_expired", default=company.licence_expired),
    )
    if changed.status not in {0, 1, 2} or changed.blocking_status < 0:
        raise BadRequest("A status is 0, 1 or 2; a blocking status is 0 or more.")
    people.change_company(exchange.db, changed)
    return pages.done(exchange, vars(changed), PAGE)


def add_companies(exchange: Exchange) -> Response:
    """`POST /sandbox/companies`: `{"user": id or user name, "count"}` → `{"divisions": [code…]}`."""
    fields = Fields(exchange.request)
    user, count = _found(people.user(exchange.db, fields.text("user")), "user"), fields.whole("count", 1)
    if not 1 <= count <= MAX_COMPANIES or not people.companies_of(exchange.db, user.id):
        raise BadRequest("Add between 1 and 1,000 companies to a user who has one.")
    codes = people.add_companies(exchange.db, user, count)
    return pages.done(exchange, {"divisions": codes}, PAGE, status=201)


def change_user(exchange: Exchange, user_id: str) -> Response:
    """`POST /sandbox/users/<id or user name>`: `{"current_division"?, "rights"?: {division: bool}}`."""
    user = _found(people.user(exchange.db, user_id), "user")
    fields = Fields(exchange.request)
    current = _known_divisions(exchange, [fields.whole("current_division", user.current_division)])[0]
    people.set_current_division(exchange.db, user.id, current)
    for key, rights in fields.mapping("rights").items():
        division = int(key) if key.isascii() and key.isdigit() and len(key) <= 12 else 0
        _known_divisions(exchange, [division])
        people.set_rights(exchange.db, user.id, division, rights=bool(rights))
    return pages.done(exchange, _user(exchange, _found(people.user(exchange.db, user.id), "user")), PAGE)


def change_connection(exchange: Exchange, chain_id: int) -> Response:
    """`POST /sandbox/connections/<id>`: `{"divisions"?: [code…], "action"?: …}`.

    action: revoke (as the customer does in his Security Centre) · expire_access · expire_refresh ·
    allow_refresh (the 95 % rule lets the next token request through).
    """
    chain = _found(chains.chain(exchange.db, chain_id), "connection")
    fields = Fields(exchange.request)
    if "divisions" in fields:
        divisions = _known_divisions(exchange, fields.numbers("divisions"))
        chains.grant_divisions(exchange.db, chain.id, divisions)
    _act(exchange, chain, fields.text("action"))
    changed = _found(chains.chain(exchange.db, chain_id), "connection")
    return pages.done(exchange, vars(changed), PAGE)


def _act(exchange: Exchange, chain: Chain, action: str) -> None:
    db, now = exchange.db, exchange.now
    if action == "revoke":
        chains.end(db, chain.id, "revoked")
    elif action == "allow_refresh":
        chains.allow_refresh(db, chain.id)
    elif action in {"expire_access", "expire_refresh"}:
        chains.expire(db, chain.id, action.removeprefix("expire_"), now)
    elif action:
        raise BadRequest(f"There is no action “{action}”.")


def change_app(exchange: Exchange, client_id: str) -> Response:
    """`POST /sandbox/apps/<client_id>` → the app.

    `{"granted"?, "redirect_url"?, "scopes"?, "minutely_limit"?, "daily_limit"?}`

    `scopes` replaces all: `{"organization.administration": "Read", …}`.
    """
    app = _found(registry.app(exchange.db, client_id), "app")
    fields = Fields(exchange.request)
    try:
        redirect_url = registry.checked_redirect_url(fields.text("redirect_url") or app.redirect_url)
    except RegistrationRefusedError as refusal:
        raise BadRequest(str(refusal)) from None
    scopes = fields.mapping("scopes") if "scopes" in fields else app.scopes
    limits = fields.whole("minutely_limit", app.minutely_limit), fields.whole("daily_limit", app.daily_limit)
    if not set(scopes.values()) <= set(registry.LEVELS) or min(limits) < 0:
        raise BadRequest("A scope is Read or Manage; a limit is 0 or more.")
    changed = replace(
        app,
        granted=fields.flag("granted", default=app.granted),
        redirect_url=redirect_url,
        scopes=scopes,
        minutely_limit=limits[0],
        daily_limit=limits[1],
    )
    registry.change(exchange.db, changed)
    return pages.done(exchange, _app(exchange, changed), f"/apps/{app.client_id}/")


def give_consent(exchange: Exchange) -> Response:
    """`POST /sandbox/consent`: what login and Allow do, in one step, for tests without a browser.

    `{"client_id", "user": id or user name, "state"?, "divisions"?: default all}` → `{"location"}`, the
    redirect with the code. The ledger gets no entry.
    """
    fields = Fields(exchange.request)
    app = _found(registry.app(exchange.db, fields.text("client_id")), "app")
    user = _found(people.user(exchange.db, fields.text("user")), "user")
    refusal = consent.outsider(app, user)
    if refusal:
        return json_response({"error": refusal}, 403)
    reachable = [company.code for company in people.companies_of(exchange.db, user.id)]
    chosen = [code for code in fields.numbers("divisions") if code in reachable] or reachable
    state = fields.text("state") if "state" in fields else None
    location = consent.allow(exchange, app, user, chosen, app.redirect_url, state)
    return json_response({"location": location}, 201)


def _known_divisions(exchange: Exchange, divisions: list[int]) -> list[int]:
    for division in divisions:
        _found(people.company(exchange.db, division), "company")
    return divisions


def _found(thing: T | None, word: str) -> T:
    if thing is None:
        raise NotFound(f"There is no such {word}.")
    return thing


def _connection_row(exchange: Exchange, chain: Chain) -> dict[str, Any]:
    app, user = registry.app(exchange.db, chain.client_id), people.user(exchange.db, chain.user_id)
    return {
        "chain": chain,
        "app": app.name if app else "",
        "user": user.full_name if user else "",
        "since": _time(chain.created_at),
        "divisions": ", ".join(map(str, chain.divisions[:8])) + (" …" if len(chain.divisions) > 8 else ""),
        "live": chain.state == "live",
    }


def _user(exchange: Exchange, user: User) -> dict[str, Any]:
    reachable = people.companies_of(exchange.db, user.id)
    return {**vars(user), "divisions": [company.code for company in reachable]}


def _app(exchange: Exchange, app: App) -> dict[str, Any]:
    """Without its secret, with how review and permission stand."""
    return {**{name: value for name, value in vars(app).items() if name != "client_secret"}, **standing(exchange, app)}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


ROUTES = (
    ("/sandbox/", page, "GET"),
    ("/sandbox/state.json", as_json, "GET"),
    ("/sandbox/companies", add_companies, "POST"),
    ("/sandbox/companies/<int:division>", change_company, "POST"),
    ("/sandbox/users/<user_id>", change_user, "POST"),
    ("/sandbox/connections/<int:chain_id>", change_connection, "POST"),
    ("/sandbox/apps/<client_id>", change_app, "POST"),
    ("/sandbox/consent", give_consent, "POST"),
)
