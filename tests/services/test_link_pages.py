"""Revoking a link page, and the letter that goes with one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from integrations.models import Application, AuditEvent, Customer, LinkPage, Organization
from integrations.rules.actors import PORTAL
from integrations.services import customers, link_pages, links, standings
from integrations.services.refusals import Refused
from tests import customers as given
from tests.conftest import SOMEBODY
from tests.permission import granted
from tests.practice import practising

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> Customer:
    return given.add(language="en", contact_name="Joke Jansen")


@pytest.fixture
def made(make_app: Callable[..., Application], customer: Customer) -> links.MadeLink:
    return links.make(granted(make_app(enable=True)), by=SOMEBODY, customer=customer)


def test_a_revoked_page_is_open_to_nobody_and_says_by_whom(made: links.MadeLink, customer: Customer) -> None:
    links.revoke(made.page, by=SOMEBODY)
    assert made.page.revoked_at
    assert made.page.revoked_by == str(SOMEBODY)
    assert not links.open_for([customer]).exists()
    assert standings.facts(customer).link_until is None
    event = AuditEvent.objects.get(action="link.revoked")
    assert event.details["link"] == str(made.page.pk)


def test_a_page_is_revoked_once(made: links.MadeLink) -> None:
    links.revoke(made.page, by=SOMEBODY)
    before = made.page.revoked_at
    with pytest.raises(Refused, match="revoked already"):
        links.revoke(made.page, by=SOMEBODY)
    made.page.refresh_from_db()
    assert made.page.revoked_at == before


def test_a_page_that_closed_with_the_customer_cannot_be_revoked(made: links.MadeLink, customer: Customer) -> None:
    customers.erase(customer, by=SOMEBODY)
    with pytest.raises(Refused, match="has expired"):
        links.revoke(made.page, by=SOMEBODY)


def test_the_letter_comes_in_both_languages_the_customers_first(made: links.MadeLink, customer: Customer) -> None:
    Organization.objects.create(name="Meridian", support_phone="+31 20 123")
    english, dutch = link_pages.letters(made, customer)
    assert (english.language, dutch.language) == ("en", "nl")
    for letter in (english, dutch):
        assert "{" not in letter.text + letter.subject
        for said in (made.url, "Joke Jansen", "Jansen BV", "Meridian", "+31 20 123", made.page.application.name):
            assert said in letter.text
        assert made.token not in repr(letter)
    assert english.text.startswith("Dear")
    assert dutch.text.startswith("Beste")


def test_before_anybody_filled_in_the_organization_the_letter_has_a_gap_for_its_name(
    made: links.MadeLink, customer: Customer
) -> None:
    english, dutch = link_pages.letters(made, customer)
    assert "Questions?" not in english.text
    assert "{" not in english.text
    assert english.text.endswith("Kind regards,\n[name of your organization]")
    assert dutch.subject == "Koppeling van Exact Online met [naam van uw organisatie]"


def test_who_connects_by_another_link_page_needs_no_try_any_more(
    client: Client, customer: Customer, tmp_path: Path, settings: Any
) -> None:
    with practising(tmp_path, settings) as exact:
        tried = links.make(exact.application, by=SOMEBODY, customer=customer).page
        others = links.make(exact.application, by=SOMEBODY, customer=given.add("Other BV")).page
        LinkPage.objects.update(tried_because="Exact phoned.")
        exact.connect(client, customer=customer)
    for page in (tried, others):
        page.refresh_from_db()
    assert tried.revoked_by == str(PORTAL)
    assert others.revoked_at is None
    assert AuditEvent.objects.get(action="link.revoked").details["link"] == str(tried.pk)
