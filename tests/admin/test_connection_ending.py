"""Refresh now and Disconnect on the page of a connection: offered, asked, done."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from integrations.models import Application, Company, Connection, Customer, Organization
from integrations.services import links, replacements
from tests import customers
from tests.permission import granted

pytestmark = pytest.mark.django_db
Staff = Callable[..., Client]


@pytest.fixture
def alex(make_app: Callable[..., Application]) -> Connection:
    row = customers.connect(make_app(enable=True), access_token="v1.t1.y", token_answered_at=timezone.now())
    customers.reach(row, customers.add("Jansen BV"), 1)
    customers.reach(row, None, 2)
    return row


def url(row: Connection, page: str) -> str:
    return f"/admin/integrations/connection/{row.pk}/{page}/"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_the_page_offers_what_whoever_looks_may_do(staff: Staff, alex: Connection) -> None:
    assert "Refresh now" not in text(staff("view_connection").get(url(alex, "change")))
    page = text(staff("view_connection", "check_connection").get(url(alex, "change")))
    assert "Refresh now" in page
    assert url(alex, "disconnect") not in page
    page = text(staff("view_connection", "disconnect_connection").get(url(alex, "change")))
    assert url(alex, "disconnect") in page


def test_what_has_ended_is_offered_neither(annas: Client, alex: Connection) -> None:
    annas.post(url(alex, "disconnect"))
    page = text(annas.get(url(alex, "change")))
    assert "Refresh now" not in page
    assert url(alex, "disconnect") not in page


def test_too_early_says_from_when_on(annas: Client, alex: Connection) -> None:
    (message,) = said(annas.post(url(alex, "refresh")))
    assert message.startswith("Exact gives a new token from ")


def test_the_question_names_whom_it_hits_and_what_the_customer_does_at_exact(annas: Client, alex: Connection) -> None:
    page = text(annas.get(url(alex, "disconnect")))
    for part in ("Jansen BV", "Ourselves", "Company 1 (1)", "Company 2 (2)", "Security Centre", "App permissions"):
        assert part in page
    alex.refresh_from_db()
    assert alex.status == "connected"


def test_the_questions_speak_of_no_calls_to_what_is_not_used(annas: Client, alex: Connection) -> None:
    (spare,) = customers.reach(alex, customers.add("Crumb Bakery"), 9)
    Company.objects.filter(pk=spare.pk).update(use="not_used")
    one = text(annas.get(url(alex, "disconnect")))
    assert "Every call to Company 1 (1)" in one
    assert "Every call to Company 9" not in one
    assert "Access to 1 more company that is not used" in one
    other = text(annas.get(f"/admin/integrations/customer/{spare.customer_id}/disconnect/"))
    assert "Every call to" not in other
    assert "Access to 1 company that is not used" in other


def test_what_the_customer_does_at_exact_stays_on_the_page_of_what_has_ended(annas: Client, alex: Connection) -> None:
    assert "Security Centre" not in text(annas.get(url(alex, "change")))
    annas.post(url(alex, "disconnect"))
    page = text(annas.get(url(alex, "change")))
    assert "Security Centre" in page
    assert "Companies it reached<" in page


def test_it_is_there_to_copy_in_both_languages_the_customers_own_first(annas: Client, alex: Connection) -> None:
    Organization.objects.create(name="Meridian")
    before = text(annas.get(url(alex, "disconnect")))
    annas.post(url(alex, "disconnect"))
    for page in (before, text(annas.get(url(alex, "change")))):
        assert page.index("Letter in Dutch") < page.index("Letter in English")
        assert "Log bij Exact Online in als Alex Accountant." in page
        assert "Sign in at Exact Online as Alex Accountant." in page
        assert "Kind regards, Meridian</textarea>" in page
        assert 'data-copy="letter-text-nl"' in page


def test_nobody_writes_to_a_user_who_was_erased_or_who_served_us_alone(annas: Client, alex: Connection) -> None:
    Connection.objects.update(full_name="", user_name="")
    assert "Letter in" not in text(annas.get(url(alex, "disconnect")))
    ours = customers.connect(alex.application, "Robin Booker")
    customers.reach(ours, None, 2)
    assert "Letter in" not in text(annas.get(url(ours, "disconnect")))


def test_a_customer_whose_consent_goes_on_for_others_is_asked_to_leave_the_app(annas: Client, alex: Connection) -> None:
    jansen = Customer.objects.get()
    customers.reach(customers.connect(alex.application, "Robin Booker"), jansen, 1)
    page = text(annas.get(f"/admin/integrations/customer/{jansen.pk}/disconnect/"))
    assert "Remove the app “" in page.partition("about what goes on")[0]
    assert "please leave the app itself where it is" in page.partition("about what goes on")[2]
    assert page.count("Beste Jansen BV") == 2


def test_what_staff_ended_is_not_called_withdrawn_at_exact(annas: Client, alex: Connection) -> None:
    annas.post(url(alex, "disconnect"))
    assert "Withdrawn" not in text(annas.get(url(alex, "change")))
    alex.accesses.update(withdrawn_by="")
    assert "Withdrawn" in text(annas.get(url(alex, "change")))


def test_customers_are_a_number_to_whoever_may_not_see_them(staff: Staff, alex: Connection) -> None:
    page = text(staff("view_connection", "disconnect_connection").get(url(alex, "disconnect")))
    assert "Jansen" not in page
    assert "1 customer<" in page


def test_the_button_disconnects_and_a_second_press_says_that_it_is_done(annas: Client, alex: Connection) -> None:
    assert "is disconnected" in said(annas.post(url(alex, "disconnect")))[0]
    alex.refresh_from_db()
    assert alex.status == "disconnected"
    assert said(annas.post(url(alex, "disconnect")))[-1] == "The connection is disconnected already."


# --- Replace the user ---------------------------------------------------------------------------------------


def test_replacing_is_explained_and_its_link_is_shown_once(annas: Client, alex: Connection) -> None:
    granted(alex.application)
    assert "Nothing stops meanwhile." in text(annas.get(url(alex, "replace")))
    page = text(annas.post(url(alex, "replace")))
    token = page.partition("/connect/")[2].partition("/")[0]
    assert links.find(token) == alex.replacements.get()
    assert "Jansen BV" in page
    assert token not in text(annas.get(url(alex, "change")))


def test_the_ready_letter_goes_with_its_address(annas: Client, staff: Staff, alex: Connection) -> None:
    granted(alex.application)
    page = text(annas.post(url(alex, "replace")))
    assert [page.count(f"Letter in {name}</h2>") for name in ("Dutch", "English")] == [1, 1]
    token = page.partition("/connect/")[2].partition("/")[0]
    assert page.count(f"/connect/{token}/") == 3
    blind = text(staff("view_connection", "connect").post(url(alex, "replace")))
    assert "Letter in" not in blind
    assert "Jansen" not in blind


def test_all_customers_of_the_user_are_named_before_and_after(annas: Client, staff: Staff, alex: Connection) -> None:
    granted(alex.application)
    customers.reach(alex, customers.add("Smit BV"), 9)
    for page in (text(annas.get(url(alex, "replace"))), text(annas.post(url(alex, "replace")))):
        assert "<dd>Jansen BV, Smit BV" in page
    assert "The new user has to reach the companies of all 2 customers." in page
    assert "<dd>2 customers" in text(staff("view_connection", "connect").get(url(alex, "replace")))


def test_while_a_replacement_waits_the_page_says_until_when_and_leads_to_it(
    annas: Client, staff: Staff, alex: Connection
) -> None:
    granted(alex.application)
    assert "is open until" not in text(annas.get(url(alex, "change")))
    annas.post(url(alex, "replace"))
    link = alex.replacements.get()
    page = text(annas.get(url(alex, "change")))
    assert "by which another user takes the place of Alex Accountant is open until" in page
    customer = f"/admin/integrations/customer/{link.customer_id}/links/{link.pk}"
    assert f'href="{customer}/preview/"' in page
    assert f'href="{customer}/revoke/"' in page
    assert customer not in text(staff("view_connection", "connect").get(url(alex, "change")))


def test_the_page_says_that_the_same_user_replaced_nobody(annas: Client, alex: Connection) -> None:
    granted(alex.application)
    annas.post(url(alex, "replace"))
    alex.replacements.update(connection=alex, connected_at=timezone.now())
    page = text(annas.get(url(alex, "change")))
    assert "Nobody was replaced: on " in page
    assert f'<a href="{url(alex, "replace")}">Make another one</a>' in page
    assert "is open until" not in page


def test_where_nobody_can_connect_it_says_why(annas: Client, alex: Connection) -> None:
    page = text(annas.post(url(alex, "replace")))
    assert "This is not possible:" in page
    assert not alex.replacements.exists()


def test_the_page_says_who_waits_and_which_companies_are_missing(annas: Client, alex: Connection) -> None:
    granted(alex.application)
    annas.post(url(alex, "replace"))
    new = customers.connect(alex.application, "Robin Booker")
    customers.reach(new, None, 2)
    alex.replacements.update(connection=new, connected_at=timezone.now())
    page = text(annas.get(url(alex, "change")))
    assert "Robin Booker</a> connected to take the place of" in page
    assert "does not reach Company 1 (1). Both connections go on." in page


def test_the_page_of_one_that_was_replaced_leads_to_the_new_one(annas: Client, alex: Connection) -> None:
    granted(alex.application)
    annas.post(url(alex, "replace"))
    new = customers.connect(alex.application, "Robin Booker")
    customers.reach(new, None, 1, 2)
    alex.replacements.update(connection=new, connected_at=timezone.now())
    replacements.follow(new)
    page = text(annas.get(url(alex, "change")))
    assert "Another Exact user took its place on " in page
    assert f'<a href="{url(new, "change")}">Robin Booker</a>' in page
