"""A small App Center: "Manage my apps". Source: Exact, "Register a product app", "Register a testing app".

An app has tabs: *Develop your app* and *Delete* are here, *Submit for review* in `review_pages`, *Permission* in
`permission_pages`.
"""

from dataclasses import replace

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox import pages, permissions, registry, tabs
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.registry import App, RegistrationRefusedError


def partner(exchange: Exchange) -> Response:
    """`GET /partner/`: where companies become partners at Exact; here everybody is one."""
    return pages.render(exchange, "partner.html", {})


def listing(exchange: Exchange) -> Response:
    """`GET /apps/`."""
    rows = [
        {"app": app, "permission": permissions.LABELS[permissions.state(exchange.db, app)]}
        for app in registry.apps(exchange.db)
    ]
    return pages.render(exchange, "apps.html", {"rows": rows})


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
    return _develop(exchange, tabs.app(exchange, client_id))


def removal(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/delete`: asks for the app's name before it goes."""
    return tabs.page(exchange, tabs.app(exchange, client_id), "delete", {})


def change_redirect_url(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/redirect-url`."""
    app, typed = tabs.app(exchange, client_id), exchange.request.form.get("redirect_url", "")
    try:
        changed = replace(app, redirect_url=registry.checked_redirect_url(typed))
    except RegistrationRefusedError as refusal:
        return _develop(exchange, app, problem=str(refusal), typed=typed)
    registry.change(exchange.db, changed)
    return redirect(f"/apps/{app.client_id}/", 303)


def replace_secret(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/secret`."""
    app = tabs.app(exchange, client_id)
    registry.replace_secret(exchange.db, app)
    return redirect(f"/apps/{app.client_id}/", 303)


def delete(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/delete`, with the app's name typed: the keys and every link to it end."""
    app = tabs.app(exchange, client_id)
    if exchange.request.form.get("name", "").strip() != app.name:
        return tabs.page(exchange, app, "delete", {"problem": "Type the app's name exactly to delete it."}, status=400)
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
    return tabs.page(exchange, app, "develop", context, status=400 if problem else 200)


ROUTES = (
    ("/partner/", partner, "GET"),
    ("/apps/", listing, "GET"),
    ("/apps/register", form, "GET"),
    ("/apps/register", register, "POST"),
    ("/apps/<client_id>/", develop, "GET"),
    ("/apps/<client_id>/redirect-url", change_redirect_url, "POST"),
    ("/apps/<client_id>/secret", replace_secret, "POST"),
    ("/apps/<client_id>/delete", removal, "GET"),
    ("/apps/<client_id>/delete", delete, "POST"),
)
