"""Every page of a portal in use: no violation of WCAG 2.2 AA, usable on a phone and by keyboard."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import checks
from tests.browser.pages import fill_app, new_client_id, save, sign_in
from tests.browser.running import Portal

APPS: Final = "/admin/integrations/application/"
CUSTOMERS: Final = "/admin/integrations/customer/"
STAFF: Final = "/admin/integrations/user/"
GROUPS: Final = "/admin/auth/group/"
PASSWORD: Final = "correct horse battery 9"
LONG: Final = "Meridian Bookings for the whole of the Netherlands and whoever else writes such long names in there"
WHOLE: Final = "M" * 100
IDLE: Final = """
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from integrations.models import User
from integrations.services import sessions
for row in Session.objects.all():
    session = sessions.SessionStore(row.session_key)
    if session.get(SESSION_KEY) == str(User.objects.get(username="colleague").pk):
        session[sessions.SEEN] -= 3600
        session.save()
"""


@dataclass(frozen=True)
class World:
    """What the portal holds while its pages are looked at."""

    portal: Portal
    enabled: str
    ready: str
    without_keys: str
    long: str
    colleague: str
    group: str
    role: str
    officer: str
    customer: str
    connected: str


@pytest.fixture(scope="module")
def world(portal: Portal, chromium: Browser) -> World:
    def app(region: str, name: str, *more: str, secret: str = "") -> str:
        answer = portal.add_app("--region", region, "--kind", "product", "--name", name, *more, secret=secret)
        return f"{APPS}{answer['id']}/"

    def keys() -> tuple[str, str]:
        return ("--client-id", new_client_id())

    enabled = app("nl", "Meridian Bookings", *keys(), "--enable", secret="Zq1b0a6d1e9c0f4f55")
    ready = app("nl", LONG, *keys(), secret="Zq1b0a6d1e9c0f4f56")
    long = app("nl", WHOLE)
    without_keys = app("uk", "Meridian Bookings UK")
    context = chromium.new_context(base_url=portal.address)
    page = context.new_page()
    sign_in(page, portal.box["User"], portal.box["Password"])
    page.goto("/admin/integrations/organization/add/")
    page.get_by_label("Name").fill("Meridian Bookings BV")
    page.get_by_label("Support e-mail").fill("support@meridian.example")
    save(page)
    page.goto(f"{GROUPS}add/")
    page.get_by_label("Name").fill("Field team")
    save(page)
    page.get_by_role("status").get_by_role("link", name="Field team").click()
    group = page.url.removeprefix(portal.address).removesuffix("change/")
    colleague = _hire(page, portal, "colleague")
    officer = _hire(page, portal, "officer", "Security officer")
    _hire(page, portal, "viewer", "Viewer")
    page.goto(GROUPS)
    page.get_by_role("link", name="Support").click()
    role = page.url.removeprefix(portal.address).removesuffix("change/")
    customer, connected = (_add_customer(page, portal, name) for name in (LONG, "Meridian Harbour BV"))
    context.close()
    return World(portal, enabled, ready, without_keys, long, colleague, group, role, officer, customer, connected)


def _hire(page: Page, portal: Portal, name: str, role: str = "") -> str:
    """Add a member of staff by the pages, give a role, and return where the account's pages are."""
    page.goto(f"{STAFF}add/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password:", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    save(page)
    address = page.url.removeprefix(portal.address).removesuffix("change/")
    expect(page.get_by_label("May sign in")).to_be_checked()
    if role:
        page.get_by_role("checkbox", name=role).check()
        save(page)
        expect(page.get_by_role("status")).to_be_visible()
    return address


def _add_customer(page: Page, portal: Portal, name: str) -> str:
    page.goto(f"{CUSTOMERS}add/")
    page.get_by_label("Name", exact=True).or_(page.get_by_label("Name:", exact=True)).fill(name)
    page.get_by_label("Note").fill("W" * 300)
    save(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url.removeprefix(portal.address)


def _with_errors(page: Page, world: World) -> None:
    fill_app(page, region="uk", name="Meridian", client_id="nope", secret="Zq3k9 Xm2p")
    page.get_by_label("Name").fill(" ")
    save(page)
    expect(page.locator(".errorlist").first).to_be_visible()


def _after_saving(page: Page, world: World) -> None:
    page.goto(f"{world.ready}keys/")
    save(page)
    expect(page.get_by_role("status")).to_be_visible()


def _app_with_errors(page: Page, world: World) -> None:
    page.goto(f"{world.enabled}change/")
    page.get_by_label("Name").fill("")
    save(page)
    expect(page.locator(".field-error")).to_have_count(1)


def _conflict(page: Page, world: World) -> None:
    """Change the same app in two tabs."""
    page.goto(f"{world.enabled}change/")
    other = page.context.new_page()
    other.goto(f"{world.enabled}change/")
    subscription = "Meridian Group B.V." if not other.get_by_label("Exact subscription").input_value() else ""
    other.get_by_label("Exact subscription").fill(subscription)
    save(other)
    expect(other.get_by_role("status")).to_be_visible()
    other.close()
    page.get_by_label("Colleagues").fill("Anna Smit\nBob Jansen")
    save(page)
    expect(page.get_by_role("alert", name="Somebody changed it meanwhile")).to_be_visible()


def _keys_with_errors(page: Page, world: World) -> None:
    page.goto(f"{world.ready}keys/")
    page.get_by_label("Client secret").fill("two words")
    save(page)
    expect(page.locator(".field-error")).to_be_visible()


def _keys_tested(page: Page, world: World) -> None:
    """Ask the practice Exact about the app that it knows; three times an hour it may be asked."""
    page.goto("/admin/")
    page.get_by_role("link", name="Practice app", exact=True).click()
    page.get_by_role("link", name="Keys", exact=True).click()
    if page.get_by_role("button", name="Test the keys").count():
        page.get_by_role("button", name="Test the keys").click()
    expect(page.get_by_text("Does Exact (Netherlands) accept the Client secret?")).to_be_visible()


def _scopes(page: Page, world: World) -> None:
    """Adopt a list, of which nothing is approved, and say what something is for."""
    page.goto(f"{world.enabled}scopes/lists/")
    if page.get_by_role("button", name="Adopt this list").count():
        page.get_by_role("button", name="Adopt this list").click()
    page.goto(f"{world.enabled}scopes/")
    expect(page.get_by_role("region", name="Easily overlooked")).to_be_visible()


def _scopes_previewed(page: Page, world: World) -> None:
    page.goto(f"{world.ready}scopes/")
    page.locator('input[name="level-crm.accounts"][value="manage"]').check()
    page.get_by_role("button", name="Show what it would change").click()
    expect(page.get_by_role("region", name="What it would change")).to_be_visible()


def _scopes_listed(page: Page, world: World) -> None:
    _scopes(page, world)
    page.goto(f"{world.enabled}scopes/lists/?edition=article")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()


def _connections(page: Page, world: World) -> None:
    _connection(page, world)
    page.goto("/admin/")
    page.get_by_role("link", name="Practice app", exact=True).click()
    page.get_by_role("link", name="Connections", exact=True).click()
    expect(page.get_by_role("region", name="Connections")).to_contain_text("Alex Accountant")


def _permission_with_errors(page: Page, world: World) -> None:
    page.goto(f"{world.enabled}permission/?step=record_granted")
    page.locator("#step-record_granted").get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was recorded.")


def _try(page: Page, world: World) -> None:
    page.goto(f"{world.customer}link/")
    waiting = page.get_by_role("region", name="Waiting for permission").get_by_role("listitem")
    waiting.filter(has_text="Meridian Bookings").locator("summary").click()


def _try_refused(page: Page, world: World) -> None:
    _try(page, world)
    page.get_by_role("button", name="Make the link page for one try").first.click()
    expect(page.locator(".field-error")).to_be_visible()


def _password_with_errors(page: Page, world: World) -> None:
    page.goto("/admin/password_change/")
    page.get_by_label("Old password").fill("wrong")
    page.get_by_label("New password:").fill("short")
    page.get_by_label("New password confirmation").fill("another")
    page.get_by_role("button", name="Change my password").click()
    expect(page.locator(".errorlist").first).to_be_visible()


def _forgotten(page: Page, world: World) -> None:
    page.goto(f"{world.enabled}disable/")
    page.context.clear_cookies(name="portal_csrf")
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This form is no longer valid")


def _failed(page: Page, world: World) -> None:
    with world.portal.without_table("integrations_auditevent"):
        answer = page.goto("/admin/integrations/auditevent/")
    assert answer is not None
    assert answer.status == 500


def _logged_out(page: Page, world: World) -> None:
    sign_in(page, world.portal.box["User"], world.portal.box["Password"])
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)


def _as_colleague(page: Page, world: World) -> None:
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("colleague")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You may not do this")


def _as(name: str, address: str, status: int = 200) -> Callable[[Page, World], None]:
    """Return a way to a page as this member of staff sees it."""

    def go(page: Page, world: World) -> None:
        sign_in(page, name, PASSWORD)
        at(address, status)(page, world)

    return go


def _rights_unfolded(page: Page, world: World) -> None:
    page.goto(f"{world.colleague}change/")
    page.get_by_text("Beyond the roles").click()
    expect(page.get_by_role("checkbox", name="See apps")).to_be_visible()


def at(address: str, status: int = 200) -> Callable[[Page, World], None]:
    """Return a way to the page at ``address``, in which a word in braces is a field of the world."""

    def go(page: Page, world: World) -> None:
        answer = page.goto(address.format_map(vars(world)))
        assert answer is not None
        assert answer.status == status

    return go


def _throttled(page: Page, world: World) -> None:
    page.goto("/admin/login/")
    for _ in range(6):
        page.get_by_label("Username").fill("stranger")
        page.get_by_label("Password").fill("guess")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Try again in")


def _confirm(page: Page, world: World) -> None:
    sign_in(page, "colleague", PASSWORD)
    done = world.portal.manage("shell", "--command", IDLE)
    assert done.returncode == 0, done.stderr
    page.goto("/admin/confirm/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it is you")


def _confirm_refused(page: Page, world: World) -> None:
    _confirm(page, world)
    page.get_by_label("Your password").fill("guess")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_have_text("The password is not right.")


def _link_page(page: Page, world: World) -> None:
    page.goto("/")
    page.get_by_role("button", name="Connect through Practice app").click()


def _connection(page: Page, world: World) -> None:
    _link_page(page, world)
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Alex Accountant").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Check now").click()


