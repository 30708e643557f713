"""The wire form of the REST API: OData v3 as JSON, or Atom when the client does not ask for JSON.

Source: Exact, "Make the request – OData" and "Response codes"; pages of 60 with `__next`.
"""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from werkzeug.wrappers import Request, Response

PAGE = 60
OPTIONS = {"$select", "$skiptoken", "$top", "$format"}

Record = dict[str, Any]

ATOM = "http://www.w3.org/2005/Atom"
DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
METADATA = f"{DATA}/metadata"


class ApiError(Exception):
    """A refusal of the API: `status`, the text of the error block, and a word for the ledger.

    `reason` goes into the `Reason` header, which often says more than the body.
    """

    def __init__(self, status: int, text: str, error: str, *, reason: bool = False) -> None:
        super().__init__(text)
        self.status, self.text, self.error = status, text, error
        self.reason = text if reason else ""


def date(seconds: float) -> str:
    """`/Date(ms)/`, as OData v2 and v3 JSON write it."""
    return f"/Date({int(seconds * 1_000)})/"


def answer(request: Request, records: Sequence[Record], *, key: str, entity: str) -> Response:
    """One page of `records`, which are sorted by `key`. Raises ApiError for options it cannot serve."""
    page, following = _page(request, records, key)
    shown = _selected(request, page)
    if wants_json(request):
        return _json(request, shown, following, entity, [str(record[key]) for record in page])
    return _atom(request, shown, following, entity)


def refusal(request: Request, error: ApiError) -> Response:
    """`{"error":{"code":"","message":{"lang":"","value":"…"}}}`, or the same in XML."""
    if wants_json(request):
        block = {"error": {"code": "", "message": {"lang": "", "value": error.text}}}
        response = Response(json.dumps(block), error.status, mimetype="application/json")
    else:
        text = f'<error xmlns="{METADATA}"><code/><message xml:lang="">{escape(error.text)}</message></error>'
        response = Response(_XML + text, error.status, mimetype="application/xml")
    if error.reason:
        response.headers["Reason"] = error.reason
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def wants_json(request: Request) -> bool:
    return request.args.get("$format") == "json" or "application/json" in request.headers.get("Accept", "")


def _page(request: Request, records: Sequence[Record], key: str) -> tuple[Sequence[Record], str]:
    unknown = {name for name in request.args if name.startswith("$")} - OPTIONS
    if unknown:
        raise ApiError(400, f"The sandbox does not serve {sorted(unknown)[0]}.", "bad_request")
    after = _whole(request, "$skiptoken", 0)
    top = _whole(request, "$top", len(records))
    rest = [record for record in records if record[key] > after] if after else records
    page = rest[: min(PAGE, top)]
    more = len(rest) > len(page) and top > PAGE
    return page, str(page[-1][key]) if more else ""


def _whole(request: Request, name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ApiError(400, f"{name} must be a whole number.", "bad_request")
    return int(text)


def _selected(request: Request, records: Sequence[Record]) -> list[Record]:
    wanted = [name.strip() for name in request.args.get("$select", "").split(",") if name.strip()]
    if not wanted or not records:
        return [dict(record) for record in records]
    for name in wanted:
        if name not in records[0]:
            raise ApiError(400, f"Could not find a property named '{name}'.", "bad_request")
    return [{name: record[name] for name in wanted} for record in records]


def _json(request: Request, records: Sequence[Record], following: str, entity: str, keys: Sequence[str]) -> Response:
    results = [
        {"__metadata": {"uri": f"{request.base_url}({key})", "type": f"Exact.Web.Api.Models.{entity}"}} | record
        for key, record in zip(keys, records, strict=True)
    ]
    body: dict[str, object] = {"results": results}
    if following:
        body["__next"] = _next(request, following)
    return Response(json.dumps({"d": body}), mimetype="application/json")


def _next(request: Request, following: str) -> str:
    options = {name: value for name, value in request.args.items() if name not in {"$skiptoken", "$top"}}
    return f"{request.base_url}?{urlencode({**options, '$skiptoken': following}, safe='$,')}"


_XML = '<?xml version="1.0" encoding="utf-8"?>\n'


def _atom(request: Request, records: Sequence[Record], following: str, entity: str) -> Response:
    link = f'<link rel="next" href={quoteattr(_next(request, following))}/>' if following else ""
    entries = "".join(_atom_entry(record) for record in records)
    text = (
        f'<feed xmlns="{ATOM}" xmlns:d="{DATA}" xmlns:m="{METADATA}">'
        f"<title>{escape(entity)}</title>{entries}{link}</feed>"
    )
    return Response(_XML + text, mimetype="application/atom+xml")


def _atom_entry(record: Record) -> str:
    values = "".join(f"<d:{name}>{escape(_text(value))}</d:{name}>" for name, value in record.items())
    return f'<entry><content type="application/xml"><m:properties>{values}</m:properties></content></entry>'


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
