"""The walk of the first five minutes: sign in, add an app with its keys, enable it, see it."""

import getpass
import re
import secrets
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.pages import fill_app, new_client_id, save, sign_in
from tests.browser.running import Portal

HOME = re.compile(r"/admin/integrations/application/$")
ACTIVITY = "/admin/integrations/auditevent/"


def new_secret() -> str:
    return f"Zq{secrets.token_hex(12)}"


def row(page: Page, name: str, *, region: str = "") -> Locator:
    """Return the app's row on the Integrations page, in the card of ``region`` where that matters."""
    scope = page.get_by_role("region", name=region) if region else page
    return scope.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))


def enabled_by_us(row: Locator) -> Locator:
    """Return the first lamp of the row."""
    return row.locator(".lamp").filter(has_text="Enabled by us").locator("dd")


def error_of(page: Page, label: str) -> Locator:
    """Return the errors that a screen reader reads with the field."""
    described_by = page.get_by_label(label).get_attribute("aria-describedby") or ""
    errors = [name for name in described_by.split() if name.endswith("_error")]
    assert errors, f"{label} names no errors: {described_by}"
    return page.locator(f"#{errors[0]}")


def test_from_sign_in_to_an_enabled_app(portal: Portal, open_page: Callable[..., Page]) -> None:
    page = open_page(signed_out=True)
    name, client_id, secret = "Meridian Bookings", new_client_id(), new_secret()

    sign_in(page, portal.box["User"], portal.box["Password"])
    expect(page).to_have_url(HOME)
    fill_app(page, region="nl", name=name, client_id=client_id, secret=secret)
    save(page)

    expect(page.get_by_role("status")).to_contain_text(f"The app “{name}” was saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Enable “{name}” now?")
    expect(page.get_by_role("link", name="Later", exact=True)).to_be_visible()
    page.get_by_role("button", name="Enable now").click()

    expect(page).to_have_url(HOME)
    expect(page.get_by_role("status")).to_contain_text(f"The app “{name}” is enabled")
    in_its_card = row(page, name, region="Exact (Netherlands)")
    expect(enabled_by_us(in_its_card)).to_contain_text("Enabled")
    expect(in_its_card.get_by_role("switch", name=f"Enabled: {name}")).to_be_checked()
    in_its_card.get_by_role("link", name="Manage").click()
    expect(page.get_by_role("main")).to_contain_text(f"by {portal.box['User']}")


def test_later_leaves_it_disabled(page: Page) -> None:
    fill_app(page, name="Meridian Later", client_id=new_client_id(), secret=new_secret())
    save(page)
    page.get_by_role("link", name="Later", exact=True).click()
    expect(page).to_have_url(HOME)
    expect(enabled_by_us(row(page, "Meridian Later"))).to_contain_text("Disabled")
    row(page, "Meridian Later").get_by_role("link", name="Enable").click()
    page.get_by_role("button", name="Enable").click()
    expect(enabled_by_us(row(page, "Meridian Later"))).to_contain_text("Enabled")


def test_without_keys_it_says_what_is_missing(page: Page) -> None:
    fill_app(page, region="uk", name="Meridian UK")
    save(page)
    expect(page.get_by_role("main")).to_contain_text("2 things keep it from being enabled.")
    page.get_by_role("link", name="Go to the Client ID").click()
    expect(page.get_by_label("Client ID")).to_be_visible()
    page.get_by_role("link", name="Integrations").last.click()
    expect(page).to_have_url(HOME)
    waiting = row(page, "Meridian UK", region="Exact (United Kingdom)")
    expect(waiting).to_contain_text("Continue at “Register at Exact”: 2 things keep it from being enabled.")
    waiting.get_by_role("link", name="Set up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Register at Exact")


def test_an_app_of_the_terminal_appears(portal: Portal, page: Page) -> None:
    options = ("--region", "nl", "--kind", "testing", "--name", "Meridian Terminal", "--client-id", new_client_id())
    answer = portal.add_app(*options, "--enable", secret=new_secret())

    page.goto("/admin/")
    expect(row(page, "Meridian Terminal").locator(".chips")).to_contain_text("Testing app")
    expect(enabled_by_us(row(page, "Meridian Terminal"))).to_contain_text("Enabled")
    row(page, "Meridian Terminal").get_by_role("link", name="Manage").click()
    expect(page.get_by_role("main")).to_contain_text(f"by {getpass.getuser()} (terminal)")
    expect(page.get_by_label("Redirect URL")).to_have_value(answer["redirect_url"])
    assert answer["id"] in page.url


def test_disabling_is_told(portal: Portal, page: Page) -> None:
    name = "Meridian Stopped"
    answer = portal.add_app(
        *("--region", "nl", "--kind", "product", "--name", name, "--client-id", new_client_id(), "--enable"),
        secret=new_secret(),
    )
    page.goto(f"/admin/integrations/application/{answer['id']}/disable/")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Disable “{name}”?")
    page.get_by_role("link", name="Cancel").click()
    expect(enabled_by_us(row(page, name))).to_contain_text("Enabled")

    row(page, name).get_by_role("switch").click()
    expect(enabled_by_us(row(page, name))).to_contain_text("Disabled")

    for address in (f"/admin/integrations/application/{answer['id']}/history/", ACTIVITY):
        page.goto(address)
        told = page.get_by_role("row").filter(has_text="disabled the app").first
        expect(told).to_contain_text(portal.box["User"])
        by_command = page.get_by_role("row").filter(has_text=f"{getpass.getuser()} (terminal)").first
        expect(by_command).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="disabled the app").first).to_contain_text(name)


