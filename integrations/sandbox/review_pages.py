"""The tab *Submit for review*: Edit, Save, Submit, as at Exact; and the reviewer, whom one plays oneself.

Source: Exact, "Register a product app" (Data & Security Review). Saving changed scopes has no effect until approved.
"""

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox import form as forms
from integrations.sandbox import form_fields, reviews, tabs
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.form import Form
from integrations.sandbox.registry import App
from integrations.sandbox.reviews import StepRefusedError


def review(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/review`: where the review stands, the form to read, and what can be done."""
    return _page(exchange, _product_app(exchange, client_id))


def edit(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/review/form`; in review, the tab again: there is nothing to edit then."""
    app = _product_app(exchange, client_id)
    newest = reviews.newest(exchange.db, app)
    if newest is not None and newest.state == "in_review":
        return redirect(f"/apps/{app.client_id}/review", 303)
    return _form(exchange, app, reviews.form(exchange.db, app), {})


def save(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/review/form`: keep it as a draft, finished or not."""
    app = _product_app(exchange, client_id)
    exchange.known_app(app)
    filled = form_fields.read(exchange.request.form)
    faults = dict(reversed([*forms.faults(filled)]))
    if faults:
        exchange.entry.error = "form_refused"
        return _form(exchange, app, filled, faults)
    try:
        reviews.save(exchange.db, app, filled, exchange.now)
    except StepRefusedError as refusal:
        return _refused(exchange, app, refusal)
    return tabs.done(exchange, app, "review")


def submit(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/review/submit`."""
    app = _product_app(exchange, client_id)
    exchange.known_app(app)
    english_too = exchange.config.asks_english_too
    try:
        reviews.submit(exchange.db, app, exchange.now, english_too=english_too)
    except StepRefusedError as refusal:
        return _refused(exchange, app, refusal)
    return tabs.done(exchange, app, "review")


def approve(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/review/approve`, as the reviewer."""
    return _decide(exchange, client_id, approved=True)


def reject(exchange: Exchange, client_id: str) -> Response:
    """`POST /apps/<client_id>/review/reject`: `text` says what is wrong."""
    return _decide(exchange, client_id, approved=False)


def _decide(exchange: Exchange, client_id: str, *, approved: bool) -> Response:
    app = _product_app(exchange, client_id)
    exchange.known_app(app)
    decide = reviews.approve if approved else reviews.reject
    try:
        decide(exchange.db, app, tabs.written(exchange), exchange.now)
    except StepRefusedError as refusal:
        return _refused(exchange, app, refusal)
    return tabs.done(exchange, app, "review")


def _refused(exchange: Exchange, app: App, refusal: StepRefusedError) -> Response:
    return tabs.refused(exchange, refusal) or _page(exchange, app, refusal.reasons)


def _page(exchange: Exchange, app: App, problems: tuple[str, ...] = ()) -> Response:
    rounds = reviews.rounds(exchange.db, app)
    newest = rounds[0] if rounds else None
    form = reviews.form(exchange.db, app)
    context: dict[str, object] = {
        **form_fields.shown(form, exchange.config, {}),
        "problems": problems,
        "state": newest.state if newest else "",
        "label": reviews.LABELS[newest.state if newest else ""],
        "review": newest,
        "times": _times(newest),
        "ever_approved": reviews.approved(exchange.db, app) is not None,
        "scopes": tabs.beside(app, dict(form.scopes), forms.SCOPES),
        "earlier": [
            {"review": one, "number": len(rounds) - place, "times": _times(one)}
            for place, one in enumerate(rounds)
            if place
        ],
    }
    return tabs.page(exchange, app, "review", context, status=409 if problems else 200)


def _times(of: reviews.Review | None) -> dict[str, str]:
    if of is None:
        return {}
    return {
        "saved": tabs.time(of.saved_at),
        "submitted": tabs.time(of.submitted_at),
        "decided": tabs.time(of.decided_at),
    }


def _form(exchange: Exchange, app: App, form: Form, faults: dict[str, str]) -> Response:
    context: dict[str, object] = form_fields.shown(form, exchange.config, faults)
    return tabs.page(exchange, app, "review_form", context, status=400 if faults else 200)


def _product_app(exchange: Exchange, client_id: str) -> App:
    app = tabs.app(exchange, client_id)
    if app.kind != "product":
        raise NotFound("A testing app is not reviewed: it never leaves the subscription that owns it.")
    return app


ROUTES = (
    ("/apps/<client_id>/review", review, "GET", ""),
    ("/apps/<client_id>/review/form", edit, "GET", ""),
    ("/apps/<client_id>/review/form", save, "POST", "review"),
    ("/apps/<client_id>/review/submit", submit, "POST", "review"),
    ("/apps/<client_id>/review/approve", approve, "POST", "review"),
    ("/apps/<client_id>/review/reject", reject, "POST", "review"),
)
