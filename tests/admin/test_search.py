"""One search box: by how things begin, on indexes, only what the person may see, and no link in an address."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.db import connection as database
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import Application, Company, Connection, Customer
from integrations.rules import search as rules
from integrations.rules.actors import PORTAL
from integrations.services import links, search
from tests import customers as given
from tests.conftest import CLIENT_ID
from tests.permission import granted

pytestmark = pytest.mark.django_db
SEARCH = "/admin/search/"
MANY = 3_000


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return granted(make_app(enable=True))


@pytest.fixture
def jansen(app: Application) -> Customer:
    customer = given.add("Jansen & Zn BV", reference="D-1001")
    given.reach(given.connect(app), customer, 123456)
    Company.objects.update(name="Bakkerij Ébène", name_key="bakkerij ebene")
    return customer


def look(client: Client, typed: str, **options: Any) -> Any:
    return client.post(SEARCH, {"q": typed}, **options)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def where(kind: str, row: Any) -> str:
    return f"/admin/integrations/{kind}/{row.pk}/" + ("" if kind == "customer" else "change/")


# --- What is found ------------------------------------------------------------------------------------------


def test_one_hit_leads_straight_there(annas: Client, jansen: Customer) -> None:
    company, connection, app = Company.objects.get(), Connection.objects.get(), Application.objects.get()
    for typed, target in (
        ("jansen", where("customer", jansen)), (" JANSEN  & zn", where("customer", jansen)),
        ("d-10", where("customer", jansen)), ("bakkerij ebe", where("company", company)),
        ("BAKKERIJ ÉBÈ", where("company", company)), ("123456", where("company", company)),
        ("1234", where("company", company)), ("alex.accountant@exact.ex", where("connection", connection)),
        (CLIENT_ID[:4], where("application", app)), (CLIENT_ID[:20].upper(), where("application", app)),
        (CLIENT_ID.upper(), where("application", app)), (f" {CLIENT_ID} ", where("application", app)),
    ):  # fmt: skip
        assert look(annas, typed).url == target, typed


def test_several_hits_are_shown_and_back_leads_to_them(annas: Client, jansen: Customer) -> None:
    given.add("Jansen Beheer")
    response = look(annas, "jansen")
    assert response.url == SEARCH
    for _ in range(2):
        page = text(annas.get(SEARCH))
        assert "Jansen &amp; Zn BV" in page
        assert "Jansen Beheer" in page


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "%", "_", "'", "\\", "ansen", "999", "0", "00", "2147483648", "9999999999", "99999999999999",
        "x" * 501, "\x00", "🙂", "é" * 400,
    ],
)  # fmt: skip
def test_no_hit_says_what_can_be_searched(annas: Client, jansen: Customer, typed: str) -> None:
    response = look(annas, typed)
    assert response.status_code == 200
    page = text(response)
    for words in ("What can be searched", "our reference", "its number at Exact", "Exact user", "Client ID"):
        assert words in page


def test_at_most_ten_of_a_kind(annas: Client, app: Application) -> None:
    for number in range(12):
        given.add(f"Jansen {number:02}")
    page = text(annas.get(look(annas, "jansen").url))
    assert page.count('class="name"') == 10
    assert "The first 10" in page


def test_a_row_that_fits_twice_is_one_hit(annas: Client) -> None:
    customer = given.add("D-1001", reference="D-1001")
    assert look(annas, "d-1001").url == where("customer", customer)


def test_a_number_is_found_by_how_it_begins() -> None:
    for digits, number, inside in (
        ("12", 12, True), ("12", 129, True), ("12", 1200, True), ("12", 1299999999, True), ("12", 13, False),
        ("12", 112, False), ("2147483647", 2147483647, True), ("9", 2147483647, False),
    ):  # fmt: skip
        assert any(first <= number <= last for first, last in rules.ranges(digits)) is inside, (digits, number)
    assert max(last for _, last in rules.ranges("2")) <= rules.HIGHEST


@pytest.mark.parametrize(("typed", "refused"), [("x" * 501, True), ("a\x00", True), ("x" * 500, False)])
def test_what_cannot_be_searched_is_said(annas: Client, typed: str, refused: bool) -> None:
    assert ("Nothing was searched" in text(look(annas, typed))) is refused


# --- Link pages ---------------------------------------------------------------------------------------------


def test_a_pasted_link_leads_to_whom_it_was_made_for(annas: Client, app: Application, jansen: Customer) -> None:
    made = links.make(app, by=PORTAL, customer=jansen)
    for typed in (made.url, f"<{made.url}>.", made.path, made.url.upper().replace(made.token.upper(), made.token)):
        if "/CONNECT/" in typed:
            continue
        response = look(annas, f" {typed} ")
        assert response.url == where("customer", jansen), typed
        assert "it is open until" in str([*get_messages(response.wsgi_request)][-1])
    ours = links.make(app, by=PORTAL)
    assert look(annas, ours.url).url == "/admin/"


def test_no_token_lands_in_an_address_a_page_or_a_session(annas: Client, app: Application, jansen: Customer) -> None:
    made = links.make(app, by=PORTAL, customer=jansen)
    unknown = made.url.replace(made.token, "canary-canary-canary-canary")
    for typed, token in ((made.url, made.token), (unknown, "canary-canary")):
        response = look(annas, typed, follow=True)
        addresses = [address for address, _ in response.redirect_chain]
        session = Session.objects.get().get_decoded()
        assert token not in f"{text(response)} {addresses} {session}"
        assert token not in text(annas.get(SEARCH))
    assert "of no link page that was made here" in text(look(annas, unknown))
    assert made.token not in repr(rules.understand(made.url))


# --- Rights -------------------------------------------------------------------------------------------------


def test_only_what_the_person_may_see_is_found_or_named(staff: Callable[..., Client], jansen: Customer) -> None:
    app = Application.objects.get()
    link = links.make(app, by=PORTAL, customer=jansen).url
    words = {
        "view_customer": ("jansen", "d-1001", link),
        "view_company": ("bakkerij", "123456"),
        "view_connection": ("alex.accountant@",),
        "view_application": (CLIENT_ID,),
    }
    for right in words:
        client = staff(right)
        for other, typed in words.items():
            for word in typed:
                response = look(client, word)
                assert (response.status_code == 302) is (other == right), (right, word)
                assert right == "view_customer" or "Jansen" not in text(response)
    given.add("Other")
    given.reach(Connection.objects.get(), None, 123457)
    page = text(staff("view_company").post(SEARCH, {"q": "1234"}, follow=True))
    assert "123457" in page
    assert "Jansen" not in page, "whose a company is, is a customer's name"


def test_without_any_right_there_is_no_box_and_no_page(staff: Callable[..., Client], client: Client) -> None:
    nobody = staff("view_portal")
    assert "search-box" not in text(nobody.get("/admin/portal/"))
    assert nobody.get(SEARCH).status_code == look(nobody, "jansen").status_code == 403
    assert "search-box" in text(staff("view_portal", "view_customer").get("/admin/portal/"))
    assert client.get(SEARCH).status_code == look(client, "jansen").status_code == 302


def test_a_search_without_its_form_is_refused(jansen: Customer, anna: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(anna)
    assert look(strict, "jansen").status_code == 403


# --- Speed --------------------------------------------------------------------------------------------------


def test_as_many_queries_for_200_as_for_one(annas: Client, app: Application) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as caught:
            assert annas.get(SEARCH).status_code == 200
        return len(caught)

    given.add("Jansen 1")
    given.add("Jansen 2")
    look(annas, "jansen")
    few = queries()
    for number in range(3, 200):
        given.add(f"Jansen {number}")
    connection = given.connect(app)
    given.reach(connection, None, *range(1, 200))
    Company.objects.update(name="Jansen", name_key="jansen")
    assert queries() == few


@pytest.fixture
def many(app: Application) -> None:
    """So many rows that a database with an index takes it."""
    Customer.objects.bulk_create(
        Customer(name=f"{number:05} customer", reference=f"R{number:05}", created_by="portal") for number in range(MANY)
    )
    Company.objects.bulk_create(
        Company(application=app, division=number + 100_000, name=f"{number:05} company") for number in range(MANY)
    )
    Connection.objects.bulk_create(
        Connection(
            application=app,
            status="reconnect",
            exact_user_id=f"user-{number}",
            email=f"{number:05}@exact.example",
        )
        for number in range(MANY)
    )
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan(rows: QuerySet[Any]) -> str:
    return rows.explain()


def test_the_plans_take_indexes_and_read_no_table_through(many: None) -> None:
    plans = {
        "customer name": plan(search.customers_named("00123")),
        "reference": plan(search.customers_referred_to("r00123")),
        "company name": plan(search.companies_named("00123")),
        "company number": plan(search.companies_numbered("10012")),
        "e-mail": plan(search.connections_of("00123@")),
    }
    for name, said in plans.items():
        if database.vendor == "postgresql":
            assert "Seq Scan on integrations_c" not in said, (name, said)
            assert "Index" in said, (name, said)
        else:
            assert "SCAN integrations_c" not in said, (name, said)
            assert "USING INDEX" in said, (name, said)


def test_each_finds_what_begins_so_and_nothing_else(many: None) -> None:
    assert [row.name for row in search.customers_named("00123")] == ["00123 customer"]
    assert [row.reference for row in search.customers_referred_to("r00123")] == ["R00123"]
    assert [row.name for row in search.companies_named("00123")] == ["00123 company"]
    assert [row.division for row in search.companies_numbered("100123")] == [100_123]
    assert [row.email for row in search.connections_of("00123@")] == ["00123@exact.example"]


def test_the_index_of_client_ids_is_used(app: Application) -> None:
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # one row: no database takes an index for it unasked
    said = plan(search.apps_with(CLIENT_ID))
    assert "application_client_id_once_a_region" in said
    assert "application_client_id_once_a_region" in plan(search.apps_beginning(CLIENT_ID[:8]))
