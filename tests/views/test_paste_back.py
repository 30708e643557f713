"""Without a public address: the person pastes where the browser ended, and the same is checked as at the callback."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Application, AuditEvent, AuthorizationState, Company, Connection, Customer
from integrations.rules.actors import PORTAL
from integrations.services import applications, links
from integrations.services.refusals import Refused
from tests.admin.app_forms import overview
from tests.practice import Practice, practising
from tests.sandbox.client import FLORIST

pytestmark = pytest.mark.django_db
OWNED = "https://www.owned.example/back"


@pytest.fixture
def exact(tmp_path: Path, settings: Any) -> Iterator[Practice]:
    """A practice Exact whose app leads browsers to an address that is not the portal's."""
    with practising(tmp_path, settings) as practice:
        application = practice.application
        exact_side = f"/apps/{application.client_id}/redirect-url"
        assert practice.exact.post(exact_side, data={"redirect_url": OWNED}).status_code == 303
        application.redirect_uri = OWNED
        applications.change(application, by=PORTAL)
        yield practice


class Person:
    """Somebody with a link page open, in one browser."""

    def __init__(self, exact: Practice, client: Client, **link: Any) -> None:
        self.exact, self.client = exact, client
        self.made = links.make(exact.application, by=PORTAL, **link)

    def goes(self, **how: Any) -> str:
        """Continue to Exact and answer there; return the address at which the browser ends."""
        leads_to = self.client.post(self.made.path)
        assert leads_to.status_code == 302
        assert parse_qs(urlsplit(leads_to.url).query)["redirect_uri"] == [OWNED]
        path = self.exact.consent(leads_to.url, **how)
        assert path.startswith("/back?")
        return f"https://www.owned.example{path}"

    def pastes(self, address: str, client: Client | None = None) -> Any:
        return (client or self.client).post(f"{self.made.path}back/", {"address": address}, follow=True)


@pytest.fixture
def person(exact: Practice, annas: Client) -> Person:
    return Person(exact, annas)


def token_requests(exact: Practice) -> int:
    return len(exact.sandbox.ledger("token"))


def test_staff_connect_by_pasting_the_address(person: Person, exact: Practice) -> None:
    page = person.client.get(person.made.path).content.decode()
    assert OWNED in page
    assert 'target="_blank"' in page
    response = person.pastes(person.goes())
    connection = Connection.objects.get()
    assert response.redirect_chain == [(f"/admin/integrations/connection/{connection.pk}/change/", 302)]
    assert connection.status == "connected"
    assert Company.objects.count() == 5


def test_a_customer_without_an_account_does_too(client: Client, exact: Practice) -> None:
    customer = Customer.objects.create(name="Jansen BV", created_by=str(PORTAL))
    person = Person(exact, client, customer=customer)
    response = person.pastes(person.goes(user=FLORIST))
    assert response.redirect_chain == [("/connect/result/", 302)]
    assert "The connection belongs to" in response.content.decode()
    assert set(Company.objects.values_list("customer", flat=True)) == {customer.pk}


