"""What a client id and a client secret must look like before the portal stores them.

Exact shows both under *Manage my apps*; people copy them from there, from mails and from password managers,
and something comes along. A key that was mangled on the way is refused here, with the reason and the place,
rather than weeks later by Exact as ``invalid_client`` (RFC 6749 §5.2). No message repeats the key.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

MAX_SECRET_LENGTH: Final = 512
QUOTES: Final = "\"'`“”‘’«»"
GUID: Final = re.compile(
    r"\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?", re.IGNORECASE | re.ASCII
)
ENV_LINE: Final = re.compile(r"\s*(?:export\s+|set\s+)?[A-Za-z_][A-Za-z0-9_.-]*\s*(?:=\s*\S|:\s+\S)", re.ASCII)
HEADER: Final = re.compile(r"\s*(?:authorization\s*:\s*)?(bearer|basic)\s+\S", re.IGNORECASE | re.ASCII)
MASKED: Final = re.compile(r"[*•●∙·…]{3,}|\.{3,}|^[x#_-]{6,}$|<[^>]*>|\[[^\]]*\]", re.IGNORECASE)
LINE_BREAKS: Final = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A key as it will be stored, or the reasons why it will not."""

    value: str = field(default="", repr=False)
    trimmed: bool = False
    """Blanks around the key were taken off; whoever typed it is told so."""
    reasons: tuple[str, ...] = ()


def clean_client_id(text: str) -> Cleaned:
    """Check a client id: a GUID, with or without braces, in the case in which Exact shows it."""
    value = text.strip()
    found = GUID.fullmatch(value)
    if not found:
        return Cleaned(reasons=(_not_a_guid(value),))
    if UUID(found[1]).int == 0:
        return Cleaned(reasons=("This GUID is all zeros, a placeholder. Copy the Client ID from Exact.",))
    return Cleaned(found[1], trimmed=value != text)


def clean_client_secret(text: str, *, client_id: str | None = None) -> Cleaned:
    """Check a client secret; blanks and line ends around it are trimmed, anything else odd is refused."""
    value = text.strip(" \t\r\n")
    if not value:
        return Cleaned(reasons=("The Client secret is empty.",))
    whole = tuple(reason for check in WHOLE_CHECKS if (reason := check(value)))
    if client_id and value.strip("{}").lower() == client_id.lower():
        whole = ("This is the Client ID. The Client secret stands below it at Exact.",)
    reasons = whole or _odd_characters(value)
    if reasons:
        return Cleaned(reasons=reasons)
    return Cleaned(value, trimmed=value != text)


def _not_a_guid(value: str) -> str:
    expected = "a Client ID is a GUID: 32 digits 0–9 and letters a–f in groups of 8-4-4-4-12"
    if not value:
        return f"The Client ID is empty; {expected}."
    for place, char in enumerate(value.strip("{}"), start=1):
        if not re.fullmatch(r"[0-9a-fA-F-]", char, re.ASCII):
            return f"Character {place} ({_name(char)}) does not belong there; {expected}."
    return f"It has {len(value)} characters in other groups; {expected}."


def _too_long(value: str) -> str | None:
    if len(value) > MAX_SECRET_LENGTH:
        return f"It has {len(value)} characters; a Client secret has {MAX_SECRET_LENGTH} at most."
    return None


def _env_line(value: str) -> str | None:
    if ENV_LINE.match(value):
        return "This looks like a line of a settings file (NAME=value). Paste only what stands after the sign."
    return None


def _header(value: str) -> str | None:
    if found := HEADER.match(value):
        return f"This starts with “{found[1].capitalize()}”: it is a header or a token, not the Client secret."
    return None


def _quoted(value: str) -> str | None:
    if value[0] in QUOTES or value[-1] in QUOTES:
        place = "first" if value[0] in QUOTES else "last"
        return f"There are quotes around it (the {place} character is one). Paste it without them."
    return None


def _masked(value: str) -> str | None:
    if found := MASKED.search(value):
        return (
            f"From character {found.start() + 1} on it is masked or a placeholder, as a page shows a hidden value. "
            "Press Show at Exact, then copy it."
        )
    return None


WHOLE_CHECKS: Final[tuple[Callable[[str], str | None], ...]] = (
    _too_long,
    _env_line,
    _header,
    _quoted,
    _masked,
)


def _odd_characters(value: str) -> tuple[str, ...]:
    odd = [(place, char) for place, char in enumerate(value, start=1) if not "!" <= char <= "~"]
    reasons = [f"Character {place} is {_name(char)}. {_why(char)}" for place, char in odd[:3]]
    if len(odd) > len(reasons):
        reasons.append(f"And {len(odd) - len(reasons)} more such characters.")
    return tuple(reasons)


def _name(char: str) -> str:
    if char in LINE_BREAKS:
        return "a line break"
    if char == " ":
        return "a space"
    if char == "\t":
        return "a tab"
    category = unicodedata.category(char)
    name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
    if category == "Cf":
        return f"invisible ({name})"
    if category == "Zs":
        return f"a blank ({name})"
    return "a control character" if category.startswith("C") else f"“{char}” ({name})"


def _why(char: str) -> str:
    if char in LINE_BREAKS:
        return "Something of the next line came along."
    if char.isspace():
        return "A Client secret has no blanks inside."
    return "A Client secret has only plain letters, digits and signs."