def _replace(page: Page, world: World) -> None:
    _connection(page, world)
    page.get_by_role("link", name="Replace the user").click()


def _end(page: Page, world: World) -> None:
    _connection(page, world)
    page.get_by_role("link", name="Disconnect", exact=True).click()


def _company(page: Page, world: World) -> None:
    _connection(page, world)
    page.get_by_role("region", name="Companies it reaches").get_by_role("link").first.click()


def _whose_company(page: Page, world: World) -> None:
    _company(page, world)
    page.get_by_label("Customer", exact=True).fill("meridian")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_role("radio")).to_have_count(2)


def _link_made(page: Page, world: World) -> None:
    page.goto(f"{world.customer}link/")
    page.get_by_label("App", exact=True).select_option(label="Practice app, Exact (Netherlands)")
    page.get_by_role("button", name="Make the link page").click()


def _not_erased(page: Page, world: World) -> None:
    page.goto(f"{world.customer}erase/")
    page.get_by_label("The customer's name").fill("somebody else")
    page.get_by_role("button", name="Erase").click()
    expect(page.locator(".field-error")).to_be_visible()


def _connected(page: Page, world: World) -> None:
    page.goto(f"{world.connected}link/")
    if page.get_by_role("button", name="Disconnect").count():
        return
    page.get_by_label("App", exact=True).select_option(label="Practice app, Exact (Netherlands)")
    page.get_by_role("button", name="Make the link page").click()
    page.goto(page.get_by_label("Link page").input_value())
    page.get_by_role("button", name="Continue to Exact").click()
    page.get_by_role("button", name="Hanna Harbour").click()
    page.get_by_role("button", name="Allow").click()
    page.goto(world.connected)
    expect(page.get_by_role("region", name="Who consented")).to_contain_text("Hanna Harbour")