def test_the_code_stands_in_no_address_no_log_and_no_page(
    person: Person, caplog: pytest.LogCaptureFixture, django_assert_max_num_queries: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    address = person.goes()
    code = parse_qs(urlsplit(address).query)["code"][0]
    wrong = person.pastes(address.replace("www.owned", "www.other"))
    assert wrong.status_code == 400
    assert code not in wrong.content.decode()
    done = person.pastes(address)
    assert code not in done.content.decode() + str(done.redirect_chain) + str(dict(person.client.session))
    assert not any(code in record.getMessage() for record in caplog.records if "sandbox" not in record.name)
    for model in (AuditEvent, Connection, AuthorizationState):
        assert code not in str(list(model.objects.values()))


def test_what_is_not_the_answer_says_why_and_can_be_mended(person: Person, exact: Practice) -> None:
    address = person.goes()
    before = list(AuthorizationState.objects.values())
    path, query = address.split("?")
    for pasted, words in (
        ("", "Nothing was pasted"),
        (path, "carries no code"),
        (f"https://other.example/back?{query}", "an address of other.example"),
        (f"https://www.owned.example/elsewhere?{query}", "another page"),
        (f"{exact.sandbox.url}/api/oauth2/auth?client_id=x", "a page of Exact itself"),
        ("x" * 9000, "far longer"),
        ("\x00\x01", "no web address"),
    ):
        response = person.pastes(pasted)
        assert (response.status_code, response.redirect_chain) == (400, []), pasted
        assert words in response.content.decode(), pasted
        assert "Nothing was connected" in response.content.decode()
    for pasted, words in (
        (f"{address}&state=twice", "more than one state"),
        (f"{address}&code=twice", "more than one code"),
        (f"{path}?code=x&state=unknown", "does not belong"),
        (f"{path}?code=x", "does not belong"),
    ):
        response = person.pastes(pasted)
        assert response.redirect_chain == [("/connect/result/", 302)], pasted
        assert words in response.content.decode(), pasted
    assert list(AuthorizationState.objects.values()) == before
    assert token_requests(exact) == 0
    assert person.pastes(address).status_code == 200
    assert Connection.objects.get().status == "connected"


def test_another_browser_cannot_paste_it_and_does_not_spend_it(person: Person) -> None:
    address = person.goes()
    assert "another browser" in person.pastes(address, Client()).content.decode()
    person.pastes(address)
    assert Connection.objects.count() == 1


def test_an_address_is_pasted_once(person: Person, exact: Practice) -> None:
    address = person.goes()
    person.pastes(address)
    before = Connection.objects.values().get()
    assert "used already" in person.pastes(address).content.decode()
    assert Connection.objects.values().get() == before
    assert token_requests(exact) == 1


def test_a_state_that_took_too_long_is_refused(person: Person, exact: Practice) -> None:
    address = person.goes()
    long_ago = timezone.now() - timedelta(hours=2)
    AuthorizationState.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(minutes=10))
    assert "too long" in person.pastes(address).content.decode()
    assert token_requests(exact) == 0


def test_after_three_minutes_exact_refuses_the_code(person: Person, exact: Practice) -> None:
    address = person.goes()
    exact.sandbox.clock.move(181)
    response = person.pastes(address)
    assert "did not accept the authorization code" in response.content.decode()
    assert "Start again" in response.content.decode()
    assert not Connection.objects.exists()


def test_a_consent_that_was_denied_is_told(person: Person) -> None:
    assert "Access was not given" in person.pastes(person.goes(decision="deny")).content.decode()
    assert not Connection.objects.exists()


def test_a_state_of_another_app_is_refused(
    person: Person, annas: Client, make_app: Callable[..., Application], exact: Practice
) -> None:
    address = person.goes()
    other = make_app(region="uk", redirect_uri=OWNED, enable=True)
    made = links.make(other, by=PORTAL)
    response = annas.post(f"{made.path}back/", {"address": address}, follow=True)
    assert "does not belong" in response.content.decode()
    assert token_requests(exact) == 0


def test_the_form_is_posted_with_its_token_only(person: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"{person.made.path}back/", {"address": OWNED}).status_code == 403
    assert person.client.get(f"{person.made.path}back/").status_code == 405
    assert person.client.post("/connect/nonsense/back/", {"address": OWNED}).status_code == 404


def test_an_app_that_leads_here_shows_no_form_to_paste_into(
    annas: Client, make_app: Callable[..., Application]
) -> None:
    page = annas.get(links.make(make_app(enable=True), by=PORTAL).path).content.decode()
    assert "Continue to Exact" in page
    assert "address" not in page


# --- Choosing the address -----------------------------------------------------------------------------------


