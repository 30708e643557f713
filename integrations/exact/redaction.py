"""Text from the other side of the wire, made safe to keep, log and show."""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REASON_LENGTH = 200
"""Characters of a reason that are kept."""

HIDDEN = "[hidden]"

# Nothing beyond this is looked at: patterns over a megabyte of an attacker's text cost seconds.
_LOOKED_AT = 2_000

# A shorter "secret" would blot out ordinary words, and no real one is that short.
_SHORTEST_SECRET = 4

_NAMED = re.compile(
    r"(?i)\b((?:access_?|refresh_?|id_?)?token|client_?secret|secret|password|code|authorization)"
    r"(\"?\s*[:=]\s*\"?)([^\s\"&,;]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+([^\s\"&,;]+)")
_LONG_WORD = re.compile(r"[A-Za-z0-9_\-+/=.!~%]{20,}")
_ORDINARY = re.compile(r"[A-Za-z.]{20,39}\Z")


def visible(text: str, limit: int) -> str:
    """The text on one line, without control, bidirectional or other invisible characters, at most
    `limit` characters."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def reason(text: str, secrets: Iterable[str] = ()) -> str:
    """What the other side said, with everything that may be a token removed, ≤ 200 characters.

    `secrets` are the values that the request carried: a server that echoes them does not get them into
    our logs. What it invents itself is recognized by its shape: named values (`token=…`), *Bearer …*, and
    long words that are no ordinary words or dotted scope names.
    """
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            for form in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
                text = text.replace(form, HIDDEN)
    text = visible(text, _LOOKED_AT)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _NAMED.sub(rf"\1\2{HIDDEN}", text)
    text = _LONG_WORD.sub(_hide_unless_ordinary, text)
    return visible(text, REASON_LENGTH)


def _hide_unless_ordinary(match: re.Match[str]) -> str:
    word = match.group()
    return word if _ORDINARY.match(word) else HIDDEN
