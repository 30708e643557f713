"""Tokens on the disk before their row has them: written, read, refused, taken back, and taken away."""

import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integrations.crypto import Key, KeyRing
from integrations.models import Application, AuditEvent, Connection, StatusChange
from integrations.rules.actors import PORTAL
from integrations.services import (
    connections,
    rotation,
    token_journal,
    token_lease,
    token_store,
    token_sweep,
    tokens,
    upkeep,
)
from tests.services.practice import SOMEBODY, Practice

Ring = Callable[..., KeyRing]
Status = Connection.Status


def behind(world: Practice) -> dict[str, Any]:
    """Let the next tokens reach the file and not the row, as where the commit is lost; return what the row keeps."""
    columns = [*token_store.CHAIN, "id"]
    before = Connection.objects.filter(pk=world.connection.pk).values(*columns).get()
    world.later(601)
    world.ask()
    Connection.objects.filter(pk=world.connection.pk).update(**{**before, "lease_owner": None, "lease_until": None})
    return before


def test_a_file_holds_what_its_row_holds_and_shows_nothing(world: Practice) -> None:
    row = world.row()
    file = token_journal.path(row.pk)
    entry = token_journal.read(row.pk)
    assert entry is not None
    token = token_store.opened(row, Connection.REFRESH_TOKEN)
    assert (entry.generation, entry.refresh_token) == (row.token_generation, token)
    assert (entry.lifetime, entry.answered_at) == (row.token_lifetime, row.token_answered_at)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text(encoding="ascii")
    assert token not in repr(entry)


def test_each_refresh_replaces_the_file(world: Practice) -> None:
    first = token_journal.read(world.connection.pk)
    world.later(601)
    token = world.ask()
    second = token_journal.read(world.connection.pk)
    assert first is not None
    assert second is not None
    assert (second.generation, second.access_token) == (first.generation + 1, token)
    assert [file.name for file in token_journal.path(world.connection.pk).parent.glob(".*.part")] == []


def test_a_name_is_never_written_over_later_tokens(world: Practice) -> None:
    stale = world.row()
    world.later(601)
    token = world.ask()
    tokens.name(stale)
    entry = token_journal.read(stale.pk)
    assert entry is not None
    assert (entry.generation, entry.access_token) == (world.row().token_generation, token)


def test_a_name_is_kept_with_the_tokens_that_it_belongs_to(world: Practice) -> None:
    row = world.row()
    row.exact_user_id = "another-name"
    tokens.name(row)
    entry = token_journal.read(row.pk)
    assert entry is not None
    assert (entry.user, entry.generation) == ("another-name", row.token_generation)


def test_a_file_of_another_connection_does_not_open(world: Practice) -> None:
    other = Connection(application=world.application)
    content = token_journal.path(world.connection.pk).read_bytes()
    token_journal.path(other.pk).write_bytes(content)
    assert token_journal.read(other.pk) is None


@pytest.mark.parametrize("content", [b"", b"x", b"7\n", b"7\nv1.t1.AAAA\n", "7\nü".encode(), bytes(40_000)])
def test_a_damaged_file_is_as_none(world: Practice, content: bytes) -> None:
    token = world.ask()
    token_journal.path(world.connection.pk).write_bytes(content)
    assert token_journal.read(world.connection.pk) is None
    assert world.ask() == token


# --- The room for an answer --------------------------------------------------------------------------------------


def test_a_disk_that_takes_nothing_refuses_the_request(world: Practice, settings: Any, tmp_path: Path) -> None:
    world.later(601)
    (tmp_path / "file").touch()
    settings.TOKEN_JOURNAL_DIR = tmp_path / "file"
    before = world.stored()
    with pytest.raises(tokens.JournalUnwritable, match="so Exact was not asked"):
        world.ask()
    assert (world.refreshes(), world.stored()) == ([], before)
    assert (world.row().lease_owner, world.row().refresh_asked_at) == (None, None)


