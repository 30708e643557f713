"""Tokens against the practice Exact: when it is asked, what is stored, and what a lost answer amounts to."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.utils import timezone

from integrations.exact import errors, oauth
from integrations.models import AuditEvent, Connection
from integrations.services import tokens
from tests.services.practice import Practice

pytestmark = pytest.mark.django_db
Status = Connection.Status


# --- An ordinary life ---------------------------------------------------------------------------------------


def test_a_young_token_is_used_without_asking(world: Practice, guarded: Mock) -> None:
    before = guarded.call_count
    assert world.ask() == world.ask()
    world.later(565)
    world.ask()
    assert guarded.call_count == before
    assert world.refreshes() == []


def test_a_token_past_95_percent_is_replaced_and_stored_before_use(world: Practice) -> None:
    old = world.ask()
    world.later(571)
    new = world.ask()
    assert new != old
    row = world.row()
    assert (row.token_generation, row.status) == (2, Status.CONNECTED)
    assert (row.lease_owner, row.refresh_asked_at) == (None, None)
    assert world.ask() == new
    assert world.client.call("current/Me", token=new).status_code == 200
    assert [entry["status"] for entry in world.refreshes()] == [200]
    assert world.events() == []


def test_each_refresh_is_one_generation(world: Practice) -> None:
    seen = {world.ask()}
    for generation in range(2, 6):
        world.later(571)
        seen.add(world.ask())
        assert world.row().token_generation == generation
    assert len(seen) == len(world.refreshes()) + 1 == 5


def test_a_month_without_use_needs_a_new_consent(world: Practice) -> None:
    world.later(31 * 24 * 3600)
    with pytest.raises(tokens.ReconnectNeeded) as raised:
        world.ask()
    assert isinstance(raised.value.error, errors.RefreshTokenExpired)
    row = world.row()
    assert (row.status, row.refresh_token, row.access_token, row.next_check_at) == (Status.RECONNECT, "", "", None)
    assert "30 days" in row.status_reason
    assert world.events() == ["connection.reconnect_needed"]
    with pytest.raises(tokens.ReconnectNeeded):
        world.ask()
    assert len(world.refreshes()) == len(world.events()) == 1


def test_a_later_consent_elsewhere_ends_the_chain(world: Practice) -> None:
    world.answer()
    world.later(571)
    with pytest.raises(tokens.ReconnectNeeded) as raised:
        world.ask()
    assert isinstance(raised.value.error, errors.ChainReplaced)
    assert world.row().status == Status.RECONNECT
    (event,) = AuditEvent.objects.about(world.connection)
    assert (event.details, event.actor) == ({"cause": "ChainReplaced"}, "portal")


def test_not_expired_means_the_token_on_hand(world: Practice) -> None:
    """Our clock runs ahead of Exact's."""
    token = world.ask()
    Connection.objects.update(token_answered_at=timezone.now() - timedelta(seconds=700))
    before = world.stored()
    assert world.ask() == token
    assert [entry["error"] for entry in world.refreshes()] == ["access_denied"]
    assert world.stored()[:4] == before[:4]
    assert world.ask() == token
    assert len(world.refreshes()) == 1  # it is believed for a minute, rather than asked with every call
    assert (world.row().lease_owner, world.row().refresh_asked_at) == (None, None)


def test_not_expired_without_a_token_on_hand_is_a_wait(world: Practice) -> None:
    Connection.objects.update(token_answered_at=timezone.now() - timedelta(seconds=700), access_token="")
    with pytest.raises(tokens.NotYet) as raised:
        world.ask()
    assert raised.value.until is not None
    assert timezone.now() < raised.value.until < timezone.now() + timedelta(minutes=1)
    assert world.row().status == Status.CONNECTED


# --- Answers that are lost ----------------------------------------------------------------------------------

SPOILT = ["error_500", "unavailable_503", "html_200", "empty_200", "dropped", "truncated_json", "huge", "redirect_307"]
SPOILT += ["json_list", "values_null", "values_negative", "values_nul", "values_crlf", "gzip_bomb", "cut_off"]


@pytest.mark.parametrize("fault", SPOILT)
def test_a_spoilt_answer_leaves_the_tokens_and_the_next_try_is_well(world: Practice, fault: str) -> None:
    token = world.ask()
    world.later(601)
    before = world.stored()
    world.exact.order(fault, "token", processed=False)
    with pytest.raises(tokens.OutcomeUnknown) as raised:
        world.ask()
    row = world.row()
    assert world.stored() == (Status.VERIFYING, *before[1:])
    assert row.refresh_asked_at is not None
    assert row.next_check_at == raised.value.until == row.refresh_asked_at + timedelta(seconds=570)
    assert row.lease_owner is None
    assert world.refreshes()[-1]["processed"] is False

    world.later(565)
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    assert len(world.refreshes()) == 1
    world.later(6)
    assert world.ask() != token
    assert len(world.refreshes()) == 2
    assert (world.row().status, world.row().status_reason) == (Status.CONNECTED, "")
    assert world.events() == ["connection.verifying", "connection.verified"]


