"""A small App Center: "Manage my apps". Source: Exact, "Register a product app", "Register a testing app".

An app has tabs, of which *Develop your app* is Exact's. Permission is granted here by a button; at Exact it follows a
review that takes a day or two.
"""

from dataclasses import replace

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox import pages, registry
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.registry import App, RegistrationRefusedError


def partner(exchange: Exchange) -> Response:
    """`GET /partner/`: where companies become partners at Exact; here everybody is one."""
    return pages.render(exchange, "partner.html", {})


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
            raise RegistrationRefusedError("Accept the terms to register an app.", "terms")  # noqa: TRY301
        app = registry.register(
            exchange.db,
            name=fields.get("name", ""),
            kind=kind,
            redirect_url=fields.get("redirect_url", ""),
            now=exchange.now,
        )
    except RegistrationRefusedError as refusal:
        return _form(exchange, kind, refusal)
    return redirect(f"/apps/{app.client_id}/", 303)


def develop(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/`: the tab *Develop your app* with keys and redirect URL."""
    return _develop(exchange, _app(exchange, client_id))


def permission(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/permission`: the tab with permission, scopes and limits."""
    app = _app(exchange, client_id)
    return _tab(exchange, app, "permission", {"scopes": sorted(app.scopes.items())})


def removal(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/delete`: asks for the app's name before it goes."""
    return _tab(exchange, _app(exchange, client_id), "delete", {})


def change_redirect_url(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/redirect-url`."""
    app, typed = _app(exchange, client_id), exchange.request.form.get("redirect_url", "")
    try:
        changed = replace(app, redirect_url=registry.checked_redirect_url(typed))
    except RegistrationRefusedError as refusal:
        return _develop(exchange, app, problem=str(refusal), typed=typed)
    registry.change(exchange.db, changed)
    return redirect(f"/apps/{app.client_id}/", 303)


def change_permission(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/permission`: `granted=yes` or no."""
    app = _app(exchange, client_id)
    registry.change(exchange.db, replace(app, granted=exchange.request.form.get("granted") == "yes"))
    return redirect(f"/apps/{app.client_id}/permission", 303)


def replace_secret(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/secret`."""
    app = _app(exchange, client_id)
    registry.replace_secret(exchange.db, app)
    return redirect(f"/apps/{app.client_id}/", 303)


def delete(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/delete`, with the app's name typed: the keys and every link to it end."""
    app = _app(exchange, client_id)
    if exchange.request.form.get("name", "").strip() != app.name:
        return _tab(exchange, app, "delete", {"problem": "Type the app's name exactly to delete it."}, status=400)
    registry.delete(exchange.db, app)
    return redirect("/apps/", 303)


def _form(exchange: Exchange, kind: str, refusal: RegistrationRefusedError | None = None) -> Response:
    context: dict[str, object] = {
        "kind": kind,
        "problem": str(refusal or ""),
        "field": refusal.field if refusal else "",
        "typed": exchange.request.form,
    }
    return pages.render(exchange, "register.html", context, status=400 if refusal else 200)


def _develop(exchange: Exchange, app: App, problem: str = "", typed: str = "") -> Response:
    context: dict[str, object] = {"problem": problem, "redirect_url": typed or app.redirect_url}
    return _tab(exchange, app, "develop", context, status=400 if problem else 200)


def _tab(exchange: Exchange, app: App, tab: str, context: dict[str, object], *, status: int = 200) -> Response:
    everything: dict[str, object] = {"app": app, "tab": tab, **context}
    return pages.render(exchange, f"app_{tab}.html", everything, status=status)


def _app(exchange: Exchange, client_id: str) -> App:
    app = registry.app(exchange.db, client_id)
    if app is None:
        raise NotFound("There is no app with this Client ID here.")
    return app


ROUTES = (
    ("/partner/", partner, "GET"),
    ("/apps/", listing, "GET"),
    ("/apps/register", form, "GET"),
    ("/apps/register", register, "POST"),
    ("/apps/<client_id>/", develop, "GET"),
    ("/apps/<client_id>/redirect-url", change_redirect_url, "POST"),
    ("/apps/<client_id>/permission", permission, "GET"),
    ("/apps/<client_id>/permission", change_permission, "POST"),
    ("/apps/<client_id>/secret", replace_secret, "POST"),
    ("/apps/<client_id>/delete", removal, "GET"),
    ("/apps/<client_id>/delete", delete, "POST"),
)
