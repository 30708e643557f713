"""Where on the form a 403 for want of a scope is mended, read from what a check kept of it.

A check keeps a line for each request: what was asked, what came back, and what Exact said about it. Such a refusal
may stand in the evidence of a check that went well: where the companies cannot be listed by one call, another is asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from integrations.exact import scope_violations
from integrations.exact.endpoints import ENDPOINTS, GET, path_of
from integrations.exact.scopes import SCOPES, Level
from integrations.rules.reach import Cell, need

_ASKED: Final = re.compile(r"(GET|POST|PUT|DELETE) (/\S+): 403\b")
_DIVISION: Final = re.compile(r"/api/v1/([1-9][0-9]{0,9})/")
_READS: Final = frozenset({"read", "view", "get"})


@dataclass(frozen=True, slots=True)
class ScopeRefusal:
    """One request that Exact refused for want of a scope."""

    cells: tuple[Cell, ...]
    """What is missing. One where Exact named the scope; else those of which the endpoint needs one."""
    path: str
    """What was asked, such as "system/Divisions"."""
    division: int | None
    """The company that was asked for it."""


def refusals(lines: Iterable[object]) -> tuple[ScopeRefusal, ...]:
    """Return every refusal in the evidence of a check; what cannot be placed on the form is left out."""
    found = (_refusal(line) for line in lines if isinstance(line, str) and scope_violations.is_one(line))
    return tuple(refusal for refusal in found if refusal.cells)


def _refusal(line: str) -> ScopeRefusal:
    asked = _ASKED.match(line)
    method, address = (asked[1], asked[2]) if asked else (GET, "")
    division = _DIVISION.search(address)
    path = path_of(address)
    return ScopeRefusal(_named(line) or _needed(method, path), path, int(division[1]) if division else None)


def _named(line: str) -> tuple[Cell, ...]:
    access, scope = scope_violations.named(line)
    if scope not in SCOPES:
        return ()
    return (Cell(scope, Level.READ if access in _READS else Level.MANAGE),)


def _needed(method: str, path: str) -> tuple[Cell, ...]:
    for endpoint in ENDPOINTS:
        if path and endpoint.path.lower() == path.lower():
            return need(endpoint).cells(method)
    return ()
