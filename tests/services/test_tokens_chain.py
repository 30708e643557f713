"""The chain of a connection: tokens that Exact refuses, and tokens that come from a consent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from integrations.exact import errors, oauth
from integrations.exact.evidence import Evidence
from integrations.exact.oauth import TokenAnswer
from integrations.models import Application, Connection
from integrations.services import app_guard, secrets, token_journal, token_lease, token_store, tokens
from tests.services.practice import SOMEBODY, Practice, newer_secret

LEASE_SECONDS = token_lease.LEASE.total_seconds()

pytestmark = pytest.mark.django_db
Status = Connection.Status


# --- Tokens that Exact refuses ------------------------------------------------------------------------------


def test_a_distrusted_token_is_replaced_when_exact_gives_one(world: Practice) -> None:
    token = world.ask()
    tokens.distrust(world.row(), token)
    with pytest.raises(tokens.NotYet) as raised:
        world.ask()
    row = world.row()
    assert row.token_answered_at is not None
    assert raised.value.until == row.next_check_at == row.token_answered_at + timedelta(seconds=570)
    assert (row.status, row.access_token) == (Status.VERIFYING, "")
    assert world.refreshes() == []
    world.later(571)
    new = world.ask()
    assert new != token
    assert world.row().status == Status.VERIFYING
    tokens.confirm(world.row())
    assert world.row().status == Status.CONNECTED
    assert world.events() == ["connection.token_refused", "connection.verified"]


def test_a_second_token_that_is_refused_ends_the_connection(world: Practice) -> None:
    tokens.distrust(world.row(), world.ask())
    world.later(571)
    tokens.distrust(world.row(), world.ask())
    row = world.row()
    assert (row.status, row.refresh_token, row.next_check_at) == (Status.RECONNECT, "", None)
    assert world.events() == ["connection.token_refused", "connection.reconnect_needed"]


def test_only_the_token_that_was_refused_is_forgotten(world: Practice) -> None:
    old = world.ask()
    world.later(571)
    new = world.ask()
    tokens.distrust(world.row(), old)
    assert world.ask() == new
    assert world.row().status == Status.CONNECTED


def test_the_same_refusal_twice_counts_once(world: Practice) -> None:
    """Two threads were refused with one token."""
    token = world.ask()
    for _ in range(2):
        tokens.distrust(world.row(), token)
    assert world.row().status == Status.VERIFYING


def test_a_revoked_connection_ends_at_the_refresh(world: Practice) -> None:
    tokens.distrust(world.row(), world.ask())
    world.answer()
    world.later(571)
    with pytest.raises(tokens.ReconnectNeeded):
        world.ask()
    assert world.row().status == Status.RECONNECT


def test_confirm_leaves_an_unanswered_request_in_doubt(world: Practice) -> None:
    world.later(571)
    world.exact.order("lost_answer", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    tokens.confirm(world.row())
    assert world.row().status == Status.VERIFYING


def test_a_token_refused_while_an_answer_is_lost_waits_for_the_probe(world: Practice) -> None:
    token = world.ask()
    world.later(571)
    world.exact.order("dropped", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    tokens.distrust(world.row(), token)
    assert world.row().status == Status.VERIFYING
    with pytest.raises(tokens.OutcomeUnknown) as raised:
        world.ask()
    assert world.row().next_check_at == raised.value.until
    world.later(571)
    world.ask()
    assert world.row().token_generation == 2


def kept_leases(monkeypatch: pytest.MonkeyPatch, then: Callable[[token_lease.Lease], None]) -> list[token_lease.Lease]:
    """Let something happen once the first lease is taken; the list has all that are."""
    take, leases = token_lease.take, []

    def taken(*arguments: Any) -> token_lease.Lease | None:
        lease = take(*arguments)
        if lease is not None:
            leases.append(lease)
            if len(leases) == 1:
                then(lease)
        return lease

    monkeypatch.setattr(token_lease, "take", taken)
    return leases


def test_whoever_was_held_up_before_sending_starts_over(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease ran out before the request left: nothing is sent under it."""
    world.later(601)

    def long(lease: token_lease.Lease) -> None:
        lease.since = (lease.since[0] - LEASE_SECONDS, lease.since[1] - LEASE_SECONDS)
        Connection.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    leases = kept_leases(monkeypatch, long)
    world.ask()
    assert (len(leases), len(world.refreshes())) == (2, 1)
    assert world.row().token_generation == 2


