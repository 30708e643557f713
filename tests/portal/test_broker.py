"""The broker without a server, used by several processes at once."""

import stat
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection, Queue

from tests.portal.broker_process import ALL, connect, put
from tests.portal.processes import PATIENCE, ROOT, variables


def start(folder: Path, verb: str, name: str, count: int = 0) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.portal.broker_process", str(folder), verb, name, str(count)],
        cwd=ROOT,
        env=variables(folder, PYTHONWARNINGS="error"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> list[str]:
    said, complained = process.communicate(timeout=PATIENCE)
    assert (process.returncode, complained) == (0, "")
    return said.split()


def test_every_message_arrives_whole_and_once(tmp_path: Path) -> None:
    consumers = [start(tmp_path, "get", "") for _ in range(2)]
    producers = [start(tmp_path, "put", name, 1000) for name in "ab"]
    for producer in producers:
        finish(producer)
    with connect(tmp_path) as connection:
        for _ in consumers:
            put(connection, "end", 1)
    taken = [finish(consumer) for consumer in consumers]
    assert sorted(taken[0] + taken[1]) == sorted(f"{name}-{number}" for name in "ab" for number in range(1000))
    assert all(taken), "one of the consumers got nothing"
    assert not list((tmp_path / "messages").iterdir())


def test_processes_that_bind_queues_at_the_same_time_lose_none(tmp_path: Path) -> None:
    for process in [start(tmp_path, "bind", name, 100) for name in "abc"]:
        finish(process)
    with connect(tmp_path) as connection:
        bound = {row.queue for row in connection.default_channel.get_table(ALL.name)}
    assert bound == {f"{name}-{number}" for name in "abc" for number in range(100)}


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    return connect(tmp_path / "var" / "broker")


def test_nobody_else_can_look_into_its_folders(connection: Connection, tmp_path: Path) -> None:
    folders = [path for path in (tmp_path / "var").rglob("*") if path.is_dir()]
    assert len(folders) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "var", *folders]} == {0o700}


def test_a_message_that_is_still_being_written_is_not_taken(connection: Connection, tmp_path: Path) -> None:
    with connection:
        simple = connection.SimpleQueue(Queue("work"))
        (tmp_path / "var" / "broker" / "messages" / "1-1-1.work.msg.part").write_text("{", encoding="utf-8")
        with pytest.raises(Empty):
            simple.get(block=False)
        simple.close()


def test_a_queue_takes_nothing_of_one_whose_name_ends_like_its_own(connection: Connection) -> None:
    with connection:
        mine, other = connection.SimpleQueue("work"), connection.SimpleQueue("home.work")
        other.put("for the other")
        with pytest.raises(Empty):
            mine.get(block=False)
        assert other.get(block=False).payload == "for the other"
        mine.close()
        other.close()


def test_messages_come_in_the_order_they_went(connection: Connection) -> None:
    with connection:
        # A name of its own: kombu remembers for the whole process which queues it bound.
        simple = connection.SimpleQueue("in-order")
        for number in range(20):
            simple.put(number)
        assert [simple.get(block=False).payload for _ in range(20)] == list(range(20))
        simple.close()


def test_a_worker_that_waits_for_messages_soon_looks_whether_it_has_to_stop(connection: Connection) -> None:
    with connection:
        simple = connection.SimpleQueue("never-filled")
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=5)
        assert time.monotonic() - began < 2
        simple.close()
