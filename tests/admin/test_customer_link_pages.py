"""A customer's link pages for staff: the list, the preview that binds nothing, revoking, and the letter shown once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, AuditEvent, AuthorizationState, Customer, LinkPage, Organization
from integrations.rules.actors import PORTAL
from integrations.services import imports, links
from integrations.services.refusals import Refused
from tests import customers as given
from tests.conftest import SOMEBODY
from tests.permission import granted

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return granted(make_app(enable=True))


@pytest.fixture
def customer() -> Customer:
    return given.add()


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def url(customer: Customer, page: LinkPage | None = None, what: str = "") -> str:
    return f"/admin/integrations/customer/{customer.pk}/" + (f"links/{page.pk}/{what}/" if page else "")


def make(app: Application, customer: Customer, **changed: Any) -> LinkPage:
    page = links.make(app, by=SOMEBODY, customer=customer).page
    LinkPage.objects.filter(pk=page.pk).update(**changed)
    page.refresh_from_db()
    return page


def test_the_customers_page_lists_each_link_page_with_its_state(
    annas: Client, app: Application, customer: Customer
) -> None:
    now = timezone.now()
    make(app, customer)
    make(app, customer, connected_at=now)
    make(app, customer, revoked_at=now, revoked_by=str(SOMEBODY))
    make(app, customer, created_at=now - timedelta(days=9), expires_at=now - timedelta(days=2))
    listed = text(annas.get(url(customer))).partition('id="c-links"')[2].partition("</section>")[0]
    for state in ("Open", "Used", "Revoked", "Expired"):
        assert listed.count(f">{state}</span>") == 1, state
    assert listed.count("/revoke/") == 1
    assert listed.count("/preview/") == 4


def test_two_link_pages_of_one_minute_are_told_apart_and_say_by_whom(
    annas: Client, app: Application, customer: Customer
) -> None:
    at = timezone.now().replace(second=7)
    make(app, customer, created_at=at)
    make(app, customer, created_at=at.replace(second=8), revoked_at=at, revoked_by=str(PORTAL))
    listed = text(annas.get(url(customer))).partition('id="c-links"')[2].partition("</section>")[0]
    assert ":07</time></span>" in listed
    assert ":08</time></span>" in listed
    assert "Made by tests (terminal), through" in listed
    assert "</time> by the portal." in listed


def test_a_page_that_was_to_replace_somebody_says_so_and_that_it_replaced_nobody(
    annas: Client, app: Application, customer: Customer
) -> None:
    old, new = given.connect(app), given.connect(app, "Robin Booker")
    page = make(app, customer, replaces=old)
    assert "for another user to take a connection's place" in listed_of(annas, customer)
    for row, said in ((new, False), (old, True)):
        LinkPage.objects.filter(pk=page.pk).update(connection=row, connected_at=timezone.now())
        assert ("by the same user as before: nobody was replaced" in listed_of(annas, customer)) is said


def test_the_list_takes_as_many_queries_for_many(annas: Client, app: Application, customer: Customer) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert annas.get(url(customer)).status_code == 200
        return len(captured)

    make(app, customer)
    annas.get(url(customer))
    once = queries()
    row = LinkPage.objects.get()
    LinkPage.objects.bulk_create(
        LinkPage(
            application=app, customer=customer, token_hash=str(n), created_by=row.created_by, expires_at=row.expires_at
        )
        for n in range(200)
    )
    assert queries() == once
    assert "The newest 20." in text(annas.get(url(customer)))


def test_who_may_not_connect_sees_the_list_and_no_more(
    staff: Callable[..., Client], app: Application, customer: Customer
) -> None:
    page = make(app, customer)
    viewer = staff("view_customer")
    listed = text(viewer.get(url(customer)))
    assert 'id="c-links"' in listed
    assert "/preview/" not in listed
    assert "/revoke/" not in listed
    for what in ("preview", "revoke"):
        assert viewer.get(url(customer, page, what)).status_code == 403
    assert viewer.post(url(customer, page, "revoke")).status_code == 403
    page.refresh_from_db()
    assert page.revoked_at is None


# --- Preview ------------------------------------------------------------------------------------------------


def test_a_preview_is_the_customers_page_in_either_language_and_binds_nothing(
    annas: Client, app: Application, customer: Customer
) -> None:
    page = make(app, customer)
    before, events = LinkPage.objects.values().get(), AuditEvent.objects.count()
    keys = set(annas.session.keys())
    dutch, english = (text(annas.get(url(customer, page, "preview"), {"lang": code})) for code in ("nl", "en"))
    assert "Verder naar Exact</button>" in dutch
    assert "Continue to Exact</button>" in english
    for said in (dutch, english):
        assert "<strong>Preview.</strong>" in said
        assert "<form" not in said
        assert 'type="button" class="button" disabled' in said
    assert LinkPage.objects.values().get() == before
    assert AuditEvent.objects.count() == events
    assert set(annas.session.keys()) == keys
    assert not AuthorizationState.objects.exists()


@pytest.mark.parametrize("asked", ["", "fr"])
def test_a_preview_begins_in_the_customers_language(annas: Client, app: Application, asked: str) -> None:
    customer = given.add(language="nl")
    page = make(app, customer)
    assert '<html lang="nl">' in text(annas.get(url(customer, page, "preview"), {"lang": asked}))


def test_a_preview_of_a_page_that_is_closed_says_what_the_customer_reads(
    annas: Client, app: Application, customer: Customer
) -> None:
    page = make(app, customer, revoked_at=timezone.now(), revoked_by=str(SOMEBODY))
    assert "Deze link is ingetrokken." in text(annas.get(url(customer, page, "preview"), {"lang": "nl"}))


# --- Revoking -----------------------------------------------------------------------------------------------


def test_revoking_asks_first_and_then_closes_the_page(
    annas: Client, client: Client, app: Application, customer: Customer
) -> None:
    made = links.make(app, by=SOMEBODY, customer=customer)
    asked = annas.get(url(customer, made.page, "revoke"))
    assert "Nobody can connect by this link page any more" in text(asked)
    made.page.refresh_from_db()
    assert made.page.revoked_at is None
    response = annas.post(url(customer, made.page, "revoke"), follow=True)
    assert response.redirect_chain == [(url(customer), 302)]
    assert "The link page is revoked" in text(response)
    assert "was withdrawn" in text(client.get(made.path))
    again = annas.post(url(customer, made.page, "revoke"), follow=True)
    assert "revoked already" in text(again)
    assert AuditEvent.objects.filter(action="link.revoked").count() == 1
    assert "This is not possible" in text(annas.get(url(customer, made.page, "revoke")))


def test_a_link_page_of_another_customer_is_not_there(annas: Client, app: Application, customer: Customer) -> None:
    page = make(app, given.add("De Boer"))
    for what in ("preview", "revoke"):
        assert annas.get(url(customer, page, what)).status_code == 404
    assert annas.post(url(customer, page, "revoke")).status_code == 404
    page.refresh_from_db()
    assert page.revoked_at is None


# --- The letter ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "order"), [("nl", ["Dutch", "English"]), ("en", ["English", "Dutch"])])
def test_the_letter_stands_beside_the_address_once_the_customers_language_first(
    annas: Client, app: Application, language: str, order: list[str]
) -> None:
    customer = given.add(language=language)
    page = text(annas.post(f"{url(customer)}link/", {"app": app.pk, "days": 7}))
    assert [page.index(f"Letter in {name}") for name in order] == sorted(
        page.index(f"Letter in {one}") for one in order
    )
    token = page.partition("/connect/")[2].partition("/")[0]
    assert page.count(f"/connect/{token}/") == 3
    assert links.find(token).customer == customer
    assert token not in text(annas.get(url(customer)))


def test_without_a_name_of_ours_the_page_says_that_the_letters_have_a_gap(annas: Client, app: Application) -> None:
    make = f"{url(given.add())}link/", {"app": app.pk, "days": 7}
    assert "gap in brackets" in text(annas.post(*make))
    Organization.objects.create(name="Meridian")
    assert "gap in brackets" not in text(annas.post(*make))


def test_a_page_whose_tokens_wait_for_exact_is_not_called_open(annas: Client, app: Application) -> None:
    customer = given.add()
    links.make(app, by=SOMEBODY, customer=customer)
    assert "Open until" in text(annas.get(url(customer)))
    kept = imports.keep(app, "stampNL001.of-a-former-system", by=SOMEBODY, customer=given.add("Brought BV"))
    assert kept.link.customer is not None
    page = text(annas.get(url(kept.link.customer)))
    assert "Being finished" not in page
    assert "Open until" not in page
    assert "Waiting for customer" not in page


# --- Imports ------------------------------------------------------------------------------------------------


def listed_of(client: Client, customer: Customer) -> str:
    return text(client.get(url(customer))).partition('id="c-links"')[2].partition("</section>")[0]


@pytest.fixture
def brought(app: Application, customer: Customer) -> LinkPage:
    return imports.keep(app, "stampNL001.of-a-former-system", by=SOMEBODY, customer=customer).link


def test_an_import_is_listed_as_one_and_offers_neither_preview_nor_revoking(
    annas: Client, customer: Customer, brought: LinkPage
) -> None:
    listed = listed_of(annas, customer)
    assert "An import from a former system, brought by tests (terminal), through Meridian Bookings" in listed
    assert ">Waiting for Exact</span>" in listed
    assert "/preview/" not in listed
    assert "/revoke/" not in listed
    for what in ("preview", "revoke"):
        assert annas.get(url(customer, brought, what)).status_code == 404
    assert annas.post(url(customer, brought, "revoke")).status_code == 404
    brought.refresh_from_db()
    assert brought.revoked_at is None


def test_the_page_and_the_list_say_that_exact_is_waited_for(
    annas: Client, customer: Customer, brought: LinkPage
) -> None:
    for page in (text(annas.get(url(customer))), text(annas.get("/admin/integrations/customer/"))):
        assert "Waiting for Exact: a connection is being brought from a former system." in page
        assert "Waiting for customer" not in page


def test_an_import_that_is_over_says_how(annas: Client, customer: Customer, brought: LinkPage) -> None:
    connection = given.connect(brought.application)
    LinkPage.objects.filter(pk=brought.pk).update(connection=connection, connected_at=timezone.now())
    assert ">Imported</span>" in listed_of(annas, customer)
    LinkPage.objects.filter(pk=brought.pk).update(
        connection=None, connected_at=None, revoked_at=timezone.now(), revoked_by="portal"
    )
    listed = listed_of(annas, customer)
    assert ">Came to nothing</span>" in listed
    assert "the timeline says why" in listed


def test_an_import_is_not_revoked_as_a_link_page_is(brought: LinkPage) -> None:
    with pytest.raises(Refused, match="This is an import"):
        links.revoke(brought, by=SOMEBODY)
