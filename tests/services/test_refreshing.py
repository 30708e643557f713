"""Refresh now: a new token where Exact gives one, else the reason; one event each time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import AuditEvent, Connection
from integrations.services import app_states, refreshing
from integrations.services.refusals import Refused
from tests.services.practice import SOMEBODY, Practice

pytestmark = pytest.mark.django_db


def run(world: Practice) -> refreshing.Outcome:
    return refreshing.run(world.row(), by=SOMEBODY)


def test_where_it_is_due_exact_gives_a_new_token(world: Practice) -> None:
    world.later(571)
    outcome = run(world)
    assert (outcome.refreshed, outcome.failed) == (True, False)
    answered = world.row().token_answered_at
    assert answered is not None
    assert (timezone.now() - answered).total_seconds() < 30


def test_before_that_nothing_is_asked_and_the_moment_is_said(world: Practice) -> None:
    before = world.row().token_generation
    outcome = run(world)
    assert (outcome.refreshed, outcome.failed) == (False, False)
    assert outcome.said.startswith("Exact gives a new token from ")
    assert world.row().token_generation == before


def test_each_time_is_one_event_without_a_secret(world: Practice) -> None:
    run(world)
    world.later(571)
    run(world)
    events = AuditEvent.objects.filter(action="connection.refresh_asked").order_by("at")
    assert [event.details for event in events] == [{"refreshed": False}, {"refreshed": True}]


def test_under_emergency_stop_it_says_so(world: Practice) -> None:
    world.later(571)
    app_states.stop(world.application, by=SOMEBODY)
    outcome = run(world)
    assert outcome.failed
    assert "stop" in outcome.said.lower()


def test_what_has_ended_is_refused(world: Practice) -> None:
    Connection.objects.update(status="reconnect", refresh_token="", access_token="", next_check_at=None)
    with pytest.raises(Refused, match="reconnect"):
        run(world)


def test_after_a_lost_answer_the_moment_is_when_exact_can_tell(world: Practice) -> None:
    asked_at = timezone.now()
    answered_at = asked_at - timedelta(seconds=580)  # it is on hand for 20 s more
    Connection.objects.update(token_answered_at=answered_at, refresh_asked_at=asked_at)
    outcome = run(world)
    assert not outcome.refreshed
    assert f"from {timezone.localtime(asked_at + timedelta(seconds=570)):%H:%M:%S} on" in outcome.said
