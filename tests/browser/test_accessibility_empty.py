"""The pages of a portal that nobody has used yet: they say what to do, and pass the same checks."""

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests import ports
from tests.browser import checks, running
from tests.browser.running import Portal

PAGES: Final = {
    "integrations": "/admin/",
    "customers": "/admin/integrations/customer/",
    "search": "/admin/search/",
    "portal": "/admin/portal/",
    "retention": "/admin/portal/retention/",
    "organization": "/admin/integrations/organization/",
    "groups": "/admin/auth/group/",
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal for the real Exact: nothing is made for it."""
    started = running.start(tmp_path_factory.mktemp("portal") / "var", ports.free_port(), sandbox="off")
    yield started
    assert running.stop(started.process, started.var) == []


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(open_page: Callable[..., Page], name: str) -> None:
    page = open_page(bypass_csp=True)
    page.goto(PAGES[name])
    assert checks.violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_and_the_keyboard_are_enough(page: Page, name: str) -> None:
    page.goto(PAGES[name])
    assert checks.sideways(page) == []
    assert checks.headings(page) == []
    assert checks.keyboard(page) == []


def test_each_region_says_how_to_begin(page: Page) -> None:
    page.goto("/admin/")
    for region, code in (("Netherlands", "nl"), ("United Kingdom", "uk")):
        card = page.get_by_role("region", name=region)
        expect(card).to_contain_text("No app yet")
        expect(card.get_by_role("link", name="Set up")).to_have_attribute(
            "href", f"/admin/integrations/application/set-up/?region={code}"
        )


@pytest.mark.parametrize(("user", "password"), [("admin", "wrong"), ("admin", "")])
def test_a_refused_sign_in_passes_too(open_page: Callable[..., Page], user: str, password: str) -> None:
    page = open_page(signed_out=True, bypass_csp=True)
    page.goto("/admin/")
    page.locator("form").evaluate("form => { form.noValidate = true; }")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert checks.violations(page) == []
    assert checks.sideways(page) == []
    assert checks.headings(page) == []
    assert checks.keyboard(page) == []
