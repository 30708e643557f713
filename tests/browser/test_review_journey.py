"""From an app without anything to its first customer: scopes, review, permission, on both sides, in a browser.

What happens at the practice Exact is done there, in a tab of its own, and recorded in the portal afterwards.
"""

import re
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.browser import app_center, checks
from tests.browser.running import Portal
from tests.browser.test_customers import add, consent
from tests.browser.test_set_up import NL, card, glance, passes, walk

APP: Final = "Meridian Reviewed"
CUSTOMER: Final = "Fleur's Flowers BV"
EXACT: Final = 101
"""How far the practice Exact's port is above the portal's."""
ANSWERS: Final = 9
"""Questions that are answered: the ninth with No, so that the last three are not asked."""


def tab(page: Page, name: str) -> None:
    """Open a tab of the app."""
    page.goto("/")
    card(page, NL).get_by_role("link", name=APP, exact=True).click()
    page.get_by_role("navigation", name="Pages of this app").get_by_role("link", name=name, exact=True).click()


def done(page: Page, text: str) -> None:
    expect(page.get_by_role("status").first).to_contain_text(text)


def adopt(page: Page) -> None:
    """Adopt the recommended list, and say what each scope is for."""
    tab(page, "Scopes")
    page.get_by_role("navigation", name="Pages of the scopes").get_by_role("link", name="Lists and history").click()
    page.get_by_role("combobox", name="Recommended list").select_option("article")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_role("button", name="Adopt this list").click()
    done(page, "Saved: 12 scopes were changed.")
    tab(page, "Scopes")
    reasons = page.locator(".scope-reasons").get_by_role("textbox")
    expect(reasons).to_have_count(12)
    for reason in reasons.all():
        reason.fill("Orders of the web shop become entries")
    page.get_by_role("button", name="Save", exact=True).click()
    done(page, "Saved: the reasons were changed.")
    passes(page)


def fill_in(page: Page) -> None:
    """Begin the review, fill in its form, and let nothing stay that keeps it from being submitted."""
    tab(page, "Review")
    page.get_by_role("button", name="Begin the first round").click()
    done(page, "Round 1 has begun.")
    tab(page, "Review")
    findings = card(page, "What to look at before it is submitted")
    expect(findings).to_contain_text("is not answered")
    expect(submitted(page)).to_have_count(0)
    page.get_by_role("link", name="Fill in the form").click()
    for language, text in app_center.PURPOSE.items():
        card(page, "Purpose").get_by_label(f"Purpose, in {language}", exact=True).fill(text)
    for number in range(1, ANSWERS + 1):
        question = page.get_by_role("group", name=re.compile(f"^{number}[. ]"))
        question.get_by_label("No" if number == ANSWERS else "Yes", exact=True).check()
        question.get_by_label("Explanation", exact=True).fill("We do so, and it is written down in our handbook.")
    contact = card(page, "Contact")
    details = {"First name": "Anna", "Last name": "Smit", "Phone": "+31 20 123 45 67", "E-mail": "anna@example.com"}
    for label, text in details.items():
        contact.get_by_label(label).fill(text)
    page.get_by_label("We have read Exact's terms").check()
    passes(page)
    page.get_by_role("button", name="Save the draft").last.click()
    done(page, "The draft is saved.")
    tab(page, "Review")
    expect(submitted(page)).to_be_visible()


def submitted(page: Page) -> Locator:
    return page.get_by_role("link", name="It is submitted")


def copied(page: Page) -> tuple[dict[str, str], dict[str, str]]:
    """Return what the copy page says: the purposes by language, and the levels by scope."""
    tab(page, "Review")
    page.get_by_role("link", name="Copy to Exact").click()
    expect(card(page, "Scopes").locator("tbody tr")).to_have_count(12)
    passes(page)
    purpose = {
        language: page.get_by_role("textbox", name=re.compile(f"^Purpose.*{language}")).input_value()
        for language in app_center.PURPOSE
    }
    rows = card(page, "Scopes").locator("tbody tr").all()
    cells = [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]
    return purpose, {f"{group} {name}": choose.split()[0] for group, name, choose, *_ in cells}


def record(page: Page, label: str) -> None:
    """Record a step of the review."""
    tab(page, "Review")
    page.get_by_role("link", name=label).click()
    page.get_by_role("button", name="Record it").click()
    done(page, "It is recorded that")


