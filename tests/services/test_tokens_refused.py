"""Requests that Exact refuses, or that never leave: nothing is hammered, and nobody is told what is not so."""

import errno
import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from integrations.exact import errors, oauth
from integrations.exact.evidence import Evidence
from integrations.exact.limits import LimitHeaders, Window
from integrations.models import Application, ClientSecret, Connection, StatusChange
from integrations.services import (
    app_guard,
    refreshing,
    secrets,
    token_journal,
    token_lease,
    token_store,
    tokens,
)
from tests.services.practice import SOMEBODY, Practice, newer_secret

EVIDENCE = Evidence.of("POST", oauth.TOKEN_PATH)
HOUR = timedelta(hours=1)


def refused_with(monkeypatch: pytest.MonkeyPatch, error: errors.ExactError) -> list[str]:
    """Let the token endpoint answer like this; the list has a sign for each request."""
    asked = []

    def refuse(*_: Any, **__: Any) -> None:
        asked.append("asked")
        raise error

    monkeypatch.setattr(oauth, "refresh", refuse)
    return asked


# --- Refused for no reason that we know ---------------------------------------------------------------------


def test_an_unknown_refusal_is_not_asked_for_again_with_every_call(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.later(601)
    asked = refused_with(monkeypatch, errors.TokenRefused(EVIDENCE, reason="something new"))
    with pytest.raises(errors.TokenRefused):
        world.ask()
    for _ in range(3):
        with pytest.raises(tokens.NotYet, match="Exact refused the last token request") as told:
            world.ask()
    assert asked == ["asked"]
    assert told.value.until is not None
    assert timedelta(minutes=9) < told.value.until - timezone.now() <= timedelta(minutes=10)
    assert world.row().status == Connection.Status.CONNECTED
    monkeypatch.undo()
    Connection.objects.update(token_not_before=timezone.now())
    assert world.ask()
    assert world.row().token_not_before is None


@pytest.mark.parametrize(("resets_in", "waits"), [(120, 120), (None, 600), (86_000, 3600)])
def test_a_limit_at_the_token_endpoint_is_waited_for(
    world: Practice, monkeypatch: pytest.MonkeyPatch, resets_in: int | None, waits: int
) -> None:
    """As long as Exact says, and never for longer than an hour."""
    world.later(601)
    resets_at = timezone.now() + timedelta(seconds=resets_in) if resets_in else None
    limits = LimitHeaders(daily=Window(limit=200, remaining=0, resets_at=resets_at))
    refused_with(monkeypatch, errors.LimitReached(EVIDENCE, limits=limits))
    with pytest.raises(errors.LimitReached):
        world.ask()
    until = world.row().token_not_before
    assert until is not None
    assert abs((until - timezone.now()).total_seconds() - waits) < 5


def test_a_wait_that_a_clock_ahead_wrote_ends(world: Practice) -> None:
    world.later(601)
    Connection.objects.update(token_not_before=timezone.now() + 3 * HOUR)
    assert world.ask()


# --- The app's keys ---------------------------------------------------------------------------------------------


def test_a_late_refusal_of_old_keys_says_nothing_of_new_ones(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    good = world.client.app.client_secret
    ClientSecret.objects.all().delete()
    secrets.set(world.application, "wrongSecret1234", by=SOMEBODY)
    world.later(601)
    refresh = oauth.refresh

    def slow(*arguments: Any, **named: Any) -> oauth.TokenAnswer:
        try:
            return refresh(*arguments, **named)
        finally:
            secrets.set(world.application, good, by=SOMEBODY)

    monkeypatch.setattr(oauth, "refresh", slow)
    with pytest.raises(errors.InvalidClient):
        world.ask()
    monkeypatch.undo()
    assert Application.objects.get().keys_refused_at is None
    assert world.ask()


def test_a_secret_that_does_not_open_hides_no_refusal(world: Practice) -> None:
    """It was not tried, and is none that could be."""
    ClientSecret.objects.all().delete()
    secrets.set(world.application, "wrongSecret1234", by=SOMEBODY)
    newer_secret(world, "another1secret")
    ClientSecret.objects.filter(status=ClientSecret.Status.NEWER).update(sealed="v1.gone.AAAA")
    world.later(601)
    with pytest.raises(errors.InvalidClient):
        world.ask()
    assert Application.objects.get().keys_refused_at is not None


def test_the_request_of_the_hour_is_not_spent_by_a_full_disk(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    world.later(601)
    past = timezone.now() - timedelta(minutes=61)
    Connection.objects.update(token_answered_at=past - HOUR)
    Application.objects.update(keys_refused_at=past, keys_tried_at=past)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        with pytest.raises(tokens.JournalUnwritable):
            world.ask()
    assert world.ask()


def test_a_client_id_that_was_changed_meanwhile_is_the_one_that_is_sent(world: Practice) -> None:
    """Who holds a connection may have read its app long ago."""
    world.later(601)
    held = Connection.objects.select_related("application").get()
    held.application.client_id = "00000000-0000-4000-8000-000000000000"
    assert tokens.access_token(held)
    assert Application.objects.get().keys_refused_at is None


# --- Requests that never left ---------------------------------------------------------------------------------


def test_a_database_that_fails_before_the_request_leaves_no_doubt(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.later(601)

    def locked(_: Application) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(app_guard, "refuse_stopped", locked)
        with pytest.raises(OperationalError):
            world.ask()
    row = world.row()
    assert (row.lease_owner, row.refresh_asked_at, row.status) == (None, None, Connection.Status.CONNECTED)


# --- Late answers and wrong clocks -----------------------------------------------------------------------------


def test_a_doubt_outlives_a_clock_that_is_put_right(world: Practice) -> None:
    """Answer and request were written an hour ahead: which came first still tells that an answer is missing."""
    world.later(601)
    world.exact.order("error_500", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    row = world.row()
    assert row.token_answered_at is not None
    assert row.refresh_asked_at is not None
    Connection.objects.update(
        token_answered_at=row.token_answered_at + HOUR, refresh_asked_at=row.refresh_asked_at + HOUR
    )
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    assert world.row().status == Connection.Status.VERIFYING
    world.later(571)
    assert world.ask()
    assert world.row().status == Connection.Status.CONNECTED


def test_an_answer_that_was_held_up_counts_from_when_it_came(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still with it for an hour has an old token, not a young one."""
    world.later(601)
    refresh = oauth.refresh

    def held_up(*arguments: Any, **named: Any) -> oauth.TokenAnswer:
        answer = refresh(*arguments, **named)
        monkeypatch.setattr(tokens.timezone, "now", lambda: now + HOUR)
        return answer

    now = timezone.now()
    monkeypatch.setattr(oauth, "refresh", held_up)
    world.ask()
    monkeypatch.undo()
    answered_at = world.row().token_answered_at
    assert answered_at is not None
    assert answered_at - now < timedelta(seconds=tokens.DEADLINE_SECONDS + 5)


def test_a_late_answer_says_that_exact_answered(world: Practice) -> None:
    """Not that a file had the tokens: nobody kept them there."""
    world.later(601)
    lease = token_lease.take(world.row(), timezone.now())
    assert lease is not None
    before, answer = world.row(), world.answer()
    end = errors.RefreshTokenExpired(EVIDENCE)
    assert token_store.end(lease, end)
    with token_journal.reserve(before.pk) as slot:
        assert token_store.save(lease, answer, timezone.now(), slot, before=before)
    assert StatusChange.objects.first().cause == token_store.ANSWERED  # type: ignore[union-attr]


def test_refresh_now_takes_what_the_file_has(world: Practice) -> None:
    """A restored row says that it has ended; its file says that it has not."""
    world.later(601)
    world.ask()
    ended = {"status": "reconnect", "refresh_token": "", "access_token": "", "next_check_at": None}
    Connection.objects.update(**ended, token_generation=1)
    assert not refreshing.run(world.row(), by=SOMEBODY).failed
    assert world.row().status == Connection.Status.CONNECTED


def test_a_request_that_was_held_up_counts_from_when_it_left(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact counts from when it comes: the probe after a lost answer must not be earlier."""
    world.later(601)
    take = token_lease.take

    def slowly(*arguments: Any) -> token_lease.Lease | None:
        lease = take(*arguments)
        assert lease is not None
        lease.since = (lease.since[0] - 1, lease.since[1])
        Connection.objects.update(refresh_asked_at=timezone.now() - timedelta(seconds=1))
        return lease

    monkeypatch.setattr(token_lease, "take", slowly)
    world.exact.order("lost_answer", "token")
    before = timezone.now()
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    row = world.row()
    assert row.refresh_asked_at is not None
    assert row.refresh_asked_at >= before
    assert row.token_calls == 1
