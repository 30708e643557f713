"""The practice Exact's App Center, walked by hand: both sides of review and permission.

Each takes the address of the app there, and leaves the page on the tab where the step was taken.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from playwright.sync_api import Page, expect

BOTH: Final = ("Dutch", "English")


def submit(page: Page, center: str, scopes: Mapping[str, str], *, languages: Sequence[str] = BOTH) -> None:
    """Fill in the form with everything it needs and these scopes ("Crm accounts": "Read"), and submit it."""
    page.goto(f"{center}review/form")
    for language in languages:
        purpose = page.get_by_role("group", name="Purpose", exact=True)
        purpose.get_by_label(f"Purpose ({language})").fill("Posts orders of the web shop into the accounts.")
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


def reject(page: Page, center: str, text: str) -> None:
    page.goto(f"{center}review")
    page.get_by_label("What is wrong").fill(text)
    page.get_by_role("button", name="Reject").click()
    _stands(page, "Rejected")


def request(page: Page, center: str) -> None:
    page.goto(f"{center}permission")
    page.get_by_role("button", name="Request permission").click()
    _stands(page, "In Review")


def grant(page: Page, center: str) -> None:
    page.goto(f"{center}permission")
    page.get_by_role("button", name="Grant").click()
    _stands(page, "Granted")


def _stands(page: Page, state: str) -> None:
    expect(page.locator(".tag")).to_have_text(state)
