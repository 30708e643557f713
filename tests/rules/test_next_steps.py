"""The one next step of an app, whose it is, and its health in a sentence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations.rules.lamps import AppStanding, Tally
from integrations.rules.next_steps import REVIEW, AppNow, NextStep, Round, health, next_step, offered
from integrations.rules.workflow import PermissionState

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS = ("faults", "asleep_for", "continue_at", "checked_at", "review", "has_approval", "permission_since")
MISSING = "The Client ID is missing."


def app(**how: Any) -> AppNow:
    """An enabled product app with permission; what differs is a fact of the app, or of how it stands."""
    facts = {name: how.pop(name) for name in FACTS if name in how}
    permission = PermissionState(how.pop("permission", "granted"))
    standing = AppStanding(**{"state": "enabled", "is_testing": False, "permission": permission, **how})
    return AppNow(standing, **facts)


def step(**how: Any) -> NextStep:
    return next_step(app(**how))


@pytest.mark.parametrize(
    ("how", "label", "page"),
    [
        ({"state": "archived"}, "", ""),
        ({"state": "stopped"}, "Lift the stop", "lift"),
        ({"state": "disabled", "faults": (MISSING,)}, "Set up", "set-up-app"),
        ({"state": "disabled"}, "Enable", "enable"),
        ({"faults": (MISSING,)}, "Mend", "integrations_application_change"),
        ({"permission": "none"}, "Review", REVIEW),
        ({"permission": "none", "has_approval": True}, "Permission", "app-permission"),
        ({"permission": "requested"}, "Permission", "app-permission"),
        ({"permission": "refused"}, "Permission", "app-permission"),
        ({"permission": "requested", "own": Tally(reconnect=1)}, "Look at connections", "app-connections"),
        ({}, "Connect", "connect"),
        ({"is_testing": True, "permission": "none"}, "Connect", "connect"),
        ({"customers": Tally(well=1, reconnect=1)}, "Look at connections", "app-connections"),
        ({"customers": Tally(well=1), "own": Tally(reconnect=1)}, "Look at connections", "app-connections"),
        ({"customers": Tally(failing=1)}, "Look at connections", "app-connections"),
        ({"customers": Tally(verifying=1)}, "Manage", "integrations_application_change"),
        ({"own": Tally(well=1)}, "Manage", "integrations_application_change"),
    ],
)
def test_every_app_has_one_next_step(how: dict[str, Any], label: str, page: str) -> None:
    found = step(**how)
    assert (found.label, found.page) == (label, page)


def test_they_come_in_their_order() -> None:
    everything = {"faults": (MISSING,), "permission": "none", "customers": Tally(reconnect=1)}
    assert step(state="archived", **everything).label == ""
    assert step(state="stopped", **everything).label == "Lift the stop"
    assert step(state="disabled", **everything).label == "Set up"
    assert step(**everything).label == "Mend"
    assert step(**{**everything, "faults": ()}).label == "Look at connections"
    assert step(permission="none").label == "Review"


def test_only_connect_does_something_at_once() -> None:
    assert step().sends
    assert not any(step(**how).sends for how in ({"state": "stopped"}, {"state": "disabled"}, {"own": Tally(well=1)}))


def test_what_is_with_exact_or_with_customers_waits_for_nobody_here() -> None:
    assert not step(permission="requested").waits
    assert not step().waits
    assert not step(own=Tally(well=1)).waits
    assert step(permission="none").waits
    assert step(state="disabled").waits


@pytest.mark.parametrize(
    ("newest", "said", "waits"),
    [
        (Round(), "Fill in the review", True),
        (Round("draft"), "is a draft", True),
        (Round("submitted", date(2026, 2, 27)), "The review has been with Exact since 27 February 2026.", False),
        (Round("in_review"), "The review is with Exact. Record", False),
        (Round("rejected"), "in the next round", True),
        (Round("approved"), "Request permission", True),
    ],
)
def test_the_review_comes_before_permission(newest: Round, said: str, waits: bool) -> None:
    found = step(permission="none", review=newest)
    assert said in found.sentence
    assert (found.label, found.waits) == ("Review", waits)


def test_a_further_round_is_no_step_on_the_way_to_permission() -> None:
    assert step(permission="none", has_approval=True, review=Round("rejected")).sentence.startswith(
        "Request permission"
    )
    assert step(review=Round("draft")).label == "Connect"


def test_a_request_says_since_when_it_is_with_exact() -> None:
    found = step(permission="requested", permission_since=date(2026, 2, 28))
    assert (
        found.sentence
        == "The request for permission has been with Exact since 28 February 2026. Record here what it answers."
    )


def test_an_app_of_another_exact_sleeps() -> None:
    found = step(asleep_for="https://start.exactonline.nl")
    assert found.label == ""
    assert "https://start.exactonline.nl" in found.sentence
    assert step(state="archived", asleep_for="x").sentence == ""


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (("One.",), "Continue at “Keys”. One."),
        (("One.", "Two."), "Continue at “Keys”: 2 things keep it from being enabled."),
    ],
)
def test_an_unfinished_set_up_says_where_it_goes_on(faults: tuple[str, ...], said: str) -> None:
    assert step(state="disabled", faults=faults, continue_at="Keys").sentence == said


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (("One.",), "One."),
        (("One.", "Two."), "One. And 1 more thing."),
        (("One.", "Two.", "Three."), "One. And 2 more things."),
    ],
)
def test_what_is_wrong_with_an_enabled_app_is_said_first(faults: tuple[str, ...], said: str) -> None:
    assert step(faults=faults).sentence == said


def test_a_step_that_is_somebody_elses_says_whose_and_has_no_button() -> None:
    mine = step(state="disabled")
    assert offered(mine, lambda code: True) == mine
    theirs = offered(mine, lambda code: code != mine.right)
    assert (theirs.label, theirs.page) == ("", "")
    assert theirs.sentence == "It has its keys and can be enabled. Integrations manager may do this."
    assert theirs.waits


def test_nobody_is_told_who_may_manage_what_is_well() -> None:
    assert offered(step(own=Tally(well=1)), lambda code: False).sentence == ""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, ""),
        ({"own": Tally(well=1)}, "The first check follows within a minute."),
        ({"own": Tally(well=3), "checked_at": NOW - timedelta(minutes=4)}, "Last checked 4 minutes ago: all well."),
        ({"customers": Tally(well=10, failing=2), "checked_at": NOW - timedelta(hours=2)},
         "Last checked 2 hours ago: 2 of 12 connections failed."),
        ({"customers": Tally(well=1, reconnect=5, failing=1), "checked_at": NOW},
         "Last checked just now: 1 of 2 connections failed."),
        ({"customers": Tally(well=1, verifying=1), "checked_at": NOW}, "Last checked just now; 1 being verified."),
        ({"customers": Tally(reconnect=5), "checked_at": NOW}, ""),
        ({"state": "disabled", "own": Tally(well=1)}, "1 connection is kept alive; nothing is read or written."),
        ({"state": "stopped", "own": Tally(well=2)}, "2 connections are not refreshed and not checked."),
        ({"state": "archived", "own": Tally(reconnect=2)}, ""),
        ({"asleep_for": "https://x", "own": Tally(well=2)}, ""),
    ],
)  # fmt: skip
def test_health_is_one_sentence(how: dict[str, Any], said: str) -> None:
    assert health(app(**how), NOW) == said
