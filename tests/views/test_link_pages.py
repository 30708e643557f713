"""The link page as customers meet it: in their language, used once, and never by a look."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Application, AuthorizationState, Connection, Customer, LinkPage, Organization
from integrations.rules.actors import PORTAL
from integrations.rules.link_texts import DUTCH, TEXTS
from integrations.services import applications, links
from tests import customers as given
from tests.conftest import SOMEBODY
from tests.permission import granted
from tests.practice import Practice, practising
from tests.sandbox.client import FLORIST

pytestmark = pytest.mark.django_db
BROWSER = {"HTTP_ACCEPT_LANGUAGE": "nl-NL,nl;q=0.9,en;q=0.8"}
MakeApp = Callable[..., Application]


@pytest.fixture
def exact(tmp_path: Path, settings: Any, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as one:
        yield one


@pytest.fixture
def customer() -> Customer:
    Organization.objects.create(name="Meridian Bookings BV", support_email="help@meridian.example")
    return given.add()


@pytest.fixture
def made(make_app: MakeApp, customer: Customer) -> links.MadeLink:
    return links.make(granted(make_app(enable=True)), by=SOMEBODY, customer=customer)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split()).replace("&#x27;", "'")


# --- In which language --------------------------------------------------------------------------------------


def test_the_page_speaks_the_browsers_language(client: Client, made: links.MadeLink) -> None:
    dutch, english = client.get(made.path, **BROWSER), client.get(made.path)
    assert '<html lang="nl">' in text(dutch)
    assert "Verder naar Exact" in text(dutch)
    assert '<html lang="en-GB">' in text(english)
    assert "Continue to Exact" in text(english)
    assert "Accept-Language" in dutch["Vary"]
    assert dutch["Content-Language"] == "nl"


def test_who_asks_for_the_other_language_gets_it(client: Client, made: links.MadeLink) -> None:
    assert "Continue to Exact" in text(client.get(f"{made.path}?lang=en", **BROWSER))
    page = text(client.get(f"{made.path}?lang=nl"))
    assert "Verder naar Exact" in page
    assert f'href="{made.path}?lang=en" lang="en"' in page


@pytest.mark.parametrize("asked", ["fr", "", "NL", '"><script>', "en&lang=xx", "\x00"])
def test_any_other_language_is_the_browsers(client: Client, made: links.MadeLink, asked: str) -> None:
    response = client.get(made.path, {"lang": asked}, **BROWSER)
    assert '<html lang="nl">' in text(response)
    assert "<script>" not in response.content.decode().partition("<body")[2]


def test_a_page_for_us_is_english_as_the_pages_of_staff_are(client: Client, make_app: MakeApp) -> None:
    made = links.make(make_app(enable=True), by=SOMEBODY)
    assert "our own Exact Online companies" in text(client.get(made.path, **BROWSER))


@pytest.mark.parametrize("headers", [BROWSER, {}])
def test_a_link_that_leads_nowhere_says_so_in_either_language(client: Client, headers: dict[str, str]) -> None:
    response = client.get("/connect/nonsense/", **headers)
    assert response.status_code == 404
    assert ("Deze link leidt nergens heen" if headers else "This link leads nowhere") in text(response)


# --- What it says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [BROWSER, {}])
def test_it_says_who_asks_for_what(client: Client, made: links.MadeLink, headers: dict[str, str]) -> None:
    page = text(client.get(made.path, **headers))
    for said in ("Meridian Bookings BV", made.page.application.name, "Jansen BV", "help@meridian.example"):
        assert said in page
    for code in ("step_user", "ends", "forward", "password"):
        assert (TEXTS[code].nl if headers else TEXTS[code].en) in page, code
    assert "/admin/" not in page.partition("<body")[2], "nothing of the pages of staff"


def closed(page: LinkPage, how: str) -> None:
    long_ago = timezone.now() - timedelta(days=20)
    if how == "revoked":
        links.revoke(page, by=SOMEBODY)
    elif how == "used":
        LinkPage.objects.filter(pk=page.pk).update(connected_at=timezone.now())
    elif how == "expired":
        LinkPage.objects.filter(pk=page.pk).update(created_at=long_ago, expires_at=long_ago + timedelta(days=14))
    else:
        applications.disable(page.application, by=SOMEBODY)


@pytest.mark.parametrize("how", ["revoked", "used", "expired", "not_now"])
def test_a_page_that_is_closed_says_why_in_the_readers_language_and_goes_nowhere(
    client: Client, made: links.MadeLink, how: str
) -> None:
    closed(made.page, how)
    for answer in (client.get(made.path, **BROWSER), client.post(made.path, **BROWSER)):
        assert answer.status_code == 410
        assert TEXTS[how].nl in text(answer)
        assert TEXTS["go"].nl not in text(answer)
    assert TEXTS[how].en in text(client.get(made.path))
    assert not AuthorizationState.objects.exists()


def test_a_customer_does_not_read_what_is_staffs_to_know(client: Client, made: links.MadeLink) -> None:
    closed(made.page, "not_now")
    assert "isabled" not in text(client.get(made.path))


# --- Opened, not used ---------------------------------------------------------------------------------------


def test_a_mail_scanner_neither_uses_nor_binds_the_link(client: Client, made: links.MadeLink) -> None:
    before = LinkPage.objects.values().get()
    for scanner in (client, Client()):
        assert scanner.get(made.path).status_code == scanner.head(made.path).status_code == 200
        assert scanner.get(f"{made.path}?lang=nl").status_code == 200
        assert not scanner.session.keys()
    assert LinkPage.objects.values().get() == before
    assert not AuthorizationState.objects.exists()


def test_it_goes_to_exact_with_a_new_sign_in(client: Client, made: links.MadeLink) -> None:
    query = parse_qs(urlsplit(client.post(made.path).url).query)
    assert query["force_login"] == ["1"]


# --- There and back -----------------------------------------------------------------------------------------


def begin(exact: Practice, client: Client, customer: Customer) -> tuple[links.MadeLink, str]:
    made = links.make(exact.application, by=PORTAL, customer=customer)
    return made, client.post(f"{made.path}?lang=nl").url


def test_a_refused_consent_says_so_in_dutch_and_the_link_is_good_until_one_succeeds(
    client: Client, exact: Practice, customer: Customer
) -> None:
    made, leads_to = begin(exact, client, customer)
    page = text(client.get(exact.consent(leads_to, FLORIST, decision="deny"), follow=True))
    assert '<html lang="nl">' in page
    assert TEXTS["denied"].nl in page
    assert f'href="{made.path}?lang=nl">Opnieuw beginnen</a>' in page
    assert "help@meridian.example" in page
    assert TEXTS["denied"].en in text(client.get("/connect/result/?lang=en"))
    done = client.get(exact.consent(client.post(made.path).url, FLORIST), follow=True)
    assert done.status_code == 200
    assert Connection.objects.count() == 1
    assert client.get(made.path).status_code == 410


def test_after_success_it_says_what_was_connected_and_what_comes_next(
    client: Client, exact: Practice, customer: Customer
) -> None:
    _, leads_to = begin(exact, client, customer)
    page = text(client.get(exact.consent(leads_to, FLORIST), follow=True))
    (company,) = customer.companies.all()
    assert "De koppeling staat op naam van Fleur Florist" in page
    assert str(company) in page
    assert "Meridian Bookings BV controleert nu of de koppeling werkt" in page
    assert "What happens next" in text(client.get("/connect/result/?lang=en"))


@pytest.mark.parametrize(("fault", "code"), [("error_500", "exact_down"), ("html_200", "exact_down")])
def test_where_exact_is_down_it_says_so_and_the_link_stays_good(
    client: Client, exact: Practice, customer: Customer, fault: str, code: str
) -> None:
    made, leads_to = begin(exact, client, customer)
    back = exact.consent(leads_to, FLORIST)
    exact.sandbox.order(fault, "token")
    page = text(client.get(back, follow=True))
    assert getattr(TEXTS[code], DUTCH) in page
    assert "Opnieuw beginnen" in page
    assert client.get(made.path).status_code == 200


def test_who_is_at_exact_by_a_page_that_is_revoked_comes_back_to_nothing(
    client: Client, exact: Practice, customer: Customer
) -> None:
    made, leads_to = begin(exact, client, customer)
    back = exact.consent(leads_to, FLORIST)
    links.revoke(made.page, by=PORTAL)
    page = text(client.get(back, follow=True))
    assert TEXTS["revoked"].nl in page
    assert "Opnieuw beginnen" not in page
    assert exact.sandbox.ledger("token") == []


def test_of_two_at_exact_by_one_link_the_second_is_told_that_it_was_used(
    client: Client, exact: Practice, customer: Customer
) -> None:
    made, leads_to = begin(exact, client, customer)
    first, accountant = exact.consent(leads_to, FLORIST), Client()
    second = exact.consent(accountant.post(made.path).url)
    client.get(first)
    assert TEXTS["used"].en in text(accountant.get(second, follow=True))
    assert Connection.objects.count() == 1


def test_a_result_of_another_release_is_no_error(client: Client) -> None:
    session = client.session
    session["connect_result"] = {"problems": [["no_such_code", {}], "x"]}
    session.save()
    response = client.get("/connect/result/")
    assert response.status_code == 400
    assert TEXTS["not_now"].en in text(response)
