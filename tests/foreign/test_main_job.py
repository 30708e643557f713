"""`make run` beside two Exacts that are not ours, by a script that knows the published names and nothing else."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import pytest
import requests

from tests.foreign.exact import AS_SEEN, AS_WRITTEN, App, Exact, serving
from tests.portal.processes import manage, of, running, wait_for
from tests.ports import free_port

pytestmark = pytest.mark.processes

LAST_LINE = "└──"
CHECKED_WITHIN = 60
STOPS_WITHIN = 20


@dataclass
class House:
    """A running portal whose Exacts are elsewhere."""

    var: Path
    address: str
    exacts: dict[str, Exact]

    def lines(self, *words: str, code: int = 0) -> list[dict[str, Any]]:
        """Run a command as somebody does who has only the folder, and return its lines."""
        ended = manage(*words, var=self.var)
        assert ended.returncode == code, ended.stderr
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def line(self, *words: str) -> dict[str, Any]:
        (found,) = self.lines(*words)
        return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    var, port = tmp_path_factory.mktemp("house") / "var", free_port()
    with ExitStack() as stack:
        exacts = {"nl": stack.enter_context(serving(AS_WRITTEN)), "uk": stack.enter_context(serving(AS_SEEN))}
        chosen = {f"EXACT_{code.upper()}_URL": exact.url for code, exact in exacts.items()}
        command = ("-m", "portal.run")
        process = stack.enter_context(
            running(*command, var=var, output=var.parent / "output", PORT=str(port), SANDBOX="on", **chosen)
        )
        process.says(LAST_LINE, 90)
        yield House(var, f"http://127.0.0.1:{port}", exacts)
        process.popen.terminate()
        assert process.ends(STOPS_WITHIN) == 0
        assert of(var) == []


def button(page: requests.Response, name: str = "") -> tuple[str, dict[str, str]]:
    """Where the page's one form goes, and what it sends."""
    (form,) = re.findall(r"<form.*?</form>", page.text, re.DOTALL)
    action = re.search(r'<form[^>]* action="([^"]*)"', form)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    if name:
        fields |= dict([name.split("=")])
    return urljoin(page.url, unescape(action[1]) if action else ""), fields


def walk(url: str, answer: str = "yes") -> requests.Response:
    """Go the way of a browser from a link page; return the page on which it ends."""
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(url, timeout=20)
        assert page.status_code == 200, page.text
        address, fields = button(page)
        page = browser.post(address, data=fields, timeout=20)
        address, fields = button(page, f"answer={answer}")
        return browser.post(address, data=fields, timeout=60)


def set_up(house: House, region: str) -> str:
    """Add an app with the keys of a registration, register what the command answers; return the app's id."""
    app = App("Meridian Bookings", redirect_uri="")
    secret = house.var / "secret"
    secret.write_text(f"{app.secret}\n")
    keys = ("--client-id", app.client_id, "--secret-file", str(secret), "--enable")
    added = house.line("add_app", "--region", region, "--kind", "product", "--name", app.name, *keys)
    assert added.keys() == {"id", "redirect_url"}
    assert added["redirect_url"] == f"{house.address}/oauth/callback/{UUID(added['id'])}/"
    app.redirect_uri = added["redirect_url"]
    house.exacts[region].adopt(app)
    return str(added["id"])


def connect(house: House, app: str) -> requests.Response:
    link = house.line("link", "--app", app, "--for-us")
    assert link.keys() == {"url", "expires_at"}
    assert link["url"].startswith(f"{house.address}/connect/")
    assert datetime.fromisoformat(link["expires_at"]) > datetime.now(UTC)
    return walk(link["url"])


@dataclass
class Connected:
    """An app whose user has consented, and the page on which that ended."""

    house: House
    exact: Exact
    app: str
    end: requests.Response


@pytest.fixture(scope="module")
def connected(house: House) -> dict[str, Connected]:
    found = {}
    for region, exact in house.exacts.items():
        app = set_up(house, region)
        found[region] = Connected(house, exact, app, connect(house, app))
    return found


def command_lines(house: House) -> list[list[bytes]]:
    """Return the command line of each of its processes."""
    return [Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in of(house.var)]


def test_nothing_of_ours_runs_in_their_place(house: House) -> None:
    wait_for(lambda: sum(b"beat" in words for words in command_lines(house)) == 1)  # it starts after the first page
    assert not [words for words in command_lines(house) if b"sandbox" in words]
    assert house.lines("usage") == []


@pytest.mark.parametrize("region", ["nl", "uk"])
def test_the_companies_are_shown_after_the_consent(connected: dict[str, Connected], region: str) -> None:
    one = connected[region]
    assert (one.end.status_code, one.end.url) == (200, f"{one.house.address}/connect/result/")
    assert "Joke de Vries-O’Brien" in one.end.text
    for code, name in one.exact.COMPANIES.items():
        assert f"{name} ({code})" in unescape(one.end.text)
    assert "<b>Vet</b>" not in one.end.text


