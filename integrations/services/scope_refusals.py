"""Which scopes Exact refused calls for, and which companies that hit, as the latest checks saw it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from integrations.models import Access, Application, Company, Connection, ConnectionCheck
from integrations.rules import scope_refusals
from integrations.rules.reach import Cell
from integrations.rules.scope_refusals import ScopeRefusal

MOST: Final = 200
"""Of the connections; a scope belongs to the app, so that the others tell nothing else."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A connection whose latest check met the refusal, and the companies that it reaches."""

    connection: Connection
    check: ConnectionCheck
    refusal: ScopeRefusal
    companies: tuple[Company, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """A cell of the form that is missing, and whom that hit."""

    cell: Cell
    hits: tuple[Hit, ...]

    @property
    def companies(self) -> tuple[Company, ...]:
        """Each once, by name."""
        found = {company.pk: company for hit in self.hits for company in hit.companies}
        return tuple(sorted(found.values(), key=lambda company: (company.name_key, company.division)))

    @property
    def is_certain(self) -> bool:
        """Tell whether Exact named the scope; else the endpoint needs this one or another."""
        return any(len(hit.refusal.cells) == 1 for hit in self.hits)


def affected(application: Application) -> list[Affected]:
    """Return every cell for want of which Exact refused a call in the latest check of a live connection.

    Three queries, however many connections there are.
    """
    newest = ConnectionCheck.objects.filter(connection=OuterRef("pk")).order_by("-checked_at", "-id").values("pk")[:1]
    live = application.connections.linked().annotate(newest=Subquery(newest))
    checks = list(refused(ConnectionCheck.objects.filter(pk__in=live.values("newest")))[:MOST])
    companies = _companies({check.connection_id for check in checks})
    hits: dict[Cell, list[Hit]] = {}
    for check in checks:
        for cell, refusal in missing(check):
            hit = Hit(check.connection, check, refusal, tuple(companies.get(check.connection_id, ())))
            hits.setdefault(cell, []).append(hit)
    return [Affected(cell, tuple(found)) for cell, found in hits.items()]


def missing(check: ConnectionCheck) -> Iterator[tuple[Cell, ScopeRefusal]]:
    """Yield each cell once for which the check met a refusal."""
    seen = set()
    for refusal in scope_refusals.refusals(check.evidence):
        for cell in refusal.cells:
            if cell not in seen:
                seen.add(cell)
                yield cell, refusal


def refused(checks: QuerySet[ConnectionCheck]) -> QuerySet[ConnectionCheck]:
    """Return the checks whose evidence has such a refusal."""
    told = checks.annotate(told=Cast("evidence", TextField())).filter(told__icontains="application scope violated")
    return told.select_related("connection").order_by("-checked_at", "-id")


def _companies(connections: Iterable[UUID]) -> dict[UUID, list[Company]]:
    rows = Access.objects.filter(connection__in=list(connections), withdrawn_at=None).select_related("company")
    found: dict[UUID, list[Company]] = {}
    for row in rows.order_by("company__name_key", "company__division"):
        found.setdefault(row.connection_id, []).append(row.company)
    return found
