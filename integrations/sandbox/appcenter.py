"""A small App Center: "Manage my apps". Source: Exact, "Register a product app", "Register a testing app".

Permission is granted here by a button; at Exact it follows a review that takes a day or two.
"""

from dataclasses import replace

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox import pages, registry
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.registry import App, RegistrationRefusedError


def listing(exchange: Exchange) -> Response:
    """`GET /apps/`."""
    return pages.render(exchange, "apps.html", {"apps": registry.apps(exchange.db)})


def form(exchange: Exchange) -> Response:
    """`GET /apps/register?kind=product|testing`."""
    kind = exchange.request.args.get("kind", "product")
    if kind not in registry.KINDS:
        raise NotFound
    return _form(exchange, kind)


def register(exchange: Exchange) -> Response:
    """`POST /apps/register`: name, kind, redirect URL, terms."""
    fields = exchange.request.form
    kind = fields.get("kind", "")
    try:
        if fields.get("terms") != "on":
            raise RegistrationRefusedError("Accept the terms to register an app.")  # noqa: TRY301
        app = registry.register(
            exchange.db,
            name=fields.get("name", ""),
            kind=kind,
            redirect_url=fields.get("redirect_url", ""),
            now=exchange.now,
        )
    except RegistrationRefusedError as refusal:
        return _form(exchange, kind, str(refusal))
    return redirect(f"/apps/{app.client_id}/", 303)


def detail(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/`: keys, redirect URL, permission."""
    return _detail(exchange, _app(exchange, client_id))


def change_redirect_url(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/redirect-url`."""
    app, typed = _app(exchange, client_id), exchange.request.form.get("redirect_url", "")
    try:
        changed = replace(app, redirect_url=registry.checked_redirect_url(typed))
    except RegistrationRefusedError as refusal:
        return _detail(exchange, app, problem=str(refusal), typed=typed)
    registry.change(exchange.db, changed)
    return redirect(f"/apps/{app.client_id}/", 303)


def change_permission(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/permission`: `granted=yes` or no."""
    app = _app(exchange, client_id)
    registry.change(exchange.db, replace(app, granted=exchange.request.form.get("granted") == "yes"))
    return redirect(f"/apps/{app.client_id}/", 303)


def replace_secret(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/secret`."""
    app = _app(exchange, client_id)
    registry.replace_secret(exchange.db, app)
    return redirect(f"/apps/{app.client_id}/", 303)


def delete(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/delete`, with the app's name typed: the keys and every link to it end."""
    app = _app(exchange, client_id)
    if exchange.request.form.get("name", "").strip() != app.name:
        return _detail(exchange, app, unconfirmed="Type the app's name exactly to delete it.")
    registry.delete(exchange.db, app)
    return redirect("/apps/", 303)


def _form(exchange: Exchange, kind: str, problem: str = "") -> Response:
    context: dict[str, object] = {"kind": kind, "problem": problem, "typed": exchange.request.form}
    return pages.render(exchange, "register.html", context, status=400 if problem else 200)


def _detail(exchange: Exchange, app: App, problem: str = "", typed: str = "", unconfirmed: str = "") -> Response:
    context: dict[str, object] = {
        "app": app,
        "scopes": sorted(app.scopes.items()),
        "problem": problem,
        "redirect_url": typed or app.redirect_url,
        "unconfirmed": unconfirmed,
    }
    return pages.render(exchange, "app.html", context, status=400 if problem or unconfirmed else 200)


def _app(exchange: Exchange, client_id: str) -> App:
    app = registry.app(exchange.db, client_id)
    if app is None:
        raise NotFound("There is no app with this Client ID here.")
    return app


ROUTES = (
    ("/apps/", listing, "GET"),
    ("/apps/register", form, "GET"),
    ("/apps/register", register, "POST"),
    ("/apps/<client_id>/", detail, "GET"),
    ("/apps/<client_id>/redirect-url", change_redirect_url, "POST"),
    ("/apps/<client_id>/permission", change_permission, "POST"),
    ("/apps/<client_id>/secret", replace_secret, "POST"),
    ("/apps/<client_id>/delete", delete, "POST"),
)
