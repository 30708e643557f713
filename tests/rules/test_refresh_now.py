"""Why Exact gives no new token yet, in words."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.rules import refresh, refresh_now
from integrations.rules.refresh import Decision, Refresh, Refuse, Use, WaitUntil, Why

NOW = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
LIFETIME = timedelta(seconds=600)


def said(decision: Decision, answered_at: datetime | None = NOW) -> str:
    return refresh_now.why_not_yet(
        decision,
        next_at=answered_at and refresh.earliest(answered_at, LIFETIME),
        good_until=answered_at and answered_at + LIFETIME,
        say=lambda at: f"{at:%H:%M:%S}",
    )


def test_a_young_token_is_kept_until_exact_gives_the_next() -> None:
    assert said(Use()) == "Exact gives a new token from 13:09:30 on; the one on hand is good until 13:10:00."


def test_where_one_is_due_nothing_is_said() -> None:
    assert said(Refresh(probe=False)) == said(Refresh(probe=True)) == ""


@pytest.mark.parametrize("why", Why)
def test_what_is_waited_for_is_said_with_the_moment(why: Why) -> None:
    assert said(WaitUntil(NOW, why)) == f"{why} Not before 13:00:00."


def test_what_has_ended_says_why() -> None:
    assert said(Refuse("It has ended.")) == "It has ended."


def test_it_explains_what_the_rule_decides() -> None:
    state = refresh.TokenState(ended=False, on_hand=True, lifetime=LIFETIME, answered_at=NOW)
    assert "13:09:30" in said(refresh.decide(state, NOW + timedelta(seconds=569)))
    assert said(refresh.decide(state, NOW + timedelta(seconds=570))) == ""
