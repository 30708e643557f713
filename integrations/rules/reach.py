"""What a grid of scopes lets an app do: which endpoints of Exact would answer, and which refuse with 403.

All of it follows from the table of endpoints. GET needs Read; POST, PUT and DELETE need Manage. Where the table names
several scopes, one of them is taken to be enough. What the table lacks is unknown, and so is what somebody with a
testing app sees: those are not limited by scopes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from integrations.exact.endpoints import ENDPOINTS, GET, WRITE_METHODS, Endpoint, path_of
from integrations.exact.scopes import SCOPES, Level
from integrations.rules.scope_grids import Grid, level

Endpoints = tuple[Endpoint, ...]


def _those(condition: Callable[[Endpoint], bool]) -> Endpoints:
    return tuple(endpoint for endpoint in ENDPOINTS if condition(endpoint))


# --- What would work ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """What a grid opens. Every endpoint is in one part at least, and none of the last three is writable."""

    readable: Endpoints
    """GET answers."""
    writable: Endpoints
    """POST, PUT or DELETE answer, as far as the endpoint has them; a few have no GET and are not readable."""
    read_only: Endpoints
    """They have write methods, but only Read is there: those methods answer 403."""
    not_reached: Endpoints
    """Whatever is asked of them answers 403."""
    methods_unknown: Endpoints
    """A scope that they need is there; nobody has written down which methods they have."""
    no_scope: Endpoints
    """They answer whatever is allowed; they are among the readable."""


def reach(grid: Grid) -> Reach:
    return Reach(
        readable=_those(partial(can_read, grid)),
        writable=_those(partial(can_write, grid)),
        read_only=_those(lambda endpoint: endpoint.writes and allowed(grid, endpoint) is Level.READ),
        not_reached=_those(lambda endpoint: allowed(grid, endpoint) is Level.NONE),
        methods_unknown=_those(lambda endpoint: not endpoint.methods and allowed(grid, endpoint) is not Level.NONE),
        no_scope=_those(lambda endpoint: not endpoint.scopes),
    )


def allowed(grid: Grid, endpoint: Endpoint) -> Level:
    """Return how far the endpoint is allowed: the furthest of its scopes, and everything where it needs none."""
    levels = [level(grid, scope) for scope in endpoint.scopes]
    return max(levels, key=lambda one: one.rank, default=Level.MANAGE)


def can_read(grid: Grid, endpoint: Endpoint) -> bool:
    return endpoint.reads and allowed(grid, endpoint) is not Level.NONE


def can_write(grid: Grid, endpoint: Endpoint) -> bool:
    return endpoint.writes and allowed(grid, endpoint) is Level.MANAGE


def answering(grid: Grid, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the methods that do not answer 403, of those that are known."""
    return tuple(one for one in endpoint.methods if (can_read if one == GET else can_write)(grid, endpoint))


def reached(grid: Grid, endpoint: Endpoint) -> bool | None:
    """Tell whether a method answers. None, where only Read is there and nobody has written down the methods."""
    far = allowed(grid, endpoint)
    if far is Level.READ:
        return endpoint.reads if endpoint.methods else None
    return far is Level.MANAGE


# --- What an endpoint needs -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A place on the form: a scope at a level."""

    scope: str
    level: Level

    def __str__(self) -> str:
        return f"{self.scope} at {self.level.capitalize()}"


@dataclass(frozen=True, slots=True)
class Need:
    """What an endpoint needs. Of several cells one is enough; none where it has no such method, or needs no scope."""

    endpoint: Endpoint
    reading: tuple[Cell, ...]
    writing: tuple[Cell, ...]
    sentence: str

    def cells(self, method: str) -> tuple[Cell, ...]:
        return self.reading if method == GET else self.writing


def need(endpoint: Endpoint) -> Need:
    on_form = [scope for scope in endpoint.scopes if scope in SCOPES]
    reading = tuple(Cell(scope, Level.READ) for scope in on_form) if endpoint.reads else ()
    writing = tuple(Cell(scope, Level.MANAGE) for scope in on_form) if endpoint.writes else ()
    return Need(endpoint, reading, writing, _in_words(endpoint, reading, writing))


