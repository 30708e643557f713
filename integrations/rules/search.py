"""What somebody looks for, told from how it looks."""

import re
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from integrations.rules.folding import fold

LONGEST: Final = 500
HIGHEST: Final = 2**31 - 1
_LINK: Final = re.compile(r"/connect/(?P<token>[A-Za-z0-9_-]{1,100})")
_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]*://|/connect/", re.IGNORECASE)
_GUID_START: Final = re.compile(r"[0-9a-f]{4,8}(-[0-9a-f]{0,12}){0,4}", re.ASCII | re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sought:
    """One thing to look for in every place where it can stand."""

    text: str
    """Folded; empty where nothing is looked for by its beginning."""
    digits: str = ""
    """The beginning of a company's number."""
    client_id: str = ""
    client_id_start: str = ""
    """The beginning of a Client ID, where no whole one was typed."""
    token: str = field(default="", repr=False)
    """Of a link page: whoever has it can connect, so it is shown and kept nowhere."""
    is_link: bool = False


def understand(typed: str) -> Sought:
    typed = typed.strip()[:LONGEST]
    if _ADDRESS.search(typed):
        link = _LINK.search(typed)
        return Sought("", token=link["token"] if link else "", is_link=True)
    digits = typed if _DIGITS.fullmatch(typed) else ""
    client_id = _guid(typed)
    begins = typed.lower() if not client_id and _GUID_START.fullmatch(typed) else ""
    return Sought(fold(typed), digits.lstrip("0"), client_id, begins)


def ranges(digits: str) -> list[tuple[int, int]]:
    """Return the ranges of numbers that begin with these digits, ends included: 12 → 12, 120–129, 1200–1299 …"""
    first = int(digits)
    found = []
    for size in (10**power for power in range(10)):
        if first * size > HIGHEST:
            break
        found.append((first * size, min((first + 1) * size - 1, HIGHEST)))
    return found


def _guid(typed: str) -> str:
    try:
        return str(UUID(typed))
    except ValueError:
        return ""
