"""Colours: as the system, or as somebody chose by the button; on every page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser import checks


@pytest.mark.parametrize("system", checks.SCHEMES)
def test_colours_are_chosen_by_a_button_and_kept(open_page: Callable[..., Page], system: str) -> None:
    page = open_page(color_scheme=system)
    page.goto("/admin/")
    grounds = {}
    for _ in range(3):
        theme = page.locator("html").get_attribute("data-theme")
        page.reload()
        assert page.locator("html").get_attribute("data-theme") == theme
        grounds[theme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Colours").click()
    assert set(grounds) == {"auto", "light", "dark"}
    assert grounds["light"] != grounds["dark"]
    assert grounds["auto"] == grounds[system]


@pytest.mark.parametrize("chosen", checks.SCHEMES)
def test_pages_outside_the_admin_have_the_colours_that_were_chosen(open_page: Callable[..., Page], chosen: str) -> None:
    page = open_page(color_scheme="dark" if chosen == "light" else "light")
    page.goto("/admin/")
    while page.locator("html").get_attribute("data-theme") != chosen:
        page.get_by_role("button", name="Colours").click()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for address in (
        "/admin/nowhere/",
        "/nowhere",
        "/admin/integrations/application/?client_secret__startswith=a",
        "/connect/nonsense/",
    ):
        page.goto(address)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground, address