def test_staff_choose_an_address_of_their_own_and_take_it_back(
    annas: Client, make_app: Callable[..., Application]
) -> None:
    application = make_app()
    ours = application.redirect_uri
    url = f"/admin/integrations/application/{application.pk}/change/"
    annas.post(url, overview(application, own_redirect_url=f" {OWNED} "))
    application.refresh_from_db()
    assert application.redirect_uri == OWNED
    event = AuditEvent.objects.filter(action="application.changed").get()
    assert event.details == {"redirect_uri": [ours, OWNED]}
    page = annas.get(url).content.decode()
    assert f'value="{OWNED}"' in page
    assert "not an address of this portal" in page
    annas.post(url, overview(application, own_redirect_url=OWNED))
    assert AuditEvent.objects.filter(action="application.changed").count() == 1
    annas.post(url, overview(application, own_redirect_url=""))
    application.refresh_from_db()
    assert application.redirect_uri == ours


@pytest.mark.parametrize(
    "bad", ["http://owned.example/", "https://owned.example/?a=b", "nonsense", "https://10.1.1.1/"]
)
def test_an_address_that_exact_would_not_accept_is_refused(
    annas: Client, make_app: Callable[..., Application], settings: Any, bad: str
) -> None:
    settings.SANDBOX = False
    settings.EXACT_ORIGINS = {"nl": "https://start.exactonline.nl", "uk": "https://start.exactonline.co.uk"}
    application = make_app()
    before = Application.objects.values().get()
    response = annas.post(
        f"/admin/integrations/application/{application.pk}/change/", overview(application, own_redirect_url=bad)
    )
    assert response.status_code == 200
    assert "field-error" in response.content.decode()
    assert before["redirect_uri"] in response.content.decode()
    application.redirect_uri = bad
    with pytest.raises(Refused):
        applications.change(application, by=PORTAL)
    assert Application.objects.values().get() == before


def test_who_may_not_set_keys_cannot_redirect_anybody(
    staff: Callable[..., Client], make_app: Callable[..., Application]
) -> None:
    application = make_app()
    ours = application.redirect_uri
    client = staff("view_application", "change_application")
    url = f"/admin/integrations/application/{application.pk}/change/"
    assert "own_redirect_url" not in client.get(url).content.decode()
    client.post(url, overview(application, own_redirect_url="https://evil.example/"))
    application.refresh_from_db()
    assert application.redirect_uri == ours


def test_an_app_of_an_earlier_address_of_the_portal_stays_as_it_is(
    annas: Client, make_app: Callable[..., Application], settings: Any
) -> None:
    application = make_app()
    before = application.redirect_uri
    settings.PUBLIC_URL = "https://moved.example"
    application.name = "Another name"
    applications.change(application, by=PORTAL)
    assert application.redirect_uri == before
    assert not application.comes_back_here


# --- The page on the real account ---------------------------------------------------------------------------


def test_the_page_tells_what_stands_and_what_is_missing(annas: Client, settings: Any) -> None:
    page = annas.get("/admin/real-account/").content.decode()
    for words in ("Set SANDBOX=off", "three ways", "Exact never calls this portal", "three minutes"):
        assert words in page
    for url in ("https://apps.exactonline.com/nl/", "https://apps.exactonline.com/gb/"):
        assert url in page
    settings.SANDBOX = False
    assert "Set SANDBOX=off" not in annas.get("/admin/real-account/").content.decode()


def test_the_page_is_linked_from_home_and_from_the_practice_banner(
    annas: Client, staff: Callable[..., Client], client: Client, settings: Any
) -> None:
    home = annas.get("/admin/integrations/application/").content.decode()
    assert home.count('href="/admin/real-account/"') == 2
    settings.SANDBOX = False
    assert annas.get("/admin/integrations/application/").content.decode().count("/admin/real-account/") == 1
    settings.SANDBOX = True
    other = staff("view_portal")
    assert "/admin/real-account/" not in other.get("/admin/portal/").content.decode()
    assert other.get("/admin/real-account/").status_code == 403
    assert client.get("/admin/real-account/").status_code == 302
    assert annas.post("/admin/real-account/").status_code == 405


def test_the_page_takes_as_many_queries_for_many_apps(
    annas: Client, make_app: Callable[..., Application], django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_app(client_id=None, secret=None)
    with django_assert_max_num_queries(12):
        annas.get("/admin/real-account/")
