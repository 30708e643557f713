"""What may be done with an app in which state: every pair, as one table."""

from itertools import product

import pytest

from integrations.rules import app_states as rules
from integrations.rules.app_states import Standing, State

MAY = {
    ("enable", State.DISABLED),
    ("disable", State.ENABLED),
    ("stop", State.ENABLED),
    ("stop", State.DISABLED),
    ("lift", State.STOPPED),
    ("archive", State.DISABLED),
    ("archive", State.STOPPED),
    ("restore", State.ARCHIVED),
    ("delete", State.DISABLED),
    ("delete", State.STOPPED),
    ("delete", State.ARCHIVED),
}
VERBS = {
    "enable": lambda state: rules.why_not_enabled(state, ()),
    "disable": rules.why_not_disabled,
    "stop": rules.why_not_stopped,
    "lift": rules.why_not_lifted,
    "archive": lambda state: rules.why_not_archived(Standing(state)),
    "restore": rules.why_not_restored,
    "delete": lambda state: rules.why_not_deleted(Standing(state)),
}
NONE = {"enabled": False, "stopped": False, "archived": False}


@pytest.mark.parametrize(("verb", "state"), list(product(VERBS, State)))
def test_a_verb_is_possible_in_these_states_only(verb: str, state: State) -> None:
    reasons = VERBS[verb](state)
    assert (not reasons) == ((verb, state) in MAY)
    assert all(reason.endswith(".") for reason in reasons)


def test_a_row_is_in_one_state() -> None:
    told = [rules.state(**NONE | {name: True}) for name in NONE]
    assert told == [State.ENABLED, State.STOPPED, State.ARCHIVED]
    assert rules.state(**NONE) is State.DISABLED


def test_enabling_lists_the_state_and_every_fault() -> None:
    assert rules.why_not_enabled(State.STOPPED, ("A.", "B.")) == (
        "It is under Emergency stop. Lift the stop first.",
        "A.",
        "B.",
    )


def test_an_app_with_a_living_connection_is_not_archived() -> None:
    one = rules.why_not_archived(Standing(State.DISABLED, live_connections=1, ever_connected=True))
    assert one == ("1 connection lives through it. Disconnect the customers first.",)
    both = rules.why_not_archived(Standing(State.ENABLED, live_connections=2, ever_connected=True))
    assert both == (
        "It is enabled. Disable it first.",
        "2 connections live through it. Disconnect the customers first.",
    )


def test_an_app_that_ever_had_a_connection_is_not_deleted() -> None:
    (reason,) = rules.why_not_deleted(Standing(State.ARCHIVED, ever_connected=True))
    assert "Archive it instead" in reason


def test_an_app_that_was_submitted_for_review_is_not_deleted() -> None:
    (reason,) = rules.why_not_deleted(Standing(State.DISABLED, ever_submitted=True))
    assert reason == "It was submitted for review, and what went to Exact stays on record. Archive it instead."


def test_another_client_id_is_another_app() -> None:
    assert rules.why_client_id_stays(0) == ()
    (reason,) = rules.why_client_id_stays(38)
    assert reason.startswith("38 connections live by the present Client ID")