@pytest.mark.parametrize("region", ["nl", "uk"])
def test_the_check_comes_without_being_asked(connected: dict[str, Connected], region: str) -> None:
    exact = connected[region].exact
    wait_for(lambda: exact.requests.count("GET /api/v1/current/Me") >= 2, CHECKED_WITHIN)


@pytest.mark.parametrize("region", ["nl", "uk"])
def test_a_check_by_command_and_what_it_counted(connected: dict[str, Connected], region: str) -> None:
    one = connected[region]
    checked = one.house.line("check_connections", "--app", one.app)
    assert checked.keys() == {"connection", "app", "ok", "cause", "calls", "checked_at"}
    assert (checked["app"], checked["ok"], checked["cause"], checked["calls"]) == (one.app, True, None, 1)
    UUID(checked["connection"])
    assert datetime.fromisoformat(checked["checked_at"]).utcoffset() == timedelta(0)
    assert one.house.line("check_connections", "--connection", checked["connection"])["ok"] is True

    rows = {line["division"]: line for line in one.house.lines("usage", "--app", one.app)}
    assert rows.keys() == one.exact.COMPANIES.keys()
    for division, row in rows.items():
        assert row.keys() == {"app", "division", "minute", "day"}
        assert row["app"] == one.app
        assert row["minute"].keys() == row["day"].keys() == {"used", "limit", "resets_at"}
        assert row["day"]["used"] == one.exact.counted[division]
    home = rows[one.exact.HOME]
    assert (home["minute"]["limit"], home["day"]["limit"]) == (one.exact.ways.minutely, one.exact.ways.daily)
    assert 2 <= home["minute"]["used"] <= home["day"]["used"]
    assert datetime.fromisoformat(home["minute"]["resets_at"]) > datetime.now(UTC)
    assert datetime.fromisoformat(home["day"]["resets_at"]).strftime("%H:%M:%S%z") == "00:00:00+0000"
    assert one.exact.complaints == []


def test_a_short_life_is_refreshed_in_time_and_never_early(connected: dict[str, Connected]) -> None:
    one = connected["uk"]
    chain = one.exact.alive
    before = chain.rotations
    wait_for(lambda: time.time() > chain.issued_at + one.exact.ways.lifetime, 10)
    assert one.house.line("check_connections", "--app", one.app)["ok"] is True
    assert one.exact.alive is chain
    assert chain.rotations == before + 1
    assert one.exact.complaints == []


def test_the_same_user_again_is_the_same_connection(connected: dict[str, Connected]) -> None:
    one = connected["nl"]
    first = one.house.line("check_connections", "--app", one.app)
    assert connect(one.house, one.app).status_code == 200
    again = one.house.line("check_connections", "--app", one.app)
    assert (again["connection"], again["ok"]) == (first["connection"], True)
    assert [chain.ended for chain in one.exact.chains] == [True, False]
    assert one.exact.complaints == []


def test_a_consent_that_is_refused_connects_nothing(house: House) -> None:
    app = set_up(house, "nl")
    end = walk(house.line("link", "--app", app, "--for-us")["url"], "no")
    assert end.status_code == 400
    assert "Access was not given" in end.text
    assert house.lines("check_connections", "--app", app) == []


def test_wrong_keys_are_named_and_can_be_replaced(house: House) -> None:
    app = set_up(house, "nl")
    exact = house.exacts["nl"]
    registered = exact.apps[list(exact.apps)[-1]]
    right, registered.secret = registered.secret, "Another1secret"
    assert "does not accept the app" in unescape(connect(house, app).text)
    assert house.lines("check_connections", "--app", app) == []
    registered.secret, wrong = right, registered.secret
    assert wrong not in "".join(path.read_text() for path in (house.var / "log").iterdir())
    assert connect(house, app).status_code == 200
    assert house.line("check_connections", "--app", app)["ok"] is True


def test_keys_that_come_after_the_app(house: House) -> None:
    """Exact wants the Redirect URL before it gives keys."""
    added = house.line("add_app", "--region", "uk", "--kind", "testing", "--name", "Later")
    registered = house.exacts["uk"].register("Later", added["redirect_url"])
    secret = house.var / "secret"
    secret.write_text(registered.secret)
    keys = ("--client-id", registered.client_id, "--secret-file", str(secret))
    house.line("set_keys", "--app", added["id"], *keys, "--enable")
    assert connect(house, added["id"]).status_code == 200
    assert house.line("check_connections", "--app", added["id"])["ok"] is True


def test_doctor_is_content_and_no_log_knows_a_token(house: House) -> None:
    assert all(line["ok"] for line in house.lines("doctor"))
    seen = "".join(path.read_text() for path in (house.var / "log").iterdir())
    for exact in house.exacts.values():
        for chain in exact.chains:
            assert chain.refresh not in seen
            assert chain.access not in seen
            assert chain.app.secret not in seen
    assert "Traceback" not in seen
