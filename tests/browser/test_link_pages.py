"""A customer's link page in a browser: in the language of the browser, wide and on a phone, light and dark."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import checks
from tests.browser.running import Portal

PRACTICE_APP = "from integrations.models import Application; print(Application.objects.get(name='Practice app').pk)"
CUSTOMERS = "/admin/integrations/customer/"
GO = {"nl-NL": "Verder naar Exact", "en-GB": "Continue to Exact"}
AGAIN = {"nl-NL": "Opnieuw beginnen", "en-GB": "Start again"}
TITLES = {"nl-NL": "Exact Online koppelen", "en-GB": "Connect Exact Online"}
CONNECTED = {"nl-NL": "Gekoppeld", "en-GB": "Connected"}


def make_link(portal: Portal, customer: str) -> str:
    app = portal.manage("shell", "-v0", "-c", PRACTICE_APP).stdout.strip()
    address: str = json.loads(portal.manage("link", "--app", app, "--customer", customer).stdout)["url"]
    return address


@pytest.fixture(params=GO)
def reader(request: pytest.FixtureRequest, portal: Portal, chromium: Browser) -> Iterator[tuple[Page, str]]:
    """A customer's browser, and the language that it asks for."""
    context = chromium.new_context(base_url=portal.address, locale=request.param)
    yield context.new_page(), request.param
    context.close()


def sound(page: Page) -> None:
    assert checks.violations(page) == []
    assert checks.sideways(page) == []
    assert checks.headings(page) == []
    assert checks.keyboard(page) == []


def test_the_customer_reads_refuses_begins_again_and_connects(portal: Portal, reader: tuple[Page, str]) -> None:
    page, locale = reader
    page.goto(make_link(portal, "Bakkerij De Gouden Krakeling BV"))
    expect(page.locator("html")).to_have_attribute("lang", "nl" if locale == "nl-NL" else "en-GB")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[locale])
    expect(page.get_by_role("main")).to_contain_text("Bakkerij De Gouden Krakeling BV")
    sound(page)
    for decision in ("Deny", "Allow"):
        page.get_by_role("button", name=GO[locale]).click()
        page.get_by_role("button", name="Fleur Florist").click()
        page.get_by_role("button", name=decision).click()
        page.wait_for_url("**/connect/result/")
        sound(page)
        if decision == "Deny":
            page.get_by_role("link", name=AGAIN[locale]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(CONNECTED[locale])


def test_the_other_language_is_one_press_away_and_stays(portal: Portal, reader: tuple[Page, str]) -> None:
    page, locale = reader
    other = next(one for one in GO if one != locale)
    page.goto(make_link(portal, "De Boer"))
    page.get_by_role("navigation").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[other])
    page.get_by_role("button", name=GO[other]).click()
    page.get_by_role("button", name="Fleur Florist").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("link", name=AGAIN[other])).to_be_visible()


def test_staff_look_at_it_and_revoke_it(portal: Portal, open_page: Callable[..., Page], chromium: Browser) -> None:
    link = make_link(portal, "Harbour Revoked BV")
    staff = open_page()
    staff.goto(CUSTOMERS)
    staff.get_by_role("link", name="Harbour Revoked BV").click()
    address = staff.url
    staff.get_by_role("link", name="Preview").click()
    expect(staff.get_by_role("button", name=GO["nl-NL"])).to_be_disabled()
    sound(staff)
    staff.goto(address)
    staff.get_by_role("link", name="Revoke").click()
    sound(staff)
    staff.get_by_role("button", name="Revoke").click()
    expect(staff.get_by_role("region", name="Link pages")).to_contain_text("Revoked")
    sound(staff)
    context = chromium.new_context(base_url=portal.address, locale="nl-NL")
    page = context.new_page()
    page.goto(link)
    expect(page.get_by_role("main")).to_contain_text("Deze link is ingetrokken.")
    sound(page)
    context.close()


def test_the_letter_is_there_to_copy(open_page: Callable[..., Page]) -> None:
    staff = open_page()
    staff.goto(CUSTOMERS)
    staff.get_by_role("link", name="Add a customer").first.click()
    staff.get_by_label("Name:", exact=True).fill("Krakeling Letters BV")
    staff.get_by_role("button", name="Save").first.click()
    staff.get_by_role("link", name="Make a link page").click()
    staff.get_by_role("button", name="Make the link page").click()
    link = staff.get_by_label("Link page").input_value()
    letter = staff.get_by_label("Text in Dutch").input_value()
    assert link in letter
    assert "Beste Krakeling Letters BV" in letter
    sound(staff)
