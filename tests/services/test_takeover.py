"""A copied SQLite file: it stands by until it claims, and then its original does, where that is within reach."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from integrations.models import AuditEvent, Installation
from integrations.rules.installation import A_COPY
from integrations.services import database, installation, takeover
from integrations.services.installation import Original
from integrations.services.refusals import Refused
from tests.services.practice import SOMEBODY, database_file

pytestmark = pytest.mark.django_db(transaction=True)


def reasons() -> tuple[Any, ...]:
    return installation.standing().reasons


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Path]:
    """A copy of the database, in which this portal works from now on; returns the original's file."""
    if connection.vendor != "sqlite":
        pytest.skip("Files are copied with SQLite only")
    with database_file(tmp_path):
        original, copy = tmp_path / "portal.sqlite3", tmp_path / "copy.sqlite3"
        connection.close()
        with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        connection.settings_dict["NAME"] = str(copy)
        yield original
        connection.close()
        connection.settings_dict["NAME"] = str(original)


def at(file: Path) -> dict[str, Any]:
    """What the row of another file says."""
    with closing(sqlite3.connect(file)) as other:
        other.row_factory = sqlite3.Row
        return dict(other.execute("SELECT * FROM integrations_installation").fetchone())


def test_a_copy_stands_by_until_it_claims_and_tells_the_original(copied: Path) -> None:
    assert reasons() == (A_COPY,)
    assert installation.claim(by=SOMEBODY).original is Original.TOLD
    assert reasons() == ()
    here = Installation.objects.values().get()
    assert at(copied)["database"] == here["database"] == database.mark()
    connection.close()
    copy, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], str(copied)
    assert reasons() == (A_COPY,)
    assert Installation.objects.get().claimed_at == here["claimed_at"]
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.object_id) == ("installation.lost", str(SOMEBODY), "1")
    assert event.details["database"][1] == here["database"]
    # And back again: the original tells the copy.
    assert installation.claim(by=SOMEBODY).original is Original.TOLD
    assert reasons() == ()
    assert at(Path(copy))["database"] == database.mark()


@pytest.mark.parametrize("fate", ["gone", "replaced", "claimed by another copy", "without the table", "no database"])
def test_an_original_out_of_reach_is_said_and_left_as_it_is(copied: Path, fate: str) -> None:
    if fate == "gone":
        copied.rename(copied.with_name("elsewhere.sqlite3"))
    elif fate == "replaced":
        shutil.copy2(copied, copied.with_name("new.sqlite3"))
        copied.with_name("new.sqlite3").replace(copied)
    elif fate == "no database":
        copied.write_bytes(b"no database at all" * 100)
    else:
        change = (
            "DROP TABLE integrations_installation"
            if fate == "without the table"
            else "UPDATE integrations_installation SET owner = 'a-third-installation'"
        )
        with closing(sqlite3.connect(copied)) as other, other:
            other.execute(change)
    before = copied.read_bytes() if copied.exists() else b""
    claimed = installation.claim(by=SOMEBODY)
    assert claimed.original is Original.OUT_OF_REACH
    assert "could not be told" in claimed.original.sentence
    assert (copied.read_bytes() if copied.exists() else b"") == before
    assert reasons() == ()


def test_an_original_that_is_being_written_to_is_not_stopped(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(copied, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused, match="still runs"):
            installation.claim(by=SOMEBODY)
    assert reasons() == (A_COPY,)
    assert not AuditEvent.objects.exists()


def test_a_file_that_is_exchanged_under_a_running_portal_is_noticed(copied: Path) -> None:
    installation.claim(by=SOMEBODY)
    file = Path(connection.settings_dict["NAME"])
    shutil.copy2(file, file.with_name("restored.sqlite3"))
    file.with_name("restored.sqlite3").replace(file)
    assert reasons() == (A_COPY,)