@pytest.mark.parametrize("fault", ["slow", "dripping", "endless"])
def test_an_answer_that_does_not_come_is_given_up(world: Practice, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.later(601)
    world.exact.order(fault, "token", processed=False, params={"seconds": 1})
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "DEADLINE_SECONDS", 0.2)
        with pytest.raises(tokens.OutcomeUnknown) as raised:
            world.ask()
    assert isinstance(raised.value.error, errors.TimedOut | errors.AnswerTooLarge)
    world.later(571)
    world.ask()
    assert world.row().status == Status.CONNECTED


def test_a_lost_answer_that_was_ours_needs_a_new_consent(world: Practice) -> None:
    world.later(601)
    world.exact.order("lost_answer", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    assert world.refreshes()[-1]["processed"] is True
    world.later(571)
    with pytest.raises(tokens.ReconnectNeeded) as raised:
        world.ask()
    assert isinstance(raised.value.error, errors.OldRefreshToken)
    assert world.row().status == Status.RECONNECT
    assert world.events() == ["connection.verifying", "connection.reconnect_needed"]
    assert len(world.refreshes()) == 2


def test_not_expired_in_answer_to_a_probe_says_that_the_lost_answer_was_ours(world: Practice) -> None:
    world.later(601)
    world.exact.order("lost_answer", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    world.later(571)
    world.exact.clock.move(-10)
    with pytest.raises(tokens.ReconnectNeeded) as raised:
        world.ask()
    assert isinstance(raised.value.error, errors.TooEarly)
    assert world.row().status == Status.RECONNECT


def test_after_a_lost_answer_the_token_on_hand_serves_out_its_time(world: Practice) -> None:
    token = world.ask()
    world.later(571)
    world.exact.order("lost_answer", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    assert world.ask() == token
    world.later(30)
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    assert len(world.refreshes()) == 1


def test_a_second_lost_answer_is_waited_for_again_and_told_once(world: Practice) -> None:
    world.exact.order("dropped", "token", 2)
    for seconds in (601, 571):
        world.later(seconds)
        with pytest.raises(tokens.OutcomeUnknown):
            world.ask()
    assert world.events() == ["connection.verifying"]
    world.later(571)
    world.ask()
    assert world.events() == ["connection.verifying", "connection.verified"]


def test_what_provably_never_left_changes_nothing(world: Practice, settings: Any) -> None:
    world.later(601)
    before = world.stored()
    nowhere = "http://127.0.0.1:9"
    world.application.origin = nowhere
    world.application.save(update_fields=["origin"])
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": nowhere}
    with pytest.raises(errors.Unreachable) as raised:
        world.ask()
    assert not raised.value.sent
    assert world.stored() == before
    row = world.row()
    assert (row.lease_owner, row.lease_until, row.refresh_asked_at) == (None, None, None)
    assert world.events() == []


def test_an_unsent_probe_leaves_the_doubt(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    world.later(601)
    world.exact.order("dropped", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    world.later(571)
    asked_at = world.row().refresh_asked_at
    monkeypatch.setattr(oauth, "refresh", Mock(side_effect=errors.Unreachable(sent=False)))
    with pytest.raises(errors.Unreachable):
        world.ask()
    assert (world.row().refresh_asked_at, world.row().status) == (asked_at, Status.VERIFYING)


def test_a_pending_connection_stays_pending(world: Practice) -> None:
    """Nobody knows yet whose it is: no event, no check, and its refresh token is not taken away."""
    pending = tokens.begin(world.application, world.answer(), now=timezone.now() - timedelta(seconds=601))
    world.exact.order("dropped", "token")
    for _ in range(2):
        with pytest.raises(tokens.OutcomeUnknown):
            tokens.access_token(pending)
        pending.refresh_from_db()
        assert (pending.status, pending.next_check_at) == (Status.PENDING, None)
    world.answer()
    past = timezone.now() - timedelta(seconds=1200)
    Connection.objects.filter(pk=pending.pk).update(token_answered_at=past, refresh_asked_at=None)
    world.exact.clock.move(601)
    with pytest.raises(tokens.ReconnectNeeded):
        tokens.access_token(pending)
    pending.refresh_from_db()
    assert (pending.status, pending.access_token) == (Status.PENDING, "")
    assert not AuditEvent.objects.about(pending).exists()
