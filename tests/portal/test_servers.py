"""The throwaway servers come up, serve, and go, whatever happens to the command beside them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests import servers
from tests.portal.processes import PATIENCE, ROOT

SHOW = "import os; print(os.environ['TEST_DATABASE_URL'], os.environ['TEST_REDIS_URL'], flush=True)"
WAIT = f"{SHOW}; import time; time.sleep(600)"


def beside(*command: str, **chosen: str) -> "subprocess.Popen[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.servers", *command],
        cwd=ROOT,
        env={**inherited, **chosen},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def postgresql_answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def redis_answers(url: str) -> bool:
    with Redis.from_url(url) as redis:
        try:
            return bool(redis.ping())
        except RedisConnectionError:
            return False


@pytest.mark.services
def test_the_exit_code_is_the_commands_and_nothing_stays() -> None:
    process = beside(sys.executable, "-c", f"{SHOW}; raise SystemExit(7)")
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 7
    database, redis = said.split()
    assert not postgresql_answers(database)
    assert not redis_answers(redis)


@pytest.mark.services
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_the_servers(number: signal.Signals) -> None:
    process = beside(sys.executable, "-c", WAIT)
    assert process.stdout
    database, redis = process.stdout.readline().split()
    assert postgresql_answers(database)
    assert redis_answers(redis)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert not postgresql_answers(database)
    assert not redis_answers(redis)


@pytest.mark.services
def test_the_suite_runs_on_the_servers_that_are_named(db: None) -> None:
    assert connection.vendor == "postgresql"
    assert redis_answers(os.environ["TEST_REDIS_URL"])


def test_servers_that_are_named_are_used_as_they_are() -> None:
    named = {"TEST_DATABASE_URL": "postgres://host/name", "TEST_REDIS_URL": "redis://host/0"}
    said, _ = beside(sys.executable, "-c", SHOW, **named).communicate(timeout=PATIENCE)
    assert said.split() == list(named.values())


def test_a_program_that_is_not_installed_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(servers.CannotStart, match=r"Vault is not installed\. On Debian: apt-get install"):
        servers.find("no-such-vault", "Vault")


def test_without_a_command_the_usage_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert servers.main([]) == 2
    assert "usage:" in capsys.readouterr().err
