"""Revoking a link page, and the letter that goes with one."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

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


@pytest.mark.parametrize(
    ("zone", "english", "dutch"),
    [
        ("Europe/Amsterdam", "6 July 2026, 14:30 (time in Amsterdam)", "6 juli 2026, 14:30 uur (tijd in Amsterdam)"),
        ("America/New_York", "6 July 2026, 08:30 (time in New York)", "6 juli 2026, 08:30 uur (tijd in New York)"),
        ("UTC", "6 July 2026, 12:30 (UTC)", "6 juli 2026, 12:30 uur (UTC)"),
    ],
)
def test_customers_read_whose_time_it_is(made: links.MadeLink, zone: str, english: str, dutch: str) -> None:
    made.page.expires_at = datetime(2026, 7, 6, 12, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo(zone)):
        assert link_pages.shown(made.page, "en")["until"] == english
        assert link_pages.shown(made.page, "nl")["until"] == dutch


def test_nobody_who_reads_is_taken_for_a_man(made: links.MadeLink, customer: Customer) -> None:
    said = " ".join(letter.text for letter in link_pages.letters(made, customer))
    said += " ".join(link_pages.words(code, Organization(name="Meridian"))["forward"] for code in ("en", "nl"))
    assert not {"him", "his", "he", "hem", "zijn"} & set(re.findall(r"\w+", said))


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
