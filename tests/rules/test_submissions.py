"""What goes to Exact: written, read, hashed and compared."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact.review import AnswerKind
from integrations.exact.scopes import Level
from integrations.rules import scope_grids, submissions
from integrations.rules.review_form import FIELDS, Malformed
from integrations.rules.submissions import Submission
from tests.reviews import FILLED, SUBMISSION, with_answer
from tests.rules.scopes import GRIDS
from tests.rules.test_review_form import FORMS, TEXTS

SUBMISSIONS = st.builds(
    lambda texts, form, grid, reasons: Submission(
        **texts, form=form, scopes=scope_grids.grid(grid.items()),
        reasons={scope: reason for scope, reason in zip(grid, reasons, strict=False) if reason},
    ),
    st.fixed_dictionaries(dict.fromkeys(submissions.TEXTS, TEXTS)), FORMS, GRIDS, st.lists(TEXTS, max_size=4),
)  # fmt: skip


@given(SUBMISSIONS)
def test_what_was_written_is_read_the_same(submission: Submission) -> None:
    assert submissions.read(json.loads(json.dumps(submissions.write(submission)))) == submission


@given(SUBMISSIONS, SUBMISSIONS)
def test_a_hash_is_the_same_exactly_where_everything_is(one: Submission, other: Submission) -> None:
    assert (submissions.digest(one) == submissions.digest(other)) == (
        submissions.write(one) == submissions.write(other)
    )
    assert len(submissions.digest(one)) == 64


@given(SUBMISSIONS, SUBMISSIONS)
def test_two_rounds_differ_somewhere_exactly_where_their_hashes_do(one: Submission, other: Submission) -> None:
    differences = submissions.compare(one, other)
    sent = [replace(each, reasons=dict(each.reasons)) for each in (one, other)]
    same_parties = len(one.form.third_parties) == len(other.form.third_parties)
    if submissions.digest(sent[0]) == submissions.digest(sent[1]):
        assert not differences
    elif same_parties:
        assert differences
    assert all(each.field in FIELDS and each.before != each.after for each in differences)


def test_the_order_of_keys_does_not_change_the_hash() -> None:
    document = submissions.write(SUBMISSION)
    assert submissions.digest_of(dict(reversed(document.items()))) == submissions.digest(SUBMISSION)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"secret": "x"}, "no “secret”"),
        ({"scopes": {"CRM.Accounts": "read"}}, "no “CRM.Accounts”"),
        ({"scopes": {"crm.accounts": "write"}}, "cannot be at “write”"),
        ({"form": {"terms": 1}}, "true or false"),
        ({"app_name": None}, "has to be a text"),
    ],
)
def test_what_is_no_submission_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed, match=said):
        submissions.read({**submissions.write(SUBMISSION), **change})


def test_a_scope_that_the_form_no_longer_has_is_read_as_it_was_sent() -> None:
    document = submissions.write(SUBMISSION)
    document["scopes"]["sales.pigeons"] = "manage"
    read = submissions.read(document)
    assert submissions.digest(read) == submissions.digest_of(document)
    (told,) = submissions.compare(SUBMISSION, read)
    assert (told.label, told.after) == ("sales.pigeons", "Manage")


def test_what_exact_has_no_place_for_is_not_sent() -> None:
    uk = replace(SUBMISSION, region="uk", form=with_answer(9, answer=AnswerKind.NO), reasons={"crm.quotes": "x"})
    sent = submissions.as_sent(uk)
    assert (sent.form.purpose_local, sent.form.answers[12].answer, dict(sent.reasons)) == ("", None, {})
    assert submissions.as_sent(SUBMISSION) == SUBMISSION


def test_rounds_are_compared_by_what_each_line_says() -> None:
    other = replace(
        SUBMISSION,
        app_name="New",
        form=replace(with_answer(4, answer=AnswerKind.NO), third_parties=()),
        scopes={"crm.accounts": Level.READ},
        reasons={"crm.accounts": "Customers are kept there."},
    )
    told = [(one.field, one.label, one.before, one.after) for one in submissions.compare(SUBMISSION, other)]
    assert told[0] == ("app", "App name", "Meridian Bookings", "New")
    assert ("scopes", "crm.accounts", "Manage", "Read") in told
    assert ("scopes", "organization.administration, reason", "To find companies.", "") in told
    assert ("answer-4", "Question 4", "Yes", "No") in told
    assert ("third_parties", "Third party 1, name", "Cloud BV", "") in told
    assert [FIELDS.index(field) for field, *_ in told] == sorted(FIELDS.index(field) for field, *_ in told)
    assert FILLED.third_parties
