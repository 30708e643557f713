"""Customers on pages: what is said, what is offered, what is refused; and that pages stay as quick as they are."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, AuditEvent, Company, Connection, Customer, LinkPage, UsageWindow
from integrations.rules.actors import PORTAL
from integrations.services import companies, customers, links
from tests import customers as given
from tests.permission import granted

pytestmark = pytest.mark.django_db
HOME = "/admin/integrations/customer/"
Staff = Callable[..., Client]
RIGHTS = ("view_customer", "add_customer", "change_customer", "erase_customer")
VIEWER = ("view_customer", "view_company", "view_connection")


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return granted(make_app(enable=True))


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def url(customer: Customer, page: str = "") -> str:
    return f"{HOME}{customer.pk}/{page}"


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(database) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


def rows() -> list[Any]:
    models = (Customer, Company, Connection, LinkPage, AuditEvent)
    return [list(model.objects.order_by("pk").values()) for model in models]


# --- The list -----------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(annas: Client, staff: Staff) -> None:
    assert "Add whom you serve" in text(annas.get(HOME))
    assert "Support may do this." in text(staff("view_customer").get(HOME))


def test_the_next_step_is_that_of_who_looks(annas: Client, staff: Staff, app: Application) -> None:
    customer = given.add("Jansen BV")
    page = f"{HOME}{customer.pk}/"
    assert "Make a link page and send it." in text(annas.get(page))
    looking = text(staff("view_customer", "view_connection", "view_company").get(page))
    assert "Make a link page" not in looking
    assert "Next is a link page. Support and Integrations manager may do this." in looking
    links.make(app, by=PORTAL, customer=customer)
    for client in (annas, staff("view_customer", "view_connection")):
        assert "Whoever opens the link page signs in at Exact" in text(client.get(page))
    customers.erase(customer, by=PORTAL)
    assert "link page" not in text(annas.get(page)).partition("Timeline")[0]


def test_the_list_says_of_each_what_is_true(annas: Client, app: Application) -> None:
    given.connected(app, "Jansen BV", 10, companies=3)
    given.add("Ébéniste")
    page = text(annas.get(HOME))
    assert "Connected; last checked 4 minutes ago; all 3 companies well." in page
    assert "Not connected yet, and no link page is open." in page


def test_the_list_is_searched_by_how_names_and_references_begin(annas: Client, app: Application) -> None:
    given.add("Ébéniste", reference="D-1001")
    given.add("Jansen 100% BV")
    for query, found in (("ebe", "Ébéniste"), ("ÉBÉ", "Ébéniste"), ("d-10", "Ébéniste"), ("jansen 100%", "Jansen")):
        page = text(annas.get(HOME, {"q": query}))
        assert found in page, query
        assert page.count('class="name"') == 1, query
    for query in ("ansen", "%", "_", "jansen%", "\\", "x" * 5000):
        assert "Nobody was found" in text(annas.get(HOME, {"q": query})), query


def test_the_list_is_filtered_by_state(annas: Client, app: Application) -> None:
    given.connected(app, "Jansen BV", 10)
    customers.erase(given.add("Gone"), by=PORTAL)
    given.add("New")
    for state, names in (("connected", ["Jansen BV"]), ("not-connected", ["New"]), ("erased", ["Erased customer"])):
        assert re.findall(r'class="name"[^>]*>([^<]+)', text(annas.get(HOME, {"state": state}))) == names
    assert "Erased customer" not in text(annas.get(HOME))
    for wrong in ({"state": "odd"}, {"name__startswith": "J"}, {"o": "1"}, {"contact_email": "x"}):
        assert annas.get(HOME, wrong).status_code == 400
    assert annas.get(HOME, {"p": "-7"}).status_code == annas.get(HOME, {"p": "x"}).status_code == 200


def test_the_list_ends_at_ten_thousand(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Customer.objects.bulk_create(Customer(name=f"Customer {n:04}", created_by="portal") for n in range(120))
    page = text(annas.get(HOME, {"p": 2, "q": "customer"}))
    assert "Page 2 of 3" in page
    assert "?q=customer&amp;p=3" in page
    for module in ("integrations.admin.base", "integrations.templatetags.portal"):
        monkeypatch.setattr(f"{module}.MOST_COUNTED", 60)
    assert "Page 2 of 2, where the list ends: narrow your search" in text(annas.get(HOME, {"p": 9}))


def test_the_list_takes_as_many_queries_for_200_as_for_one(annas: Client, app: Application) -> None:
    given.connected(app, "Customer", 1)
    few = queries(annas, HOME)
    for number in range(2, 200):
        given.connected(app, f"Customer {number}", number * 3, companies=2)
    assert queries(annas, HOME) == few


# --- The page of one ----------------------------------------------------------------------------------------


def test_the_page_says_what_support_says_on_the_phone(annas: Client, app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 10, companies=2)
    customer.reference, customer.contact_name, customer.note = "D-1001", "Jan Jansen", "Phones\non Mondays"
    customers.change(customer, by=PORTAL)
    UsageWindow.objects.create(application=app, division=10, day=timezone.now().toordinal(), day_used=7)
    page = text(annas.get(url(customer)))
    for words in (
        "Connected; last checked 4 minutes ago; both companies well.", "Company 10 (10)", "Company 11 (11)",
        "User 10", "10@exact.example", "Reaches 2 companies of this customer", "D-1001", "Jan Jansen",
        "Phones<br>on Mondays", "added the customer", "changed the customer", "of 5000", "Make a link page",
    ):  # fmt: skip
        assert words in page, words


def test_the_page_takes_as_many_queries_for_200_as_for_one(annas: Client, app: Application) -> None:
    def grown(companies: int, connections: int, start: int) -> int:
        customer = given.add(f"Customer {start}")
        for number in range(connections):
            connection = given.connect(app, f"User {start + number}")
            each = companies // connections
            first = start + number * each
            given.reach(connection, customer, *range(first, first + each))
            given.check(connection, failed="Odd.", minutes=9)
            given.check(connection)
            AuditEvent.objects.record("connection.made", connection, by=PORTAL)
        for division in range(start, start + companies):
            UsageWindow.objects.create(application=app, division=division)
        return queries(annas, url(customer))

    assert grown(200, 20, 10_000) == grown(1, 1, 1)


def test_nobodys_companies_that_the_consent_reaches_are_offered(annas: Client, app: Application) -> None:
    customer, connection = given.add(), given.connect(app)
    given.reach(connection, None, 77)
    page = links.make(app, by=PORTAL, customer=customer).page
    LinkPage.objects.filter(pk=page.pk).update(connection=connection, connected_at=timezone.now())
    assert "Reached too, and no customer's" in text(annas.get(url(customer)))
    assert "Company 77 (77)" in text(annas.get(url(customer)))


def test_a_newly_granted_company_is_nobodys_on_every_page_until_somebody_says_whose(
    annas: Client, app: Application
) -> None:
    customer, connection = given.add(), given.connect(app)
    given.reach(connection, customer, 1)
    (new,) = given.reach(connection, None, 77)
    page = links.make(app, by=PORTAL, customer=customer).page
    LinkPage.objects.filter(pk=page.pk).update(connection=connection, connected_at=timezone.now())
    Company.objects.filter(pk=new.pk).update(use="not_used")
    pages = [url(customer)]
    pages += [f"/admin/integrations/connection/{connection.pk}/change/"]
    pages += [f"/admin/integrations/company/{new.pk}/change/"]
    for address in pages:
        said = text(annas.get(address)).replace("&#x27;", "'").lower()
        assert "nobody's yet" in said, address
        assert ">ours<" not in said, address
        assert "our own compan" not in said, address
    assert "nobody's yet, not used" in text(annas.post("/admin/search/", {"q": "Company"}, follow=True)).replace(
        "&#x27;", "'"
    )
    companies.turn(new, used=True, by=PORTAL)
    assert ">Ours<" in text(annas.get(pages[1]))


def test_what_is_nobodys_yet_keeps_no_consent_alive(app: Application) -> None:
    customer, connection = given.add(), given.connect(app)
    given.reach(connection, customer, 1)
    (new,) = given.reach(connection, None, 77)
    Company.objects.filter(pk=new.pk).update(use="not_used")
    customers.disconnect(customer, by=PORTAL)
    connection.refresh_from_db()
    new.refresh_from_db()
    assert connection.status == "disconnected"
    assert new.primary_access is None
    assert not connection.accesses.filter(withdrawn_at__isnull=True).exists()


def test_a_name_with_a_full_stop_of_its_own_ends_a_sentence_with_one(annas: Client, app: Application) -> None:
    customer, connection = given.add("Jansen B.V."), given.connect(app, "Alex Sr.")
    given.reach(connection, customer, 1, 2)
    Company.objects.filter(division=2).update(use="not_used")
    Application.objects.update(name="Meridian B.V.")
    for address in (url(customer), url(customer, "link/"), url(customer, "disconnect/")):
        said = re.sub(r"<[^>]+>", "", text(annas.get(address)))
        assert ".." not in said, address


# --- Adding and changing ------------------------------------------------------------------------------------


def test_a_customer_is_added_and_changed(annas: Client) -> None:
    values = {"name": "Jansen BV", "reference": "D-1001", "language": "nl", "contact_email": "jan@jansen.example"}
    response = annas.post(f"{HOME}add/", values)
    customer = Customer.objects.get()
    assert response.url == url(customer)
    assert annas.post(url(customer, "change/"), {**values, "language": "en"}).url == url(customer)
    customer.refresh_from_db()
    assert (customer.language, customer.name_key) == ("en", "jansen bv")
    assert [event.details for event in AuditEvent.objects.order_by("at")] == [{}, {"fields": ["language"]}]
    annas.post(url(customer, "change/"), {**values, "language": "en"})
    assert AuditEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "  "}, "This field is required"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"reference": "d-1001 "}, "Another customer has this reference already."),
        ({"contact_email": "nobody"}, "Enter a valid email address"),
        ({"language": "fr"}, "not one of the available choices"),
        ({"note": "\x00"}, "Null characters"),
        ({"note": "x" * 2001}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_is_refused_on_the_form(annas: Client, fields: dict[str, str], reason: str) -> None:
    given.add("First", reference="D-1001")
    before = rows()
    response = annas.post(f"{HOME}add/", {"name": "Second", "language": "nl", **fields})
    assert response.status_code == 200
    assert reason in text(response)
    assert rows() == before


def test_who_is_slower_is_told_on_the_form(annas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise customers.Refused(["Another customer has this reference already."])

    monkeypatch.setattr(customers, "add", refuse)
    response = annas.post(f"{HOME}add/", {"name": "Second", "language": "nl"})
    assert said(response) == ["Another customer has this reference already."]
    assert not Customer.objects.exists()


# --- Link pages ---------------------------------------------------------------------------------------------


def test_the_address_of_a_link_page_is_shown_once(annas: Client, app: Application) -> None:
    customer = given.add()
    page = text(annas.get(url(customer, "link/")))
    assert "Meridian Bookings, Exact (Netherlands)" in page
    assert not LinkPage.objects.exists()
    response = annas.post(url(customer, "link/"), {"app": app.pk, "days": 7})
    (address,) = re.findall(r'value="(http://testserver/connect/[^"]+)"', text(response))
    assert links.find(address.split("/")[-2]).customer == customer
    token = address.split("/")[-2]
    assert "Waiting for customer: a link page is open until" in text(annas.get(url(customer)))
    assert token not in text(annas.get(url(customer))) + str(dict(annas.session)) + str(rows())


@pytest.mark.parametrize("values", [{"app": "x", "days": 7}, {"days": 7}, {"days": 0}, {"days": 91}, {"days": "a"}])
def test_a_wrong_link_page_is_not_made(annas: Client, app: Application, values: dict[str, Any]) -> None:
    customer = given.add()
    given_values = {**({"app": app.pk} if len(values) == 1 and values != {"days": 7} else {}), **values}
    response = annas.post(url(customer, "link/"), given_values)
    assert response.status_code == 200
    assert "field-error" in text(response)
    assert not LinkPage.objects.exists()


def test_without_an_enabled_app_it_is_said_why(annas: Client, make_app: Callable[..., Application]) -> None:
    make_app()
    customer = given.add()
    for response in (annas.get(url(customer, "link/")), annas.post(url(customer, "link/"), {"days": 7})):
        assert "No product app is enabled" in text(response)


# --- Disconnecting and erasing ------------------------------------------------------------------------------


def test_disconnecting_asks_first_and_names_who_shares(annas: Client, app: Application) -> None:
    customer, other = given.add("Jansen BV"), given.add("De Boer")
    accountant = given.connect(app)
    given.reach(accountant, customer, 1)
    given.reach(accountant, other, 2)
    given.reach(given.connect(app, "Jan Jansen"), customer, 1)
    links.make(app, by=PORTAL, customer=customer)
    before = rows()
    page = text(annas.get(url(customer, "disconnect/")))
    assert rows() == before
    for words in (
        "Every call to Company 1 (1)", "Jan Jansen</strong>", "its tokens are destroyed", "1 open link page<",
        "Alex Accountant</strong>, for De Boer", "Security Centre", "App permissions",
        "takes away the companies only",
    ):  # fmt: skip
        assert words in page, words
    response = annas.post(url(customer, "disconnect/"))
    assert said(response) == ["Jansen BV is disconnected."]
    assert "Disconnected on" in text(annas.get(url(customer)))
    assert said(annas.post(url(customer, "disconnect/")))[-1] == "The customer is disconnected already."
    assert "This is not possible" in text(annas.get(url(customer, "disconnect/")))
    gone = Connection.objects.get(full_name="Jan Jansen")
    page = text(annas.get(f"/admin/integrations/connection/{gone.pk}/change/"))
    assert "Staff disconnected it" in page
    assert "Check now" not in page


def test_the_disconnect_page_takes_as_many_queries_for_200_as_for_one(annas: Client, app: Application) -> None:
    one = given.connected(app, "One", 1)
    many = given.add("Many")
    others = [given.add(f"Other {number}") for number in range(20)]
    for number, other in enumerate(others):
        connection = given.connect(app, f"Sharing {number}")
        given.reach(connection, many, *range(1000 + number * 10, 1010 + number * 10))
        given.reach(connection, other, 5000 + number)
        given.check(connection)
    assert queries(annas, url(many, "disconnect/")) == queries(annas, url(one, "disconnect/"))


@pytest.mark.parametrize("typed", ["", "jansen bv", "Jansen", "Jansen BV x", "\x00", "x" * 500])
def test_erasing_needs_the_name_typed(annas: Client, typed: str) -> None:
    customer = given.add("Jansen BV")
    before = rows()
    response = annas.post(url(customer, "erase/"), {"typed": typed})
    assert response.status_code == 200
    assert "field-error" in text(response)
    assert rows() == before


def test_erasing(annas: Client, app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 1)
    assert "Disconnect first" in text(annas.get(url(customer, "erase/")))
    assert "Disconnect first" in said(annas.post(url(customer, "erase/"), {"typed": "Jansen BV"}))[0]
    customers.disconnect(customer, by=PORTAL)
    assert "type the name" in text(annas.get(url(customer, "erase/")))
    response = annas.post(url(customer, "erase/"), {"typed": " Jansen  BV"}, follow=True)
    page = text(response)
    assert "personal data is erased" in page
    assert "Jansen" not in page
    for absent in ("Make a link page", ">Edit<", ">Disconnect<", ">Erase<"):
        assert absent not in page
    assert annas.post(url(customer, "change/"), {"name": "x", "language": "nl"}).status_code == 403


# --- Companies ----------------------------------------------------------------------------------------------


def test_a_company_is_assigned_on_its_page(annas: Client, app: Application) -> None:
    (company,) = given.reach(given.connect(app), None, 1)
    page, assign = (f"/admin/integrations/company/{company.pk}/{name}/" for name in ("change", "assign"))
    jansen, janssen = given.add("Jansen BV", reference="D-1"), given.add("Jansen BV & Zn")
    assert "Whose it is" in text(annas.get(page))

    def post(**values: Any) -> Any:
        response = annas.post(assign, values)
        company.refresh_from_db()
        return response

    assert said(post(typed="nobody")) == ["No customer's name or reference begins so. Nothing was changed."]
    for wrong in ({"typed": "\x00"}, {"customer": "x"}, {"customer": uuid4()}, {}):
        assert post(**wrong).status_code == 302
        assert company.customer is None
    choice = text(post(typed="jan"))
    assert (str(jansen.pk) in choice, str(janssen.pk) in choice, company.customer) == (True, True, None)
    post(customer=janssen.pk)
    assert company.customer == janssen
    post(typed="jansen bv")
    assert company.customer == jansen, "the whole name is enough"
    assert "belongs there already" in said(post(typed="d-1"))[-1]
    post(ours="on")
    assert company.customer is None
    assert AuditEvent.objects.filter(action="company.assigned").count() == 3


# --- Rights -------------------------------------------------------------------------------------------------

ACTIONS = {"link/": "connect", "disconnect/": "disconnect_connection", "erase/": "erase_customer"}


@pytest.mark.parametrize("page", ["", "change/", *ACTIONS])
def test_without_the_right_a_page_is_closed(staff: Staff, app: Application, page: str) -> None:
    customer = given.connected(app, "Jansen BV", 1)
    before = rows()
    everything_else = [right for right in (*RIGHTS, *ACTIONS.values()) if right != ACTIONS.get(page, "view_customer")]
    lacking = [staff()]
    if page != "change/":  # Django shows the form to whoever may change
        lacking.append(staff(*dict.fromkeys(everything_else)))
    for client in lacking:
        for method in (client.get, client.post):
            assert method(url(customer, page)).status_code == 403
    assert rows() == before
    assert Client().get(url(customer, page)).status_code == 302


def test_the_list_is_closed_and_nobody_deletes(annas: Client, staff: Staff) -> None:
    customer = given.add()
    assert staff("add_customer").get(HOME).status_code == 403
    assert annas.post(url(customer, "delete/"), {"post": "yes"}).status_code == 403
    assert annas.get(f"{HOME}{uuid4()}/").status_code == 404


def test_who_may_only_look_is_offered_nothing(staff: Staff, app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 1)
    viewer = staff(*VIEWER)
    page = text(viewer.get(url(customer)))
    for absent in ("Make a link page", ">Edit<", ">Disconnect<", ">Erase<"):
        assert absent not in page
    assert "Customers</span>" in page
    company = Company.objects.get()
    assert "Whose it is" not in text(viewer.get(f"/admin/integrations/company/{company.pk}/change/"))
    assert viewer.post(f"/admin/integrations/company/{company.pk}/assign/", {"ours": "on"}).status_code == 403
    fields = text(viewer.get(url(customer, "change/")))
    assert 'name="contact_email"' not in fields


def test_the_page_shows_companies_and_users_to_whom_may_see_them(staff: Staff, app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 1)
    page = text(staff("view_customer").get(url(customer)))
    assert "Company 1" not in page
    assert "1@exact.example" not in page


def test_support_is_offered_its_buttons(staff: Staff, app: Application) -> None:
    customer = given.connected(app, "Jansen BV", 1)
    page = text(staff(*VIEWER, "change_customer", "connect", "disconnect_connection").get(url(customer)))
    for offered in ("Make a link page", ">Edit<", ">Disconnect<"):
        assert offered in page
    assert ">Erase<" not in page
