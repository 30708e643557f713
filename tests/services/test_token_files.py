"""Files of tokens on a disk that refuses after all, of keys that are gone, and of who was disconnected meanwhile."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.db import connection as database

from integrations.crypto import Key, KeyRing, Place
from integrations.models import Connection, KeyRingCanary
from integrations.services import (
    calls,
    checks,
    disconnecting,
    keyring,
    refreshing,
    token_journal,
    token_store,
    token_sweep,
    tokens,
    upkeep,
)
from integrations.services.token_journal import Entry
from tests.services.practice import SOMEBODY, Practice


@contextmanager
def disk_ending_at(size: int) -> Iterator[None]:
    """Let files grow no further: the system takes a part of what is written, and refuses the rest."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def entry_of(row: Connection) -> Entry:
    pair = [token_store.opened(row, column) for column in (Connection.ACCESS_TOKEN, Connection.REFRESH_TOKEN)]
    return Entry.of(row, *pair)


def unfinished(world: Practice) -> list[Path]:
    return list(token_journal.path(world.connection.pk).parent.glob(".*.part"))


def open_files() -> Iterator[int]:
    """Yield the number on the disk of each file that this process has open."""
    for handle in Path("/dev/fd").iterdir():
        with suppress(OSError):
            yield os.fstat(int(handle.name)).st_ino


