"""Without a public address, in a browser: to Exact in a new tab, the address pasted back; and the pages about it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import checks
from tests.browser.pages import save
from tests.browser.running import Portal
from tests.pictures import png
from tests.ports import taken

OWNED: Final = "https://www.owned.example/back"


def practice_app(page: Page) -> str:
    """Return the address of the app that works from the start."""
    page.goto("/")
    return page.get_by_role("link", name="Practice app", exact=True).get_attribute("href") or ""


@pytest.fixture
def leads_elsewhere(open_page: Callable[..., Page], portal: Portal) -> None:
    """Give the practice app an address that is not the portal's, here and at Exact."""
    page = open_page()
    app = practice_app(page)
    page.goto(app.replace("/change/", "/keys/"))
    client_id = page.get_by_label("Client ID").input_value()
    page.goto(app)
    page.get_by_label("Address of your own").fill(OWNED)
    save(page)
    expect(page.get_by_role("status").first).to_contain_text("was saved")
    host, _, port = portal.address.rpartition(":")
    assert taken(int(port) + 101)
    page.goto(f"{host}:{int(port) + 101}/apps/{client_id}/")
    page.get_by_label("Redirect URL").fill(OWNED)
    page.get_by_role("button", name="Change", exact=True).click()
    page.goto(app)
    page.get_by_label("Paste it as it stands there").fill(OWNED)
    page.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("status").first).to_contain_text("Recorded: Exact has the Redirect URL")


def someones_website(route: Route) -> None:
    route.fulfill(status=404, content_type="text/html", body="<title>No such page</title>")


def test_the_address_is_pasted_back(open_page: Callable[..., Page], leads_elsewhere: None) -> None:
    page = open_page()
    page.context.route("https://www.owned.example/**", someones_website)
    page.goto("/")
    page.get_by_role("region", name="Exact (Netherlands)").get_by_role("button", name="Connect").first.click()
    expect(page.get_by_role("main")).to_contain_text(OWNED)
    link_page = page.url
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Continue to Exact").click()
    exact = opened.value
    exact.get_by_role("button", name="Alex Accountant").click()
    exact.get_by_role("button", name="Allow").click()
    exact.wait_for_url(f"{OWNED}?*")
    ended = exact.url
    assert page.url == link_page

    page.get_by_label("Address at which the browser ended").fill("https://www.elsewhere.example/")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("an address of www.elsewhere.example")
    assert "code=" not in page.url

    page.get_by_label("Address at which the browser ended").fill(ended)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("status").last).to_contain_text("Connected as Alex Accountant")
    assert "code=" not in page.url


def test_the_page_to_paste_on_is_for_everybody(open_page: Callable[..., Page], leads_elsewhere: None) -> None:
    page = open_page(bypass_csp=True)
    page.goto("/")
    page.get_by_role("region", name="Exact (Netherlands)").get_by_role("button", name="Connect").first.click()
    page.get_by_label("Address at which the browser ended").fill("nonsense")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert checks.violations(page) == []
    assert checks.sideways(page) == []
    assert checks.headings(page) == []


def test_a_logo_is_chosen_and_shown(open_page: Callable[..., Page], tmp_path: Path) -> None:
    picture = tmp_path / "logo.png"
    picture.write_bytes(png(120, 40))
    page = open_page(bypass_csp=True)
    page.goto("/admin/integrations/organization/add/")
    page.get_by_label("Name").fill("Meridian Bookings BV")
    page.get_by_label("Support contact").fill("Service desk")
    page.get_by_label("Privacy policy URL").fill("https://meridian.example/privacy")
    page.get_by_label("Logo:").set_input_files(picture)
    save(page)
    page.goto("/admin/integrations/organization/1/change/")
    logo = page.get_by_role("img", name="Logo")
    expect(logo).to_be_visible()
    assert logo.evaluate("image => image.naturalWidth") == 120
    page.get_by_label("Time zone").fill("Europe/London")
    assert checks.violations(page) == []
    save(page)
    page.goto("/connect/result/")
    assert page.locator("img.logo").evaluate("image => image.naturalWidth") == 120
    assert checks.violations(page) == []


def test_a_key_is_confirmed(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/admin/portal/")
    expect(page.get_by_role("main")).to_contain_text("Nobody has confirmed yet that k1")
    page.get_by_role("link", name="Where they are stored").click()
    page.get_by_role("button", name="I have stored k1 at another place").click()
    expect(page.get_by_role("status")).to_contain_text("Confirmed")
    page.goto("/admin/portal/")
    expect(page.get_by_role("main")).not_to_contain_text("Nobody has confirmed")
