"""After his consent a customer says which companies we use: his own, in his browser, for an hour."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import AuditEvent, Company, Connection, Customer, LinkPage, Organization
from integrations.rules.link_texts import TEXTS
from tests import customers as given
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db
CHOOSE = "/connect/companies/"
RESULT = "/connect/result/"
Use = Company.Use


@pytest.fixture
def exact(tmp_path: Path, settings: Any, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as one:
        yield one


@pytest.fixture
def customer() -> Customer:
    Organization.objects.create(name="Meridian Bookings BV", support_email="help@meridian.example")
    return given.add()


@pytest.fixture
def connected(client: Client, exact: Practice, customer: Customer) -> Connection:
    return exact.connect(client, customer=customer)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split()).replace("&#x27;", "'")


def used() -> set[Any]:
    return set(Company.objects.filter(use=Use.USED).values_list("pk", flat=True))


def test_what_the_consent_granted_is_there_to_tick(client: Client, connected: Connection) -> None:
    page = text(client.get(RESULT))
    assert Company.objects.count() > 1
    assert page.count('type="checkbox"') == Company.objects.count()
    assert page.count(" checked") == len(used())
    assert TEXTS["choose"].nl in text(client.get(f"{RESULT}?lang=nl"))


def test_who_has_a_choice_is_not_told_that_there_is_nothing_to_do(client: Client, connected: Connection) -> None:
    assert TEXTS["close"].en not in text(client.get(RESULT))
    assert TEXTS["close"].en in text(client.post(CHOOSE, {"company": []}, follow=True))


def test_only_what_is_ticked_is_used(client: Client, connected: Connection) -> None:
    keep = Company.objects.first()
    assert keep is not None
    page = text(client.post(CHOOSE, {"company": [str(keep.pk)]}, follow=True))
    assert "Meridian Bookings BV now uses what is ticked here" in page
    assert used() == {keep.pk}
    event = AuditEvent.objects.get(action="connection.companies_chosen")
    used_by_now = {"used": 1, "not_used": Company.objects.count() - 1}
    assert event.details == {**used_by_now, "link": str(LinkPage.objects.get().pk)}
    assert page.count(" checked") == 1


def test_nothing_ticked_is_a_choice_too(client: Client, connected: Connection) -> None:
    client.post(CHOOSE)
    assert used() == set()


@pytest.mark.parametrize("sent", [["x"], [str(uuid4())], [""]])
def test_what_was_not_offered_changes_nothing(client: Client, connected: Connection, sent: list[str]) -> None:
    before = used()
    page = text(client.post(CHOOSE, {"company": sent}, follow=True))
    assert TEXTS["choice_closed"].en in page
    assert used() == before


def test_another_browser_chooses_nothing(connected: Connection) -> None:
    before = used()
    assert Client().post(CHOOSE, {"company": []}).status_code == 302
    assert used() == before


def test_an_hour_later_it_is_closed(client: Client, connected: Connection) -> None:
    long_ago = timezone.now() - timedelta(minutes=61)
    Connection.objects.update(consented_at=long_ago)
    LinkPage.objects.update(connected_at=long_ago)
    before = used()
    assert TEXTS["choice_closed"].en in text(client.post(CHOOSE, follow=True))
    assert used() == before


def test_after_the_connection_ended_it_is_closed(client: Client, connected: Connection) -> None:
    Connection.objects.update(status="disconnected", refresh_token="", access_token="", next_check_at=None)
    before = used()
    client.post(CHOOSE)
    assert used() == before


def test_a_company_of_another_customer_is_not_offered(client: Client, connected: Connection) -> None:
    theirs = Company.objects.last()
    assert theirs is not None
    theirs.customer = given.add(name="Pietersen BV")
    theirs.save(update_fields=["customer"])
    assert str(theirs) not in text(client.get(RESULT))
    client.post(CHOOSE, {"company": [str(theirs.pk)]})
    theirs.refresh_from_db()
    assert theirs.use == Use.USED
