"""What tests do with pages: sign in, fill in an app, and listen for complaints."""

from typing import Final
from uuid import uuid4

from playwright.sync_api import ConsoleMessage, Page, Request, Response, expect

WATCH_POLICY: Final = """
document.addEventListener("securitypolicyviolation",
  (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


class Complaints:
    """Collects what a page says to its console, what its policy forbade, and whom else it called."""

    def __init__(self, page: Page, address: str, *others: str) -> None:
        self.texts: list[str] = []
        # The portal, and the practice Exacts beside it; nothing else is ever asked.
        host, _, port = address.rpartition(":")
        beside = (f"{host}:{int(port) + offset}" for offset in (0, 101, 102))
        self.addresses = tuple(f"{one}/" for one in (*beside, *others))
        self.documents: set[str] = set()
        page.add_init_script(WATCH_POLICY)
        page.on("response", self._note_document)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.texts.append(f"{page.url}: {error}"))
        page.on("request", self._note_request)
        page.on("requestfailed", self._note_failure)

    def _note_document(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.documents.add(response.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        # The browser also logs the status of an error page that a test asked for.
        is_status = message.text.startswith("Failed to load resource: the server responded")
        if is_status and message.location["url"] in self.documents:
            return
        if message.type in {"error", "warning"}:
            self.texts.append(f"{message.location['url']}: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((*self.addresses, "data:")):
            self.texts.append(f"asks another host: {request.url}")

    def _note_failure(self, request: Request) -> None:
        left_the_page = request.failure == "net::ERR_ABORTED"
        if not left_the_page:
            self.texts.append(f"failed: {request.url} {request.failure}")


def sign_in(page: Page, user: str, password: str) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def fill_app(page: Page, *, region: str = "nl", name: str, client_id: str = "", secret: str = "") -> None:
    """Fill in the form of a new app."""
    page.goto("/admin/integrations/application/add/")
    page.get_by_label("Region").select_option(region)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Client ID").fill(client_id)
    page.get_by_label("Client secret").fill(secret)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def new_client_id() -> str:
    return str(uuid4())
