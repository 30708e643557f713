"""Many who ask for one token at once, and some who die while they ask."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database

from integrations.exact import errors
from integrations.models import Connection
from integrations.services import tokens
from tests.services.asking import mark
from tests.services.practice import Practice, database_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
Status = Connection.Status
CROWD = 20


class Others:
    """Processes on the same database, that see the same practice Exact."""

    def __init__(self, world: Practice, url: str) -> None:
        self.world = world
        self.environment = {**os.environ, "TEST_DATABASE_URL": url, "EXACT_NL_URL": world.exact.url}
        self.environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "tests.services.asking", str(self.world.connection.pk)]
        return subprocess.run(
            [*command, *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )

    def ask(self, count: int) -> list[dict[str, Any]]:
        done = self.run(str(count))
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def die(self, where: str) -> None:
        assert self.run("--die", where).returncode == 9


@pytest.fixture
def others(world: Practice, tmp_path: Path) -> Iterator[Others]:
    with database_file(tmp_path) as url:
        yield Others(world, url)


def test_twenty_processes_ask_exact_once(world: Practice, others: Others) -> None:
    world.later(601)
    answers = others.ask(CROWD)
    assert len(answers) == CROWD
    assert answers == [{"token": mark(world.ask())}] * CROWD
    assert [entry["status"] for entry in world.refreshes()] == [200]
    assert world.row().token_generation == 2


def test_twenty_processes_lose_one_answer(world: Practice, others: Others) -> None:
    world.later(601)
    world.exact.order("lost_answer", "token")
    assert others.ask(CROWD) == [{"error": "OutcomeUnknown"}] * CROWD
    assert len(world.refreshes()) == 1
    assert world.row().status == Status.VERIFYING
    assert world.events() == ["connection.verifying"]


@pytest.mark.parametrize("where", ["asked", "answered"])
def test_a_process_that_dies_while_it_asks(world: Practice, others: Others, where: str) -> None:
    """Whoever comes next cannot know whether Exact was reached: he waits, and asks once."""
    world.later(601)
    others.die(where)
    asked = len(world.refreshes())
    assert asked == (1 if where == "answered" else 0)
    assert world.row().lease_owner is not None

    world.later(31)
    with pytest.raises(tokens.OutcomeUnknown) as raised:
        world.ask()
    row = world.row()
    assert (row.status, row.lease_owner, row.next_check_at) == (Status.VERIFYING, None, raised.value.until)
    world.later(530)
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    assert len(world.refreshes()) == asked

    world.later(10)
    if where == "asked":
        world.ask()
        assert world.row().status == Status.CONNECTED
    else:
        with pytest.raises(tokens.ReconnectNeeded) as ended:
            world.ask()
        assert isinstance(ended.value.error, errors.OldRefreshToken)
    assert len(world.refreshes()) == asked + 1


def test_whoever_waits_for_a_dead_process_gives_up_in_time(
    world: Practice, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.later(601)
    others.die("asked")
    monkeypatch.setattr(tokens, "monotonic", iter(range(0, 1000, 20)).__next__)
    with pytest.raises(tokens.NotYet) as raised:
        world.ask()
    until = world.row().lease_until
    assert until is not None
    assert raised.value.until is not None
    assert abs(raised.value.until - until) < timedelta(seconds=1)  # by our own clock, not PostgreSQL's
    assert world.row().status == Status.CONNECTED


def ask_in_threads(world: Practice, count: int) -> list[str]:
    together = threading.Barrier(count)

    def ask(_: int) -> str:
        together.wait()
        try:
            return world.ask()
        finally:
            database.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(ask, range(count)))


@pytest.mark.usefixtures("others")
def test_threads_of_one_process_ask_exact_once(world: Practice) -> None:
    world.later(601)
    assert set(ask_in_threads(world, 8)) == {world.ask()}
    assert len(world.refreshes()) == 1


@pytest.mark.services
def test_threads_on_postgresql_ask_exact_once(world: Practice) -> None:
    if database.vendor != "postgresql":
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL")
    for round_ in range(1, 4):
        world.later(601)
        assert set(ask_in_threads(world, CROWD)) == {world.ask()}
        assert len(world.refreshes()) == round_
