"""Worker and scheduler are killed: whoever looks learns it in time, and what they were doing is done again, once."""

import re
import time
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
import requests
from django.test import Client
from django.utils import timezone

from integrations.models import Connection, ConnectionCheck, Heartbeat, Organization, UsageWindow
from tests.faults.house import LOOKS_WITHIN, House
from tests.portal.processes import wait_for
from tests.practice import Practice

TOLD_WITHIN: Final = 120
SLOW_SECONDS: Final = 15
"""Below the deadline of a call (20 s), so that nothing but the kill ends it."""
BANNER: Final = re.compile(r"Nothing has been checked since <time [^>]+>(\d\d:\d\d)</time>: ([^.<]+)\.")
LINK: Final = re.compile(r'href="(/admin/[^"?#]*)["?#]')
NO_PAGES: Final = re.compile(r"/jsi18n/|/export")


class Visitor:
    """Anna, at the running web process."""

    def __init__(self, url: str, client: Client) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        for name, morsel in client.cookies.items():
            self.http.cookies.set(name, morsel.value)

    def get(self, path: str) -> requests.Response:
        return self.http.get(f"{self.url}{path}", timeout=20)

    def ready(self) -> tuple[int, list[str]]:
        answer = self.get("/health/ready")
        return answer.status_code, answer.json().get("failing", [])

    def every_page(self) -> dict[str, str]:
        """Follow all links of staff from the first page on; return each page by its path.

        Pages of errors stand alone on purpose, without the database, and warn of nothing.
        """
        pages: dict[str, str] = {}
        ahead = ["/admin/"]
        while ahead:
            path = ahead.pop()
            answer = self.get(path)
            assert answer.status_code == 200, path
            pages[path] = answer.text
            found = {link for link in LINK.findall(answer.text) if not NO_PAGES.search(link)}
            ahead += found - pages.keys() - set(ahead)
        return pages

    def banners(self) -> dict[str, tuple[str, str] | None]:
        """Return what each page warns of: since when, and what does not run."""
        return {path: banner(text) for path, text in self.every_page().items()}


def banner(page: str) -> tuple[str, str] | None:
    found = BANNER.search(page)
    return (found[1], found[2]) if found else None


def beaten(process: str) -> datetime:
    return Heartbeat.objects.get(process=process).at


def looks_again() -> None:
    """Wait until the worker has looked for due checks once more."""
    before = beaten(Heartbeat.Process.WORKER)
    wait_for(lambda: beaten(Heartbeat.Process.WORKER) > before, LOOKS_WITHIN)


@pytest.mark.usefixtures("on_sqlite")
def test_every_page_tells_within_two_minutes(practice: Practice, processes: House, annas: Client) -> None:
    practice.connect(annas)
    visitor = Visitor(processes.url, annas)
    processes.collect_static()
    for name in ("web", "worker", "beat"):
        processes.start(name)
    wait_for(lambda: visitor.ready() == (200, []), LOOKS_WITHIN, visitor.ready)
    wait_for(ConnectionCheck.objects.exists, LOOKS_WITHIN)
    well = visitor.banners()
    assert len(well) > 20
    for kind in ("connection", "company", "application", "auditevent", "user"):
        assert any(f"/integrations/{kind}/" in path for path in well), kind
    assert set(well.values()) == {None}

    processes.kill("worker", "beat")
    killed_at = time.monotonic()
    wait_for(lambda: visitor.ready()[0] != 200, TOLD_WITHIN)
    assert visitor.ready() == (503, ["processes"])
    zone = ZoneInfo(Organization.objects.ours().time_zone)
    since = f"{beaten(Heartbeat.Process.BEAT).astimezone(zone):%H:%M}"
    told = visitor.banners()
    assert time.monotonic() - killed_at < TOLD_WITHIN
    assert told.keys() >= well.keys()
    assert set(told.values()) == {(since, "the scheduler is stopped")}

    # One without the other does not check anything either. The worker's last sign may be younger than the
    # scheduler's by one look, so it falls silent as much later.
    processes.start("beat")
    wait_for(lambda: beaten(Heartbeat.Process.BEAT) > timezone.now() - timedelta(seconds=30))
    wait_for(
        lambda: "the worker is stopped, or does not get on" in (banner(visitor.get("/admin/").text) or ()), LOOKS_WITHIN
    )
    assert visitor.ready() == (503, ["processes"])

    processes.start("worker")
    wait_for(lambda: visitor.ready() == (200, []), LOOKS_WITHIN, visitor.ready)
    assert banner(visitor.get("/admin/").text) is None


@pytest.mark.usefixtures("everywhere")
def test_a_check_that_was_killed_half_way_happens_again_once(
    practice: Practice, processes: House, annas: Client
) -> None:
    connection = practice.connect(annas)
    before = practice.sandbox.ledger()[-1]["id"]
    counted = UsageWindow.objects.get().day_used

    def received(kind: str = "") -> list[dict[str, Any]]:
        return practice.sandbox.ledger(kind, after=before)

    practice.sandbox.order("slow", "me", params={"seconds": SLOW_SECONDS})
    processes.start("worker")
    processes.start("beat")
    wait_for(lambda: received("me"), LOOKS_WITHIN)
    processes.kill("worker")
    row = Connection.objects.get(pk=connection.pk)
    assert [entry["fault"] for entry in received()] == ["slow"]
    assert row.claimed_until is not None
    assert not ConnectionCheck.objects.exists()

    # While the claim lasts nobody checks it, however often the new worker looks.
    processes.start("worker")
    looks_again()
    assert len(received()) == 1
    assert Connection.objects.get(pk=connection.pk).claimed_until == row.claimed_until

    # The claim ends after ten minutes: here it ends now, in the database.
    ended = Connection.objects.filter(pk=connection.pk, claimed_until=row.claimed_until)
    assert ended.update(claimed_until=timezone.now() - timedelta(seconds=1)) == 1
    wait_for(ConnectionCheck.objects.exists, LOOKS_WITHIN)
    looks_again()
    (check,) = ConnectionCheck.objects.all()
    assert (check.connection_id, check.ok, check.cause, check.calls) == (connection.pk, True, "", 1)
    assert [(entry["kind"], entry["status"]) for entry in received()] == [
        ("me", 200),
        ("me", 200),
        ("system_divisions", 200),
    ]
    row.refresh_from_db()
    assert row.claimed_until is None
    assert row.next_check_at is not None
    assert row.next_check_at > timezone.now() + timedelta(hours=5)
    assert UsageWindow.objects.get().day_used == counted + 1 == received("system_divisions")[0]["day"]
