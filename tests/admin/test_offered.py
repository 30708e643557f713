"""What a page offers, the portal does: whoever follows any link or presses any button is not refused."""

from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import pytest

from integrations.models import Application, Organization
from integrations.rules.roles import ROLES
from tests.furnished import ADMINISTRATOR, NO_ROLE, House, furnish, undone

pytestmark = pytest.mark.django_db
SIGNED_IN: Final = (NO_ROLE, *(role.name for role in ROLES), ADMINISTRATOR)
MOST_PAGES: Final = 200
HOME: Final = "/admin/integrations/application/"
SWITCH: Final = 'role="switch"'


class Offers(HTMLParser):
    """Collects where the links of a page lead, and where its buttons send what was filled in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.forms: set[str] = set()
        self.fields: set[str] = set()
        self.form: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in values:
            self.links.add(values["href"])
        if tag == "form":
            self.form = values.get("action", "") if values.get("method", "").lower() == "post" else None
        if self.form is not None and values.get("type", "submit" if tag == "button" else "") == "submit":
            self.forms.add(self.form)
        if tag in {"input", "select", "textarea"} and values.get("type") != "hidden" and "disabled" not in values:
            self.fields.add(values.get("name", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None


@pytest.fixture
def house(db: None) -> House:
    return furnish()


def offered(house: House, name: str, address: str) -> Offers:
    response: Any = house.client(name).get(address, follow=True)
    assert response.status_code == 200, (name, address)
    return Offers(response.content.decode())


@pytest.mark.parametrize("name", SIGNED_IN[1:])
@pytest.mark.parametrize("empty", [False, True], ids=["furnished", "empty"])
def test_no_link_and_no_button_is_refused(house: House, name: str, empty: bool) -> None:
    if empty:
        Application.objects.filter(connections=None, companies=None).delete()
        Organization.objects.all().delete()
    todo, seen = ["/admin/"], set()
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        assert len(seen) < MOST_PAGES
        response: Any = house.client(name).get(address, follow=True)
        assert response.status_code == 200, (name, address, response.content.decode()[-600:])
        shown_at = response.redirect_chain[-1][0] if response.redirect_chain else address
        offers = Offers(response.content.decode())
        for action in offers.forms:
            with undone():
                answer = house.client(name).post(urljoin(shown_at, action), {"post": "yes"})
            # 400: what else the form sends is missing.
            assert answer.status_code in {200, 302, 400}, (name, shown_at, action)
        for link in offers.links:
            url = urlsplit(urljoin(shown_at, link))
            if not url.netloc and url.path.startswith("/") and not link.startswith("#"):
                todo.append(url.path + (f"?{url.query}" if url.query else ""))
    assert len(seen) > 3


def test_whoever_has_no_role_is_told_so_at_the_door(house: House) -> None:
    response = house.client(NO_ROLE).get("/admin/")
    assert response.status_code == 403
    assert "has no role yet" in response.content.decode()
    assert Offers(response.content.decode()).links == set()


@pytest.mark.parametrize(
    ("name", "shown", "absent"),
    [
        ("Viewer", {"Look"}, {"Connect<", "Enable<", SWITCH, "Set up", "Activity<", "<span>Portal<"}),
        ("Support", {"Connect<", "Look"}, {"Enable<", SWITCH, "Set up", "Activity<", "Staff<"}),
        (
            "Integrations manager",
            {"Connect<", "Enable<", SWITCH, "Set up", "Manage", "Organization<"},
            {"Activity<", "Staff<", "<span>Portal<"},
        ),
        ("Security officer", {"Look", "Activity<", "Staff<"}, {"Connect<", "Enable<", SWITCH, "<span>Portal<"}),
        ("Operator", {"Look", "<span>Portal<"}, {"Connect<", "Enable<", SWITCH, "Activity<", "Staff<"}),
        (
            ADMINISTRATOR,
            {"Connect<", "Enable<", SWITCH, "Set up", "Activity<", "<span>Portal<"},
            {"Staff<", "Organization<"},
        ),
    ],
)  # fmt: skip
def test_the_home_page_follows_the_rights(house: House, name: str, shown: set[str], absent: set[str]) -> None:
    page = house.client(name).get(HOME).content.decode()
    assert {text for text in shown if text not in page} == set()
    assert {text for text in absent if text in page} == set()


def test_a_next_step_that_is_somebody_elses_says_whose(house: House) -> None:
    own = house.client("Integrations manager").get(HOME).content.decode()
    assert "Continue at “Register at Exact”: 2 things keep it from being enabled.<" in own
    others = house.client("Support").get(HOME).content.decode()
    assert "2 things keep it from being enabled. Integrations manager may do this.<" in others
    assert "It has its keys and can be enabled. Integrations manager may do this.<" in others


@pytest.mark.parametrize("name", ["Viewer", "Support", "Security officer", "Operator"])
def test_the_pages_of_an_app_have_no_field_for_whoever_may_only_look(house: House, name: str) -> None:
    for page in ("change", "keys", "permission"):
        assert offered(house, name, f"{HOME}{house.ready.pk}/{page}/").fields - {"", "q", "redirect-url"} == set()


def test_the_pages_of_an_app_have_the_fields_that_a_manager_fills_in(house: House) -> None:
    about = {"name", "owner", "caretakers", "own_redirect_url"}
    keys, permission = {"client_id", "client_secret"}, {"on", "note", "evidence"}
    pages = {"change": about | {"url"}, "keys": keys, "permission": permission}
    for page, fields in pages.items():
        offers = offered(house, "Integrations manager", f"{HOME}{house.ready.pk}/{page}/")
        assert offers.fields - {"", "q", "redirect-url"} == fields


def test_names_of_customers_are_for_who_may_see_customers(house: House) -> None:
    address = f"/admin/integrations/connection/{house.connection.pk}/change/"
    for name, customers in (("Viewer", 3), ("Operator", 1)):
        # The name of the company is there for both; that of its customer is a chip beside it, and whom it serves.
        assert house.client(name).get(address).content.decode().count("Jansen BV") == customers, name
