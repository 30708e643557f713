"""The gate as a rule: who passes, what staff read, and what customers read."""

from datetime import date
from itertools import product

import pytest

from integrations.rules import gate
from integrations.rules.gate import Passing
from integrations.rules.workflow import PermissionState

WITHOUT = [state for state in PermissionState if state is not PermissionState.GRANTED]
STAFF_WORDS = ("tab", "record", "review", "app", "staff", "user")


def passing(state: PermissionState, *, testing: bool = False, customer: bool = True, why: str = "") -> Passing:
    return Passing(testing, state, customer, date(2026, 5, 3), why)


@pytest.mark.parametrize("testing", [True, False])
@pytest.mark.parametrize("state", PermissionState)
def test_we_ourselves_always_pass(state: PermissionState, testing: bool) -> None:
    assert gate.why_not(passing(state, testing=testing, customer=False)) == ()
    assert gate.explanation(passing(state, testing=testing, customer=False), organization="Meridian") == ()


def test_customers_pass_through_a_product_app_with_permission() -> None:
    assert gate.why_not(passing(PermissionState.GRANTED)) == ()


@pytest.mark.parametrize("state", WITHOUT)
def test_staff_read_the_stage_and_what_to_do_next(state: PermissionState) -> None:
    (reason,) = gate.why_not(passing(state))
    assert gate.stage(state, date(2026, 5, 3)) in reason
    assert reason.endswith(gate.NEXT[state])


@pytest.mark.parametrize("state", WITHOUT)
def test_customers_read_it_plainly_and_do_nothing(state: PermissionState) -> None:
    told = gate.explanation(passing(state), organization="Meridian B.V.")
    assert told[0].startswith("Meridian B.V. would like to connect your companies")
    assert told[-1] == "You need do nothing now."
    words = {word.strip(".,").lower() for sentence in told for word in sentence.split()}
    assert not words & {*STAFF_WORDS}


def test_no_two_stages_read_the_same() -> None:
    told = [gate.explanation(passing(state), organization="Meridian") for state in WITHOUT]
    reasons = [gate.why_not(passing(state)) for state in WITHOUT]
    assert len(set(told)) == len(set(reasons)) == len(WITHOUT)


def test_the_day_is_said_where_it_is_known() -> None:
    assert "on 3 May 2026" in gate.explanation(passing(PermissionState.REQUESTED), organization="")[1]
    assert gate.stage(PermissionState.TAKEN_BACK, None) == "Exact took the permission back."


def test_before_anybody_wrote_down_what_we_are_called_a_customer_is_told_all_the_same() -> None:
    told = gate.explanation(passing(PermissionState.NONE), organization="")
    assert told[0].startswith("The sender of this link would like")


@pytest.mark.parametrize(("state", "why"), list(product(PermissionState, ["", "Exact phoned."])))
def test_a_testing_app_never_lets_customers_pass(state: PermissionState, why: str) -> None:
    one = passing(state, testing=True, why=why)
    assert gate.why_not(one) == (gate.TESTING,)
    assert not gate.may_be_tried(one)
    assert gate.explanation(one, organization="Meridian")


@pytest.mark.parametrize("state", WITHOUT)
def test_a_try_passes_where_only_the_record_is_in_the_way(state: PermissionState) -> None:
    assert gate.may_be_tried(passing(state))
    assert gate.why_not(passing(state, why="Exact phoned.")) == ()
    assert not gate.may_be_tried(passing(PermissionState.GRANTED))
