"""The tab *Permission*: requested as at Exact; granted, refused and taken back by whoever plays Exact.

Source: Exact, "Publication procedure" (Request permission, the tag *In Review*).
"""

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from integrations.sandbox import permissions, tabs
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.languages import WORDS
from integrations.sandbox.registry import App
from integrations.sandbox.reviews import StepRefusedError


def permission(exchange: Exchange, client_id: str) -> Response:
    """`GET /apps/<client_id>/permission`: where it stands, what can be done, and the app's limits."""
    return _page(exchange, tabs.app(exchange, client_id))


def take(exchange: Exchange, client_id: str, step: str) -> Response:
    """`POST /apps/<client_id>/permission/<step>`: a step of `permissions.STEPS`, with a text where one is written."""
    app = tabs.app(exchange, client_id)
    exchange.known_app(app)
    if step not in permissions.STEPS:
        raise NotFound(f"There is no step “{step[:40]}”.")
    try:
        permissions.take(exchange.db, app, step, tabs.written(exchange), exchange.now)
    except StepRefusedError as refusal:
        return tabs.refused(exchange, refusal) or _page(exchange, app, str(refusal))
    return tabs.done(exchange, app, "permission")


def _page(exchange: Exchange, app: App, problem: str = "") -> Response:
    stands = permissions.state(exchange.db, app)
    offered = {name: step for name, step in permissions.STEPS.items() if stands in step.before}
    context: dict[str, object] = {
        "problem": problem,
        "state": stands,
        "label": permissions.LABELS[stands],
        "language": exchange.config.language,
        "words": WORDS.get(exchange.config.language),
        "offered": offered,
        "why_no_request": permissions.why_no_request(exchange.db, app),
        "by_exact": any(step.by_exact for step in offered.values()),
        "steps": [
            {"label": permissions.LABELS[step["state"]], "text": step["text"], "time": tabs.time(step["at"])}
            for step in permissions.steps(exchange.db, app)
        ],
    }
    return tabs.page(exchange, app, "permission", context, status=409 if problem else 200)


ROUTES = (
    ("/apps/<client_id>/permission", permission, "GET", ""),
    ("/apps/<client_id>/permission/<step>", take, "POST", "permission"),
)
