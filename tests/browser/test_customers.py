"""A customer in a browser, against the portal's own processes: added, sent a link page, connected, disconnected."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.pages import save

CUSTOMERS = "/admin/integrations/customer/"


def add(page: Page, name: str, reference: str) -> str:
    page.goto(CUSTOMERS)
    page.get_by_role("link", name="Add a customer").first.click()
    page.get_by_label("Name:", exact=True).fill(name)
    page.get_by_label("Our reference").fill(reference)
    save(page)
    expect(page.locator(".subtitle")).to_have_text("Not connected yet, and no link page is open.")
    return page.url


def make_link(page: Page) -> str:
    page.get_by_role("link", name="Make a link page").click()
    page.get_by_role("button", name="Make the link page").click()
    return page.get_by_label("Link page").input_value()


def consent(page: Page, link: str, user: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name=user).click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connected")


def test_from_adding_a_customer_to_disconnecting_him(open_page: Callable[..., Page]) -> None:
    staff = open_page()
    address = add(staff, "Fleur's Flowers BV", "D-7001")
    link = make_link(staff)
    staff.goto(address)
    expect(staff.locator(".subtitle")).to_contain_text("Waiting for customer: a link page is open until")

    customer = open_page(signed_out=True)
    consent(customer, link, "Fleur Florist")
    staff.goto(address)
    expect(staff.locator(".subtitle")).to_contain_text(re.compile("^Connected; .*its company (is well|can be reached)"))
    expect(staff.get_by_role("region", name="Who consented")).to_contain_text("Fleur Florist")

    # The pasted address of the link leads to whom it was made for, and stands in no address.
    staff.goto("/admin/")
    staff.keyboard.press("/")
    expect(staff.get_by_label("Search customers")).to_be_focused()
    staff.keyboard.insert_text(link)
    staff.keyboard.press("Enter")
    expect(staff).to_have_url(address)
    expect(staff.get_by_role("status")).to_contain_text("it was used on")
    staff.keyboard.press("/")
    staff.keyboard.insert_text("d-70")
    staff.keyboard.press("Enter")
    expect(staff).to_have_url(address)

    staff.get_by_role("link", name="Disconnect").click()
    expect(staff.get_by_role("main")).to_contain_text("nobody else uses it, so its tokens are destroyed")
    staff.get_by_role("button", name="Disconnect").click()
    expect(staff.get_by_role("status")).to_have_text("Fleur's Flowers BV is disconnected.")
    expect(staff.locator(".subtitle")).to_contain_text("Disconnected on")

    again = make_link(staff)
    consent(customer, again, "Fleur Florist")
    staff.goto(address)
    expect(staff.locator(".subtitle")).to_contain_text(re.compile("its company (is well|can be reached)"))


def test_the_key_is_a_letter_like_any_other_in_a_field(page: Page) -> None:
    page.goto(f"{CUSTOMERS}add/")
    page.get_by_label("Note").click()
    page.keyboard.type("24/7")
    expect(page.get_by_label("Note")).to_have_value("24/7")


def test_several_hits_are_one_back_away(page: Page) -> None:
    for name, reference in (("Harbour One", "H-1"), ("Harbour Two", "H-2")):
        add(page, name, reference)
    page.get_by_label("Search customers").fill("harbour")
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("link", name="Harbour Two").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Two")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    expect(page.get_by_role("link", name="Harbour One")).to_be_visible()
