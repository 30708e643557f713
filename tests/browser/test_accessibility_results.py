"""What a customer sees after Exact, and staff when Exact refuses: the same checks as every other page."""

import json
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser import checks
from tests.browser.running import Portal

PRACTICE_APP: Final = (
    "from integrations.models import Application; print(Application.objects.get(name='Practice app').pk)"
)


def _connection(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Connect through Practice app").click()
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Alex Accountant").click()
    page.get_by_role("button", name="Allow").click()


def after_a_fault(fault: str, words: str, *, company: bool) -> Callable[[Page, Portal], None]:
    """Return a way to the page of a connection or a company whose last list of companies was spoilt."""

    def go(page: Page, portal: Portal) -> None:
        _connection(page)
        address = f"http://127.0.0.1:{portal.port + 101}/sandbox/faults"
        # More than one: the scheduler may be the first to meet it.
        assert page.request.post(address, data={"fault": fault, "target": "divisions", "count": 2}).ok
        page.get_by_role("button", name="Check now").click()
        assert page.request.post(f"{address}/clear").ok
        if company:
            found = page.get_by_role("region", name="Companies it reaches")
            found.get_by_role("link", name="Lighthouse Accountants").click()
        expect(page.get_by_role("main")).to_contain_text(words)

    return go


def _customers_link(page: Page, portal: Portal) -> str:
    """Make a link page for a customer at the terminal, open it, and go to Exact."""
    app = portal.manage("shell", "-v0", "-c", PRACTICE_APP).stdout.strip()
    made = portal.manage("link", "--app", app, "--customer", "Bakkerij Jansen BV")
    address: str = json.loads(made.stdout)["url"]
    page.goto(address)
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Fleur Florist").click()
    return address


def _connected(page: Page, portal: Portal) -> None:
    _customers_link(page, portal)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connected")


def _denied(page: Page, portal: Portal) -> None:
    _customers_link(page, portal)
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not connected")


def _used_link(page: Page, portal: Portal) -> None:
    address = _customers_link(page, portal)
    page.get_by_role("button", name="Allow").click()
    page.goto(address)
    expect(page.get_by_role("main")).to_contain_text("This link has been used")


STAFF: Final = {
    "connection whose check failed": after_a_fault("licence_403", "has ended", company=False),
    "company with headers that are not believed": after_a_fault("headers_text", "Not believed", company=True),
    "company that Exact refuses": after_a_fault("minute_429", "Exact refuses", company=True),
}
CUSTOMERS: Final = {"connected": _connected, "consent denied": _denied, "link that was used": _used_link}
PAGES: Final = STAFF | CUSTOMERS


@pytest.mark.parametrize("name", PAGES)
def test_a_page_passes_every_check(open_page: Callable[..., Page], portal: Portal, name: str) -> None:
    page = open_page(signed_out=name in CUSTOMERS, bypass_csp=True, viewport=checks.WIDE)
    PAGES[name](page, portal)
    assert checks.keyboard(page) == []
    assert checks.violations(page) == []
    assert checks.sideways(page) == []
    assert checks.headings(page) == []
