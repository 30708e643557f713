"""The monitor outside hears us each minute while all is well, and only then; a real server plays it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations import tasks
from integrations.models import Heartbeat, MonitorCall
from integrations.services import health, installation, monitor
from tests.owning import own
from tests.ports import free_port

pytestmark = pytest.mark.django_db
PATH = "/ping/Kanarie7Vogel?also=Kanarie8Vogel"


class Outside(BaseHTTPRequestHandler):
    """A monitor that answers as it is told, and remembers what it was asked."""

    status, delay, heard = 200, 0.0, []

    def do_GET(self) -> None:
        self.heard.append((self.command, self.path, dict(self.headers)))
        time.sleep(self.delay)
        self.send_response(self.status)
        if 300 <= self.status < 400:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def listening(**answers: Any) -> Iterator[Any]:
    handler = type("One", (Outside,), {"heard": [], **answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def outside(settings: Any, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., Any]]:
    """Start a monitor that answers so, and set its address; nothing of the address may be logged."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(logging.INFO, logger=name)
    running = []

    def start(**answers: Any) -> list[Any]:
        context = listening(**answers)
        server = context.__enter__()
        running.append(context)
        settings.HEARTBEAT_URL = f"http://127.0.0.1:{server.server_port}{PATH}"
        heard: list[Any] = server.RequestHandlerClass.heard
        return heard

    yield start
    for context in running:
        context.__exit__(None, None, None)
    assert "Kanarie" not in caplog.text


def call() -> MonitorCall:
    return MonitorCall.objects.get()


@pytest.mark.usefixtures("at_work")
def test_while_all_is_well_it_is_told_and_no_more_than_its_own_address(outside: Callable[..., Any]) -> None:
    heard = outside(status=204)
    tasks.tell_the_monitor()
    ((method, path, headers),) = heard
    assert (method, path) == ("GET", PATH)
    assert headers.keys() <= {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert (call().problem, call().told_at) == ("", call().tried_at)
    assert not monitor.seen().silent


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"status": 404}, "It answered 404."),
        ({"status": 500}, "It answered 500."),
        ({"status": 302}, "It leads to another address. Set HEARTBEAT_URL to that one."),
        ({"status": 307}, "It leads to another address. Set HEARTBEAT_URL to that one."),
        ({"delay": 1.0}, "It did not answer within 10 seconds."),
    ],
)
@pytest.mark.usefixtures("at_work")
def test_what_goes_wrong_is_written_down_without_the_address(
    outside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], problem: str
) -> None:
    monkeypatch.setattr(monitor, "DEADLINE_SECONDS", 0.3)
    heard = outside(**answers)
    tasks.tell_the_monitor()
    assert (call().problem, call().told_at, len(heard)) == (problem, None, 1)
    found = health.check_monitor()
    assert not found.ok
    assert problem in found.detail
    assert "Kanarie" not in str(found)


@pytest.mark.usefixtures("at_work")
def test_a_monitor_that_is_not_there_is_said(settings: Any) -> None:
    settings.HEARTBEAT_URL = f"http://127.0.0.1:{free_port()}{PATH}"
    tasks.tell_the_monitor()
    assert call().problem == "It cannot be reached."


def test_it_hears_nothing_where_not_all_is_well(outside: Callable[..., Any]) -> None:
    heard = outside()
    tasks.tell_the_monitor()  # neither worker nor scheduler ever gave a sign of life
    assert heard == []
    assert call().problem == "Not all is well here: processes."


@pytest.mark.usefixtures("at_work")
def test_a_failure_keeps_when_it_last_heard_us(outside: Callable[..., Any]) -> None:
    outside()
    tasks.tell_the_monitor()
    told_at = call().told_at
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=3))
    tasks.tell_the_monitor()
    assert call().told_at == told_at < call().tried_at


@pytest.mark.usefixtures("at_work")
def test_a_portal_that_stands_by_tells_and_writes_nothing(outside: Callable[..., Any]) -> None:
    heard = outside()
    own(owner="the-other-installation")
    tasks.tell_the_monitor()
    monitor.tell([])
    assert heard == []
    assert not MonitorCall.objects.exists()
    assert health.check_monitor().ok


@pytest.mark.usefixtures("at_work")
def test_a_claim_at_this_moment_lets_nothing_out(outside: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    heard = outside()
    fetch = monitor._fetch

    def late(url: str) -> str:
        own(owner="the-other-installation")
        return fetch(url)

    monkeypatch.setattr(monitor, "_fetch", late)
    monitor.tell([])
    assert heard == []
    assert installation.standing().reasons


@pytest.mark.usefixtures("at_work")
def test_without_an_address_nobody_is_told() -> None:
    tasks.tell_the_monitor()
    assert not MonitorCall.objects.exists()
    found = health.check_monitor()
    assert (found.ok, "Set HEARTBEAT_URL" in found.detail) == (True, True)


@pytest.mark.parametrize(("minutes", "ok"), [(1, True), (6, False)])
def test_five_minutes_without_a_word_are_found(settings: Any, minutes: float, ok: bool) -> None:
    settings.HEARTBEAT_URL = f"https://monitor.example.com{PATH}"
    long_ago = timezone.now() - timedelta(minutes=minutes)
    MonitorCall.objects.create(tried_at=long_ago, told_at=long_ago)
    assert health.check_monitor().ok is ok


@pytest.mark.usefixtures("at_work")
def test_the_portal_page_shows_the_host_and_nothing_else_of_the_address(
    annas: Client, outside: Callable[..., Any]
) -> None:
    outside(status=503)
    tasks.tell_the_monitor()
    page = annas.get("/admin/portal/").content.decode()
    assert "Hears nothing" in page
    assert "It answered 503." in page
    assert "127.0.0.1" in page
    assert "Kanarie" not in page
