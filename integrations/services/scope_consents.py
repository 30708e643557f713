"""Who may need to consent again, because Exact approved more since the consent was given.

Whether a connection takes over newly approved scopes by itself, or needs a new consent, is not known: the list says
whom to look at, and never that somebody has to.
"""

from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from integrations.models import Application, Connection
from integrations.rules import scope_grids
from integrations.services import scope_approvals

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Earlier:
    """A connection that was made when less was approved."""

    connection: Connection
    lacks: tuple[str, ...]
    """The scopes that were not approved as far; empty where nobody knows what was approved then."""


@dataclass(frozen=True, slots=True)
class Consents:
    """The connections to look at, the newest consent first; of many the first ones, and how many there are."""

    rows: tuple[Earlier, ...]
    count: int


def to_consent_again(application: Application) -> Consents:
    """Return the live connections whose consent is older than the newest approval, and knew less. Three queries.

    What was written down as it stood before the portal holds for the consents from before as well.
    """
    approvals = list(application.scope_approvals.order_by("-number"))
    if not approvals:
        return Consents((), 0)
    newest = scope_approvals.read(approvals[0])
    lacks = {row.pk: scope_grids.falls_short(scope_approvals.read(row), newest) for row in approvals[1:]}
    wanted = Q(scope_approval__in=[pk for pk, scopes in lacks.items() if scopes])
    if approvals[0].review_id:
        wanted |= Q(scope_approval=None)
    found = application.connections.linked().filter(wanted).order_by("-consented_at", "id")
    rows = tuple(Earlier(row, lacks[row.scope_approval_id] if row.scope_approval_id else ()) for row in found[:MOST])
    return Consents(rows, found.count())
