"""The practice Exact's App Center, walked by hand: both sides of review and permission.

Each takes the address of the app there, and leaves the page on the tab where the step was taken.
"""

import re
from collections.abc import Mapping
from typing import Final

from playwright.sync_api import Page, expect

PURPOSE: Final = {
    "Dutch": "Boekt bestellingen van de webwinkel in de administratie.",
    "English": "Posts orders of the web shop into the accounts.",
}


def submit(page: Page, center: str, scopes: Mapping[str, str], *, purpose: Mapping[str, str] = PURPOSE) -> None:
    """Fill in the form with everything it needs and these scopes ("Crm accounts": "Read"), and submit it."""
    page.goto(f"{center}review/form")
    for language, text in purpose.items():
        page.get_by_role("group", name="Purpose", exact=True).get_by_label(f"Purpose ({language})").fill(text)
    for scope, level in scopes.items():
        page.get_by_role("radiogroup", name=scope, exact=True).get_by_label(level).check()
    for number in range(1, 10):
        answer = "No" if number == 9 else "Yes"
        page.get_by_role("group", name=re.compile(f"^{number}[.] ")).get_by_label(answer, exact=True).check()
    for field, text in {"First name": "Anna", "Last name": "Smit", "Phone": "020", "E-mail": "a@example.com"}.items():
        page.get_by_label(field).fill(text)
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Submit").click()
    _stands(page, "In review")


def approve(page: Page, center: str) -> None:
    page.goto(f"{center}review")
    page.get_by_role("button", name="Approve").click()
    _stands(page, "Approved")


def request(page: Page, center: str) -> None:
    page.goto(f"{center}permission")
    page.get_by_role("button", name="Request permission").click()
    _stands(page, "In Review")


def grant(page: Page, center: str) -> None:
    page.goto(f"{center}permission")
    page.get_by_role("button", name="Grant").click()
    _stands(page, "Granted")


def take_back(page: Page, center: str) -> None:
    page.goto(f"{center}permission")
    page.get_by_role("button", name="Take back").click()
    _stands(page, "Taken back")


def _stands(page: Page, state: str) -> None:
    expect(page.locator(".tag")).to_have_text(state)
