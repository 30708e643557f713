"""What an answer is made of, before anybody asks what it means."""

import http.client
import json
from typing import NoReturn

from integrations.exact.wire import Reply


def document(body: bytes) -> dict[str, object] | None:
    """The one JSON object (RFC 8259) that the body is, else None.

    None for lists, scalars, names given twice, NaN, numbers without end, absurd nesting, and bytes that are
    not UTF-8.
    """
    try:
        found = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def unavailable(reply: Reply) -> bool:
    """Nothing, or a page for people: what front ends and maintenance send in place of JSON."""
    start = reply.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return not reply.body.strip() or start.startswith((b"<!doctype", b"<html", b"<head", b"<body"))


def said(reply: Reply) -> str:
    """Everything the answer says about a refusal: error block, `Reason` header, and a status phrase
    that is not the usual one.

    The wire form of the error block is not published: OData's
    `{"error":{"code":"","message":{"lang":"","value":"…"}}}`, OAuth's `error` and `error_description`
    (RFC 6749 §5.2), and plain text have been seen.
    """
    parts = [*_block(reply), reply.headers.get("Reason", "")]
    if reply.phrase.lower() != http.client.responses.get(reply.status, "").lower():
        parts.append(reply.phrase)
    found: list[str] = []
    for part in (" ".join(part.split()) for part in parts):
        if part and not any(part in earlier for earlier in found):
            found.append(part)
    return " · ".join(found)


def _block(reply: Reply) -> list[str]:
    found = document(reply.body)
    if found is None:
        plain = not unavailable(reply) and not reply.body.lstrip().startswith((b"<", b"{", b"["))
        return [reply.body.decode("utf-8", "replace")] if plain else []
    error = found.get("error")
    if isinstance(error, dict):
        message = error.get("message")
        return [value for value in (message, _value(message)) if isinstance(value, str)]
    return [value for value in (error, found.get("error_description")) if isinstance(value, str)]


def _value(message: object) -> object:
    return message.get("value") if isinstance(message, dict) else None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("not a number of JSON")
