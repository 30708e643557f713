"""The server below: keep-alive, many clients, bad HTTP, start and stop."""

import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from integrations.sandbox import control
from integrations.sandbox.app import ROUTES
from integrations.sandbox.config import Config
from integrations.sandbox.server import make_server, running
from tests.sandbox.client import REDIRECT, Client

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from pathlib import Path
from integrations.sandbox.config import Config
from integrations.sandbox.config import Config
from integrations.sandbox.server import serve_forever
serve_forever(Config(region="xx", title="X", database=Path(sys.argv[1])), "127.0.0.1", int(sys.argv[2]))
"""


def address(sandbox):
    parts = urlsplit(sandbox.url)
    return parts.hostname, parts.port


def raw(sandbox, request):
    with socket.create_connection(address(sandbox), timeout=10) as connection:
        connection.sendall(request)
        data = b""
        while part := connection.recv(65_536):
            data += part
    return data


def test_a_connection_serves_many_requests(sandbox):
    connection = http.client.HTTPConnection(*address(sandbox), timeout=10)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/")
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1
    assert None not in sockets


def test_forty_clients_at_once(sandbox):
    sandbox.order("slow", "any", 40, params={"seconds": 0.3})

    def call(_):
        return requests.get(f"{sandbox.url}/api/v1/current/Me", timeout=10).status_code

    started = time.monotonic()
    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(call, range(40))) == {401}
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /api/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b" 413 "),
        (b"POST /api/oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b" 411 "),
        (
            b"POST /api/oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b" 411 ",
        ),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", b" 501 "),
        (b"GET /%ff%00 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b" 404 "),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_bad_http_is_refused(sandbox, request_, status):
    assert status in raw(sandbox, request_)[:600]


def test_head_has_no_body(sandbox):
    answer = raw(sandbox, b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Connection: close" in answer


def test_a_defect_is_answered_with_500_and_recorded(client, sandbox, monkeypatch, caplog):
    def broken(*_args, **_kwargs):
        raise sqlite3.OperationalError("no such table")

    monkeypatch.setattr("integrations.sandbox.access.caller", broken)
    assert client.get("/api/v1/current/Me").status_code == 500
    assert "The sandbox failed on GET" in caplog.text
    (entry,) = sandbox.ledger("me")
    assert (entry["status"], entry["error"], entry["processed"]) == (500, "sandbox_defect", False)


def test_stopping_does_not_wait_for_slow_answers(tmp_path):
    with ThreadPoolExecutor(1) as pool:
        with running(database=tmp_path / "s.sqlite3") as sandbox:
            sandbox.order("slow", params={"seconds": 60})
            waiting = pool.submit(requests.get, f"{sandbox.url}/api/v1/current/Me", timeout=30)
            while not sandbox.ledger():
                time.sleep(0.01)
            started = time.monotonic()
        assert time.monotonic() - started < 2
        assert waiting.exception() is None or isinstance(waiting.exception(), requests.ConnectionError)


def test_what_is_stored_outlives_a_restart(tmp_path):
    database = tmp_path / "deep" / "s.sqlite3"
    with running(database=database) as first:
        client = Client(first).connect()
        client.http.close()
    with running(database=database) as second:
        again = Client(second)
        assert again.call("current/Me", token=client.answer["access_token"]).status_code == 200
        again.http.close()


def test_a_taken_port_is_an_os_error(sandbox, tmp_path):
    config = Config(region="yy", title="Y", database=tmp_path / "y.sqlite3")
    with pytest.raises(OSError, match="in use"):
        make_server(config, *address(sandbox))


def test_regions_share_nothing(tmp_path):
    with (
        running(database=tmp_path / "a", region="aa") as a,
        running(database=tmp_path / "b", region="bb") as b,
    ):
        codes = [
            {
                company["code"]
                for company in requests.get(f"{one.url}/sandbox/state.json", timeout=10).json()["companies"]
            }
            for one in (a, b)
        ]
    assert not codes[0] & codes[1]


def test_the_database_of_a_running_sandbox_takes_registrations(sandbox, tmp_path):
    with running(database=tmp_path / "sandbox.sqlite3", region="xx") as beside:
        app = beside.register("Beside", REDIRECT)
    assert requests.get(f"{sandbox.url}/apps/{app.client_id}/", timeout=10).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serving_in_the_foreground_until_told_to_stop(tmp_path, number):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path / "s.sqlite3"), str(port)], cwd=ROOT, env=os.environ
    )
    try:
        for _ in range(200):
            try:
                assert requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()


def test_every_kind_in_the_filter_of_the_ledger_is_a_kind():
    kinds = {rule.endpoint.kind for rule in ROUTES.iter_rules()} - {""}
    assert kinds == set(control.KINDS)
