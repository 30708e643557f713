"""Which companies we use, on the pages of a connection, a company and a customer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.admin import company_use
from integrations.models import Access, Application, Company, Connection
from tests import customers as given
from tests.permission import granted

pytestmark = pytest.mark.django_db
ADMIN = "/admin/integrations"


@pytest.fixture
def connection(make_app: Callable[..., Application]) -> Connection:
    return given.connect(granted(make_app(enable=True)))


def page(client: Client, connection: Connection) -> str:
    return client.get(f"{ADMIN}/connection/{connection.pk}/change/").content.decode()


def test_staff_choose_on_the_connections_page(annas: Client, connection: Connection) -> None:
    first, second = given.reach(connection, None, 1, 2)
    assert "Which companies we use" in page(annas, connection)
    answer = annas.post(f"{ADMIN}/connection/{connection.pk}/companies/", {"company": [second.pk]}, follow=True)
    assert "1 company is used from now on." in answer.content.decode()
    first.refresh_from_db()
    assert first.use == "not_used"


@pytest.mark.parametrize("bad", ["x", "00000000-0000-0000-0000-000000000000"])
def test_what_is_not_offered_changes_nothing(annas: Client, connection: Connection, bad: str) -> None:
    given.reach(connection, None, 1)
    answer = annas.post(f"{ADMIN}/connection/{connection.pk}/companies/", {"company": [bad]}, follow=True)
    assert "cannot be chosen here" in answer.content.decode()
    assert Company.objects.get().use == "used"


@pytest.mark.parametrize(("said", "use"), [("yes", "used"), ("no", "not_used"), ("maybe", "to_confirm")])
def test_staff_confirm_another_company_on_the_customers_page(
    annas: Client, connection: Connection, said: str, use: str
) -> None:
    customer = given.add()
    (company,) = given.reach(connection, customer, 1)
    Company.objects.update(use="to_confirm")
    url = f"{ADMIN}/customer/{customer.pk}/"
    assert "To be confirmed" in annas.get(url).content.decode()
    answer = annas.post(f"{ADMIN}/company/{company.pk}/use/", {"used": said, "back": "customer"})
    assert answer["Location"] == url
    company.refresh_from_db()
    assert company.use == use


def test_the_connections_page_names_whom_it_serves_and_what_changed(annas: Client, connection: Connection) -> None:
    jansen, bakery = given.add("Jansen BV"), given.add("Crumb Bakery")
    given.reach(connection, jansen, 1)
    given.reach(connection, bakery, 2)
    given.reach(connection, None, 4)
    (new,) = given.reach(connection, None, 3, granted_at=timezone.now() + timedelta(seconds=1))
    Company.objects.filter(pk=new.pk).update(use="not_used")
    assert "Crumb Bakery, Jansen BV, our own companies" in page(annas, connection)
    assert "Newly granted, not used yet" in page(annas, connection)
    assert "It is nobody&#x27;s yet." in page(annas, connection).replace("nobody's", "nobody&#x27;s")
    Access.objects.filter(company__division=1).update(withdrawn_at=timezone.now())
    Company.objects.filter(division=1).update(primary_access=None)
    assert "No longer shown by Exact" in page(annas, connection)
    assert "Exact no longer shows Company 1" in annas.get(f"{ADMIN}/customer/{jansen.pk}/").content.decode()


def test_the_companys_page_says_what_to_tick(annas: Client, connection: Connection) -> None:
    (company,) = given.reach(connection, None, 1)
    check = given.check(connection, failed="Exact refuses Company 1 (1): tick it.")
    check.cause = "DivisionNotGranted"
    check.save()
    assert "Company 1 (1): tick it." in annas.get(f"{ADMIN}/company/{company.pk}/change/").content.decode()


def test_the_page_asks_as_many_queries_with_1_company_as_with_200(annas: Client, connection: Connection) -> None:
    counts = []
    for first, last in ((1, 2), (2, 201)):
        given.reach(connection, given.add(f"Customer {first}"), *range(first, last))
        page(annas, connection)
        with CaptureQueriesContext(database) as asked:
            page(annas, connection)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_customers_page_leads_to_where_companies_are_chosen(annas: Client, connection: Connection) -> None:
    customer = given.add()
    given.reach(connection, customer, 1, 2, 3)
    url = f"{ADMIN}/customer/{customer.pk}/"
    assert "reached and not used" not in annas.get(url).content.decode()
    Company.objects.filter(division__gt=1).update(use="not_used")
    said = annas.get(url).content.decode()
    assert "2 more companies are reached and not used. Which are, is chosen on the page of" in said


def test_what_changed_at_exact_is_left_by_one_button(annas: Client, connection: Connection) -> None:
    given.reach(connection, None, 1, withdrawn_at=timezone.now())
    assert "Leave it as it is" in page(annas, connection)
    seen = f"{ADMIN}/connection/{connection.pk}/changes-seen/"
    assert "stays as it is" in annas.post(seen, follow=True).content.decode()
    assert "Changed at Exact" not in page(annas, connection)
    assert "Nothing has changed at Exact since somebody looked." in annas.post(seen, follow=True).content.decode()


def test_what_is_to_be_confirmed_stands_among_what_is_chosen_from(annas: Client, connection: Connection) -> None:
    given.reach(connection, given.add(), 1)
    Company.objects.update(use="to_confirm")
    offered = page(annas, connection).partition("Which companies we use")[2]
    assert "Company 1 (1) <span" in offered
    assert "checked>" not in offered.partition("</form>")[0]


def test_a_choice_leaves_alone_what_the_page_did_not_show(
    annas: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(company_use, "MOST_OFFERED", 1)
    first, second = given.reach(connection, None, 1, 2)
    assert "The first 1 by name." in page(annas, connection)
    annas.post(f"{ADMIN}/connection/{connection.pk}/companies/", {})
    assert dict(Company.objects.values_list("pk", "use")) == {first.pk: "not_used", second.pk: "used"}
