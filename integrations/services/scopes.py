"""The scopes that we want of an app, and what was on the form that was sent: chosen, adopted, taken back.

What Exact has approved is ``scope_approvals``. The three are told apart everywhere: choosing here, or saving at Exact,
has no effect before Exact approves it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from integrations.exact.scopes import SCOPES, Level
from integrations.models import Application, AuditEvent, Review
from integrations.rules import moments, scope_grids
from integrations.rules.actors import Actor
from integrations.rules.editions import UnknownEdition, named
from integrations.rules.names import why_not_shown
from integrations.rules.scope_grids import Grid
from integrations.rules.workflow import ReviewState
from integrations.services import applications, rights, workflow_rows
from integrations.services.refusals import Refused

SELECT: Final = "integrations.select_scopes"
STEP: Final = "select"
"""What the activity calls an attempt that was refused."""
MOST_UNDONE: Final = 10
"""Of the latest choices, each of which can be taken back."""
MOST_TOLD: Final = 10
"""Of what is wrong with one attempt."""
REASON_LENGTH: Final = 300
GONE: Final = "This choice is none of the latest of this app. Open the page once more."

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Changed:
    """What became different: levels by scope, from which to which, and the scopes whose reason did."""

    levels: dict[str, tuple[Level, Level]]
    reasons: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.levels or self.reasons)


# --- What is there --------------------------------------------------------------------------------------------


def selected(application: Application) -> Grid:
    """Return what we want; an empty grid where nothing was chosen yet."""
    return scope_grids.grid(application.scope_selections.values_list("scope", "level"))


def reasons(application: Application) -> dict[str, str]:
    """Return what each scope is needed for, where that was said, in the order of the form; also of scopes at None."""
    said = dict(application.scope_selections.exclude(reason="").values_list("scope", "reason"))
    return {scope: said[scope] for scope in SCOPES if scope in said}


def submitted(application: Application) -> Grid | None:
    """Return what was on the form that was sent last; None where none was sent from here."""
    rounds = application.reviews.exclude(state=ReviewState.DRAFT).order_by("-number")
    newest = rounds.only("submitted").first()
    return None if newest is None else _of(newest)


def _of(review: Review) -> Grid:
    """Read the scopes of what was sent: the one place that knows where they stand in it."""
    sent = review.submitted.get("scopes") if isinstance(review.submitted, dict) else None
    pairs = sent.items() if isinstance(sent, dict) else ()
    return scope_grids.known(pairs)


# --- Choosing -------------------------------------------------------------------------------------------------


def select(
    application: Application,
    pairs: Pairs,
    *,
    by: Actor,
    reasons: Mapping[str, str] | None = None,
    version: int | None = None,
) -> Changed:
    """Store how far we want each scope, and what for; what is not among ``pairs`` is at None.

    ``reasons``: of some scopes; those of the others stay. The same once more changes nothing.

    Raises:
        Conflict: somebody changed the app after ``version``; nothing was stored.
        Refused: a scope or a level that the form has not, one given twice, a reason that is too long; the attempt is
            an event. Or no right to it.
    """
    rights.require(by, SELECT)
    pairs, wanted_reasons = list(pairs), _cleaned(reasons or {})
    with _recorded(application, by=by):
        _refuse(scope_grids.problems(pairs), _why_not_reasons(wanted_reasons))
    return _store(application, scope_grids.grid(pairs), wanted_reasons, by=by, version=version)


def refuse(application: Application, pairs: Pairs, *, by: Actor) -> None:
    """Say what is wrong with pairs that are not to be stored in any case; nothing where all of them could be.

    Raises:
        Refused: as for ``select``.
    """
    rights.require(by, SELECT)
    with _recorded(application, by=by):
        _refuse(scope_grids.problems(list(pairs)))


def adopt(application: Application, edition: str, *, by: Actor, version: int | None = None) -> Changed:
    """Choose what a recommended list names, and None for everything else; reasons stay.

    Raises:
        Conflict: as for ``select``.
        Refused: there is no such list; the attempt is an event. Or no right to it.
    """
    rights.require(by, SELECT)
    with _recorded(application, by=by):
        try:
            recommended = named(edition)
        except UnknownEdition as error:
            raise Refused([str(error)]) from None
    return _store(application, recommended.scopes, {}, by=by, version=version, adopted=recommended.name)


def latest(application: Application) -> list[AuditEvent]:
    """Return the choices that can be taken back, the newest first."""
    return list(AuditEvent.objects.about(application).filter(action="scopes.selected")[:MOST_UNDONE])


def undo(application: Application, event: str, *, by: Actor, version: int | None = None) -> Changed:
    """Choose what was chosen before an event, by its id: it and whatever followed is taken back. Reasons stay.

    Raises:
        Conflict: as for ``select``.
        Refused: the event is none of the latest choices of this app; the attempt is an event. Or no right to it.
    """
    rights.require(by, SELECT)
    with _recorded(application, by=by):
        choice, before = _before(application, event)
    undone = moments.dated(choice.at, timezone.get_current_timezone())  # as the history shows it beside
    return _store(application, before, {}, by=by, version=version, undone=undone)


def before_each(application: Application) -> Iterator[tuple[AuditEvent, Grid]]:
    """Yield each of the latest choices, the newest first, with what was chosen before it."""
    grid = dict(selected(application))
    for event in latest(application):
        for scope, (level, _) in event.details.get("levels", {}).items():
            grid[scope] = Level(level)
        yield event, scope_grids.grid(grid.items())


def _before(application: Application, event: str) -> tuple[AuditEvent, Grid]:
    for choice, grid in before_each(application):
        if str(choice.pk) == event:
            return choice, grid
    raise Refused([GONE])


# --- Storing --------------------------------------------------------------------------------------------------


@transaction.atomic
def _store(
    application: Application,
    wanted: Grid,
    wanted_reasons: Mapping[str, str],
    *,
    by: Actor,
    version: int | None,
    **how: str,
) -> Changed:
    """Store what differs, in one event. ``how`` it came about stands in the event."""
    row = Application.objects.select_for_update().get(pk=application.pk)
    has, said = selected(row), reasons(row)
    changed = Changed(
        scope_grids.changes(has, wanted),
        tuple(scope for scope in SCOPES if wanted_reasons.get(scope, said.get(scope, "")) != said.get(scope, "")),
    )
    if not changed:
        return changed
    applications.refuse_stale(row, version)
    for scope in {*changed.levels, *changed.reasons}:
        _keep(row, scope, scope_grids.level(wanted, scope), wanted_reasons.get(scope, said.get(scope, "")))
    row.version += 1
    row.save(update_fields=["version"])
    levels = {scope: [str(before), str(after)] for scope, (before, after) in changed.levels.items()}
    told = {"levels": levels, "reasons": list(changed.reasons), **how}
    details = {name: value for name, value in told.items() if value}
    AuditEvent.objects.record("scopes.selected", row, by=by, details=details)
    application.version = row.version
    return changed


def _keep(application: Application, scope: str, level: Level, reason: str) -> None:
    rows = application.scope_selections
    if level is Level.NONE and not reason:
        rows.filter(scope=scope).delete()
    else:
        rows.update_or_create(scope=scope, defaults={"level": str(level), "reason": reason})


# --- What is refused ------------------------------------------------------------------------------------------


@contextmanager
def _recorded(application: Application, *, by: Actor) -> Iterator[None]:
    with workflow_rows.refusals_recorded(application, STEP, by=by):
        yield


def _refuse(*problems: tuple[str, ...]) -> None:
    found = [problem for part in problems for problem in part]
    more = [f"And {len(found) - MOST_TOLD} more."] if len(found) > MOST_TOLD else []
    if found:
        raise Refused([*found[:MOST_TOLD], *more])


def _cleaned(reasons: Mapping[str, str]) -> dict[str, str]:
    return {scope: " ".join(reason.split()) for scope, reason in reasons.items()}


def _why_not_reasons(reasons: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(problem for scope, reason in reasons.items() for problem in why_not_reason(scope, reason))


def why_not_reason(scope: str, reason: str) -> tuple[str, ...]:
    """Return why a reason cannot be kept; what the field on the page asks, too."""
    if scope not in SCOPES:
        return scope_grids.problems([(scope, str(Level.NONE))])
    if len(reason) > REASON_LENGTH:
        return (f"The reason for {scope} has {len(reason)} characters; {REASON_LENGTH} are the most.",)
    if reason and why_not_shown(reason):
        return (f"The reason for {scope} has an invisible sign, or nothing that can be seen. Type it anew.",)
    return ()