def refuse_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the disk refuse what is to be on it, once Exact has answered."""

    def broken(_handle: int) -> None:
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr(os, "fsync", broken)


# --- The disk ----------------------------------------------------------------------------------------------------


def test_a_disk_that_takes_a_part_leaves_the_file_before(world: Practice) -> None:
    before = token_journal.read(world.connection.pk)
    entry = replace(entry_of(world.row()), generation=2)
    refused = pytest.raises(tokens.JournalBehind, match="File too large")
    with token_journal.reserve(world.connection.pk) as slot, disk_ending_at(100), refused:
        slot.write(entry)
    assert token_journal.read(world.connection.pk) == before
    assert unfinished(world) == []


def test_what_cannot_be_sealed_leaves_no_open_file(world: Practice) -> None:
    entry = entry_of(world.row())
    keyring.forget()
    KeyRingCanary.objects.all().delete()
    with token_journal.reserve(world.connection.pk) as slot:
        (which,) = (file.stat().st_ino for file in unfinished(world))
        with pytest.raises(keyring.WrongKeyRing):
            slot.write(entry)
    assert which not in open_files()
    assert unfinished(world) == []


def test_files_left_half_written_go_and_others_stay(world: Practice) -> None:
    file = token_journal.path(world.connection.pk)
    left = file.with_name(f".{world.connection.pk}.x{token_journal.UNFINISHED}")
    left.touch()
    token_journal.sweep_unfinished(time.time() - 60)
    assert left.exists()
    token_journal.sweep_unfinished(time.time() + 60)
    assert (left.exists(), file.exists()) == (False, True)


def test_where_the_disk_refuses_an_answer_the_row_has_it_and_the_operator_reads_so(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.later(601)
    refuse_files(monkeypatch)
    with pytest.raises(tokens.JournalBehind, match=r"^The connection works .* could not be written") as caught:
        world.ask()
    assert "not asked" not in str(caught.value)
    assert (world.row().status, len(world.refreshes())) == (Connection.Status.CONNECTED, 1)
    assert world.ask() == token_store.opened(world.row(), Connection.ACCESS_TOKEN)


def test_a_check_tells_the_operator_of_a_file_and_the_next_call_works(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.later(601)
    with monkeypatch.context() as once:
        refuse_files(once)
        found = checks.run(world.row())
    assert (found.cause, found.who, found.next_check_at is None) == ("JournalBehind", "operator", False)
    assert found.detail.startswith("The connection works")
    assert calls.send(world.row(), "GET", "/api/v1/current/Me").status == 200


def test_refresh_now_says_that_there_is_a_new_token_without_its_file(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.later(601)
    refuse_files(monkeypatch)
    outcome = refreshing.run(world.row(), by=SOMEBODY)
    assert (outcome.refreshed, outcome.failed) == (True, True)
    assert outcome.said.startswith("The connection works")


def test_a_secret_is_proven_by_an_answer_that_the_disk_refuses(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.application.secrets.update(proven_at=None)
    world.later(601)
    refuse_files(monkeypatch)
    with pytest.raises(tokens.JournalBehind):
        world.ask()
    assert world.application.secrets.get().proven_at is not None


def test_no_room_for_tokens_that_came_is_no_request_that_was_not_made(
    world: Practice, settings: Any, tmp_path: Path
) -> None:
    entry = entry_of(world.row())
    (tmp_path / "file").touch()
    settings.TOKEN_JOURNAL_DIR = tmp_path / "file"
    with pytest.raises(tokens.JournalBehind, match=r"could not be written \(.*\)\. Make room there"):
        token_journal.write(entry)


# --- The row -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [InterfaceError, OperationalError])
def test_an_answer_is_in_its_file_where_the_database_is_gone(world: Practice, error: type[Exception]) -> None:
    world.later(601)
    generation = world.row().token_generation

    def gone(execute: Any, sql: str, *args: Any) -> Any:
        if "integrations_connection" in sql and world.refreshes():
            raise error("connection already closed")
        return execute(sql, *args)

    with database.execute_wrapper(gone), pytest.raises(error):
        world.ask()
    entry = token_journal.read(world.connection.pk)
    assert entry is not None
    assert entry.generation == generation + 1
    assert world.ask() == entry.access_token


def test_who_is_disconnected_while_an_answer_is_written_leaves_no_file(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = token_journal.Slot.write

    def then(slot: token_journal.Slot, entry: Entry) -> None:
        disconnecting.disconnect(world.row(), by=SOMEBODY)
        write(slot, entry)

    world.later(601)
    monkeypatch.setattr(token_journal.Slot, "write", then)
    with pytest.raises(tokens.ReconnectNeeded):
        world.ask()
    assert not token_journal.path(world.connection.pk).exists()


def test_who_is_disconnected_while_a_file_is_adopted_leaves_none(world: Practice) -> None:
    seen = world.row()
    entry = replace(entry_of(seen), generation=seen.token_generation + 1)
    disconnecting.disconnect(world.row(), by=SOMEBODY)
    token_journal.write(entry)
    assert not token_store.adopt(seen)
    assert not token_journal.path(seen.pk).exists()


# --- Files that do not open --------------------------------------------------------------------------------------


def of_a_lost_key(row: Connection, key: Key) -> bytes:
    """Return a file of tokens that are long gone, and that no key of the ring opens."""
    return f"7\n{KeyRing(key).seal('{}', Place(token_journal.PURPOSE, row.pk, 7))}\n".encode()


@pytest.mark.parametrize("content", [b"7\n", b"7\nv1.t1.AAAA\n", b"4294967296\nv1.t1.AAAA\n", b"9" * 30])
def test_an_answer_is_kept_in_place_of_a_damaged_file(world: Practice, content: bytes) -> None:
    world.later(601)
    token_journal.path(world.connection.pk).write_bytes(content)
    assert world.ask() == token_store.opened(world.row(), Connection.ACCESS_TOKEN)
    assert token_journal.read(world.connection.pk) == entry_of(world.row())
    assert [asked["status"] for asked in world.refreshes()] == [200]


def test_an_answer_is_kept_in_place_of_a_file_whose_key_is_gone(world: Practice) -> None:
    world.later(601)
    token_journal.path(world.connection.pk).write_bytes(of_a_lost_key(world.row(), Key.generate("lost")))
    world.ask()
    assert token_journal.read(world.connection.pk) == entry_of(world.row())


def test_a_row_stays_above_a_file_whose_key_comes_back(
    world: Practice, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk kept the old file: it refused the new one."""
    lost = Key.generate("lost")
    file, content = token_journal.path(world.connection.pk), of_a_lost_key(world.row(), lost)
    file.write_bytes(content)
    world.later(601)
    refuse_files(monkeypatch)
    with pytest.raises(tokens.JournalBehind):
        world.ask()
    settings.PORTAL_KEYS = KeyRing(*settings.PORTAL_KEYS.keys, lost)
    assert file.read_bytes() == content
    assert world.row().token_generation > token_journal.generation(world.connection.pk)


def test_the_doctor_tells_a_damaged_file_from_newer_tokens(world: Practice) -> None:
    token_journal.path(world.connection.pk).write_bytes(b"7\nv1.t1.AAAA\n")
    assert list(token_sweep.ahead()) == []
    assert "1 of them do not open" in upkeep.check_token_files().detail


def test_a_file_that_its_row_has_all_of_is_not_opened(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(token_journal, "read")
    world.later(601)
    assert world.ask()
