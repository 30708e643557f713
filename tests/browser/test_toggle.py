"""The toggle in a browser: at once where nobody is cut off, asking where somebody is, once whoever presses it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import checks
from tests.browser.pages import new_client_id
from tests.browser.running import Portal

PRACTICE = "Practice app"


def switch(page: Page, name: str) -> Locator:
    return page.get_by_role("switch", name=f"Enabled: {name}", exact=True)


def another_app(portal: Portal, name: str) -> str:
    options = ("--region", "uk", "--kind", "testing", "--name", name, "--client-id", new_client_id())
    return portal.add_app(*options, "--enable", secret=f"Zq{new_client_id()[:12]}")["id"]


def test_it_works_by_the_keyboard_alone(portal: Portal, page: Page) -> None:
    another_app(portal, "Meridian Keyboard")
    page.goto("/admin/")
    expect(switch(page, "Meridian Keyboard")).to_be_checked()
    switch(page, "Meridian Keyboard").press("Space")
    expect(page.get_by_role("status")).to_contain_text("The app “Meridian Keyboard” is disabled.")
    expect(switch(page, "Meridian Keyboard")).not_to_be_checked()
    switch(page, "Meridian Keyboard").press("Enter")
    expect(switch(page, "Meridian Keyboard")).to_be_checked()


def test_two_tabs_do_it_once_and_the_second_says_so_calmly(portal: Portal, open_page: Callable[..., Page]) -> None:
    another_app(portal, "Meridian Tabs")
    first, second = open_page(), open_page()
    for page in (first, second):
        page.goto("/admin/")
    for page in (first, second):
        switch(page, "Meridian Tabs").click()
        expect(page.get_by_role("status")).to_be_visible()
    expect(second.get_by_role("status").locator(".info")).to_have_text("It is disabled already.")
    expect(switch(second, "Meridian Tabs")).not_to_be_checked()


def test_after_the_back_button_an_old_switch_changes_nothing(portal: Portal, page: Page) -> None:
    another_app(portal, "Meridian Back")
    page.goto("/admin/")
    switch(page, "Meridian Back").click()
    expect(switch(page, "Meridian Back")).not_to_be_checked()
    page.go_back()
    if switch(page, "Meridian Back").get_attribute("aria-checked") == "true":  # the browser kept the old page
        switch(page, "Meridian Back").click()
        expect(page.get_by_role("status")).to_contain_text("It is disabled already.")
    page.reload()
    expect(switch(page, "Meridian Back")).not_to_be_checked()


def test_on_the_settings_page_it_stays_there(portal: Portal, page: Page) -> None:
    address = f"/admin/integrations/application/{another_app(portal, 'Meridian Settings')}/change/"
    page.goto(address)
    switch(page, "Meridian Settings").click()
    expect(page.get_by_role("status")).to_contain_text("is disabled")
    assert page.url.endswith(address)
    expect(switch(page, "Meridian Settings")).not_to_be_checked()


def test_where_somebody_would_be_cut_off_it_asks_first(open_page: Callable[..., Page]) -> None:
    page = open_page(bypass_csp=True)
    page.goto("/admin/")
    page.get_by_role("button", name=f"Connect through {PRACTICE}").click()
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Alex Accountant").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status").last).to_contain_text("Connected as Alex Accountant")

    page.goto("/admin/")
    switch(page, PRACTICE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Disable “{PRACTICE}”?")
    expect(page.get_by_role("main")).to_contain_text("Every call for our own companies")
    expect(page.get_by_role("main")).to_contain_text("Nobody has to connect again.")
    assert checks.keyboard(page) == []
    assert checks.headings(page) == []
    assert checks.sideways(page) == []
    assert checks.violations(page) == []
    page.get_by_role("link", name="Cancel").click()
    expect(switch(page, PRACTICE)).to_be_checked()

    switch(page, PRACTICE).click()
    page.get_by_role("button", name="Disable").click()
    expect(switch(page, PRACTICE)).not_to_be_checked()
    expect(page.get_by_role("main")).to_contain_text("1 connection is kept alive")


@pytest.mark.parametrize("turn", ["stop", "lift", "archive", "restore", "enable"])
def test_every_page_that_asks_passes_every_check(portal: Portal, open_page: Callable[..., Page], turn: str) -> None:
    page = open_page(bypass_csp=True)
    app = another_app(portal, f"Meridian {turn}")
    walk = {"lift": ["stop"], "archive": ["disable"], "restore": ["disable", "archive"], "enable": ["disable"]}
    for before in walk.get(turn, []):
        page.goto(f"/admin/integrations/application/{app}/{before}/")
        page.locator("main form button").click()
    page.goto(f"/admin/integrations/application/{app}/{turn}/")
    expect(page.locator("main form button")).to_be_visible()
    assert checks.keyboard(page) == []
    assert checks.headings(page) == []
    assert checks.sideways(page) == []
    assert checks.violations(page) == []
    page.locator("main form button").click()
    expect(page.get_by_role("status").locator(".success")).to_be_visible()
