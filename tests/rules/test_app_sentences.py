"""The one sentence of what is true of an app."""

from dataclasses import replace

import pytest

from integrations.rules.app_sentences import Facts, sentence
from integrations.rules.app_states import State
from integrations.rules.key_tests import WORKS_FOR_US

SINCE = "since 3 November, 10:00 by Anna Smit"
STOPPED = f"Under Emergency stop {SINCE}: nothing is asked of Exact through it."
ENABLED = Facts(State.ENABLED, since=SINCE, connections=3)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(State.DISABLED), "Disabled, and ready to be enabled."),
        (Facts(State.DISABLED, errors=1), "Disabled. One thing keeps it from being enabled."),
        (Facts(State.DISABLED, errors=2), "Disabled. 2 things keep it from being enabled."),
        (
            Facts(State.DISABLED, connections=1),
            "Disabled, and ready to be enabled. 1 connection lives, and is kept alive meanwhile.",
        ),
        (
            Facts(State.DISABLED, errors=1, connections=2),
            "Disabled. One thing keeps it from being enabled. 2 connections live, and are kept alive meanwhile.",
        ),
        (ENABLED, f"Enabled {SINCE}; 3 connections live."),
        (replace(ENABLED, connections=0), f"Enabled {SINCE}; nobody has connected yet."),
        (
            Facts(State.STOPPED, since=SINCE),
            STOPPED,
        ),
        (
            Facts(State.STOPPED, since=SINCE, connections=1, reconnect_from="3 December, 10:00"),
            f"{STOPPED} Somebody has to connect again from 3 December, 10:00 on.",
        ),
        (Facts(State.ARCHIVED, since=SINCE), f"Archived {SINCE}: nobody can connect through it."),
    ],
)
def test_each_state_has_its_sentence(facts: Facts, expected: str) -> None:
    assert sentence(facts) == expected


def test_the_success_of_a_testing_app_says_what_it_is_worth() -> None:
    testing = replace(ENABLED, is_testing=True)
    assert sentence(testing).endswith(WORKS_FOR_US)
    assert WORKS_FOR_US not in sentence(ENABLED)
    assert WORKS_FOR_US not in sentence(replace(testing, connections=0))


@pytest.mark.parametrize("state", [State.ENABLED, State.DISABLED, State.STOPPED])
def test_an_app_of_another_exact_sleeps_whatever_else_is_true(state: State) -> None:
    assert sentence(Facts(state, since=SINCE, is_awake=False)).startswith("It sleeps")
