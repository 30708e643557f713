"""The recommended lists: which scopes an accounting integration asks for. They change, so each edition stays.

An edition is compared with, and adopted, by its name; a newer one is a further edition, never a change of an older.
Whatever an edition does not name stays at None.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from integrations.exact.scopes import SCOPES, Level
from integrations.rules.scope_grids import Grid, grid, level


class UnknownEdition(LookupError):
    """No edition has this name; the text says which names there are."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One recommended list."""

    name: str
    """Stable: commands and records name an edition by it."""
    title: str
    period: str
    """When it was the recommended one, as far as that is known."""
    source: str
    why: str
    scopes: Grid


@dataclass(frozen=True, slots=True)
class Difference:
    """A scope of which a grid and an edition do not say the same."""

    scope: str
    has: Level
    recommended: Level


@dataclass(frozen=True, slots=True)
class Comparison:
    """A grid beside an edition, each part in the order of the form."""

    missing: tuple[Difference, ...]
    """Less than recommended: None or Read."""
    beyond: tuple[Difference, ...]
    """More than recommended, be it only that a list does not name it."""
    equal: tuple[str, ...]
    """The scopes of the edition that are allowed exactly as far."""


def _grid(*, manage: str, read: str) -> Grid:
    pairs = [*((scope, Level.MANAGE) for scope in manage.split()), *((scope, Level.READ) for scope in read.split())]
    return grid(pairs)


ARTICLE: Final = Edition(
    name="article",
    title="Recommended list of the set-up article",
    period="The first edition; its day is not known.",
    source="The article that explains step by step how an accounting integration is registered at Exact.",
    why="It keeps accounts, items, orders, invoices and documents, and reads the ledgers and who owes what.",
    scopes=_grid(
        manage="crm.accounts sales.orders sales.invoices purchase.orders purchase.invoices logistics.items "
        "organization.documents",
        read="financial.generalledgers financial.accounting financial.receivables financial.payables "
        "organization.administration",
    ),
)
BANK_FEEDS: Final = Edition(
    name="article-bank-feeds",
    title="Recommended list of the set-up article, with bank feeds",
    period="A later edition of the same article; its day is not known.",
    source=ARTICLE.source,
    why="Bank feeds post entries, so it manages generalledgers and accounting; entries may name a cost center.",
    scopes=grid(
        {
            **ARTICLE.scopes,
            "financial.costcenters": Level.READ,
            "financial.generalledgers": Level.MANAGE,
            "financial.accounting": Level.MANAGE,
        }.items()
    ),
)
EDITIONS: Final = (ARTICLE, BANK_FEEDS)
"""Oldest first."""


def named(name: str) -> Edition:
    """Raise `UnknownEdition` for a name that none has, letter by letter."""
    for edition in EDITIONS:
        if edition.name == name:
            return edition
    names = ", ".join(edition.name for edition in EDITIONS)
    raise UnknownEdition(f"There is no recommended list of that name. There are: {names}.")


def compare(having: Grid, edition: Edition) -> Comparison:
    differences = tuple(_differences(having, edition))
    return Comparison(
        missing=tuple(one for one in differences if one.has.rank < one.recommended.rank),
        beyond=tuple(one for one in differences if one.has.rank > one.recommended.rank),
        equal=tuple(scope for scope in edition.scopes if level(having, scope) is edition.scopes[scope]),
    )


def _differences(having: Grid, edition: Edition) -> Iterator[Difference]:
    for scope in SCOPES:
        has, recommended = level(having, scope), level(edition.scopes, scope)
        if has is not recommended:
            yield Difference(scope, has, recommended)
