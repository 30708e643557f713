"""The sandbox's own HTML: templates, headers, and the answer after a form."""

from pathlib import Path
from urllib.parse import urlsplit

from django.template import Context, Engine
from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from integrations.sandbox.exchange import Exchange, json_response

# A template engine of its own: none of the portal's settings, filters or context processors.
_ENGINE = Engine(dirs=[str(Path(__file__).parents[2] / "templates")], autoescape=True)
_STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".svg": "image/svg+xml"}


def render(
    exchange: Exchange, template: str, context: dict[str, object], *, status: int = 200, leads_to: str = ""
) -> Response:
    """A page. `leads_to` is a URL that a form of this page may redirect to.

    Chromium holds `form-action` against the redirect that follows a form, so the consent page has to name
    the app's redirect URL.
    """
    shared = {"title": exchange.config.title, "path": exchange.request.path, **context}
    html = _ENGINE.get_template(f"sandbox/{template}").render(Context(shared, use_l10n=False, use_tz=False))
    response = Response(html, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = _policy(leads_to)
    return response


def _policy(leads_to: str) -> str:
    target = urlsplit(leads_to)
    origin = f" {target.scheme}://{target.netloc}" if leads_to else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self'{origin}"
    )


def message(exchange: Exchange, heading: str, text: str, *, status: int, back: str = "") -> Response:
    """A page that says one thing, most often why something was refused."""
    context: dict[str, object] = {"heading": heading, "text": text, "back": back}
    return render(exchange, "message.html", context, status=status)


def done(exchange: Exchange, payload: object, back: str, *, status: int = 200) -> Response:
    """JSON for a machine, the page again for a person (303, so that reloading repeats nothing)."""
    if exchange.wants_json:
        return json_response(payload, status)
    return redirect(back, 303)


def static(exchange: Exchange, name: str) -> Response:
    del exchange
    path = _STATIC / name
    if name not in {file.name for file in _STATIC.iterdir()}:
        raise NotFound
    response = Response(path.read_bytes(), mimetype=_TYPES[path.suffix])
    response.headers["Cache-Control"] = "no-cache"
    return response
