"""The pictures of the documentation, drawn from the running portal: `make screenshots`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser import checks
from tests.browser.pages import fill_app, save
from tests.browser.running import Portal

WIDE: Final = {"width": 1280, "height": 720}
MOST_BYTES: Final = 150_000
PNG: Final = b"\x89PNG\r\n"
SECRET: Final = "Zq3k9Xm2pL7v"


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    chosen: Path = request.config.getoption("--screenshots") or tmp_path
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


@pytest.fixture
def addresses(portal: Portal, open_page: Callable[..., Page]) -> dict[str, str]:
    """A company's apps: one enabled, one that waits for its keys, and the practice app with a connection in use.

    Returns the addresses of their pages by the names of the pictures.
    """
    page = open_page()
    page.goto("/admin/integrations/user/")
    page.get_by_role("table").get_by_role("link", name=portal.box["User"], exact=True).click()
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("Last name").fill("Smit")
    save(page)
    page.goto("/admin/integrations/organization/add/")
    page.get_by_label("Name").fill("Meridian Bookings BV")
    page.get_by_label("Support e-mail").fill("support@meridian.example")
    save(page)
    fill_app(page, name="Meridian Bookings", client_id="5b0c3f6e-2d47-4c1a-9a86-71e0d2c4b8f3", secret=SECRET)
    save(page)
    page.get_by_role("button", name="Enable now").click()
    expect(page.get_by_role("status")).to_contain_text("is enabled")
    app = page.get_by_role("link", name="Meridian Bookings", exact=True).get_attribute("href")
    portal.add_app("--region", "uk", "--kind", "product", "--name", "Meridian Bookings UK")
    page.get_by_role("button", name="Connect through Practice app").click()
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Alex Accountant").click()
    page.get_by_role("button", name="Allow").click()
    connection = page.url
    for _ in range(2):
        page.get_by_role("button", name="Check now").click()
        expect(page.get_by_role("status").last).to_contain_text("all is well")
    companies = page.get_by_role("region", name="Companies it reaches")
    company = companies.get_by_role("link", name="Lighthouse Accountants").get_attribute("href")
    assert app is not None
    assert company is not None
    return {"app": app, "connection": connection, "company": company}


def test_screenshots(open_page: Callable[..., Page], addresses: dict[str, str], folder: Path, portal: Portal) -> None:
    light: dict[str, Any] = {"viewport": WIDE, "color_scheme": "light"}
    ledger = f"http://127.0.0.1:{portal.port + 101}/sandbox/ledger"
    pictures: list[tuple[str, str, dict[str, Any]]] = [
        ("integrations", "/admin/", light),
        ("integrations-dark", "/admin/", {**light, "color_scheme": "dark"}),
        ("app", addresses["app"], {**light, "viewport": {**WIDE, "height": 800}}),
        ("connection", addresses["connection"], {**light, "viewport": {**WIDE, "height": 900}}),
        ("company", addresses["company"], {**light, "viewport": {**WIDE, "height": 780}}),
        ("practice-ledger", ledger, light),
        ("phone", "/admin/", {**light, "viewport": checks.PHONE, "device_scale_factor": 1.5}),
    ]
    for name, address, options in pictures:
        page = open_page(**options)
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("main")).to_contain_text(re.compile("Meridian|Alex Accountant"))
        drawn = page.screenshot(path=folder / f"{name}.png", animations="disabled")
        assert drawn.startswith(PNG)
        assert len(drawn) < MOST_BYTES, f"{name}.png has {len(drawn)} bytes"
