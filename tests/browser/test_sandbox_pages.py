"""The practice Exact's own pages: every one by the checks of the portal's, and walked as a person does."""

import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser import app_center, checks
from tests.browser.pages import fill_app, new_client_id, save
from tests.browser.running import Portal

PLACES: Final = {"nl": 101, "uk": 102}
UK: Final = "Exact (United Kingdom)"
SHOP: Final = "Meridian Bookings UK"


def at_exact(portal: Portal, path: str, region: str = "nl") -> str:
    return f"http://127.0.0.1:{portal.port + PLACES[region]}{path}"


def order(page: Page, portal: Portal, fault: str, target: str, *, seconds: str = "", count: str = "1") -> None:
    """Order a fault by the form."""
    page.goto(at_exact(portal, "/sandbox/faults"))
    page.get_by_label("What goes wrong").select_option(label=fault)
    page.get_by_label("For requests to").select_option(target)
    page.get_by_label("How many requests").fill(count)
    page.get_by_label("Seconds").fill(seconds)
    page.get_by_role("button", name="Order", exact=True).click()


def to_exact(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Connect through Practice app").click()
    page.get_by_role("button", name="Continue to Exact").click()


def connect(page: Page, user: str = "Alex Accountant") -> None:
    to_exact(page)
    page.get_by_role("button", name=user).click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("button", name="Check now")).to_be_visible()


# --- Every page -------------------------------------------------------------------------------------------------


def at(path: str, region: str = "nl") -> Callable[[Page, Portal], None]:
    def go(page: Page, portal: Portal) -> None:
        page.goto(at_exact(portal, path, region))

    return go


def _consent(page: Page, portal: Portal) -> None:
    to_exact(page)
    page.get_by_role("button", name="Hanna Harbour").click()


def _consent_refused(page: Page, portal: Portal) -> None:
    _consent(page, portal)
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _faults(page: Page, portal: Portal) -> None:
    order(page, portal, "Slow: the answer after n seconds", "authorize", seconds="2.5", count="3")


def _users(page: Page, portal: Portal) -> None:
    connect(page)
    page.goto(at_exact(portal, "/sandbox/"))


def _app(page: Page, portal: Portal) -> None:
    page.goto(at_exact(portal, "/apps/"))
    page.get_by_role("link", name="Practice app").click()
    page.get_by_text("Show", exact=True).click()


def _app_refused(page: Page, portal: Portal) -> None:
    _app(page, portal)
    page.get_by_label("Redirect URL").fill("https://example.com/#part")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _tab(page: Page, portal: Portal, name: str) -> None:
    _app(page, portal)
    page.get_by_role("link", name=name).click()


def _delete_refused(page: Page, portal: Portal) -> None:
    _tab(page, portal, "Delete")
    page.get_by_label("Type the app's name").fill("Another app")
    page.get_by_role("button", name="Delete the app").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _register_refused(page: Page, portal: Portal) -> None:
    page.goto(at_exact(portal, "/apps/register?kind=testing"))
    page.get_by_label("App name").fill("Practice app")
    page.get_by_label("Redirect URL").fill("https://example.com/")
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _review_form(page: Page, portal: Portal) -> None:
    _tab(page, portal, "Submit for review")
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("group", name=re.compile("^9[.] ")).get_by_label("Yes").check()


def _review_not_saved(page: Page, portal: Portal) -> None:
    _review_form(page, portal)
    purpose = page.get_by_label("Purpose (English)").first
    purpose.evaluate("field => field.removeAttribute('maxlength')")
    purpose.fill("x" * 141)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("this one has 141")


def _new_app(page: Page, portal: Portal) -> str:
    """Register a product app that nobody has decided about; return its address in the App Center."""
    page.goto(at_exact(portal, "/apps/register?kind=product"))
    page.get_by_label("App name").fill(f"App {new_client_id()}")
    page.get_by_label("Redirect URL").fill("https://shop.example/later")
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Client secret", exact=True)).to_be_visible()
    return page.url


def _review_not_submitted(page: Page, portal: Portal) -> None:
    _new_app(page, portal)
    page.get_by_role("link", name="Submit for review").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_contain_text("Answer question 1.")


def _in_review(page: Page, portal: Portal) -> None:
    app_center.submit(page, _new_app(page, portal), {"Crm accounts": "Read"})


def _permission_requested(page: Page, portal: Portal) -> None:
    center = _new_app(page, portal)
    app_center.submit(page, center, {"Crm accounts": "Read"})
    app_center.approve(page, center)
    app_center.request(page, center)


PAGES: Final[dict[str, Callable[[Page, Portal], None]]] = {
    "start": at("/"),
    "apps": at("/apps/"),
    "partner": at("/partner/"),
    "app": _app,
    "permission of an app": lambda page, portal: _tab(page, portal, "Permission"),
    "review of an app": lambda page, portal: _tab(page, portal, "Submit for review"),
    "review of an app, to edit": _review_form,
    "review of an app, not saved": _review_not_saved,
    "review of an app, not submitted": _review_not_submitted,
    "review of an app, to decide": _in_review,
    "permission of an app, to decide": _permission_requested,
    "app to delete, refused": _delete_refused,
    "app, refused": _app_refused,
    "product app to register": at("/apps/register?kind=product"),
    "testing app to register, refused": _register_refused,
    "users and companies": _users,
    "nothing is ordered": at("/sandbox/faults"),
    "faults": _faults,
    "ledger": at("/sandbox/ledger"),
    "log in": lambda page, portal: to_exact(page),
    "consent": _consent,
    "consent, refused": _consent_refused,
    "not found": at("/nothing"),
    "nobody allowed an app": at("/sandbox/", "uk"),
    "empty ledger": at("/sandbox/ledger", "uk"),
}


