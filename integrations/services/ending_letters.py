"""Letters that say what a customer does at Exact once we have disconnected, since there we can take nothing away."""

from collections.abc import Iterable, Sequence

from integrations.models import Connection, Customer
from integrations.services import link_pages
from integrations.services.customers import Effects
from integrations.services.link_pages import Letter


def of_connection(connection: Connection) -> list[Letter]:
    """Return the letter to the Exact user in every language, by one query. None where the connection was ours alone:
    we need no letter; and where its user is erased."""
    customers = Customer.objects.filter(companies__accesses__connection=connection).order_by("name_key", "id")
    customer = customers.first()
    if customer is None or not _named([connection]):
        return []
    who, app = str(connection), connection.application.name
    return link_pages.endings("end", first=customer.language, contact=who, who=who, app=app)


def of_customer(customer: Customer, effects: Effects) -> list[list[Letter]]:
    """Return the letters to the customer: about the connections that end, and about those that go on for others."""
    kept = [one.connection for one in effects.kept]
    parts = (("end", effects.ended), ("end_companies", kept))
    return [_to(customer, code, connections) for code, connections in parts if _named(connections)]


def _to(customer: Customer, code: str, connections: Sequence[Connection]) -> list[Letter]:
    return link_pages.endings(
        code,
        first=customer.language,
        contact=customer.contact_name or customer.name,
        who=_listed(str(connection) for connection in _named(connections)),
        app=_listed(connection.application.name for connection in connections),
        customer=customer.name,
    )


def _named(connections: Sequence[Connection]) -> list[Connection]:
    return [connection for connection in connections if connection.full_name or connection.user_name]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
