"""Traps of a grid: what it does not do although it looks as if. Codes are stable: scripts and tests rely on them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from integrations.exact import reads
from integrations.exact.endpoints import ENDPOINTS, Endpoint
from integrations.exact.scopes import SCOPES, Level
from integrations.rules.reach import Endpoints, allowed, reach
from integrations.rules.scope_grids import Grid, level


@dataclass(frozen=True, slots=True)
class Trap:
    """One thing that is easily overlooked, with the scope to look at and the endpoints that it concerns."""

    code: str
    scope: str
    text: str
    endpoints: Endpoints


@dataclass(frozen=True, slots=True)
class _Told:
    """Endpoints whose refused write methods have a name that people know."""

    code: str
    path: re.Pattern[str]
    cannot: str


_TOLD: Final = (
    _Told("scopes.no_webhooks", re.compile(r"webhooks/"), "create webhook subscriptions"),
    _Told("scopes.no_entries", re.compile(r"(Entries|EntryLines)\Z"), "post entries"),
    _Told("scopes.read_only", re.compile(""), "create, change or delete"),
)
"""The first one that fits an endpoint speaks of it."""


def traps(grid: Grid) -> tuple[Trap, ...]:
    """Return every trap in the order of the form."""
    found = [*_companies(grid), *_read_only(grid), *_nothing_known(grid)]
    return tuple(sorted(found, key=lambda trap: SCOPES.index(trap.scope)))


def _companies(grid: Grid) -> Iterator[Trap]:
    """Look at the call by which the portal itself finds the companies of a connection."""
    endpoints = tuple(endpoint for endpoint in ENDPOINTS if endpoint.uri == reads.SYSTEM_DIVISIONS_PATH)
    for endpoint in endpoints:
        if allowed(grid, endpoint) is Level.NONE:
            scope = endpoint.scopes[0]
            text = (
                f"Without Read on {scope} the portal finds only the companies of the user's own licence, not all "
                "that the user may open."
            )
            yield Trap("scopes.no_companies", scope, text, endpoints)


def _read_only(grid: Grid) -> Iterator[Trap]:
    refused = reach(grid).read_only
    for scope in SCOPES:
        mine = [endpoint for endpoint in refused if scope in endpoint.scopes and level(grid, scope) is Level.READ]
        for told in _TOLD:
            endpoints = tuple(endpoint for endpoint in mine if _speaks_of(endpoint) is told)
            if endpoints:
                yield Trap(told.code, scope, _refused(scope, told, endpoints), endpoints)


def _speaks_of(endpoint: Endpoint) -> _Told:
    return next(told for told in _TOLD if told.path.search(endpoint.path))


def _refused(scope: str, told: _Told, endpoints: Endpoints) -> str:
    names = ", ".join(endpoint.path.rpartition("/")[2] for endpoint in endpoints)
    return f"With Read on {scope} the app cannot {told.cannot}: POST, PUT and DELETE answer 403 ({names})."


def _nothing_known(grid: Grid) -> Iterator[Trap]:
    known = {scope for endpoint in ENDPOINTS for scope in endpoint.scopes}
    for scope in SCOPES:
        if level(grid, scope) is not Level.NONE and scope not in known:
            text = f"No endpoint is known that needs {scope}. If nobody can say what it is for, leave it at None."
            yield Trap("scopes.nothing_known", scope, text, ())