def test_a_blank_secret_keeps_the_stored_one(page: Page) -> None:
    secret, another, name = new_secret(), new_secret(), "Meridian Kept"
    fill_app(page, name=name, client_id=new_client_id(), secret=secret)
    save(page)
    assert secret not in page.content()
    page.get_by_role("link", name="Later", exact=True).click()
    row(page, name).get_by_role("link", name="Manage").click()
    app_page = page.url
    page.get_by_label("Name").fill(f"{name} anew")
    save(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} anew")

    page.get_by_role("link", name="Keys", exact=True).click()
    keys_page, stored = page.url, page.locator(".secret .mono")
    fingerprint = stored.inner_text()
    expect(page.get_by_label("Client secret")).to_have_value("")
    save(page)
    page.goto(keys_page)
    expect(stored).to_have_text(fingerprint)

    page.get_by_label("Client secret").fill(another)
    save(page)
    page.goto(keys_page)
    expect(stored).not_to_have_text(fingerprint)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("row").filter(has_text="stored a Client secret")).to_have_count(2)

    app = app_page.removesuffix("change/")
    parts = ("keys", "connections", "history", "enable", "enable-now-or-later", "disable", "delete")
    for address in (app_page, *(f"{app}{part}/" for part in parts), "/admin/", ACTIVITY, "/admin/portal/"):
        answer = page.request.get(address)
        assert answer.ok, address
        assert secret not in answer.text(), address
        assert another not in answer.text(), address


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("Zq3k9 Xm2p", "Character 6 is a space."),
        ('"Zq3k9Xm2p"', "There are quotes around it"),
        ("Bearer Zq3k9Xm2p", "This starts with “Bearer”"),
        ("Zq3••••••••", "it is masked or a placeholder"),
        ("CLIENT_SECRET=Zq3k9Xm2p", "This looks like a line of a settings file"),
        ("Zq3k9\u200bXm2p", "invisible (zero width space)"),
    ],
)
def test_a_mangled_secret_is_refused_beside_its_field(page: Page, wrong: str, reason: str) -> None:
    client_id = new_client_id()
    fill_app(page, region="uk", name="Meridian Mangled", client_id=client_id, secret=wrong)
    page.get_by_label("Kind").select_option("testing")
    save(page)

    expect(error_of(page, "Client secret")).to_contain_text(reason)
    expect(page.get_by_label("Region")).to_have_value("uk")
    expect(page.get_by_label("Kind")).to_have_value("testing")
    expect(page.get_by_label("Name")).to_have_value("Meridian Mangled")
    expect(page.get_by_label("Client ID")).to_have_value(client_id)
    expect(page.get_by_label("Client secret")).to_have_value("")
    assert wrong not in page.content()
    assert "k9Xm2p" not in page.content()
    page.goto("/admin/")
    expect(row(page, "Meridian Mangled")).to_have_count(0)


def test_a_client_id_that_is_none_is_refused_beside_its_field(page: Page) -> None:
    fill_app(page, name="Meridian Wrong", client_id="1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a0OO", secret=new_secret())
    save(page)
    expect(error_of(page, "Client ID")).to_contain_text("a Client ID is a GUID")
    expect(page.get_by_label("Name")).to_have_value("Meridian Wrong")
    expect(page.get_by_label("Client ID")).to_have_value("1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a0OO")


def test_a_taken_client_id_is_refused(page: Page) -> None:
    client_id = new_client_id()
    fill_app(page, name="Meridian First", client_id=client_id)
    save(page)
    fill_app(page, name="Meridian Second", client_id=client_id.upper())
    save(page)
    expect(page.locator(".errorlist").first).to_contain_text("Another app of this region has this Client ID already.")
    expect(page.get_by_label("Name")).to_have_value("Meridian Second")


def test_blanks_around_a_secret_are_taken_off_and_that_is_said(page: Page) -> None:
    fill_app(page, name="Meridian Blanks", client_id=new_client_id(), secret=f"  {new_secret()} ")
    save(page)
    expect(page.get_by_role("status")).to_contain_text("The blanks around the Client secret were taken off.")
    expect(page.get_by_role("status")).to_contain_text("its fingerprint is")


def paste(context: BrowserContext, page: Page, label: str, text: str) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.get_by_label(label).focus()
    page.keyboard.press("Control+V")


@pytest.mark.parametrize("label", ["Client ID", "Client secret"])
def test_a_paste_with_a_line_break_is_stopped(page: Page, label: str) -> None:
    fill_app(page, name="Meridian Pasted")
    field = page.get_by_label(label)
    paste(page.context, page, label, "Zq3k9Xm2p\nredirect: none")
    expect(field).to_have_value("")
    assert "line break" in field.evaluate("field => field.validationMessage")

    paste(page.context, page, label, "Zq3k9Xm2p\n")
    assert field.input_value().strip() == "Zq3k9Xm2p"
    assert field.evaluate("field => field.validationMessage") == ""


def test_the_copy_button_copies(portal: Portal, page: Page) -> None:
    answer = portal.add_app("--region", "nl", "--kind", "product", "--name", "Meridian Copied")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/admin/integrations/application/{answer['id']}/change/")
    page.get_by_role("button", name="Copy Redirect URL").click()
    expect(page.get_by_role("button", name="Copied Redirect URL")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == answer["redirect_url"]


def test_without_a_clipboard_the_text_is_selected(portal: Portal, page: Page) -> None:
    answer = portal.add_app("--region", "nl", "--kind", "product", "--name", "Meridian Selected")
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(f"/admin/integrations/application/{answer['id']}/change/")
    page.get_by_role("button", name="Copy Redirect URL").click()
    expect(page.get_by_role("button", name="Press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == answer["redirect_url"]
