"""The catalogue of Exact's review form: what an app may be allowed, in the form's order.

Source: the form *Data & Security Review* of Exact's App Center, as owners of apps published it. Each resource is
allowed at one level; a scope is written ``group.resource``, as Exact's own refusals write it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How far a resource is allowed. GET needs Read; POST, PUT and DELETE need Manage."""

    NONE = "none"
    READ = "read"
    MANAGE = "manage"

    @property
    def rank(self) -> int:
        """How far it goes; the texts themselves do not sort so."""
        return _RANKS[self]


_RANKS: Final = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Resource:
    """One line of the form."""

    group: str
    name: str

    @property
    def scope(self) -> str:
        return f"{self.group}.{self.name}".lower()


@dataclass(frozen=True, slots=True)
class Group:
    """One heading of the form with its lines."""

    name: str
    resources: tuple[Resource, ...]


def _group(name: str, resources: str) -> Group:
    return Group(name, tuple(Resource(name, resource) for resource in resources.split()))


GROUPS: Final = (
    _group("Crm", "accounts marketing opportunities quotes"),
    _group("Sales", "orders invoices contracts prices"),
    _group("Purchase", "orders invoices contracts prices"),
    _group("Logistics", "items inventory distribution wms assembly"),
    _group("Manufacturing", "products production shopfloor"),
    _group("Projects", "projects planning billing"),
    _group("Hrm", "employees payroll"),
    _group(
        "Financial",
        "currencies costcenters generalledgers accounting cashflow receivables payables returns assets budgets",
    ),
    _group(
        "Organization",
        "administration documents workflow search officeapp extensibility googleworkspace conversion",
    ),
    _group("Accountancy", "practicemanagement processmanagement"),
    _group("Communication", "mailboxes"),
)
SCOPES: Final = tuple(resource.scope for group in GROUPS for resource in group.resources)
