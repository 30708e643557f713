"""The pictures of the documentation, drawn from the running portal: `make screenshots`."""

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
def app(portal: Portal, open_page: Callable[..., Page]) -> str:
    """A company's apps: one enabled, one ready, one that waits for its keys. Returns the first one's page."""
    page = open_page()
    page.goto("/admin/integrations/user/")
    page.get_by_role("table").get_by_role("link", name=portal.box["User"], exact=True).click()
    page.get_by_label("First name").fill("Anna")
    page.get_by_label("Last name").fill("Smit")
    save(page)
    fill_app(page, name="Meridian Bookings", client_id="5b0c3f6e-2d47-4c1a-9a86-71e0d2c4b8f3", secret=SECRET)
    save(page)
    page.get_by_role("button", name="Enable now").click()
    expect(page.get_by_role("status")).to_contain_text("is enabled")
    portal.add_app(
        *("--region", "nl", "--kind", "testing", "--name", "Meridian Bookings (testing)"),
        *("--client-id", "c1d7a9e4-83b2-4f60-b5d9-0e6f3a27d418"),
        secret=f"{SECRET}2",
    )
    portal.add_app("--region", "uk", "--kind", "product", "--name", "Meridian Bookings UK")
    address = page.get_by_role("link", name="Meridian Bookings", exact=True).get_attribute("href")
    assert address is not None
    return address


def test_screenshots(open_page: Callable[..., Page], app: str, folder: Path) -> None:
    pictures: list[tuple[str, str, dict[str, Any]]] = [
        ("integrations", "/admin/", {"viewport": WIDE, "color_scheme": "light"}),
        ("integrations-dark", "/admin/", {"viewport": WIDE, "color_scheme": "dark"}),
        ("app", app, {"viewport": {**WIDE, "height": 1050}, "color_scheme": "light"}),
        ("phone", "/admin/", {"viewport": checks.PHONE, "color_scheme": "light", "device_scale_factor": 1.5}),
    ]
    for name, address, options in pictures:
        page = open_page(**options)
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_role("main")).to_contain_text("Meridian Bookings")
        drawn = page.screenshot(path=folder / f"{name}.png", animations="disabled")
        assert drawn.startswith(PNG)
        assert len(drawn) < MOST_BYTES, f"{name}.png has {len(drawn)} bytes"
