"""A grid says how far each scope is allowed: what an app has, what it wants, or what a list recommends.

A scope that is not in it is at None. From outside it comes as pairs of texts, read strictly: Exact's own refusals
write scopes in one way, and a grid that "nearly" names one would say the wrong thing about every endpoint.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from integrations.exact.scopes import SCOPES, Level

Grid = Mapping[str, Level]

EVERYTHING: Final[Grid] = dict.fromkeys(SCOPES, Level.MANAGE)
"""As much as the form can allow."""
_LEVELS: Final = [str(level) for level in Level]
_LONGEST: Final = 60


def problems(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return what keeps pairs of scope and level from being a grid: unknown, in another spelling, or twice."""
    return tuple(_problems(pairs))


def _problems(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    seen = set()
    for scope, level in pairs:
        likely = scope.strip().lower()
        if scope not in SCOPES:
            yield f"Exact's form has no scope “{_short(scope)}”." + (
                f" It is written {likely}." if likely in SCOPES else ""
            )
        elif level not in _LEVELS:
            yield f"{scope} cannot be at “{_short(level)}”: a level is none, read or manage."
        if likely in seen and likely in SCOPES:
            yield f"{likely} is there more than once."
        seen.add(likely)


def grid(pairs: Iterable[tuple[str, str]]) -> Grid:
    """Return the pairs, of which there were no ``problems``, as a grid: in the order of the form, without None."""
    given = {scope: Level(level) for scope, level in pairs}
    return {scope: given[scope] for scope in SCOPES if given.get(scope, Level.NONE) is not Level.NONE}


def known(pairs: Iterable[tuple[str, str]]) -> Grid:
    """Return as a grid what the form still has of pairs that were stored under an older one."""
    return grid((scope, level) for scope, level in pairs if not problems([(str(scope), str(level))]))


def level(of: Grid, scope: str) -> Level:
    return of.get(scope, Level.NONE)


def changes(before: Grid, after: Grid) -> dict[str, tuple[Level, Level]]:
    """Return from which level to which each scope goes that differs, in the order of the form."""
    pairs = {scope: (level(before, scope), level(after, scope)) for scope in SCOPES}
    return {scope: pair for scope, pair in pairs.items() if pair[0] is not pair[1]}


def falls_short(of: Grid, wanted: Grid) -> tuple[str, ...]:
    """Return the scopes of ``wanted`` that ``of`` does not allow as far."""
    return tuple(scope for scope, (has, wants) in changes(of, wanted).items() if has.rank < wants.rank)


def _short(text: object) -> str:
    """Return what was sent as a sentence can repeat it: events keep these, and not every database keeps every sign."""
    whole = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"
