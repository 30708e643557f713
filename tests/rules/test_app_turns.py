"""What the page says before an app is turned into something else."""

import pytest

from integrations.rules.app_turns import CUTS_OFF, WORDS, Reach, Turn, consequences

FULL = Reach(connections=3, open_links=2, reconnect_from="1 April 2026")


def test_every_turn_has_its_words() -> None:
    assert set(WORDS) == set(Turn)
    for words in WORDS.values():
        assert "{name}" in words.title
        assert "{name}" in words.done


@pytest.mark.parametrize("turn", Turn)
@pytest.mark.parametrize("reach", [Reach(), FULL], ids=["nobody", "full"])
def test_every_turn_says_until_when_it_can_be_undone(turn: Turn, reach: Reach) -> None:
    assert consequences(turn, reach).undone.endswith(".")


def test_only_what_stops_something_cuts_somebody_off() -> None:
    assert {turn for turn in Turn if consequences(turn, FULL).stops} == set(CUTS_OFF)


def test_disabling_keeps_links_alive_and_a_stop_does_not() -> None:
    kept = "3 connections are kept alive: refreshed once a week at least"
    assert kept in consequences(Turn.DISABLE, FULL).goes_on
    assert kept not in consequences(Turn.STOP, FULL).goes_on
    assert "Checks, and the refreshing that keeps links alive" in consequences(Turn.STOP, FULL).stops


def test_a_stop_can_be_undone_until_the_first_link_is_lost() -> None:
    assert consequences(Turn.STOP, FULL).undone.startswith("Until 1 April 2026:")
    assert consequences(Turn.STOP, Reach()).undone.startswith("At any time:")


def test_open_link_pages_are_counted_where_there_are_some() -> None:
    assert "2 open link pages" in consequences(Turn.DISABLE, FULL).stops
    assert "1 open link page" in consequences(Turn.ENABLE, Reach(open_links=1)).begins
    assert consequences(Turn.ENABLE, Reach()).begins == ()


def test_a_stop_that_is_lifted_late_has_lost_links() -> None:
    lost = "Some links were not refreshed in time: who gave them has to connect again"
    assert lost in consequences(Turn.LIFT, Reach(connections=1, overdue=True)).begins
    assert lost not in consequences(Turn.LIFT, Reach(connections=1)).begins
