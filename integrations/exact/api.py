"""One request at Exact's REST API, and what its refusals mean.

Sources: Exact's pages *Exact Online REST API – reference documentation* and *Response codes and error
handling* (topic DNO-Content-respcodeserrorhandling). Which calls are made, and counting them, is up to the
caller: this sends one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from integrations.exact import answers, errors, limits, origin, redaction, scope_violations, token_answers, wire
from integrations.exact.evidence import Evidence
from integrations.exact.limits import LimitHeaders
from integrations.exact.origin import Origin

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A success. `document` is its JSON object, None where a write answered without a body."""

    evidence: Evidence
    origin: Origin
    status: int
    limits: LimitHeaders
    document: dict[str, object] | None = field(repr=False)


def send(
    region_origin: str,
    token: str,
    method: str,
    path: str,
    *,
    payload: Mapping[str, object] | None = None,
    seconds: float = wire.DEADLINE_SECONDS,
) -> Answer:
    """One request with a bearer token (RFC 6750 §2.1): `path` absolute with query, `payload` sent as JSON.

    Raises an `ExactError`; its `limits` are those of the refusal's headers (refused calls count too), its
    `sent` says whether the call can have been counted. `ValueError` for a method or token that is none.
    """
    if method not in _METHODS:
        raise ValueError("not a method of Exact's API")
    if not token_answers.is_token(token):
        raise ValueError("not a token")  # before requests names it in a complaint about the header
    home = origin.parse(region_origin)
    headers = {"Authorization": f"Bearer {token}"}
    body = None
    if payload is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(payload).encode()
    reply = wire.request(home, method, path, headers=headers, body=body, seconds=seconds)
    meters = limits.read(reply.headers, now=datetime.now(UTC))
    if not 200 <= reply.status < 300:
        raise _refusal(reply, meters, token)
    return Answer(reply.evidence, home, reply.status, meters, _document(reply, meters, method))


def _document(reply: wire.Reply, meters: LimitHeaders, method: str) -> dict[str, object] | None:
    if method != "GET" and not reply.body.strip():
        return None
    if answers.unavailable(reply):
        raise errors.Unavailable(reply.evidence, limits=meters)
    found = answers.document(reply.body)
    if found is None:
        raise errors.MalformedAnswer(reply.evidence, reason="not one JSON object", limits=meters)
    return found


_STATUSES: dict[int, type[errors.ExactError]] = {
    401: errors.AuthenticationRequired,
    404: errors.NotFound,
    408: errors.QueryTooLong,
    429: errors.LimitReached,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}

_FORBIDDEN: tuple[tuple[str, type[errors.Forbidden]], ...] = (
    ("not within division scope", errors.DivisionNotGranted),
    ("license expired", errors.LicenceExpired),
    ("licence expired", errors.LicenceExpired),
)


def _refusal(reply: wire.Reply, meters: LimitHeaders, token: str) -> errors.ExactError:
    said = answers.said(reply)
    reason = redaction.reason(said, (token,))
    if reply.status == 403:
        return _forbidden(reply, meters, said.lower(), reason)
    fallback: type[errors.ExactError] = errors.BadRequest
    if reply.status >= 500:
        fallback = errors.ServerError if reply.body.strip() else errors.Unavailable
    return _STATUSES.get(reply.status, fallback)(reply.evidence, reason=reason, limits=meters)


def _forbidden(reply: wire.Reply, meters: LimitHeaders, said: str, reason: str) -> errors.Forbidden:
    if scope_violations.is_one(said):
        access, scope = scope_violations.named(said)
        return errors.ScopeViolated(reply.evidence, reason=reason, limits=meters, scope=scope, access=access)
    kinds = (kind for text, kind in _FORBIDDEN if text in said)
    return next(kinds, errors.Forbidden)(reply.evidence, reason=reason, limits=meters)
