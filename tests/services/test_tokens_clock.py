"""Our clock was an hour ahead, or is: links live on, and Exact is not asked with every call."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Connection
from integrations.services import token_lease, tokens
from tests.services.practice import Practice

HOUR = timedelta(hours=1)


def written_ahead(*names: str) -> None:
    """Let the row hold times that a clock an hour ahead wrote."""
    Connection.objects.update(**{name: timezone.now() + HOUR for name in names})


def test_an_answer_of_the_future_counts_from_now(world: Practice) -> None:
    token = world.ask()
    written_ahead("token_answered_at")
    assert world.ask() == token
    answered_at = world.row().token_answered_at
    assert answered_at is not None
    assert answered_at <= timezone.now()
    world.later(601)
    assert world.ask() != token


def test_a_lost_answer_of_the_future_is_asked_about_after_a_lifetime_from_now(world: Practice) -> None:
    world.later(601)
    world.exact.order("lost_answer", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()
    written_ahead("refresh_asked_at")
    with pytest.raises(tokens.OutcomeUnknown) as told:
        world.ask()
    assert told.value.until is not None
    assert timedelta(seconds=560) < told.value.until - timezone.now() <= timedelta(seconds=570)
    assert len(world.refreshes()) == 1


def test_a_lease_of_the_future_holds_nobody_up(world: Practice) -> None:
    world.later(601)
    assert token_lease.take(world.row(), timezone.now()) is not None
    written_ahead("lease_until", "refresh_asked_at")
    with pytest.raises(tokens.OutcomeUnknown):
        world.ask()


def test_two_clocks_that_differ_a_little_change_nothing(world: Practice) -> None:
    soon = timezone.now() + timedelta(seconds=3)
    Connection.objects.update(token_answered_at=soon)
    assert world.ask()
    assert world.row().token_answered_at == soon