def _disconnect(page: Page, world: World) -> None:
    _connected(page, world)
    page.goto(f"{world.connected}disconnect/")
    expect(page.get_by_role("button", name="Disconnect")).to_be_visible()


def found(typed: str) -> Callable[[Page, World], None]:
    """Return a way to what the search box finds for this."""

    def go(page: Page, world: World) -> None:
        page.goto("/admin/")
        page.get_by_label("Search customers").fill(typed)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Search")

    return go


def _claim(page: Page, world: World) -> None:
    with world.portal.standing_by():
        page.goto("/admin/portal/claim-installation/")
        page.get_by_label("The other portal is stopped").fill("no")
        page.get_by_role("button", name="Claim the tokens").click()
        expect(page.locator(".field-error")).to_contain_text("Stop the other portal first")


def _standing_by(page: Page, world: World) -> None:
    with world.portal.standing_by():
        page.goto("/admin/portal/")
        expect(page.get_by_role("alert").first).to_contain_text("This portal stands by")


PAGES: Final[dict[str, Callable[[Page, World], None]]] = {
    "integrations": at(APPS),
    "app to add": at(f"{APPS}add/?region=uk"),
    "app to add, refused": _with_errors,
    "app": at("{enabled}change/"),
    "app without keys": at("{without_keys}change/"),
    "app with a long name": at("{long}change/"),
    "app, refused": _app_with_errors,
    "app, in two tabs": _conflict,
    "app's keys": at("{enabled}keys/"),
    "app's keys, none yet": at("{without_keys}keys/"),
    "app's keys, refused": _keys_with_errors,
    "app's keys, tested": _keys_tested,
    "app's permission": at("{enabled}permission/"),
    "app's permission, to record": at("{enabled}permission/?step=record_granted"),
    "app's permission, refused": _permission_with_errors,
    "app's scopes": _scopes,
    "app's scopes, none chosen": at("{without_keys}scopes/"),
    "app's scopes, narrowed to one": at("{ready}scopes/?filter=documents&scope=organization.documents"),
    "app's scopes, none of that name": at("{ready}scopes/?filter=nothing"),
    "app's scopes, what would change": _scopes_previewed,
    "app's scopes, what works": at("{enabled}scopes/works/?endpoint=Sales"),
    "app's scopes, lists and history": _scopes_listed,
    "app's connections": _connections,
    "app's connections, none yet": at("{ready}connections/"),
    "app's connections, none in this state": at("{enabled}connections/?state=reconnect"),
    "history": at("{ready}history/"),
    "enable": at("{ready}enable/"),
    "enable, impossible": at("{without_keys}enable/"),
    "enable now or later": _after_saving,
    "enable now or later, impossible": at("{without_keys}enable-now-or-later/"),
    "disable": at("{enabled}disable/"),
    "disable, impossible": at("{long}disable/"),
    "delete": at("{ready}delete/"),
    "activity": at("/admin/integrations/auditevent/"),
    "activity, filtered": at("/admin/integrations/auditevent/?what=application.added&person=portal&from=2026-01-01"),
    "activity, nothing fits": at("/admin/integrations/auditevent/?to=2001-01-01"),
    "activity, refused": at("/admin/integrations/auditevent/?from=tomorrow&about=application", 400),
    "retention": at("/admin/portal/retention/"),
    "connection": _connection,
    "connection to replace": _replace,
    "connection to disconnect": _end,
    "last days": at("/admin/integrations/connection/last-days/"),
    "company": _company,
    "customers": at(CUSTOMERS),
    "customers, nobody found": at(f"{CUSTOMERS}?q=nobody"),
    "customer to add": at(f"{CUSTOMERS}add/"),
    "customer": at("{customer}"),
    "customer, connected": _connected,
    "customer's form": at("{customer}change/"),
    "customer's history": at("{customer}history/"),
    "customer to erase": _not_erased,
    "customer to disconnect": _disconnect,
    "customer to disconnect, impossible": at("{customer}disconnect/"),
    "link page to make": at("{customer}link/"),
    "connection to import": at("{customer}import/"),
    "link page to try": _try,
    "link page to try, refused": _try_refused,
    "link page made": _link_made,
    "whose company it is": _whose_company,
    "search": at("/admin/search/"),
    "search, found": found("meridian"),
    "search, nothing found": found("zzz"),
    "link page": _link_page,
    "link that leads nowhere": at("/connect/nonsense/", 404),
    "nothing was connected": at("/connect/result/", 400),
    "practice data to remove": at("/admin/portal/remove-practice/"),
    "portal": at("/admin/portal/"),
    "keys": at("/admin/portal/keys/"),
    "real account": at("/admin/real-account/"),
    "portal that stands by": _standing_by,
    "tokens to claim": _claim,
    "tokens that are ours": at("/admin/portal/claim-installation/"),
    "components": at("/admin/portal/components/"),
    "organization": at("/admin/integrations/organization/1/change/"),
    "organization's history": at("/admin/integrations/organization/1/history/"),
    "staff": at(STAFF),
    "staff, nobody found": at(f"{STAFF}?q=nobody"),
    "staff to add": at(f"{STAFF}add/"),
    "staff member": at("{colleague}change/"),
    "staff member, single rights": _rights_unfolded,
    "staff member's password": at("{colleague}password/"),
    "staff member's history": at("{colleague}history/"),
    "groups": at(GROUPS),
    "group to add": at(f"{GROUPS}add/"),
    "group": at("{group}change/"),
    "role": at("{role}change/"),
    "group to delete": at("{group}delete/"),
    "own password": at("/admin/password_change/"),
    "own password, refused": _password_with_errors,
    "own password changed": at("/admin/password_change/done/"),
    "form of yesterday": _forgotten,
    "400": at(f"{APPS}?client_secret__startswith=a", 400),
    "404": at("/admin/nowhere/", 404),
    "405": at("/admin/portal/retention/run/", 405),
    "500": _failed,
}
SIGNED_OUT: Final[dict[str, Callable[[Page, World], None]]] = {
    "sign in": at("/admin/login/"),
    "signed out": _logged_out,
    "sign in, too often": _throttled,
    "confirm it is you": _confirm,
    "confirm it is you, refused": _confirm_refused,
    "403": _as_colleague,
    "403 of a viewer": _as("viewer", f"{APPS}add/", 403),
    "integrations of a viewer": _as("viewer", APPS),
    "app of a viewer": _as("viewer", "{enabled}change/"),
    "app's keys of a viewer": _as("viewer", "{enabled}keys/"),
    "staff of an officer": _as("officer", STAFF),
    "staff member of an officer": _as("officer", "{colleague}change/"),
    "own account of an officer": _as("officer", "{officer}change/"),
    "404 of a stranger": at("/nowhere", 404),
}
EVERY: Final = PAGES | SIGNED_OUT


