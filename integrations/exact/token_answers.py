"""The token endpoint's answers, read strictly.

oauthlib takes null tokens, negative lifetimes, CR and LF for good, a JSON list for a crash, and HTML for a
missing token; what is accepted here is what Exact's page *OAuth on Exact Online* and RFC 6749 §5.1 show.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from integrations.exact import answers, errors, redaction
from integrations.exact.evidence import Evidence
from integrations.exact.wire import Reply

LONGEST_TOKEN: Final = 8_192
LONGEST_LIFETIME: Final = 3_600

# RFC 6749 appendix A.12 without the space: a token goes into a header, where a space would end it.
_TOKEN = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_TOKEN}}}\Z")
_DIGITS = re.compile(r"[0-9]{1,10}\Z")


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A new pair of tokens. `expires_in`: seconds from the answer, 1…3600; Exact says "600"."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    evidence: Evidence


def is_token(value: object) -> bool:
    """A string of 1…8192 visible ASCII characters."""
    return isinstance(value, str) and _TOKEN.match(value) is not None


def read(reply: Reply, *, exchange: bool, secrets: Iterable[str]) -> TokenAnswer:
    """The answer's tokens. Raises the `ExactError` that it amounts to.

    `exchange`: the request carried an authorization code, not a refresh token: a 400 without a known text
    then means the code. `secrets`: what the request carried, kept out of the reason.
    """
    said = answers.said(reply)
    reason = redaction.reason(said, secrets)
    found = answers.document(reply.body)
    if not 200 <= reply.status < 300 or (found is not None and "error" in found):
        kind = _refusal(reply, found or {}, said.lower(), exchange=exchange)
        raise kind(reply.evidence, reason=reason)
    if answers.unavailable(reply):
        raise errors.Unavailable(reply.evidence)
    if found is None:
        raise errors.MalformedAnswer(reply.evidence, reason="not one JSON object")
    return _tokens(found, reply.evidence)


def _tokens(found: dict[str, object], evidence: Evidence) -> TokenAnswer:
    access, refresh = found.get("access_token"), found.get("refresh_token")
    kind, expires_in = found.get("token_type"), _seconds(found.get("expires_in"))
    checks = {
        "access_token": is_token(access),
        "refresh_token": is_token(refresh),
        "token_type": isinstance(kind, str) and kind.lower() == "bearer",
        "expires_in": expires_in is not None,
    }
    wrong = [name for name, good in checks.items() if not good]
    if wrong or expires_in is None:
        raise errors.MalformedAnswer(evidence, reason="not as published: " + " ".join(wrong))
    return TokenAnswer(str(access), str(refresh), expires_in, evidence)


def _seconds(value: object) -> int | None:
    """A JSON integer, or a string of ASCII digits as Exact sends it; clamped to 1…3600."""
    if isinstance(value, str) and _DIGITS.match(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return min(max(value, 1), LONGEST_LIFETIME)


# What Exact's texts contain, in lower case. The status is not asked: 400 and 401 have both been seen.
_TEXTS: tuple[tuple[str, type[errors.ExactError]], ...] = (
    ("not expired", errors.TooEarly),
    ("tooearlytorefreshtoken", errors.TooEarly),
    ("old refresh token", errors.OldRefreshToken),
    ("refresh token expired", errors.RefreshTokenExpired),
    ("chainid", errors.ChainReplaced),
    ("client with identifier", errors.InvalidClient),
)

_STATUSES: dict[int, type[errors.ExactError]] = {
    408: errors.Unavailable,  # the request, not a query, took too long: it may yet be acted upon
    429: errors.LimitReached,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}


def _refusal(reply: Reply, found: dict[str, object], said: str, *, exchange: bool) -> type[errors.ExactError]:
    if reply.status >= 500 or reply.status in _STATUSES:
        away = errors.Unavailable if answers.unavailable(reply) else errors.ServerError
        return _STATUSES.get(reply.status, away)
    for text, kind in _TEXTS:
        if text in said:
            return kind
    code = found.get("error")
    if code == "invalid_client":
        return errors.InvalidClient
    if exchange and reply.status == 400:
        return errors.BadCode
    if code == "invalid_grant":
        return errors.ConsentNeeded
    if answers.unavailable(reply):
        return errors.Unavailable
    # Success and error in one answer: Exact may have rotated the token.
    return errors.MalformedAnswer if reply.status < 400 else errors.TokenRefused
