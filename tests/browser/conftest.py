"""A portal for each module, one Chromium for all, and pages that must not complain."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests import ports
from tests.browser import running
from tests.browser.pages import Complaints, sign_in
from tests.browser.running import Portal

HERE = Path(__file__).parent
INSTALL = "No Chromium was found. On Debian: apt-get install chromium; elsewhere set CHROMIUM to the program's path."
ARGUMENTS = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", metavar="DIR", type=Path, help="Write the documentation's screenshots there.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path or not Path(path).is_file():
        pytest.fail(INSTALL, pytrace=False)
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """The processes of `make run`; Ctrl-C has to end them all."""
    started = running.start(tmp_path_factory.mktemp("portal") / "var", ports.free_port())
    yield started
    assert running.stop(started.process, started.var) == []
    assert not ports.taken(started.port)


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, portal: Portal) -> StorageState:
    """The cookies of the first administrator."""
    context = chromium.new_context(base_url=portal.address)
    page = context.new_page()
    sign_in(page, portal.box["User"], portal.box["Password"])
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_page(chromium: Browser, portal: Portal, signed_in: StorageState) -> Iterator[Callable[..., Page]]:
    """Return pages, of the first administrator unless ``signed_out``. None of them may have complained."""
    contexts = []
    complaints = []

    def make(*, signed_out: bool = False, **options: Any) -> Page:
        state = None if signed_out else signed_in
        context = chromium.new_context(base_url=portal.address, storage_state=state, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        complaints.append(Complaints(page, portal.address, *portal.chosen.values()))
        return page

    yield make
    for context in contexts:
        context.close()
    assert [text for page in complaints for text in page.texts] == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()
