"""The grid of scopes in a browser: by the keyboard alone, narrowed by typing, looked at before it is saved."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import new_client_id
from tests.browser.running import Portal


@pytest.fixture
def grid(portal: Portal) -> str:
    """The address of the grid of an app of which nothing is selected."""
    keys = ("--client-id", new_client_id())
    answer = portal.add_app("--region", "nl", "--kind", "product", "--name", f"Meridian {new_client_id()[:8]}", *keys)
    return f"/admin/integrations/application/{answer['id']}/scopes/"


def level(page: Page, scope: str, value: str) -> Locator:
    return page.locator(f'input[name="level-{scope}"][value="{value}"]')


def test_arrows_choose_within_a_line_tab_leads_to_the_next_and_enter_saves(page: Page, grid: str) -> None:
    page.goto(grid)
    level(page, "crm.accounts", "none").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(level(page, "crm.accounts", "manage")).to_be_checked()
    page.keyboard.press("Tab")
    expect(level(page, "crm.marketing", "none")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(level(page, "crm.opportunities", "read")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("2 scopes were changed")
    expect(level(page, "crm.accounts", "manage")).to_be_checked()
    expect(level(page, "crm.opportunities", "read")).to_be_checked()


def test_typing_narrows_the_lines_and_what_was_chosen_before_is_saved_all_the_same(page: Page, grid: str) -> None:
    page.goto(grid)
    level(page, "hrm.payroll", "read").check()
    field = page.get_by_role("searchbox", name="Part of a name")
    field.press_sequentially("sales ord")
    expect(level(page, "sales.orders", "read")).to_be_visible()
    expect(level(page, "hrm.payroll", "read")).to_be_hidden()
    expect(level(page, "purchase.prices", "read")).to_be_hidden()
    level(page, "sales.orders", "manage").check()
    field.fill("nothing like it")
    expect(page.get_by_text("No scope has this in its name.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("2 scopes were changed")
    expect(level(page, "hrm.payroll", "read")).to_be_checked()


def test_the_sum_of_a_group_and_the_line_for_a_reason_follow_what_is_chosen(page: Page, grid: str) -> None:
    page.goto(grid)
    reason = page.get_by_label("Sales orders", exact=True).and_(page.locator("input[type=text]"))
    expect(reason).to_be_hidden()
    level(page, "sales.orders", "manage").check()
    expect(page.get_by_text("1 of 4: Manage 1")).to_be_visible()
    reason.fill("Orders are shown to the planner.")
    page.get_by_role("button", name="Save").click()
    expect(reason).to_have_value("Orders are shown to the planner.")


def test_what_it_would_change_is_looked_at_adopted_and_undone(page: Page, grid: str) -> None:
    page.goto(grid)
    level(page, "crm.accounts", "read").check()
    page.get_by_role("button", name="Show what it would change").click()
    expect(page.get_by_role("region", name="What it would change")).to_contain_text("would open for reading")
    expect(level(page, "crm.accounts", "read")).to_be_checked()
    page.get_by_role("link", name="Lists and history").click()
    page.get_by_role("button", name="Adopt this list").click()
    expect(level(page, "sales.orders", "manage")).to_be_checked()
    page.get_by_role("link", name="Lists and history").click()
    page.get_by_role("button", name="Undo the latest choice").click()
    expect(page.get_by_role("status")).to_contain_text("13 scopes were changed")
    expect(page.get_by_role("button", name="Adopt this list")).to_be_visible()


def test_it_works_without_scripts(open_page: Callable[..., Page], grid: str) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(grid)
    level(page, "crm.accounts", "read").check()
    page.get_by_role("button", name="Save").click()
    expect(level(page, "crm.accounts", "read")).to_be_checked()
    page.get_by_role("searchbox", name="Part of a name").fill("payroll")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(level(page, "hrm.payroll", "read")).to_be_visible()
    expect(level(page, "crm.accounts", "read")).to_be_hidden()
