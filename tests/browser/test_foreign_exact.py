"""Connecting in a browser through an Exact that is not ours: the policy of the pages lets the way there and back."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests import ports
from tests.browser import running
from tests.browser.pages import fill_app, save
from tests.browser.running import Portal
from tests.foreign.exact import AS_SEEN, App, Exact, serving


@pytest.fixture(scope="module")
def exact() -> Iterator[Exact]:
    with serving(AS_SEEN) as one:
        yield one


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, exact: Exact) -> Iterator[Portal]:
    var = tmp_path_factory.mktemp("portal") / "var"
    started = running.start(var, ports.free_port(), EXACT_NL_URL=exact.url)
    yield started
    assert running.stop(started.process, started.var) == []


def test_the_way_there_and_back(open_page: Callable[..., Page], portal: Portal, exact: Exact) -> None:
    page = open_page()
    keys = App("Meridian Bookings", "")
    fill_app(page, name=keys.name, client_id=keys.client_id, secret=keys.secret)
    save(page)
    page.get_by_role("button", name="Enable now").click()
    page.get_by_role("link", name="Meridian Bookings", exact=True).click()
    keys.redirect_uri = page.get_by_label("Redirect URL").input_value()
    exact.adopt(keys)
    page.goto("/")
    card = page.get_by_role("region", name="Exact (Netherlands)")
    expect(card.get_by_role("link", name="practice Exact")).to_have_count(0)
    card.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Continue to Exact").click()
    assert page.url.startswith(exact.url)
    page.get_by_role("button", name="Toestaan").click()
    expect(page.get_by_role("status").last).to_contain_text("Connected as Joke de Vries-O’Brien")
    companies = page.get_by_role("region", name="Companies it reaches").get_by_role("listitem")
    expect(companies).to_have_count(len(exact.COMPANIES))
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("status").last).to_contain_text("all is well")
    page.get_by_role("link", name="Bakkerij De Korenaar B.V. (1234567)").click()
    expect(page.get_by_role("main")).to_contain_text("of 100")
    expect(page.get_by_role("main")).to_contain_text("of 9000")
    assert exact.complaints == []
