"""The options of the commands that connect somebody: for us, or for a customer."""

from uuid import UUID

from django.core.management.base import CommandParser

from integrations.models import Customer
from integrations.rules.actors import Actor
from integrations.services import customers


def add_whom(parser: CommandParser) -> None:
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--for-us", action="store_true", help="Our own companies.")
    whom.add_argument("--customer", help="The name of a customer, who is added where there is none of that name.")
    whom.add_argument("--customer-id", type=UUID)


def whom(customer: str | None, customer_id: UUID | None, *, by: Actor) -> Customer | None:
    """Return the customer whom the options name; None for ourselves. Within the transaction of what is made for him, so
    that no customer stays of what was refused."""
    if customer is not None:
        return customers.named(customer, by=by)
    return customers.get(customer_id) if customer_id else None