@pytest.mark.parametrize("gone", [(LEASE_SECONDS, 0), (0, LEASE_SECONDS)])
def test_whoever_was_held_up_in_the_last_moment_starts_over(
    world: Practice, monkeypatch: pytest.MonkeyPatch, gone: tuple[float, float]
) -> None:
    """Whichever clock of ours says so; the database is not asked once more."""
    world.later(601)
    leases = kept_leases(monkeypatch, lambda _: None)
    look = app_guard.refuse_stopped

    def slowly(application: Application) -> Application:
        row = look(application)
        if len(leases) == 1:
            leases[0].since = (leases[0].since[0] - gone[0], leases[0].since[1] - gone[1])
        return row

    monkeypatch.setattr(app_guard, "refuse_stopped", slowly)
    world.ask()
    assert (len(leases), len(world.refreshes())) == (2, 1)


def test_a_lease_that_was_lost_between_two_secrets_sends_no_second_one(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.set(world.application, "another1secret", by=SOMEBODY)
    newer_secret(world, world.client.app.client_secret)
    world.later(601)
    refresh, asked = oauth.refresh, []

    def lost(*arguments: Any, **named: Any) -> TokenAnswer:
        asked.append(named["client_secret"])
        if len(asked) == 1:
            Connection.objects.update(lease_until=timezone.now())
        return refresh(*arguments, **named)

    monkeypatch.setattr(oauth, "refresh", lost)
    world.ask()
    assert asked == ["another1secret", "another1secret", world.client.app.client_secret]
    assert len(world.refreshes()) == 1


def test_a_late_answer_is_kept_whoever_holds_the_lease(world: Practice) -> None:
    """Comparing on the lease would throw away the only good token."""
    world.later(601)
    lease = token_lease.take(world.row(), timezone.now())
    assert lease is not None
    Connection.objects.update(lease_owner=uuid4(), lease_until=timezone.now())
    late = TokenAnswer("access", "refresh", 600, Evidence.of("POST", "/api/oauth2/token"))
    with token_journal.reserve(world.connection.pk) as slot:
        assert token_store.save(lease, late, timezone.now(), slot, before=world.row())
    assert (world.ask(), world.row().lease_owner) == ("access", None)
    with token_journal.reserve(world.connection.pk) as slot:
        assert not token_store.save(lease, late, timezone.now(), slot, before=world.row())


def test_one_lease_at_a_time(world: Practice) -> None:
    world.later(601)
    seen, too = world.row(), world.row()
    first = token_lease.take(seen, timezone.now())
    assert first is not None
    assert token_lease.take(too, timezone.now()) is None
    token_lease.undo(first)
    assert token_lease.take(too, timezone.now()) is not None


# --- First tokens -------------------------------------------------------------------------------------------


def test_a_pending_connection_begins_with_the_first_generation(world: Practice) -> None:
    answer = world.answer()
    now = timezone.now()
    pending = tokens.begin(world.application, answer, now=now)
    assert (pending.status, pending.token_generation, pending.token_answered_at) == (Status.PENDING, 1, now)
    assert tokens.access_token(pending) == answer.access_token
    assert answer.refresh_token not in repr(Connection.objects.values().get(pk=pending.pk))


def test_tokens_move_to_the_users_connection(world: Practice) -> None:
    tokens.distrust(world.row(), world.ask())
    answer = world.answer()
    pending = tokens.begin(world.application, answer, now=timezone.now())
    target = world.row()
    tokens.move(pending, target)
    assert (target.token_generation, target.status, target.status_reason) == (2, Status.CONNECTED, "")
    assert target.consented_at == pending.consented_at
    assert not Connection.objects.filter(exact_user_id=None).exists()
    assert world.ask() == answer.access_token
    world.later(571)
    assert world.ask() != answer.access_token
    assert world.row().token_generation == 3


def test_tokens_revive_a_connection_that_had_ended(world: Practice) -> None:
    answer = world.answer()
    world.later(571)
    with pytest.raises(tokens.ReconnectNeeded):
        world.ask()
    tokens.move(tokens.begin(world.application, answer, now=timezone.now()), world.row())
    assert world.ask() == answer.access_token


def test_a_lost_answer_moves_along(world: Practice) -> None:
    Connection.objects.update(consented_at=timezone.now() - timedelta(hours=1))
    pending = tokens.begin(world.application, world.answer(), now=timezone.now() - timedelta(seconds=601))
    world.later(602)
    world.exact.order("lost_answer", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        tokens.access_token(pending)
    tokens.move(pending, world.row())
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    assert len(world.refreshes()) == 1


def test_tokens_never_move_over_later_ones(world: Practice) -> None:
    """Two consents of one user, of which the first is finished last."""
    first = tokens.begin(world.application, world.answer(), now=timezone.now())
    second = world.answer()
    assert tokens.move(tokens.begin(world.application, second, now=timezone.now()), world.row())
    assert not tokens.move(first, world.row())
    assert not Connection.objects.pending().exists()
    assert world.ask() == second.access_token
    world.later(601)
    world.ask()
    assert [entry["status"] for entry in world.refreshes()] == [200]


def test_tokens_never_move_over_later_ones_that_only_the_file_has(world: Practice) -> None:
    """As where yesterday's backup has the consent unfinished that was finished since."""
    before = Connection.objects.filter(pk=world.connection.pk).values(*token_store.CHAIN).get()
    first = tokens.begin(world.application, world.answer(), now=timezone.now() - timedelta(minutes=1))
    second = world.answer()
    tokens.move(tokens.begin(world.application, second, now=timezone.now()), world.row())
    tokens.name(world.row())
    Connection.objects.filter(pk=world.connection.pk).update(**before)
    assert not tokens.move(first, world.row())
    assert world.ask() == second.access_token


def test_a_refresh_that_was_under_way_at_the_consent_keeps_no_new_tokens_away(world: Practice) -> None:
    """It was of the chain before, and its answer was stored a moment later."""
    answer = world.answer()
    pending = tokens.begin(world.application, answer, now=timezone.now())
    Connection.objects.filter(pk=world.connection.pk).update(token_answered_at=timezone.now())
    assert tokens.move(pending, world.row())
    assert world.ask() == answer.access_token


def test_a_time_that_lies_ahead_keeps_no_new_tokens_away(world: Practice) -> None:
    """The clock has been set back since the last refresh."""
    Connection.objects.update(token_answered_at=timezone.now() + timedelta(hours=1))
    answer = world.answer()
    assert tokens.move(tokens.begin(world.application, answer, now=timezone.now()), world.row())
    assert world.ask() == answer.access_token


@pytest.mark.parametrize("refusal", [None, errors.ChainReplaced, errors.ConnectionLost])
def test_a_refresh_under_way_leaves_tokens_that_moved_in(
    world: Practice, monkeypatch: pytest.MonkeyPatch, refusal: type[errors.ExactError] | None
) -> None:
    """Whatever became of it: it was of the chain before."""
    world.later(571)
    answer = world.answer()

    def meanwhile(*_: Any, **__: Any) -> oauth.TokenAnswer:
        tokens.move(tokens.begin(world.application, answer, now=timezone.now()), world.row())
        if refusal is not None:
            raise refusal
        return world.answer()

    monkeypatch.setattr(oauth, "refresh", meanwhile)
    assert world.ask() == answer.access_token
    assert (world.row().status, world.row().token_generation) == (Status.CONNECTED, 2)
    assert world.events() == []


def test_tokens_move_from_pending_connections_only(world: Practice) -> None:
    pending = tokens.begin(world.application, world.answer(), now=timezone.now())
    for source, target in ((world.row(), pending), (pending, pending)):
        with pytest.raises(ValueError, match="pending"):
            tokens.move(source, target)
    assert Connection.objects.count() == 2
