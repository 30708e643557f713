"""Workers as processes: they do what the schedule says, and a killed one does not hold up the next."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from redis import Redis

from portal import broker
from portal.celery import HOUR, SCHEDULE, app, transport_options
from tests.portal.processes import KEYS, Process, running, wait_for

CLEAR = SCHEDULE["clear-by-age"]["task"]
WORKER = ("--pool", "threads", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "INFO")


@pytest.fixture(params=["atomicfs", pytest.param("redis", marks=pytest.mark.services)])
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "atomicfs":
        yield "atomicfs://"
        return
    url = os.environ["TEST_REDIS_URL"]
    yield url
    with Redis.from_url(url) as redis:
        redis.delete("celery", "unacked", "unacked_index", "_kombu.binding.celery")


@pytest.fixture
def sender(broker_url: str, var: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """Return what puts messages on the broker, as beat does."""
    broker.register()
    monkeypatch.setenv("CELERY_BROKER_URL", broker_url)  # to Celery it says more than the argument below
    sender = Celery("sender", broker=broker_url, set_as_current=False)
    if broker_url.startswith("atomicfs"):
        sender.conf.broker_transport_options = broker.options(var / "broker")
    with closing(sender):
        yield sender


def worker(app: str, var: Path, broker_url: str) -> Any:
    chosen = {**KEYS, "CELERY_BROKER_URL": broker_url}
    return running("-m", "celery", "-A", app, "worker", *WORKER, var=var, output=var / "worker.log", **chosen)


def add_expired_session(var: Path) -> None:
    with closing(sqlite3.connect(var / "portal.sqlite3")) as database, database:
        database.execute("INSERT INTO django_session VALUES ('gone', 'data', '2020-01-01 00:00:00')")


def sessions(var: Path) -> int:
    with closing(sqlite3.connect(var / "portal.sqlite3", timeout=20)) as database:
        return int(database.execute("SELECT count(*) FROM django_session").fetchone()[0])


def clears_sessions(process: Process, sender: Celery, var: Path) -> None:
    add_expired_session(var)
    assert sessions(var) == 1
    sender.send_task(CLEAR)
    wait_for(lambda: sessions(var) == 0, seen=lambda: process.said)


def test_a_worker_does_what_is_on_the_broker_and_stops_when_told(sender: Celery, broker_url: str, var: Path) -> None:
    with worker("portal.celery", var, broker_url) as process:
        clears_sessions(process, sender, var)
        process.popen.send_signal(signal.SIGTERM)
        assert process.ends() == 0
    assert "Traceback" not in process.said


def test_a_worker_killed_in_a_task_does_not_hold_up_the_next(sender: Celery, broker_url: str, var: Path) -> None:
    with worker("tests.portal.slow_app", var, broker_url) as process:
        sender.send_task("tests.hold", [str(var)])
        wait_for((var / "started").exists, seen=lambda: process.said)
        os.kill(process.popen.pid, signal.SIGKILL)
        assert process.ends() == -signal.SIGKILL
    with worker("tests.portal.slow_app", var, broker_url) as process:
        clears_sessions(process, sender, var)


def test_every_entry_of_the_schedule_names_a_task() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)


def test_every_task_of_the_portal_says_when_it_is_worth_nothing_any_more() -> None:
    assert all(entry["options"]["expires"] <= entry["schedule"] for entry in SCHEDULE.values())


@pytest.mark.parametrize("url", ["redis://host/0", "rediss://host/0", "sentinel://host:26379"])
def test_redis_keeps_a_message_longer_than_any_task_runs(url: str) -> None:
    assert transport_options(url)["visibility_timeout"] == HOUR > app.conf.task_time_limit


def test_other_brokers_keep_their_own_settings() -> None:
    assert transport_options("amqp://host//") == {}
