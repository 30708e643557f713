"""The journey: from the facts of an app to the steps that are done, the next one, and those that wait."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact.key_test import Verdict
from integrations.rules import journey
from integrations.rules.journey import Facts, Step
from integrations.rules.lint import Field
from integrations.rules.workflow import PermissionState
from tests.rules.test_lint import LOCAL, OURS, WELL

NEW = Facts()
NAMED = Facts(exists=True)
REGISTERED = replace(NAMED, registered=True)
WITH_KEYS = replace(REGISTERED, has_keys=True)
TESTED = replace(WITH_KEYS, tested=Verdict.ACCEPTED)
ENABLED = replace(TESTED, enabled=True)
ANY = st.builds(
    Facts,
    exists=st.just(True),
    existed_before=st.booleans(),
    stood_recorded=st.booleans(),
    address_accepted=st.just(True),
    registered=st.booleans(),
    has_keys=st.booleans(),
    tested=st.none() | st.sampled_from(Verdict),
    enabled=st.booleans(),
) | st.builds(Facts, exists=st.booleans(), existed_before=st.booleans(), address_accepted=st.booleans())


def of(**changed: object) -> Facts:
    changed = {"permission": PermissionState.NONE, "has_approval": False, **changed}
    named = {"existed_before": False, "enabled": False}
    given_facts = {name: changed.pop(name) for name in [*named] if name in changed}
    return journey.facts_of(replace(WELL, **changed), **{**named, **given_facts})


@pytest.mark.parametrize("known", [{"permission": PermissionState.REFUSED}, {"has_approval": True}])
def test_a_permission_or_approved_scopes_say_how_it_stood(known: dict[str, object]) -> None:
    assert not of().stood_recorded
    assert of(**known).stood_recorded


@pytest.mark.parametrize(
    ("facts", "step"),
    [
        (NEW, Step.BEFORE),
        (NAMED, Step.REGISTER),
        (REGISTERED, Step.KEYS),
        (WITH_KEYS, Step.TEST),
        (replace(WITH_KEYS, tested=Verdict.UNCLEAR), Step.TEST),
        (replace(WITH_KEYS, tested=Verdict.SECRET_REFUSED), Step.TEST),
        (TESTED, Step.ENABLE),
        (ENABLED, Step.ENABLE),
        (replace(WITH_KEYS, registered=False), Step.REGISTER),
        (replace(NAMED, existed_before=True), Step.AS_IT_STOOD),
        (replace(NAMED, existed_before=True, stood_recorded=True), Step.REGISTER),
        (replace(REGISTERED, existed_before=True), Step.KEYS),
    ],
)
def test_it_goes_on_where_something_is_missing(facts: Facts, step: Step) -> None:
    assert journey.next_step(facts) is step


def test_an_enabled_app_is_at_the_end_whatever_was_left_out() -> None:
    assert journey.next_step(Facts(exists=True, enabled=True)) is Step.ENABLE


def test_as_it_stood_is_a_step_of_apps_that_exact_had_before() -> None:
    assert Step.AS_IT_STOOD not in journey.steps(NAMED)
    existed = replace(NAMED, existed_before=True)
    assert journey.steps(existed) == tuple(Step)
    assert journey.title(Step.REGISTER, existed) == "Redirect URL at Exact"
    assert journey.title(Step.REGISTER, NAMED) == "Register at Exact"


@pytest.mark.parametrize("verdict", [Verdict.UNCLEAR, Verdict.REDIRECT_REFUSED])
def test_what_is_not_certain_is_passed_over_by_enabling(verdict: Verdict) -> None:
    uncertain = replace(WITH_KEYS, tested=verdict)
    assert not journey.is_done(Step.TEST, uncertain)
    assert journey.is_done(Step.TEST, replace(uncertain, enabled=True))


@pytest.mark.parametrize("verdict", [None, Verdict.SECRET_REFUSED, Verdict.UNKNOWN_CLIENT])
def test_keys_that_were_refused_or_never_tested_are_not_done_by_enabling(verdict: Verdict | None) -> None:
    assert not journey.is_done(Step.TEST, replace(WITH_KEYS, tested=verdict, enabled=True))


def test_a_test_of_keys_that_are_gone_is_none() -> None:
    assert not journey.is_done(Step.TEST, replace(TESTED, has_keys=False))


@pytest.mark.parametrize(
    ("facts", "waiting"),
    [
        (NEW, {Step.REGISTER, Step.KEYS, Step.TEST, Step.ENABLE}),
        (NAMED, {Step.TEST}),
        (replace(NAMED, address_accepted=False), {Step.KEYS, Step.TEST}),
        (WITH_KEYS, set()),
    ],
)
def test_steps_ahead_wait_until_they_make_sense(facts: Facts, waiting: set[Step]) -> None:
    assert {step for step in journey.steps(facts) if journey.why_not_yet(step, facts)} == waiting


def test_a_step_that_waits_says_for_what() -> None:
    assert "kind and its name" in journey.why_not_yet(Step.KEYS, NEW)[0]
    assert "an address that Exact accepts" in journey.why_not_yet(Step.KEYS, replace(NAMED, address_accepted=False))[0]


@pytest.mark.parametrize(
    ("step", "facts", "instead"),
    [
        (Step.ENABLE, NEW, Step.NAME),
        (Step.TEST, NEW, Step.NAME),
        (Step.TEST, NAMED, Step.KEYS),
        (Step.TEST, replace(NAMED, address_accepted=False), Step.REGISTER),
        (Step.KEYS, replace(NAMED, address_accepted=False), Step.REGISTER),
        (Step.KEYS, NAMED, Step.KEYS),
    ],
)
def test_instead_of_a_step_that_waits_comes_what_it_waits_for(step: Step, facts: Facts, instead: Step) -> None:
    assert journey.nearest(step, facts) is instead


@given(ANY)
def test_the_next_step_can_always_be_taken(facts: Facts) -> None:
    step = journey.next_step(facts)
    assert step in journey.steps(facts)
    assert journey.why_not_yet(step, facts) == ()


@given(ANY, st.sampled_from(Step))
def test_there_is_always_a_step_that_can_be_visited_instead(facts: Facts, step: Step) -> None:
    instead = journey.nearest(step, facts)
    assert journey.why_not_yet(instead, facts) == ()
    assert (instead is step) == (journey.why_not_yet(step, facts) == ())


@given(ANY)
def test_the_list_has_every_step_once_one_of_them_current(facts: Facts) -> None:
    for current in journey.steps(facts):
        listed = journey.places(facts, current)
        assert [place.step for place in listed] == list(journey.steps(facts))
        assert [place.number for place in listed] == list(range(1, len(listed) + 1))
        assert [place.step for place in listed if place.current] == [current]


@given(ANY)
def test_back_and_on_are_each_others_way(facts: Facts) -> None:
    order = journey.steps(facts)
    for step in order[:-1]:
        assert journey.before(journey.after(step, facts), facts) is step
    assert journey.before(order[0], facts) is None
    assert journey.after(order[-1], facts) is order[-1]


def test_before_the_app_is_here_only_what_was_read_is_done() -> None:
    assert [place.done for place in journey.places(NEW, Step.BEFORE)] == [False] * 6
    assert [place.done for place in journey.places(NEW, Step.NAME)] == [True, *[False] * 5]


# --- From an app to its facts -----------------------------------------------------------------------------------


def test_an_app_that_is_well_has_done_all_but_enabling() -> None:
    assert of() == TESTED
    assert of(enabled=True) == ENABLED


@pytest.mark.parametrize(
    "changed",
    [
        {"registered_redirect_uri": ""},
        {"registered_redirect_uri": OURS[:-1]},
        {"our_redirect_uri": OURS.replace("portal", "new")},
        {"redirect_uri": LOCAL, "our_redirect_uri": LOCAL, "registered_redirect_uri": LOCAL},
    ],
)
def test_registered_is_what_exact_has_as_the_portal_sends_it(changed: dict[str, object]) -> None:
    assert not of(**changed).registered


def test_an_address_of_this_machine_will_do_in_practice_only() -> None:
    local = {"redirect_uri": LOCAL, "our_redirect_uri": LOCAL, "registered_redirect_uri": LOCAL}
    assert not of(**local).address_accepted
    assert of(**local, is_practice=True).address_accepted


@pytest.mark.parametrize("changed", [{"client_id": None}, {"has_secret": False}, {"secret_opens": False}])
def test_keys_are_both_there_and_open(changed: dict[str, object]) -> None:
    assert not of(**changed).has_keys


@pytest.mark.parametrize("field", Field)
def test_what_the_journey_can_mend_is_mended_at_a_step_that_the_app_has(field: Field) -> None:
    step = journey.mended_at(field, NAMED)
    if field is Field.REGION:
        assert step is None
    elif field is Field.PERMISSION:
        assert step is None
        assert journey.mended_at(field, replace(NAMED, existed_before=True)) is Step.AS_IT_STOOD
    else:
        assert step in journey.steps(NAMED)
