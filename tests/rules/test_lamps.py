"""The three lamps: what each says of an app, in a word and in a sentence."""

from typing import Any

import pytest

from integrations.rules.app_states import State
from integrations.rules.lamps import AppStanding, Tally, lamps
from integrations.rules.workflow import PermissionState


def standing(**changes: Any) -> AppStanding:
    values = {"state": "enabled", "is_testing": False, "permission": "granted", **changes}
    return AppStanding(**values)


@pytest.mark.parametrize(
    ("state", "word", "tone"),
    [
        ("enabled", "Enabled", "good"),
        ("disabled", "Disabled", "quiet"),
        ("stopped", "Emergency stop", "bad"),
        ("archived", "Archived", "quiet"),
    ],
)
def test_the_first_lamp_says_what_we_chose(state: str, word: str, tone: str) -> None:
    lamp = lamps(standing(state=state))[0]
    assert (lamp.label, lamp.word, lamp.tone) == ("Enabled by us", word, tone)


@pytest.mark.parametrize(
    ("permission", "word"),
    [
        ("none", "Not requested"),
        ("requested", "With Exact"),
        ("granted", "Granted"),
        ("refused", "Refused"),
        ("withdrawn", "Withdrawn"),
        ("taken_back", "Taken back"),
    ],
)
def test_the_second_lamp_says_how_exact_stands_to_it(permission: str, word: str) -> None:
    lamp = lamps(standing(permission=permission))[1]
    assert (lamp.label, lamp.word) == ("Permission by Exact", word)
    assert (lamp.tone == "good") == (permission == "granted")


def test_every_state_that_a_row_can_be_in_has_its_words() -> None:
    for state in State:
        assert lamps(standing(state=state))[0].sentence.endswith(".")


def test_every_permission_that_a_row_can_hold_has_its_words() -> None:
    for status in PermissionState:
        assert lamps(standing(permission=status))[1].sentence.endswith(".")


def test_a_testing_app_needs_no_permission() -> None:
    lamp = lamps(standing(is_testing=True, permission="none"))[1]
    assert lamp.word == "Not needed"
    assert "your own Exact subscription only" in lamp.sentence


@pytest.mark.parametrize(
    ("customers", "word", "tone", "sentence"),
    [
        (Tally(), "Nobody yet", "quiet", "There is no connection of customers through it yet."),
        (Tally(well=1), "1 of 1 well", "good", "1 of 1 connection of customers well."),
        (Tally(well=12), "12 of 12 well", "good", "12 of 12 connections of customers well."),
        (
            Tally(well=9, reconnect=2, failing=1),
            "Reconnect needed: 2 of 12",
            "bad",
            "9 of 12 connections of customers well; 2 must be connected again; 1 failed the last check.",
        ),
        (
            Tally(well=1, verifying=1),
            "Being verified: 1 of 2",
            "warn",
            "1 of 2 connections of customers well; 1 being verified, which takes about ten minutes.",
        ),
        (
            Tally(well=0, failing=1),
            "Needs a look: 1 of 1",
            "warn",
            "0 of 1 connection of customers well; 1 failed the last check.",
        ),
    ],
)
def test_the_third_lamp_says_the_worst_and_how_many(customers: Tally, word: str, tone: str, sentence: str) -> None:
    lamp = lamps(standing(customers=customers))[2]
    assert (lamp.label, lamp.word, lamp.tone, lamp.sentence) == ("Connected by customers", word, tone, sentence)


def test_our_own_connections_are_no_customers() -> None:
    lamp = lamps(standing(own=Tally(well=1)))[2]
    assert lamp.word == "Ours only"
    assert lamp.sentence.endswith("Beside these, 1 reaches your own companies only.")


def test_a_testing_app_counts_our_own() -> None:
    lamp = lamps(standing(is_testing=True, own=Tally(well=1), customers=Tally(reconnect=1)))[2]
    assert (lamp.label, lamp.word) == ("Connected by us", "Reconnect needed: 1 of 2")


def test_every_lamp_can_be_told_without_its_colour() -> None:
    words = {lamp.word for change in ("enabled", "stopped") for lamp in lamps(standing(state=change))}
    assert {"Enabled", "Emergency stop", "Granted", "Nobody yet"} == words
