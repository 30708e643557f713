"""What Exact has approved of the scopes of an app, and since when."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from django.utils import timezone

from integrations.exact.scopes import Level
from integrations.models import Application, Review, ScopeApproval
from integrations.rules import scope_grids
from integrations.rules.actors import Actor
from integrations.rules.scope_grids import Grid
from integrations.services.refusals import Refused


def latest(applications: Collection[Application]) -> dict[UUID, ScopeApproval]:
    """Return the approval that holds for each app that has one, by one query."""
    rows = ScopeApproval.objects.filter(application__in=[app.pk for app in applications]).order_by("number")
    return {row.application_id: row for row in rows}


def approved(application: Application) -> Grid:
    """Return what holds now; an empty grid where Exact approved nothing that we know of."""
    row = latest([application]).get(application.pk)
    return read(row) if row else {}


def read(row: ScopeApproval) -> Grid:
    """Return the scopes of an approval; one that Exact's form no longer has was approved, and opens nothing."""
    return scope_grids.known(row.scopes.items())


def add(
    application: Application, scopes: Mapping[str, str], *, by: Actor, on: date | None, review: Review | None = None
) -> ScopeApproval:
    """Store a further approval, in the transaction and the event of whoever asks.

    Raises:
        Refused: a scope or a level is none of Exact's form; the day lies in the future.
    """
    if reasons := scope_grids.problems(scopes.items()):
        raise Refused(reasons)
    if on and on > timezone.localdate():
        raise Refused(["The day of the approval lies in the future."])
    newest = application.scope_approvals.order_by("number").last()
    plain = {scope: str(level) for scope, level in scope_grids.grid(scopes.items()).items()}
    return ScopeApproval.objects.create(
        application=application,
        number=newest.number + 1 if newest else 1,
        scopes=plain,
        approved_on=on,
        review=review,
        recorded_by=str(by),
    )


def record_as_it_stood(application: Application, scopes: Mapping[str, Level | str], *, by: Actor) -> None:
    """Record what Exact had approved before the portal, where that differs from what is recorded so far.

    Raises:
        Refused: as for ``add``; or a round was approved here, which says what holds.
    """
    row = latest([application]).get(application.pk)
    if reasons := scope_grids.problems(scopes.items()):
        raise Refused(reasons)
    if dict(read(row) if row else {}) == dict(scope_grids.grid(scopes.items())):
        return
    if row is not None and row.review_id:
        raise Refused(["A round of the review was approved here: that one says which scopes are approved."])
    add(application, scopes, by=by, on=None)