@pytest.fixture
def shown(request: pytest.FixtureRequest, world: World, open_page: Callable[..., Page]) -> Page:
    """The page of this name, as somebody arrives at it."""
    page = open_page(signed_out=request.param in SIGNED_OUT, viewport=checks.WIDE)
    EVERY[request.param](page, world)
    return page


@pytest.mark.parametrize("name", EVERY)
def test_axe_finds_nothing(world: World, open_page: Callable[..., Page], name: str) -> None:
    page = open_page(signed_out=name in SIGNED_OUT, bypass_csp=True)  # axe sets styles that the policy forbids
    EVERY[name](page, world)
    assert checks.violations(page) == []


@pytest.mark.parametrize("shown", EVERY, indirect=True)
def test_it_fits_a_phone_has_an_outline_and_the_keyboard_reaches_everything(shown: Page) -> None:
    assert checks.keyboard(shown) == []
    assert checks.sideways(shown) == []
    assert checks.headings(shown) == []


@pytest.mark.parametrize("shown", ["integrations", "app", "activity"], indirect=True)
def test_the_first_stop_skips_to_the_content(shown: Page) -> None:
    checks.to_the_top(shown)
    shown.keyboard.press("Tab")
    expect(shown.get_by_role("link", name="Skip to main content")).to_be_focused()
    expect(shown.get_by_role("link", name="Skip to main content")).to_be_in_viewport(ratio=1)
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize(
    ("shown", "section"),
    [
        ("integrations", "Integrations"), ("app", "Integrations"), ("connection", "Customers"),
        ("company", "Customers"), ("activity", "Activity"), ("portal", "Portal"), ("components", "Portal"),
        ("organization", "Portal"), ("staff", "Portal"), ("group", "Portal"), ("practice data to remove", "Portal"),
        ("own password", None), ("own password changed", None),
    ],
    indirect=["shown"],
)  # fmt: skip
def test_the_sidebar_marks_where_one_is(shown: Page, section: str | None) -> None:
    marked = shown.get_by_role("navigation", name="Sections").locator("[aria-current]")
    expect(marked).to_have_text([section] if section else [])
