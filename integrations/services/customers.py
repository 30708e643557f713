"""Customers: found, and added."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.models import AuditEvent, Customer
from integrations.rules.actors import Actor
from integrations.services.refusals import Refused


def get(customer_id: UUID) -> Customer:
    """Return the customer.

    Raises:
        Refused: there is none of this id.
    """
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise Refused([f"There is no customer {customer_id}."])
    return customer


def named(name: str, *, by: Actor) -> Customer:
    """Return the customer of this name, who is added where there is none.

    Raises:
        Refused: several have the name, or it is none.
    """
    name = " ".join(name.split())
    found = list(Customer.objects.filter(name=name)[:2])
    if len(found) > 1:
        raise Refused([f"Several customers are called “{name}”. Say which one by --customer-id."])
    return found[0] if found else _add(name, by=by)


def _add(name: str, *, by: Actor) -> Customer:
    customer = Customer(name=name, created_by=str(by))
    try:
        customer.full_clean()
    except ValidationError as error:
        raise Refused(error.messages) from None
    with transaction.atomic():
        customer.save(force_insert=True)
        AuditEvent.objects.record("customer.added", customer, by=by)
    return customer
