"""The tabs of one app in the App Center: what their pages have in common."""

from collections.abc import Collection
from datetime import UTC, datetime

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from integrations.sandbox import pages, permissions, registry, reviews
from integrations.sandbox.exchange import Exchange, Fields, json_response
from integrations.sandbox.form import TEXT_LONGEST, length
from integrations.sandbox.registry import App
from integrations.sandbox.reviews import StepRefusedError


def app(exchange: Exchange, client_id: str) -> App:
    """The app of an address. Raises NotFound."""
    found = registry.app(exchange.db, client_id)
    if found is None:
        raise NotFound("There is no app with this Client ID here.")
    return found


def page(exchange: Exchange, of: App, tab: str, context: dict[str, object], *, status: int = 200) -> Response:
    return pages.render(exchange, f"app_{tab}.html", {"app": of, "tab": tab, **context}, status=status)


def written(exchange: Exchange) -> str:
    """What was written beside a step. Raises BadRequest."""
    text = Fields(exchange.request).text("text")
    if length(text) > TEXT_LONGEST:
        raise BadRequest(f"Write at most {TEXT_LONGEST:,} characters.")
    return text


def done(exchange: Exchange, of: App, tab: str) -> Response:
    """How the app stands after a step, for a machine; the tab again for a person."""
    return pages.done(exchange, standing(exchange, app(exchange, of.client_id)), f"/apps/{of.client_id}/{tab}")


def refused(exchange: Exchange, refusal: StepRefusedError) -> Response | None:
    """What a machine is told; None where the page says it to a person."""
    exchange.entry.error = "step_refused"
    return json_response({"error": str(refusal), "reasons": refusal.reasons}, 409) if exchange.wants_json else None


def standing(exchange: Exchange, of: App) -> dict[str, object]:
    """Review and permission in words, and the scopes that the API enforces beside those on the form."""
    review = reviews.newest(exchange.db, of)
    return {
        "client_id": of.client_id,
        "review": review.state if review else "",
        "review_text": review.text if review else "",
        "permission": permissions.state(exchange.db, of),
        "scopes": dict(of.scopes),
        "form_scopes": dict(review.form.scopes) if review else {},
    }


def time(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def beside(of: App, on_form: dict[str, str], order: Collection[str]) -> list[dict[str, object]]:
    """Each scope that is enforced or on the form, in the form's order; others, from the control API, after them."""
    both = {**of.scopes, **on_form}
    names = [scope for scope in order if scope in both] + sorted(set(both) - set(order))
    return [
        {
            "scope": scope,
            "enforced": of.scopes.get(scope, "None"),
            "on_form": on_form.get(scope, "None"),
            "differs": of.scopes.get(scope) != on_form.get(scope),
        }
        for scope in names
    ]
