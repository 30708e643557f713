"""Files of tokens on a disk that refuses after all, of keys that are gone, and of who was disconnected meanwhile."""

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from integrations.models import Connection, KeyRingCanary
from integrations.services import keyring, token_journal, token_store, tokens
from integrations.services.token_journal import Entry
from tests.services.practice import Practice


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


# --- The disk ----------------------------------------------------------------------------------------------------


def test_a_disk_that_takes_a_part_leaves_the_file_before(world: Practice) -> None:
    before = token_journal.read(world.connection.pk)
    entry = replace(entry_of(world.row()), generation=2)
    refused = pytest.raises(tokens.JournalUnwritable, match="File too large")
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
