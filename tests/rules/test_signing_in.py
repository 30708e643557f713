"""Who may try again, and when: the rule alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules import signing_in as rule
from integrations.rules.signing_in import Scope, Standing, Tally

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
tallies = st.builds(Tally, st.integers(0, 100_000), st.timedeltas(timedelta(), rule.WINDOW).map(lambda ago: NOW - ago))


def failed(**failures: int) -> dict[Scope, Tally]:
    return {Scope(scope): Tally(number, NOW - 5 * MINUTE) for scope, number in failures.items()}


@pytest.mark.parametrize(
    ("before", "standing", "full"),
    [
        ({}, Standing.NEW, ()),
        (failed(here=4, network=29, name=19), Standing.NEW, ()),
        (failed(here=5), Standing.NEW, (Scope.HERE,)),
        (failed(here=5), Standing.FAMILIAR, (Scope.HERE,)),
        (failed(here=5), Standing.BROWSER, (Scope.HERE,)),
        (failed(network=30), Standing.NEW, (Scope.NETWORK,)),
        (failed(network=30), Standing.FAMILIAR, (Scope.NETWORK,)),
        (failed(network=30), Standing.BROWSER, ()),
        (failed(here=5, network=30), Standing.NEW, (Scope.HERE, Scope.NETWORK)),
        (failed(name=1_000_000), Standing.NEW, ()),
        (failed(here=1, name=20), Standing.NEW, (Scope.HERE,)),
        (failed(here=1, name=19), Standing.NEW, ()),
        (failed(here=4, name=1_000_000), Standing.FAMILIAR, ()),
        (failed(here=4, name=1_000_000), Standing.BROWSER, ()),
    ],
)
def test_what_is_full(before: Mapping[Scope, Tally], standing: Standing, full: tuple[Scope, ...]) -> None:
    verdict = rule.decide(before, standing, NOW)
    assert verdict.full == full
    assert len(verdict.reasons) == len(full)
    assert verdict.retry_at == (NOW + 10 * MINUTE if full else None)


@given(tallies, tallies, tallies)
def test_nobody_elsewhere_keeps_out_a_known_browser(network: Tally, name: Tally, here: Tally) -> None:
    alone = rule.decide({Scope.HERE: here}, Standing.BROWSER, NOW)
    beset = rule.decide({Scope.HERE: here, Scope.NETWORK: network, Scope.NAME: name}, Standing.BROWSER, NOW)
    assert alone == beset


@given(tallies)
def test_the_first_try_from_any_place_is_looked_at_whatever_happens_to_the_name(name: Tally) -> None:
    assert rule.decide({Scope.NAME: name}, Standing.NEW, NOW).retry_at is None


@given(st.dictionaries(st.sampled_from(Scope), tallies), st.sampled_from(Standing))
def test_a_refusal_ends_and_says_when(before: dict[Scope, Tally], standing: Standing) -> None:
    verdict = rule.decide(before, standing, NOW)
    if verdict.retry_at is not None:
        assert NOW < verdict.retry_at <= NOW + rule.WINDOW
        assert rule.decide(before, standing, verdict.retry_at).retry_at is None


def test_the_last_full_scope_says_when_and_all_say_why() -> None:
    before = {Scope.HERE: Tally(5, NOW - 14 * MINUTE), Scope.NETWORK: Tally(30, NOW - 2 * MINUTE)}
    verdict = rule.decide(before, Standing.NEW, NOW)
    assert verdict.retry_at == NOW + 13 * MINUTE
    assert verdict.reasons == (rule.REASONS[Scope.HERE], rule.REASONS[Scope.NETWORK])


def test_a_name_tried_from_many_places_is_told_so() -> None:
    assert rule.decide(failed(here=1, name=20), Standing.NEW, NOW).reasons == (rule.IN_ALARM,)


def test_a_clock_that_was_set_back_closes_nothing_for_long() -> None:
    ahead = {Scope.HERE: Tally(5, NOW + timedelta(hours=8))}
    assert rule.decide(ahead, Standing.NEW, NOW).retry_at is None
    skewed = {Scope.HERE: Tally(5, NOW + timedelta(seconds=2))}
    assert rule.decide(skewed, Standing.NEW, NOW).retry_at == NOW + rule.WINDOW + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("address", "place", "surroundings"),
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:DB8:1:2::9", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:ffff::1", "2001:db8:1:ffff::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("", "unknown", "unknown"),
        ("nonsense", "unknown", "unknown"),
        ("10.0.0.1, 10.0.0.2", "unknown", "unknown"),
    ],
)
def test_where_an_address_belongs(address: str, place: str, surroundings: str) -> None:
    assert (rule.place(address), rule.surroundings(address)) == (place, surroundings)


def test_a_session_ends_twelve_hours_after_the_log_in() -> None:
    assert not rule.is_over(NOW, NOW + timedelta(hours=11, minutes=59, seconds=59))
    assert rule.is_over(NOW, NOW + timedelta(hours=12))
    assert rule.is_over(NOW, NOW - timedelta(hours=1)), "it began in the future"


@pytest.mark.parametrize(
    ("idle", "may_set", "noted"),
    [
        (timedelta(seconds=59), True, False),
        (timedelta(seconds=60), True, True),
        (timedelta(minutes=30), True, True),
        (timedelta(minutes=30, seconds=1), False, False),
        (timedelta(days=1), False, False),
        (-timedelta(hours=1), False, False),
    ],
)
def test_keys_ask_again_after_thirty_idle_minutes_and_use_alone_does_not_mend_it(
    idle: timedelta, may_set: bool, noted: bool
) -> None:
    assert rule.may_set_keys(NOW - idle, NOW) is may_set
    assert rule.is_worth_noting(NOW - idle, NOW) is noted
