"""Consents for customers, over real HTTP: what is newly reached is theirs, and nobody's companies are stolen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from integrations.models import Access, AuditEvent, Company, Connection, Customer
from integrations.rules.actors import PORTAL
from integrations.rules.customers import State, state
from integrations.services import checks, customers, standings
from tests import customers as given
from tests.practice import Practice, practising
from tests.sandbox.client import ACCOUNTANT, FLORIST

pytestmark = pytest.mark.django_db


@pytest.fixture
def exact(tmp_path: Path, settings: Any, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as one:
        yield one


def stands(customer: Customer) -> State:
    customer.refresh_from_db()
    return state(standings.facts(customer))


def details(action: str) -> dict[str, Any]:
    return AuditEvent.objects.get(action=action).details


def test_what_a_customer_newly_reaches_is_his(client: Client, exact: Practice) -> None:
    customer = given.add("The accountant's first client")
    connection = exact.connect(client, customer=customer)
    assert set(Company.objects.values_list("customer", flat=True)) == {customer.pk}
    assert details("customer.companies_assigned")["companies"] == 5
    assert customer.links.get().connection == connection
    assert stands(customer) is State.CONNECTED


def test_nobody_is_robbed_and_staff_are_told(client: Client, exact: Practice) -> None:
    first, second = given.add("First"), given.add("Second")
    exact.connect(client, FLORIST, customer=first)
    (shared,) = Company.objects.all()
    accountant = exact.connect(client, ACCOUNTANT, customer=second)
    shared.refresh_from_db()
    assert shared.customer == first
    assert Company.objects.filter(customer=second).count() == 4
    told = details("customer.companies_stayed")
    assert (told["companies"], told["owners"]) == (1, [str(first.pk)])
    assert accountant.accesses.filter(company=shared, withdrawn_at=None).exists(), "a further access"


def test_what_was_ours_before_the_consent_stays_ours_and_staff_are_told(annas: Client, exact: Practice) -> None:
    exact.connect(annas)
    customer = given.add()
    exact.connect(annas, customer=customer)
    assert set(Company.objects.values_list("customer", flat=True)) == {None}
    assert details("customer.companies_stayed") | {"connection": "", "link": ""} == {
        "companies": 5,
        "owners": [],
        "connection": "",
        "link": "",
    }


def test_a_disconnected_customer_connects_again(client: Client, exact: Practice) -> None:
    customer = given.add()
    first = exact.connect(client, customer=customer)
    customers.disconnect(customer, by=PORTAL)
    assert stands(customer) is State.DISCONNECTED
    asked = len(exact.sandbox.ledger())
    first.refresh_from_db()
    assert not checks.run(first).ok
    assert len(exact.sandbox.ledger()) == asked, "nothing was asked"
    again = exact.connect(client, customer=customer)
    assert again.pk == first.pk, "the same user has one connection"
    assert again.token_generation == first.token_generation + 1
    assert checks.run(again).ok
    assert stands(customer) is State.CONNECTED
    assert not Access.objects.exclude(withdrawn_by="").exists()
    assert not Company.objects.filter(primary_access=None).exists()


def test_what_staff_withdrew_does_not_come_back_by_a_check_or_by_another_customers_consent(
    client: Client, exact: Practice
) -> None:
    gone, other = given.add("Gone"), given.add("Other")
    accountant = exact.connect(client, customer=gone)
    kept = Company.objects.exclude(division=accountant.division).earliest("division")
    Company.objects.filter(pk=kept.pk).update(customer=other)
    customers.disconnect(gone, by=PORTAL)
    accountant.refresh_from_db()
    assert accountant.division == kept.division

    def live() -> list[int]:
        reached = Access.objects.filter(withdrawn_at=None).order_by("company__division")
        return list(reached.values_list("company__division", flat=True))

    assert live() == [kept.division]
    assert checks.run(accountant).ok
    assert live() == [kept.division]
    exact.connect(client, customer=other)
    assert live() == [kept.division]
    exact.connect(client, FLORIST, customer=other)
    assert set(live()) <= {kept.division}, "a further user does not bring it back either"
    assert stands(gone) is State.DISCONNECTED
    counted = {entry["division"] for entry in exact.sandbox.ledger() if entry["division"]}
    assert kept.division in counted
    exact.connect(client, customer=gone)
    assert len(live()) >= 5
    assert stands(gone) is State.CONNECTED


def test_a_consent_begun_before_the_customer_was_disconnected_brings_nothing(client: Client, exact: Practice) -> None:
    customer = given.add()
    exact.connect(client, FLORIST, customer=customer)
    back = exact.consent(exact.begin(client, customer=customer))
    customers.disconnect(customer, by=PORTAL)
    asked = len(exact.sandbox.ledger("token"))
    assert "no longer good" in client.get(back, follow=True).content.decode()
    assert len(exact.sandbox.ledger("token")) == asked
    assert stands(customer) is State.DISCONNECTED


def test_a_consent_begun_before_the_customer_was_erased_brings_nothing(client: Client, exact: Practice) -> None:
    customer = given.add()
    back = exact.consent(exact.begin(client, customer=customer))
    customers.erase(customer, by=PORTAL)
    response = client.get(back, follow=True)
    assert "no longer good" in response.content.decode()
    assert not Connection.objects.exists()
    assert not exact.sandbox.ledger("token")