def _in_words(endpoint: Endpoint, reading: tuple[Cell, ...], writing: tuple[Cell, ...]) -> str:
    if not endpoint.scopes:
        return "It needs no scope."
    if not set(endpoint.scopes) & set(SCOPES):
        return f"It needs {_any(endpoint.scopes)}, which the form does not have."
    if not endpoint.methods:
        return f"It needs {_any(endpoint.scopes)}. Which methods it has is not known: GET needs Read, others Manage."
    methods = ", ".join(method for method in WRITE_METHODS if method in endpoint.methods)
    both = [(GET, reading), (methods, writing)]
    said = [f"{method}: {_any(map(str, cells))}" for method, cells in both if cells]
    return f"{'; '.join(said)}."


def _any(choices: Iterable[str]) -> str:
    return " or ".join(choices)


def search(typed: str) -> tuple[Need, ...]:
    """Return what the endpoints need of which the text is a part, in any case: a name, or a whole address of a call."""
    part = path_of(typed).lower()
    return tuple(need(endpoint) for endpoint in ENDPOINTS if part in endpoint.path.lower()) if part else ()


# --- A change, before it is made ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes different for endpoints where one grid takes the place of another."""

    opens_reading: Endpoints
    opens_writing: Endpoints
    closes_reading: Endpoints
    """GET would answer 403."""
    closes_writing: Endpoints
    """POST, PUT and DELETE would answer 403."""
    unclear: Endpoints
    """Another level, at an endpoint of which no method is known."""


def simulate(before: Grid, after: Grid) -> Change:
    return Change(
        opens_reading=_those(lambda one: can_read(after, one) and not can_read(before, one)),
        opens_writing=_those(lambda one: can_write(after, one) and not can_write(before, one)),
        closes_reading=_those(lambda one: can_read(before, one) and not can_read(after, one)),
        closes_writing=_those(lambda one: can_write(before, one) and not can_write(after, one)),
        unclear=_those(lambda one: not one.methods and allowed(before, one) is not allowed(after, one)),
    )


# --- What was called ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    """A grid beside what was called: what may be taken back (least privilege)."""

    unused: tuple[str, ...]
    """Scopes that are allowed, though no endpoint that names them was called."""
    untold: tuple[str, ...]
    """Scopes that are allowed, and for which no endpoint is known: calls cannot tell whether they are used."""
    not_in_table: tuple[str, ...]
    """Calls to what the table lacks; one of the unused scopes may have been for these."""


def called(endpoints: Endpoints, paths: Iterable[str]) -> Endpoints:
    """Return those of the endpoints that are among the paths of calls, as these are counted."""
    counted = _counted(paths)
    return tuple(endpoint for endpoint in endpoints if endpoint.path.lower() in counted)


def use(grid: Grid, paths: Iterable[str]) -> Use:
    """Compare a grid with the paths of calls. Counts do not tell methods: Manage that only read counts as used."""
    counted = _counted(paths)
    granted = [scope for scope in SCOPES if level(grid, scope) is not Level.NONE]
    known = {scope for endpoint in ENDPOINTS for scope in endpoint.scopes}
    used = {scope for endpoint in called(ENDPOINTS, counted.values()) for scope in endpoint.scopes}
    missing = counted.keys() - {endpoint.path.lower() for endpoint in ENDPOINTS}
    return Use(
        unused=tuple(scope for scope in granted if scope in known - used),
        untold=tuple(scope for scope in granted if scope not in known),
        not_in_table=tuple(sorted(counted[path] for path in missing)),
    )


def _counted(paths: Iterable[str]) -> dict[str, str]:
    """Return paths as they were counted, by their form in lower case; the empty one names no endpoint."""
    return {path_of(path).lower(): path_of(path) for path in paths if path_of(path)}
