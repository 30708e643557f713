"""The main job in a browser, against the portal's own processes: a new house, connect, the check comes, counted."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.running import Portal

HOME = re.compile(r"/admin/integrations/application/$")
CONNECTION = re.compile(r"/admin/integrations/connection/[0-9a-f-]+/change/$")
CHECKED_WITHIN = 60


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def connect(page: Page) -> None:
    page.goto("/")
    card(page, "Exact (Netherlands)").get_by_role("button", name="Connect").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Exact (Netherlands)")
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Alex Accountant").click()
    page.get_by_role("button", name="Allow").click()
    expect(page).to_have_url(CONNECTION)


def test_a_new_house_practises_and_one_app_works(page: Page, portal: Portal) -> None:
    page.goto("/")
    expect(page.locator(".banner-info")).to_contain_text("Practice")
    expect(card(page, "Exact (Netherlands)")).to_contain_text("Practice app")
    lamps = card(page, "Exact (Netherlands)").locator(".lamp dd")
    expect(lamps).to_contain_text(["Enabled", "Granted", "Nobody yet"])
    waiting = card(page, "Exact (United Kingdom)")
    expect(waiting).to_contain_text("Waiting to be set up")
    expect(waiting.get_by_role("link", name="/apps/")).to_be_visible()


def test_connect_then_the_scheduled_check_comes_and_every_call_is_counted(open_page: Callable[..., Page]) -> None:
    page = open_page()
    connect(page)
    expect(page.get_by_role("status").last).to_contain_text("Connected as Alex Accountant")
    companies = card(page, "Companies it reaches")
    expect(companies.get_by_role("listitem")).to_have_count(5)

    # Nobody asks: worker and scheduler do it.
    checks = card(page, "Checks")
    until = time.monotonic() + CHECKED_WITHIN
    while not checks.get_by_role("table").count() and time.monotonic() < until:
        page.wait_for_timeout(1_000)
        page.reload()
    expect(checks).to_contain_text("GET /api/v1/current/Me: 200")
    expect(checks).to_contain_text("system/Divisions: 200")
    expect(card(page, "Connection")).to_contain_text("Next check")

    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("status").last).to_contain_text("all is well")
    expect(checks.get_by_role("row")).to_have_count(3)

    links = [link.get_attribute("href") or "" for link in companies.get_by_role("link").all()]
    shown = []
    for link in links:
        page.goto(link)
        shown.append(page.locator("main").inner_text())
    (called,) = [text for text in shown if "of 5000" in text]
    assert "3 of 60" in called
    assert "3 of 5000" in called
    assert re.search(r"Starts again in .+, at \d\d:00 \(00:00 UTC\)", called)


def test_a_consent_that_is_denied_says_what_happened(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/")
    card(page, "Exact (Netherlands)").get_by_role("button", name="Connect").first.click()
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Fleur Florist").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not connected")
    expect(page.get_by_role("link", name="Start again")).to_be_visible()
