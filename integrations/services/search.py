"""One search over all that has a name or a number; by indexes, and only where the person may look."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Lower

from integrations.models import Application, Company, Connection, Customer, LinkPage
from integrations.models.folded import FoldedField
from integrations.rules import search as rules
from integrations.rules.search import Sought
from integrations.services import links

MOST: Final = 10
May = Callable[[str], bool]
"""Tells whether the person has a right, such as ``integrations.view_customer``."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that can be found, and who may find it."""

    title: str
    permission: str
    searched: str
    find: Callable[[Sought], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one kind, ``MOST`` at most."""

    title: str
    rows: list[Any]
    more: bool


def kinds(may: May) -> list[Kind]:
    """Return what the person may search."""
    return [kind for kind in KINDS if may(kind.permission)]


def find(sought: Sought, may: May) -> list[Found]:
    """Return what was found, a kind each, by at most one query a kind and column, whatever is stored."""
    found = []
    for kind in kinds(may):
        rows = _once(kind.find(sought))
        if rows:
            found.append(Found(kind.title, rows[:MOST], len(rows) > MOST))
    return found


def _once(rows: Iterable[Model]) -> list[Model]:
    return list({row.pk: row for row in rows}.values())


# --- The queries; each takes one index ----------------------------------------------------------------------


def customers_named(text: str) -> QuerySet[Customer]:
    return Customer.objects.filter(name_key__prefix=text).order_by("name_key")[: MOST + 1]


def customers_referred_to(text: str) -> QuerySet[Customer]:
    return Customer.objects.filter(reference_key__prefix=text).order_by("reference_key")[: MOST + 1]


def companies_named(text: str) -> QuerySet[Company]:
    rows = Company.objects.told_whose().select_related("application", "customer")
    return rows.filter(name_key__prefix=text).order_by("name_key")[: MOST + 1]


def companies_numbered(digits: str) -> QuerySet[Company]:
    within = Q(pk__in=[])  # of a number that no company can have: an empty Q would mean every one
    for first, last in rules.ranges(digits):
        within |= Q(division__gte=first, division__lte=last)
    rows = Company.objects.told_whose().select_related("application", "customer")
    return rows.filter(within).order_by("division")[: MOST + 1]


def connections_of(email: str) -> QuerySet[Connection]:
    rows = Connection.objects.select_related("application").filter(email_key__prefix=email)
    return rows.order_by("email_key")[: MOST + 1]


def apps_with(client_id: str) -> QuerySet[Application]:
    return Application.objects.alias(lower=Lower("client_id")).filter(lower=client_id)[: MOST + 1]


def apps_beginning(client_id: str) -> QuerySet[Application]:
    lower = Lower("client_id", output_field=FoldedField())
    return Application.objects.alias(lower=lower).filter(lower__prefix=client_id).order_by(lower)[: MOST + 1]


def link_pages(token: str) -> QuerySet[LinkPage]:
    return LinkPage.objects.select_related("application", "customer").filter(token_hash=links.digest(token))


def _customers(sought: Sought) -> Iterable[Customer]:
    if sought.text:
        yield from customers_named(sought.text)
        yield from customers_referred_to(sought.text)


def _companies(sought: Sought) -> Iterable[Company]:
    if sought.digits:
        yield from companies_numbered(sought.digits)
    if sought.text:
        yield from companies_named(sought.text)


def _connections(sought: Sought) -> Iterable[Connection]:
    return connections_of(sought.text) if sought.text else ()


def _apps(sought: Sought) -> Iterable[Application]:
    if sought.client_id:
        return apps_with(sought.client_id)
    return apps_beginning(sought.client_id_start) if sought.client_id_start else ()


def _links(sought: Sought) -> Iterable[LinkPage]:
    return link_pages(sought.token) if sought.token else ()


KINDS: Final = (
    Kind("Customers", "integrations.view_customer", "a customer's name, or our reference", _customers),
    Kind("Companies", "integrations.view_company", "a company's name, or its number at Exact", _companies),
    Kind("Connections", "integrations.view_connection", "the e-mail address of an Exact user", _connections),
    Kind("Apps", "integrations.view_application", "an app's Client ID, from its first four characters on", _apps),
    Kind("Link pages", "integrations.view_customer", "the address of a link page that we sent", _links),
)