@pytest.fixture
def orders(page: Page, portal: Portal) -> Iterator[None]:
    """Withdraw what is still ordered."""
    yield
    page.goto(at_exact(portal, "/sandbox/faults"))
    every = page.get_by_role("button", name="Withdraw all")
    if every.count():
        every.click()
    expect(page.get_by_role("main")).to_contain_text("everything works")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_passes_every_check(open_page: Callable[..., Page], portal: Portal, orders: None, name: str) -> None:
    page = open_page(bypass_csp=True, viewport=checks.WIDE)  # axe sets styles that the policy forbids
    PAGES[name](page, portal)
    expect(page.get_by_text("Practice: this is not Exact Online")).to_be_visible()
    assert checks.keyboard(page) == []
    assert checks.violations(page) == []
    assert checks.sideways(page) == []
    assert checks.headings(page) == []


# --- Walks ------------------------------------------------------------------------------------------------------


def test_only_the_companies_that_are_ticked_are_reached(page: Page) -> None:
    to_exact(page)
    page.get_by_role("button", name="Hanna Harbour").click()
    page.get_by_role("link", name="Not you?").click()
    page.get_by_role("button", name="Alex Accountant").click()
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(5)
    page.get_by_label(re.compile("Crumb Bakery")).uncheck()
    page.get_by_label(re.compile("Piston Garage")).uncheck()
    page.get_by_role("button", name="Allow").click()
    companies = page.get_by_role("region", name="Companies it reaches")
    reached = companies.get_by_role("listitem").filter(has_not_text="Withdrawn")
    expect(reached).to_have_count(3)
    expect(reached.filter(has_text="Crumb Bakery")).to_have_count(0)


def test_a_fault_is_ordered_met_and_seen_in_the_ledger(page: Page, portal: Portal, orders: None) -> None:
    connect(page)
    check = page.url
    # More than one: the scheduler may be the first to meet it.
    order(page, portal, "HTML with 200 (maintenance page)", "divisions", count="9")
    order(page, portal, "503 Service Unavailable", "me", count="5")
    row = page.get_by_role("row", name=re.compile("503 Service"))
    expect(row.get_by_role("cell").nth(2)).to_have_text("5")
    row.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("row", name=re.compile("503 Service"))).to_have_count(0)
    expect(page.get_by_role("row", name=re.compile("HTML with 200"))).to_be_visible()

    page.goto(check)
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("status").last).to_contain_text("may be under maintenance")
    failed = page.get_by_role("region", name="Checks").get_by_role("row").nth(1)
    expect(failed).to_contain_text("Failed")
    expect(failed).to_contain_text("system/Divisions: 200")

    page.goto(at_exact(portal, "/sandbox/ledger"))
    page.get_by_label("Kind of request").select_option("system_divisions")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"kind=system_divisions"))
    newest = page.get_by_role("row").nth(1)
    expect(newest).to_contain_text("ordered: html_200")
    expect(newest).to_contain_text("Alex Accountant")
    page.goto(at_exact(portal, "/sandbox/faults"))
    page.get_by_role("button", name="Withdraw all").click()
    page.goto(check)
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("status").last).to_contain_text("all is well")


def test_an_app_is_registered_set_up_and_connects(open_page: Callable[..., Page], portal: Portal) -> None:
    """The other country, from the address on its card to a connection."""
    page = open_page()
    page.goto("/")
    card = page.get_by_role("region", name=UK)
    card.get_by_role("link", name="/apps/").click()
    assert page.url == at_exact(portal, "/apps/", "uk")
    page.get_by_role("link", name="Register a product app").click()
    page.get_by_label("App name").fill(SHOP)
    page.get_by_label("Redirect URL").fill("https://shop.example/later")
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SHOP)
    center = page.url
    page.get_by_text("Show", exact=True).click()
    client_id, secret = [code.inner_text() for code in page.locator("dl").first.locator("code").all()]

    fill_app(page, region="uk", name=SHOP, client_id=client_id, secret=secret)
    save(page)
    page.get_by_role("button", name="Enable now").click()
    page.get_by_role("link", name=SHOP, exact=True).click()
    redirect = page.get_by_label("Redirect URL").input_value()

    def connect_as(user: str) -> None:
        page.goto("/")
        page.get_by_role("button", name=f"Connect through {SHOP}").click()
        page.get_by_role("button", name="Continue to Exact").click()
        if user:
            page.get_by_role("button", name=user).click()

    connect_as("")
    expect(page.get_by_role("main")).to_contain_text("redirect", ignore_case=True)
    page.goto(center)
    page.get_by_label("Redirect URL").fill(redirect)
    page.get_by_role("button", name="Change").click()
    connect_as("Fleur Florist")
    expect(page.get_by_role("button", name="Allow")).to_have_count(0)
    app_center.submit(page, center, {"Organization administration": "Read"}, purpose={"English": "Posts orders."})
    app_center.approve(page, center)
    app_center.request(page, center)
    app_center.grant(page, center)
    connect_as("Fleur Florist")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status").last).to_contain_text("Connected as Fleur Florist")
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("status").last).to_contain_text("all is well")


def test_a_withdrawn_consent_is_found_out_by_the_next_check(page: Page, portal: Portal) -> None:
    connect(page, "Hanna Harbour")
    connection = page.url
    page.goto(at_exact(portal, "/sandbox/"))
    row = page.get_by_role("row", name=re.compile("Hanna Harbour.*live"))
    row.get_by_role("button", name="Withdraw").click()
    page.goto(connection)
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("region", name="Connection")).to_contain_text("Being verified")
