"""Customers with companies and connections, as rows, for tests that need many of them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.models import Access, Application, Company, Connection, ConnectionCheck, Customer
from integrations.rules.actors import PORTAL
from integrations.services import customers

NOBODY: Any = object()


def add(name: str = "Jansen BV", **fields: Any) -> Customer:
    return customers.add(Customer(name=name, **fields), by=PORTAL)


def connect(application: Application, user: str = "Alex Accountant", **fields: Any) -> Connection:
    first, _, last = user.partition(" ")
    values = {
        "exact_user_id": user,
        "full_name": user,
        "email": f"{first}.{last}@exact.example",
        "status": "connected",
        "refresh_token": "v1.t1.x",
        "next_check_at": timezone.now() + timedelta(hours=6),
        **fields,
    }
    if values["status"] in Connection.ENDED:
        values |= {"refresh_token": "", "next_check_at": None}
    return Connection.objects.create(application=application, **values)


def reach(connection: Connection, customer: Customer | None, *divisions: int, **access: Any) -> list[Company]:
    """Let the connection reach these companies of the customer (None: ours)."""
    found = []
    for division in divisions:
        company, _ = Company.objects.get_or_create(
            application=connection.application,
            division=division,
            defaults={"name": f"Company {division}", "customer": customer},
        )
        long_ago = timezone.now() - timedelta(days=1)
        row = Access.objects.create(company=company, connection=connection, **{"granted_at": long_ago, **access})
        if company.primary_access_id is None and not row.withdrawn_at:
            company.primary_access = row
            company.save(update_fields=["primary_access"])
        found.append(company)
    if connection.division is None and divisions:
        connection.division = divisions[0]
        connection.save(update_fields=["division"])
    return found


def check(connection: Connection, *, failed: str = "", minutes: float = 4) -> ConnectionCheck:
    return ConnectionCheck.objects.create(
        connection=connection,
        checked_at=timezone.now() - timedelta(minutes=minutes),
        milliseconds=90,
        ok=not failed,
        cause="Forbidden" if failed else "",
        detail=failed,
    )


def connected(application: Application, name: str, division: int, *, companies: int = 1) -> Customer:
    """A customer with a connection of his own that was checked and is well."""
    customer = add(name)
    connection = connect(application, f"User {division}")
    reach(connection, customer, *range(division, division + companies))
    check(connection)
    return customer