def record_permission(page: Page, label: str, became: str, *, note: str = "") -> None:
    tab(page, "Permission")
    step = page.locator("details").filter(has_text=label).first
    step.locator("summary").click()
    if note:
        step.get_by_label("What Exact wrote").fill(note)
    step.get_by_role("button", name="Record").click()
    done(page, became)


def to_link(page: Page, customer: str) -> None:
    """Open what makes a link page for a customer."""
    page.goto(customer)
    page.get_by_role("link", name="Make a link page").click()


def apps(page: Page) -> Locator:
    """Return the choice of the apps through which the customer can connect."""
    return page.get_by_role("combobox", name=re.compile("^App"))


def refused_with(page: Page, customer: str, stage: str) -> None:
    """Expect the portal to make no link for the customer through this app, and to say why."""
    to_link(page, customer)
    waiting = card(page, "Waiting for permission")
    expect(waiting).to_contain_text(APP)
    expect(waiting).to_contain_text(stage)
    expect(apps(page)).to_contain_text("Practice app")
    expect(apps(page)).not_to_contain_text(APP)


def tried(page: Page, customer: str) -> str:
    """Let the customer try once although no permission is recorded; return the link."""
    to_link(page, customer)
    page.get_by_text(f"Let {CUSTOMER} try once all the same").click()
    page.get_by_label("Why").fill("To see what Exact says")
    page.get_by_role("button", name="Make the link page for one try").click()
    return page.get_by_label("Link page").input_value()


def linked(page: Page, customer: str) -> str:
    """Make a link page for the customer as usual, through this app."""
    to_link(page, customer)
    apps(page).select_option(apps(page).locator("option", has_text=APP).get_attribute("value"))
    page.get_by_role("button", name="Make the link page", exact=True).click()
    return page.get_by_label("Link page").input_value()


def refused_at_exact(customer: Page, link: str) -> None:
    """Expect Exact itself to keep the customer out, on a page of its own."""
    customer.goto(link)
    customer.get_by_role("button", name="Continue to Exact").click()
    customer.get_by_role("button", name="Fleur Florist").click()
    expect(customer.get_by_role("heading", level=1)).to_have_text("This app cannot be linked yet")
    expect(customer.get_by_role("main")).to_contain_text("has no permission yet")
    expect(customer.get_by_role("button", name="Allow")).to_have_count(0)
    assert "/consent/" in customer.url


def app_at(exact: Page, portal: Portal) -> str:
    """Return the app's address in the App Center."""
    exact.goto(f"http://127.0.0.1:{portal.port + EXACT}/apps/")
    exact.get_by_role("link", name=APP).click()
    expect(exact.get_by_role("heading", level=1)).to_have_text(APP)
    return exact.url


def test_from_a_registered_app_to_its_first_customer(open_page: Callable[..., Page], portal: Portal) -> None:
    staff = open_page(bypass_csp=True, viewport=checks.WIDE)  # axe sets styles that the policy forbids
    walk(staff, region=NL, kind="Product app", name=APP, look=glance)
    exact, outsider = open_page(viewport=checks.WIDE), open_page(signed_out=True)
    center = app_at(exact, portal)
    adopt(staff)
    fill_in(staff)

    customer = add(staff, CUSTOMER, "D-7101")
    refused_with(staff, customer, "has not been requested yet")
    refused_at_exact(outsider, tried(staff, customer))

    purpose, scopes = copied(staff)
    assert purpose == app_center.PURPOSE
    assert len(scopes) == 12
    app_center.submit(exact, center, scopes, purpose=purpose)
    record(staff, "It is submitted")
    app_center.approve(exact, center)
    record(staff, "Exact approved it")
    refused_with(staff, customer, "has not been requested yet")

    app_center.request(exact, center)
    record_permission(staff, "Permission is requested", "is with Exact")
    refused_with(staff, customer, "is with Exact")
    app_center.grant(exact, center)
    record_permission(staff, "Exact granted it", "Exact granted permission")
    passes(staff)

    consent(outsider, linked(staff, customer), "Fleur Florist")
    staff.goto(customer)
    expect(staff.locator(".subtitle")).to_contain_text(re.compile("its company (is well|can be reached)"))

    waiting = linked(staff, customer)
    app_center.take_back(exact, center)
    record_permission(staff, "Exact took it back", "Exact took the permission back", note="Renew your statement.")
    outsider.goto(waiting)
    expect(outsider.get_by_role("main")).to_contain_text("Exact does not permit it at the moment.")
    expect(outsider.get_by_role("button", name="Continue to Exact")).to_have_count(0)
