"""The grid of scopes as the page shows it: a line each, in the order of Exact's form; and what its form sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict

from integrations.admin.conflicts import REOPEN
from integrations.exact.scopes import GROUPS, SCOPES, Group, Level, Resource
from integrations.models import Application
from integrations.rules.editions import Edition
from integrations.rules.scope_grids import Grid, changes, level
from integrations.services import scope_approvals, scopes

LEVEL: Final = "level-"
REASON: Final = "reason-"
LARGEST_VERSION: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Three:
    """What is wanted, what was sent and what Exact approved: three different things. None where nothing was."""

    selected: Grid
    submitted: Grid | None
    approved: Grid | None

    @property
    def waiting(self) -> int:
        """How many scopes are wanted otherwise than Exact approved them."""
        return len(changes(self.approved or {}, self.selected))

    @property
    def in_a_word(self) -> str:
        """Say how what is wanted stands to what Exact approved; empty where nothing is known of that."""
        if self.approved is None:
            return "No approval recorded"
        if not self.waiting:
            return "As approved"
        return f"{self.waiting} {'differs' if self.waiting == 1 else 'differ'} from approved"


def three(application: Application) -> Three:
    row = scope_approvals.latest([application]).get(application.pk)
    return Three(
        scopes.selected(application),
        scopes.submitted(application),
        scope_approvals.read(row) if row else None,
    )


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody chose and has not stored yet."""

    pairs: tuple[tuple[str, str], ...]
    reasons: Mapping[str, str]
    version: int | None
    problems: tuple[str, ...] = ()
    """The form came back with parts missing."""

    @property
    def grid(self) -> Grid:
        """Every scope that was sent as the form has it; what is wrong with the others the service says."""
        known = {str(each): each for each in Level}
        return {scope: known[sent] for scope, sent in self.pairs if scope in SCOPES and sent in known}


def read(sent: QueryDict) -> Typed:
    """Read the form as it was sent, also one that no page of ours sends: the service says what is wrong with it."""
    pairs = tuple(
        (name.removeprefix(LEVEL), value) for name, values in sent.lists() if name.startswith(LEVEL) for value in values
    )
    reasons = {name.removeprefix(REASON): value for name, value in sent.items() if name.startswith(REASON)}
    text = sent.get("version", "")
    version = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else None
    whole = version is not None and 1 <= version <= LARGEST_VERSION and {scope for scope, _ in pairs} >= {*SCOPES}
    return Typed(pairs, {name: str(value) for name, value in reasons.items()}, version, () if whole else (REOPEN,))


@dataclass(frozen=True, slots=True)
class Cell:
    """A level as one of the columns shows it."""

    label: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One scope."""

    scope: str
    name: str
    level: Level
    choices: tuple[dict[str, Any], ...]
    recommended: str
    submitted: Cell
    approved: Cell
    reason: str
    matches: bool
    pointed: bool

    @property
    def anchor(self) -> str:
        return anchor(self.scope)

    @property
    def label(self) -> str:
        return self.level.capitalize()

    @property
    def asks_reason(self) -> bool:
        return self.level is not Level.NONE or bool(self.reason)


@dataclass(frozen=True, slots=True)
class GroupRows:
    """A heading of the form with its lines."""

    name: str
    rows: tuple[Row, ...]

    @property
    def matches(self) -> bool:
        return any(row.matches for row in self.rows)

    @property
    def summary(self) -> str:
        """Such as "2 of 4: Manage 2"."""
        counts = {level: sum(row.level is level for row in self.rows) for level in (Level.MANAGE, Level.READ)}
        said = ", ".join(f"{level.capitalize()} {count}" for level, count in counts.items() if count)
        return f"{sum(counts.values())} of {len(self.rows)}{f': {said}' if said else ''}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the lines are made of."""

    stored: Three
    chosen: Grid
    edition: Edition
    reasons: Mapping[str, str]
    looked_for: str = ""
    pointed: str = ""


def groups(shown: Shown) -> list[GroupRows]:
    return [GroupRows(group.name, tuple(_row(shown, group, each) for each in group.resources)) for group in GROUPS]


def _row(shown: Shown, group: Group, resource: Resource) -> Row:
    scope = resource.scope
    chosen = level(shown.chosen, scope)
    recommended = level(shown.edition.scopes, scope)
    return Row(
        scope=scope,
        name=resource.name,
        level=chosen,
        choices=tuple(_choice(each, chosen, recommended) for each in Level),
        recommended="" if recommended is Level.NONE else recommended.capitalize(),
        submitted=_cell(shown.stored.submitted, scope, chosen),
        approved=_cell(shown.stored.approved, scope, chosen),
        reason=shown.reasons.get(scope, ""),
        matches=_found(shown.looked_for, group, scope),
        pointed=scope == shown.pointed,
    )


def _choice(each: Level, chosen: Level, recommended: Level) -> dict[str, Any]:
    return {
        "value": str(each),
        "label": each.capitalize(),
        "chosen": each is chosen,
        "recommended": each is recommended,
    }


def _cell(grid: Grid | None, scope: str, chosen: Level) -> Cell:
    if grid is None:
        return Cell("", differs=False)
    has = level(grid, scope)
    return Cell(has.capitalize(), differs=has is not chosen)


def _found(looked_for: str, group: Group, scope: str) -> bool:
    words = looked_for.lower().replace(".", " ").split()
    text = f"{group.name.lower()} {scope}"
    return all(word in text for word in words)


def anchor(scope: str) -> str:
    """Return the name of a line within the page."""
    return f"scope-{scope.replace('.', '-')}"
