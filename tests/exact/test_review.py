"""The review form as Exact asks it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact import regions, review
from integrations.exact.review import QUESTIONS, AnswerKind, length


def test_the_form_has_twelve_questions_of_which_three_are_opened_by_the_ninth() -> None:
    assert [question.number for question in QUESTIONS] == list(range(1, 13))
    assert {question.number: question.opened_by for question in QUESTIONS if question.opened_by} == dict.fromkeys(
        (10, 11, 12), 9
    )
    assert [question.number for question in QUESTIONS if question.suggestion] == [4, 5, 6]


def test_only_the_eleventh_can_be_not_applicable() -> None:
    assert [one.number for one in QUESTIONS if AnswerKind.NOT_APPLICABLE in one.choices] == [11]


@pytest.mark.parametrize(("text", "count"), [("", 0), ("abc", 3), ("é", 1), ("e\u0301", 2), ("😀", 2), ("👨‍👩‍👧", 8)])
def test_a_text_is_counted_in_utf_16_code_units(text: str, count: int) -> None:
    assert length(text) == count


@given(st.text(alphabet=st.characters(exclude_categories=())), st.text())
def test_counts_add_up_and_are_never_less_than_the_characters(one: str, other: str) -> None:
    assert len(one) <= length(one) <= 2 * len(one)
    assert length(one + other) == length(one) + length(other)
    assert length(one) == sum(2 if ord(char) > 0xFFFF else 1 for char in one)


def test_where_the_language_is_english_the_form_has_one_field() -> None:
    assert (review.local_language("nl"), review.asks_local("nl")) == ("Dutch", True)
    assert (review.local_language("uk"), review.asks_local("uk")) == ("English", False)
    assert all(region.language for region in regions.REGIONS)
