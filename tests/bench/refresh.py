"""How many connections are refreshed in a second, against an Exact that takes 100 ms to answer.

The ideal is threads / latency. The threads are shared out to as many processes as there are processors, as a worker of
Celery has; the other side is a process of its own, on the same machine.
``python -m tests.bench.refresh`` measures the database of the settings, and prints what it found.
"""

import json
import multiprocessing
import os
import secrets as random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection as Pipe
from tempfile import TemporaryDirectory
from typing import Any, Final

import django

from tests.bench.figures import Figure

LATENCY: Final = 0.1
THREADS: Final = (32, 100)
PROCESSES: Final = 2
EACH: Final = 20
"""Connections a thread refreshes, so that beginning and end weigh little."""
GOAL: Final = 0.75


def measure() -> list[Figure]:
    figures = _measured("SQLite", "")
    url = os.environ.get("TEST_DATABASE_URL", "")
    if url:
        return figures + _measured("PostgreSQL", url)
    print("Refreshing on PostgreSQL: not measured, TEST_DATABASE_URL names no server.", flush=True)
    return figures


def _measured(name: str, url: str) -> list[Figure]:
    with exact() as origin, TemporaryDirectory(prefix="portal-bench-") as folder:
        variables = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "VAR_DIR": folder}
        variables |= {"TEST_DATABASE_URL": url, "EXACT_NL_URL": origin}
        answer = subprocess.run(
            [sys.executable, "-m", __name__], env=variables, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
    return [
        Figure(
            f"Refreshing on {name}, {found['threads']} threads",
            f"{found['rate']:.0f} a second of {found['threads'] / LATENCY:.0f}; requests alone {found['floor']:.0f}; "
            f"no transaction was open at {found['sent']} of {found['sent']} requests; "
            f"{1000 * found['processor']:.1f} ms of processor time each.",
            found["rate"] / (found["threads"] / LATENCY),
            GOAL,
            " × threads / latency",
            at_least=True,
        )
        for found in (json.loads(line) for line in answer.splitlines() if line.startswith("{"))
    ]


# --- The other side ---------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers every token request after 100 ms."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(LATENCY)
        pair = {"access_token": random.token_urlsafe(450), "refresh_token": random.token_urlsafe(450)}
        body = json.dumps({**pair, "token_type": "bearer", "expires_in": "600"}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


def serve(pipe: Pipe) -> None:
    server = Server(("127.0.0.1", 0), Handler)
    pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
    server.serve_forever()


@contextmanager
def exact() -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


# --- Ours ---------------------------------------------------------------------------------------------------------


def main() -> None:
    from tests.bench.usage import scratch_database  # noqa: PLC0415 (Django is set up first)
    from tests.owning import own  # noqa: PLC0415

    with scratch_database():
        own()
        for threads in THREADS:
            rows = _due(threads * EACH)
            floor = _run(rows, threads, alone=True)["rate"]
            print(json.dumps({"threads": threads, "floor": floor, **_run(rows, threads, alone=False)}), flush=True)


def _run(rows: list[Any], threads: int, *, alone: bool) -> dict[str, Any]:
    """``alone``: only the requests, as a floor."""
    from django.db import connection as database  # noqa: PLC0415

    database.close()
    shares = [rows[number::PROCESSES] for number in range(PROCESSES)]
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(PROCESSES)
    pipes = [_worker(fork, together, share, threads // PROCESSES, alone=alone) for share in shares]
    found = [pipe.recv() for pipe in pipes]
    time.sleep(1)  # until the server's sessions have ended, too
    taken = max(each["until"] for each in found) - min(each["since"] for each in found)
    sent, used = (sum(each[name] for each in found) for name in ("sent", "used"))
    assert sent == len(rows)
    return {"rate": len(rows) / taken, "sent": sent, "processor": used / len(rows)}


def _worker(fork: Any, *does: Any, alone: bool) -> Pipe:
    ours, theirs = fork.Pipe()
    fork.Process(target=_share, args=(theirs, *does), kwargs={"alone": alone}, daemon=True).start()
    return ours


def _share(pipe: Pipe, together: Any, rows: list[Any], threads: int, *, alone: bool) -> None:
    """What one process does of it. Its threads have their sessions with the database already, as those of a worker."""
    from django.db import connection as database  # noqa: PLC0415

    from integrations.exact import oauth, wire  # noqa: PLC0415
    from integrations.services import tokens, wire_guard  # noqa: PLC0415

    sent = []

    def guard() -> None:
        wire_guard.before_send()  # raises where a transaction is open
        sent.append(1)

    def ask(row: Any) -> None:
        oauth.refresh(row.application.origin, client_id="id", client_secret="secret", refresh_token=row.refresh_token)

    def open_session() -> None:  # of the thread that calls it
        database.ensure_connection()

    def close_session() -> None:
        database.close()

    def each_thread(do: Callable[[], None]) -> None:
        list(pool.map(lambda _: (do(), time.sleep(0.2)), range(threads)))

    wire.before_send = guard
    with ThreadPoolExecutor(threads) as pool:
        each_thread(open_session)
        together.wait()
        since, spent = time.perf_counter(), time.process_time()
        list(pool.map(ask if alone else tokens.access_token, rows))
        until, used = time.perf_counter(), time.process_time() - spent
        each_thread(close_session)
    pipe.send({"since": since, "until": until, "used": used, "sent": len(sent)})


def _due(count: int) -> list[Any]:
    """Make connections whose next token is due."""
    from django.utils import timezone  # noqa: PLC0415

    from integrations.exact import oauth  # noqa: PLC0415
    from integrations.exact.evidence import Evidence  # noqa: PLC0415
    from integrations.exact.oauth import TokenAnswer  # noqa: PLC0415
    from integrations.models import Application, Connection  # noqa: PLC0415
    from integrations.rules.actors import PORTAL  # noqa: PLC0415
    from integrations.services import applications, secrets, tokens  # noqa: PLC0415

    values = {"region": "nl", "kind": "product", "redirect_uri": "http://127.0.0.1:8000/x/"}
    application = Application(name=f"{count} connections", client_id=f"1b0a6d1e-9c0f-4f55-8d2b-{count:012}", **values)
    applications.add(application, by=PORTAL)
    secrets.set(application, random.token_urlsafe(12), by=PORTAL)
    applications.enable(application, by=PORTAL)
    past = timezone.now() - timedelta(seconds=601)
    for _ in range(count):
        answer = TokenAnswer("old", random.token_urlsafe(450), 600, Evidence.of("POST", oauth.TOKEN_PATH))
        tokens.begin(application, answer, now=past)
    return list(Connection.objects.filter(application=application).select_related("application"))


if __name__ == "__main__":
    django.setup()
    main()
