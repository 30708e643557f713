"""A form is read strictly, and may yet be wrong in every way that only the lint knows."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact.review import BY_NUMBER, AnswerKind
from integrations.rules import review_form
from integrations.rules.review_form import BLANK, LONGEST, Answer, Contact, Form, Malformed, ThirdParty
from tests.reviews import FILLED, with_answer

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
ANSWERS = st.fixed_dictionaries(
    {
        number: st.builds(
            Answer, st.sampled_from((None, *question.choices)), TEXTS, TEXTS, st.none() | st.dates(date(1000, 1, 1))
        )
        for number, question in BY_NUMBER.items()
    }
)
FORMS = st.builds(
    Form, TEXTS, TEXTS, ANSWERS, st.lists(st.builds(ThirdParty, *[TEXTS] * 5), max_size=3).map(tuple),
    st.builds(Contact, *[TEXTS] * 4), st.booleans(),
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def reasons(raw: Any) -> str:
    with pytest.raises(Malformed) as malformed:
        review_form.read(raw)
    return " ".join(malformed.value.reasons)


@given(FORMS)
def test_what_was_written_is_read_the_same_also_by_way_of_json(form: Form) -> None:
    assert review_form.read(json.loads(json.dumps(review_form.write(form)))) == form


@given(FORMS)
def test_tidying_twice_changes_nothing_more(form: Form) -> None:
    tidy = review_form.tidied(form)
    assert review_form.tidied(tidy) == tidy


def test_an_empty_document_is_a_blank_form() -> None:
    assert review_form.read({}) == BLANK
    assert list(BLANK.answers) == list(range(1, 13))


@given(JSON)
def test_whatever_json_comes_is_a_form_or_refused_with_reasons(raw: Any) -> None:
    for document in (raw, {"answers": raw}, {"answers": {"1": raw}}, {"third_parties": raw}, {"contact": raw}):
        try:
            review_form.read(document)
        except Malformed as malformed:
            assert malformed.reasons  # noqa: PT017


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([], "object of JSON"),
        ({"scopes": {}}, "no “scopes”"),
        ({"purpose_local": 1}, "has to be a text"),
        ({"purpose_local": "x" * (LONGEST + 1)}, "4,001 characters"),
        ({"purpose_english": "a\0b"}, "cannot be stored"),
        ({"purpose_english": "\ud800"}, "cannot be stored"),
        ({"answers": {"13": {}}}, "no “13”"),
        ({"answers": {"1": {"answer": "not_applicable"}}}, "no answer to this question"),
        ({"answers": {"1": {"answer": "Yes"}}}, "no answer to this question"),
        ({"answers": {"12": {"valid_until": "31-01-2027"}}}, "no day"),
        ({"third_parties": {}}, "has to be a list"),
        ({"third_parties": [{}] * 51}, "room for 50"),
        ({"third_parties": [{"iban": ""}]}, "no “iban”"),
        ({"contact": {"email": None}}, "has to be a text"),
        ({"terms": "true"}, "true or false"),
        ({"\ud800": 1}, "there is no"),
    ],
)
def test_what_is_no_form_is_refused_with_the_reason(raw: Any, said: str) -> None:
    assert said in reasons(raw)


def test_every_reason_is_told_at_once() -> None:
    told = reasons({"terms": 1, "purpose_local": 2})
    assert "terms" in told
    assert "purpose_local" in told


def test_a_draft_may_be_wrong() -> None:
    wrong = {"purpose_local": "=" + "😀" * 141, "contact": {"email": "nobody"}, "terms": False}
    assert review_form.read(wrong).purpose_local.startswith("=")


def test_the_last_three_are_asked_only_where_the_ninth_is_yes() -> None:
    assert review_form.open_questions(FILLED) == tuple(range(1, 13))
    for answer in (None, AnswerKind.NO):
        assert review_form.open_questions(with_answer(9, answer=answer)) == tuple(range(1, 10))


def test_only_what_the_form_has_a_place_for_is_asked() -> None:
    asked = review_form.as_asked(with_answer(9, answer=AnswerKind.NO), local=False)
    assert (asked.purpose_local, asked.third_parties[0].purpose_local) == ("", "")
    assert asked.answers[10] == Answer()
    assert asked.answers[9].answer is AnswerKind.NO
    assert review_form.as_asked(FILLED, local=True) == FILLED


def test_tidying_joins_line_ends_of_browsers_and_takes_blanks_off() -> None:
    tidy = review_form.tidied(replace(with_answer(4, explanation=" One\r\ntwo \r\n"), purpose_local="  x "))
    assert (tidy.answers[4].explanation, tidy.purpose_local) == ("One\ntwo", "x")


def test_parts_that_changed_are_named_in_the_order_of_the_form() -> None:
    other = replace(with_answer(12, explanation="x"), purpose_english="y", terms=False)
    assert review_form.changed_parts(FILLED, other) == ("purpose_english", "answer-12", "terms")
    assert review_form.changed_parts(FILLED, FILLED) == ()
