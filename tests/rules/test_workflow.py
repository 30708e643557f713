"""The one table of steps: every pair of a state and a step, and the docs that are made from it."""

from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest

from integrations.rules import roles, workflow
from integrations.rules.workflow import BY_CODE, LABELS, STEPS, Course, PermissionState, ReviewState, Step

TODAY = date(2026, 11, 1)
STATES: dict[Course, list[str]] = {Course.REVIEW: list(ReviewState), Course.PERMISSION: list(PermissionState)}
PAIRS = [(step, state) for step in STEPS for state in STATES[step.course]]
STRANGERS = [
    (step, state) for step in STEPS for course in Course if course is not step.course for state in STATES[course]
]
ALLOWED = {
    "submit": "draft",
    "begin": "submitted",
    "approve": "submitted in_review",
    "reject": "submitted in_review",
    "request": "none refused withdrawn taken_back",
    "grant": "requested",
    "refuse": "requested",
    "withdraw": "requested granted",
    "take_back": "granted",
    "record_granted": "none requested refused withdrawn taken_back",
}
"""By hand, so that a slip in the table is seen."""
DOCS = Path(__file__).parents[2] / "docs" / "workflow.md"


def why_not(step: Step, state: str, **changes) -> tuple[str, ...]:
    given = {"on": TODAY, "note": "Because.", "today": TODAY, "since": None, **changes}
    return workflow.why_not(step, state, **given)


@pytest.mark.parametrize(("step", "state"), PAIRS, ids=lambda one: getattr(one, "code", one))
def test_a_step_follows_its_states_and_no_other(step: Step, state: str) -> None:
    may = state in ALLOWED[step.code].split()
    assert (why_not(step, state) == ()) is may
    assert (step in workflow.offered(step.course, state)) is may


@pytest.mark.parametrize(("step", "state"), STRANGERS, ids=lambda one: getattr(one, "code", one))
def test_no_step_of_one_course_follows_a_state_of_the_other(step: Step, state: str) -> None:
    assert why_not(step, state) != ()
    other = next(course for course in Course if course is not step.course)
    assert step not in workflow.offered(other, state)


def test_a_step_out_of_its_order_says_where_it_stands_and_nothing_else() -> None:
    (told,) = why_not(BY_CODE["approve"], "draft", on=None, note="", unmet=("Something.",))
    assert "“Exact approved it” cannot follow “Draft”" in told


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.code)
def test_every_step_needs_its_day_and_some_a_note(step: Step) -> None:
    state = step.before[0]
    assert why_not(step, state, on=None) == ("Enter the day on which it happened.",)
    assert why_not(step, state, on=TODAY + timedelta(1)) == ("The day lies in the future.",)
    (told,) = why_not(step, state, since=TODAY + timedelta(0), on=TODAY - timedelta(1))
    assert "2026-11-01" in told
    assert bool(why_not(step, state, note="  ")) is step.note_needed
    assert why_not(step, state, unmet=("Something.",)) == ("Something.",)


def test_a_day_may_be_that_of_the_step_before() -> None:
    assert why_not(BY_CODE["begin"], "submitted", since=TODAY) == ()


def test_codes_are_unique_rights_exist_and_every_state_has_words() -> None:
    assert len(BY_CODE) == len(STEPS)
    assert {step.right for step in STEPS} <= roles.RIGHTS.keys()
    assert {*ReviewState, *PermissionState} == LABELS.keys()
    assert {step.code for step in STEPS} == ALLOWED.keys()


def test_submitted_and_in_review_read_as_one() -> None:
    assert {LABELS[ReviewState.SUBMITTED], LABELS[ReviewState.IN_REVIEW], LABELS[PermissionState.REQUESTED]} == {
        "With Exact"
    }


@pytest.mark.parametrize("course", Course)
def test_every_state_can_be_reached_and_none_is_a_trap(course: Course) -> None:
    """But for a decided round, after which the next one begins."""
    states = STATES[course]
    reached, size = {states[0]}, 0
    while len(reached) > size:
        size = len(reached)
        reached |= {step.after for step, state in product(STEPS, [*reached]) if step in workflow.offered(course, state)}
    assert reached == set(states)
    ends = {state for state in states if not workflow.offered(course, state)}
    assert ends == (workflow.NEXT_ROUND if course is Course.REVIEW else set())


@pytest.mark.parametrize("course", Course)
def test_the_docs_hold_the_diagram_of_the_table(course: Course) -> None:
    """The failure shows what has to stand there; put it between the fences."""
    wanted = f"```mermaid\n{workflow.diagram(course)}```\n"
    assert wanted in DOCS.read_text(encoding="utf-8"), f"docs/workflow.md lacks this:\n\n{wanted}"


def test_the_docs_hold_no_other_diagram_and_name_every_step() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text.count("```mermaid") == len(Course)
    for step in STEPS:
        assert f"| `{step.code}` | {step.label} |" in text, step.code
