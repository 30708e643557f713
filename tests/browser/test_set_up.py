"""Set up, walked as somebody new does who knows no more than the pages say: to a connected company, twice."""

import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import checks
from tests.browser.running import Portal

UK: Final = "Exact (United Kingdom)"
NL: Final = "Exact (Netherlands)"
STEPS: Final = re.compile(r"/set-up/(?P<step>[\w-]+)/")
Look = Callable[[Page], None]


def passes(page: Page) -> None:
    """Hold a page of the journey to every check, in light and dark, wide and on a phone."""
    assert checks.keyboard(page) == []
    assert checks.violations(page) == []
    assert checks.sideways(page) == []
    assert checks.headings(page) == []
    page.set_viewport_size(checks.WIDE)


def glance(page: Page) -> None:
    """Take the page as it is."""


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def begin(page: Page, region: str, *, existed: str = "No") -> None:
    """From the home page over the two questions to the first step."""
    page.goto("/")
    card(page, region).get_by_role("link", name=re.compile("^Set up")).first.click()
    page.get_by_role("radiogroup", name="Do you already have an app").get_by_label(existed, exact=True).check()
    page.get_by_role("button", name="Continue").click()


def at_step(page: Page, number: int, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    current = page.get_by_role("navigation", name="Steps of Set up").locator("[aria-current=step]")
    expect(current).to_contain_text(title)
    expect(page.get_by_role("main")).to_contain_text(f"Step {number} of ")


def carry(page: Page, what: str, exact: Page, field: str) -> None:
    """Copy by one click here, and paste there."""
    page.bring_to_front()
    page.get_by_role("button", name=f"Copy {what}").click()
    expect(page.get_by_role("button", name=f"Copied {what}")).to_be_visible()
    exact.bring_to_front()
    exact.get_by_label(field).focus()
    exact.keyboard.press("Control+V")


def fetch(exact: Page, key: Locator, page: Page, field: str) -> None:
    """A click on a key selects all of it; then it is copied, and pasted here."""
    exact.bring_to_front()
    key.click()
    exact.keyboard.press("Control+C")
    page.bring_to_front()
    page.get_by_label(field).focus()
    page.keyboard.press("Control+V")


def walk(page: Page, *, region: str, kind: str, name: str, look: Look) -> None:
    """Go all the way, reading; ``look`` at each page of the journey."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    card(page, region).get_by_role("link", name=re.compile("^Set up")).first.click()
    expect(page.get_by_label("Use our Exact account")).to_be_disabled()
    expect(page.get_by_role("main")).to_contain_text("Set SANDBOX=off.")
    look(page)
    page.get_by_role("radiogroup", name="Do you already have an app").get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Continue").click()

    at_step(page, 1, "Before you start")
    look(page)
    page.get_by_role("link", name="Continue").click()

    at_step(page, 2, "Kind and name")
    look(page)
    page.get_by_label(kind).check()
    page.get_by_label("App name").fill(name)
    page.get_by_role("button", name="Save and continue").click()

    at_step(page, 3, "Register at Exact")
    look(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=f"Register a {kind.lower()}").click()
    exact = opened.value
    expect(exact.get_by_role("heading", level=1)).to_have_text(f"Register a {kind.lower()}")
    carry(page, "App name", exact, "App name")
    carry(page, "Redirect URL", exact, "Redirect URL")
    exact.get_by_label("I accept the terms").check()
    exact.get_by_role("button", name="Register").click()
    page.bring_to_front()
    page.get_by_label("Exact subscription").fill("Meridian Bookings BV")
    page.get_by_label("Colleagues who can sign in").fill("Anna Smit\nBob de Wit")
    page.get_by_role("button", name="I entered exactly this").click()

    at_step(page, 4, "Keys")
    expect(page.get_by_role("status").first).to_contain_text("letter by letter")
    look(page)
    expect(exact.get_by_role("link", name="Develop your app")).to_have_attribute("aria-current", "page")
    exact.get_by_text("Show", exact=True).click()
    client_id, secret = exact.locator("code.take").all()
    fetch(exact, client_id, page, "Client ID")
    fetch(exact, secret, page, "Client secret")
    page.get_by_role("button", name="Save and continue").click()

    at_step(page, 5, "Test keys")
    expect(page.get_by_role("status").first).to_contain_text("The keys are stored.")
    look(page)
    page.get_by_role("button", name="Test the keys").click()
    expect(page.get_by_role("status").first).to_contain_text("Exact takes them")
    at_step(page, 5, "Test keys")
    look(page)
    page.get_by_role("link", name="Continue", exact=True).click()

    at_step(page, 6, "Enable now or later")
    look(page)
    page.get_by_role("button", name="Enable now").click()
    expect(page.get_by_role("status").first).to_contain_text(f"The app “{name}” is enabled")
    expect(page.get_by_role("main")).to_contain_text("Sign in there as a user of your own Exact subscription")
    look(page)

    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="the subscription that owns the apps").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("status").last).to_contain_text("Connected as Sam Staff")
    expect(card(page, "Companies it reaches").get_by_role("listitem")).to_have_count(2)


def test_from_set_up_to_a_connected_company(open_page: Callable[..., Page]) -> None:
    page = open_page(bypass_csp=True, viewport=checks.WIDE)  # axe sets styles that the policy forbids
    walk(page, region=UK, kind="Product app", name="Meridian Bookings UK", look=passes)


def test_a_second_app_of_another_country_and_kind(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport=checks.WIDE)
    seen: list[str] = []
    walk(page, region=NL, kind="Testing app", name="Meridian Tests", look=lambda page: seen.append(page.url))
    steps = [found["step"] for address in seen if (found := STEPS.search(address))]
    assert steps == [
        "before-you-start", "kind-and-name", "register", "keys", "test-keys", "test-keys", "enable", "enable",
    ]  # fmt: skip
    page.go_back()
    page.goto(next(address for address in seen if "test-keys" in address))
    expect(page.get_by_role("main")).to_contain_text(
        "Works for your own Exact subscription; proves nothing about customers."
    )


# --- Pages beside the way ---------------------------------------------------------------------------------------


def named(page: Page, name: str, *, existed: str = "No") -> str:
    """Set up an app as far as its name; return the address of its steps."""
    begin(page, UK, existed=existed)
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Product app").check()
    page.get_by_label("App name").fill(name)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("status").first).to_contain_text("is here now")
    return STEPS.sub("/set-up/", page.url)


def _region(page: Page) -> None:
    page.goto("/admin/integrations/application/set-up/")
    expect(page.get_by_role("heading", name="Which Exact?")).to_be_visible()


def _unanswered(page: Page) -> None:
    page.goto("/")
    card(page, UK).get_by_role("link", name=re.compile("^Set up")).first.click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Choose one of the two.")).to_be_visible()
    expect(page.get_by_label("No", exact=True)).to_be_focused()


def _unnamed(page: Page) -> None:
    begin(page, UK)
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Testing app").check()
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_label("App name")).to_be_focused()
    expect(page.get_by_label("App name")).to_have_accessible_description(re.compile("^As customers .*Give the app a"))


def _as_it_stood(page: Page) -> None:
    named(page, "Meridian Stood", existed="Yes")
    at_step(page, 3, "As it stood")
    page.get_by_label("Evidence").fill("javascript:alert(1)")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_label("Evidence")).to_be_focused()


def _differs(page: Page) -> None:
    named(page, "Meridian Differs")
    shown = page.get_by_label("Redirect URL", exact=True).input_value()
    page.get_by_label("The Redirect URL as it stands").fill(shown.replace("oauth", "0auth"))
    page.get_by_role("button", name="Compare what I pasted").click()
    expect(page.get_by_text(re.compile("Character .* is “0”, where “o” has to be"))).to_be_visible()


def _mangled(page: Page) -> None:
    page.goto(f"{named(page, 'Meridian Mangled')}keys/")
    page.get_by_label("Client ID").fill("nonsense")
    page.get_by_label("Client secret").fill("Bearer x")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_label("Client ID")).to_be_focused()
    expect(page.get_by_label("Client secret")).to_have_value("")


def _later(page: Page) -> None:
    page.goto(f"{named(page, 'Meridian Later')}test-keys/")
    expect(page.get_by_role("heading", name="This step comes later")).to_be_visible()


def _unmet(page: Page) -> None:
    page.goto(f"{named(page, 'Meridian Unmet')}enable/")
    expect(page.get_by_role("link", name=re.compile("^Mend it ?: The Client ID is missing"))).to_be_visible()


def _conflict(page: Page) -> None:
    steps = named(page, "Meridian Both")
    page.goto(f"{steps}kind-and-name/")
    other = page.context.new_page()
    other.goto(f"{steps}kind-and-name/")
    other.get_by_label("App name").fill("Meridian Theirs")
    other.get_by_role("button", name="Save and continue").click()
    page.get_by_label("App name").fill("Meridian Mine")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Meridian Theirs")
    expect(page.locator(".told-first")).to_be_focused()
    expect(page.get_by_label("App name")).to_have_value("Meridian Mine")


PAGES: Final[dict[str, Callable[[Page], None]]] = {
    "which region": _region,
    "questions without an answer": _unanswered,
    "no name": _unnamed,
    "as it stood, with an error": _as_it_stood,
    "another redirect URL at Exact": _differs,
    "keys that are none": _mangled,
    "a step that comes later": _later,
    "unmet conditions": _unmet,
    "conflict": _conflict,
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_beside_the_way_passes_every_check(open_page: Callable[..., Page], name: str) -> None:
    page = open_page(bypass_csp=True, viewport=checks.WIDE)
    PAGES[name](page)
    passes(page)


# --- By hand ----------------------------------------------------------------------------------------------------


def test_the_name_is_hinted_at_while_it_is_typed(page: Page) -> None:
    page.goto("/admin/integrations/organization/add/")
    page.get_by_label("Name").first.fill("Acme Travel BV")
    page.get_by_role("button", name="Save", exact=True).click()
    named(page, "Acme Hotels")
    begin(page, UK)
    page.get_by_role("link", name="Continue").click()
    ours = page.get_by_text("This name does not name Acme Travel BV.")
    twice = page.get_by_text("Another app of Exact (United Kingdom) has this name")
    expect(ours).to_be_hidden()
    page.get_by_label("App name").press_sequentially("Shop")
    expect(ours).to_be_visible()
    page.get_by_label("App name").fill("The travel shop")
    expect(ours).to_be_hidden()
    expect(twice).to_be_hidden()
    page.get_by_label("App name").fill("acme  hotels")
    expect(twice).to_be_visible()


def test_scopes_are_chosen_by_the_keyboard_alone(page: Page) -> None:
    named(page, "Meridian Keyboard", existed="Yes")
    page.get_by_role("radiogroup", name="Crm accounts").get_by_label("None").focus()
    for keys in (["ArrowRight", "ArrowRight"], ["ArrowRight"]):
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("link", name="As it stood").click()
    expect(page.get_by_role("radiogroup", name="Crm accounts").get_by_label("Manage")).to_be_checked()
    expect(page.get_by_role("radiogroup", name="Crm marketing").get_by_label("Read")).to_be_checked()
    expect(page.get_by_role("radiogroup", name="Crm quotes").get_by_label("None")).to_be_checked()


def test_it_is_left_and_resumed(page: Page, portal: Portal) -> None:
    steps = named(page, "Meridian Resumed")
    page.get_by_role("button", name="I entered exactly this").click()
    page.get_by_role("link", name="Later", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Integrations")
    page.goto(steps)
    at_step(page, 4, "Keys")


def test_without_script_everything_is_there(open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    named(page, "Meridian Plain")
    page.get_by_role("button", name="I entered exactly this").click()
    at_step(page, 4, "Keys")