def test_a_full_disk_refuses_the_request(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    world.later(601)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(tokens.JournalUnwritable, match="No space left on device"):
        world.ask()
    assert world.refreshes() == []
    assert list(token_journal.path(world.connection.pk).parent.glob(".*.part")) == []


# --- What the row has missed -------------------------------------------------------------------------------------


def test_who_asks_next_takes_what_the_row_has_missed(world: Practice) -> None:
    behind(world)
    entry = token_journal.read(world.connection.pk)
    assert entry is not None
    assert world.ask() == entry.access_token
    assert world.row().token_generation == entry.generation
    assert len(world.refreshes()) == 1


def test_the_next_refresh_after_that_works(world: Practice) -> None:
    behind(world)
    world.ask()
    world.later(601)
    world.ask()
    assert [entry["status"] for entry in world.refreshes()] == [200, 200]
    assert world.row().status == Status.CONNECTED


def test_the_doctor_tells_that_files_are_ahead_and_the_sweep_mends_it(world: Practice) -> None:
    behind(world)
    assert "1 hold newer tokens" in upkeep.check_token_files().detail
    assert token_sweep.files().adopted == 1
    assert upkeep.check_token_files().ok


def test_a_connection_that_needed_a_consent_lives_again(world: Practice) -> None:
    """Yesterday's backup says so; the consent came after it."""
    behind(world)
    ended = {"status": Status.RECONNECT, "refresh_token": "", "access_token": "", "next_check_at": None}
    Connection.objects.update(**ended)
    assert token_sweep.files().adopted == 1
    row = world.row()
    assert (row.status, row.status_reason) == (Status.CONNECTED, "")
    assert row.next_check_at is not None
    change = StatusChange.objects.filter(connection=row).latest("at")
    assert (change.before, change.after, change.cause) == ("reconnect", "connected", token_store.CAME_BACK)


def test_what_staff_disconnected_stays_so(world: Practice) -> None:
    behind(world)
    row = world.row()
    token_store.destroy(row, "Staff disconnected it.", by=SOMEBODY)
    assert token_sweep.files().removed == 1
    assert token_journal.read(row.pk) is None
    with pytest.raises(tokens.ReconnectNeeded):
        world.ask()


def test_a_request_that_nobody_finished_is_being_verified(world: Practice) -> None:
    world.later(601)
    assert token_lease.take(world.row(), timezone.now())
    world.later(2 * token_lease.LEASE.total_seconds())
    assert token_sweep.requests().verifying == 1
    row = world.row()
    assert (row.status, row.lease_owner) == (Status.VERIFYING, None)
    assert row.next_check_at == token_store.tells_at(row)
    assert token_sweep.requests().verifying == 0
    assert world.events()[-1] == "connection.verifying"


def test_a_request_whose_answer_is_in_the_file_is_finished(world: Practice) -> None:
    behind(world)
    token_lease.take(world.row(), timezone.now())
    world.later(2 * token_lease.LEASE.total_seconds())
    swept = token_sweep.requests()
    assert (swept.adopted, swept.verifying) == (1, 0)
    assert world.row().status == Status.CONNECTED


# --- Files without a row -----------------------------------------------------------------------------------------


def forgotten(world: Practice, **times: Any) -> Connection:
    """Delete the row of a connection whose file was written some minutes ago, as a backup from before does."""
    row = world.row()
    row.token_answered_at = timezone.now() - times.pop("age", timedelta(minutes=5))
    row.exact_user_id = times.pop("user", row.exact_user_id)
    pair = [token_store.opened(row, column) for column in (Connection.ACCESS_TOKEN, Connection.REFRESH_TOKEN)]
    token_journal.write(token_journal.Entry.of(row, *pair))
    Connection.objects.all().delete()
    return row


def test_a_consent_that_the_database_forgot_is_found_again(world: Practice) -> None:
    lost = forgotten(world)
    assert token_sweep.files().found_again == 1
    row = Connection.objects.get(pk=lost.pk)
    assert (row.status, row.token_generation) == (Status.PENDING, lost.token_generation)
    assert connections.finish_pending() == 1
    row.refresh_from_db()
    assert (row.status, row.full_name) == (Status.CONNECTED, "Alex Accountant")
    assert row.accesses.count() > 0
    assert [event.action for event in AuditEvent.objects.about(row).order_by("at", "id")] == [
        "connection.found_again",
        "connection.made",
    ]


@pytest.mark.parametrize(
    ("age", "user", "found", "removed"),
    [
        (timedelta(seconds=10), "u", 0, 0),
        (timedelta(hours=1), None, 1, 0),
        (timedelta(hours=25), None, 0, 1),
        (timedelta(days=29), "u", 1, 0),
        (timedelta(days=31), "u", 0, 1),
    ],
)
def test_a_file_without_a_row_is_kept_while_it_may_live(
    world: Practice, age: timedelta, user: str | None, found: int, removed: int
) -> None:
    forgotten(world, age=age, user=user)
    swept = token_sweep.files()
    assert (swept.found_again, swept.removed) == (found, removed)


def test_files_of_an_app_that_is_gone_go(world: Practice) -> None:
    forgotten(world)
    Application.objects.all().delete()
    assert token_sweep.files().removed == 1


# --- Pending connections -----------------------------------------------------------------------------------------


def test_a_consent_whose_process_ended_is_finished(world: Practice) -> None:
    Connection.objects.all().delete()
    row = tokens.begin(world.application, world.answer(), now=timezone.now() - timedelta(minutes=2))
    assert connections.finish_pending() == 1
    row.refresh_from_db()
    assert (row.status, row.claimed_until) == (Status.CONNECTED, None)
    assert connections.finish_pending() == 0


def test_a_consent_that_a_browser_is_finishing_is_left_to_it(world: Practice) -> None:
    Connection.objects.all().delete()
    tokens.begin(world.application, world.answer(), now=timezone.now())
    assert connections.finish_pending() == 0


def test_what_cannot_be_finished_is_tried_again_later(world: Practice) -> None:
    Connection.objects.all().delete()
    row = tokens.begin(world.application, world.answer(), now=timezone.now() - timedelta(minutes=2))
    world.exact.order("error_500", "me")
    assert connections.finish_pending() == 0
    assert connections.finish_pending() == 0  # taken, until the claim ends
    Connection.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert connections.finish_pending() == 1
    row.refresh_from_db()
    assert row.status == Status.CONNECTED


# --- Keys --------------------------------------------------------------------------------------------------------


def test_rotation_seals_files_again_and_leaves_their_generation(world: Practice, ring: Ring, settings: Any) -> None:
    old = settings.PORTAL_KEYS
    before = token_journal.read(world.connection.pk)
    ring(Key.generate("new"), *old.keys)
    assert rotation.keys_needed().needed == (old.first.id,)
    assert {one.column: one.resealed for one in rotation.rotate(by=SOMEBODY)}[token_journal.PURPOSE] == 1
    assert token_journal.sealed_by() == {"new": 1}
    assert token_journal.read(world.connection.pk) == before
    assert rotation.keys_needed().removable == (old.first.id,)


def test_rotation_says_which_files_no_key_opens(world: Practice, ring: Ring, settings: Any) -> None:
    file = token_journal.path(world.connection.pk)
    file.write_text(f"1\n{KeyRing(Key.generate('lost')).seal('x', world.row().place('x'))}\n", encoding="ascii")
    ring(Key.generate("new"), *settings.PORTAL_KEYS.keys)
    progress = {one.column: one for one in rotation.rotate(by=SOMEBODY)}[token_journal.PURPOSE]
    assert progress.cannot_open == ["1 files"]
    assert not upkeep.check_token_files().ok


def test_a_standby_touches_nothing(world: Practice, settings: Any) -> None:
    behind(world)
    settings.STANDBY = True
    assert token_sweep.files() == token_sweep.Swept()
    assert token_sweep.requests() == token_sweep.Swept()


def test_each_change_of_status_is_a_row_with_its_cause(world: Practice) -> None:
    world.later(601)
    world.exact.order("lost_answer", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    world.later(571)
    with pytest.raises(tokens.ReconnectNeeded):
        world.ask()
    told = [(row.before, row.after, row.by) for row in StatusChange.objects.order_by("at", "id")]
    assert told[-2:] == [("connected", "verifying", str(PORTAL)), ("verifying", "reconnect", str(PORTAL))]
    last = StatusChange.objects.latest("at")
    assert "POST /api/oauth2/token: 401" in last.evidence
    assert last.cause


def test_token_requests_of_a_day_are_counted(world: Practice) -> None:
    world.later(601)
    world.ask()
    assert (world.row().token_calls, world.row().token_calls_on) == (1, timezone.now().date())
    Connection.objects.update(token_calls_on=timezone.now().date() - timedelta(days=1), token_calls=7)
    world.later(601)
    world.ask()
    assert world.row().token_calls == 1
