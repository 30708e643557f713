"""How long links live when nothing is refreshed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from integrations.rules import lifetimes

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_nobody_who_is_connected_has_to_reconnect() -> None:
    assert lifetimes.reconnect_from([]) is None


@given(st.lists(MOMENTS, min_size=1))
def test_the_link_that_was_refreshed_longest_ago_is_lost_first_after_thirty_days(answers: list[datetime]) -> None:
    first = lifetimes.reconnect_from(iter(answers))
    assert first is not None
    assert first - timedelta(days=30) in answers
    assert all(first - timedelta(days=30) <= answer for answer in answers)
