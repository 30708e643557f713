"""How an app differs from what Exact approved of it."""

from dataclasses import replace

import pytest

from integrations.exact.scopes import Level
from integrations.rules.drift import COMPARED, Present, drift
from tests.reviews import SUBMISSION

NOW = Present({name: getattr(SUBMISSION, name) for name in COMPARED}, SUBMISSION.scopes)


def test_an_app_that_is_as_approved_does_not_drift() -> None:
    assert drift(NOW, approved=SUBMISSION.scopes, sent=SUBMISSION) == ()


@pytest.mark.parametrize("name", COMPARED)
def test_each_text_that_was_approved_is_compared(name: str) -> None:
    (told,) = drift(replace(NOW, texts={**NOW.texts, name: "Other"}), approved=None, sent=SUBMISSION)
    assert "is “Other” now" in told
    assert getattr(SUBMISSION, name) in told


def test_what_was_taken_away_is_gone_and_what_was_never_written_down_is_not_compared() -> None:
    texts = {**NOW.texts, "client_id": ""}
    (told,) = drift(replace(NOW, texts=texts), approved=None, sent=SUBMISSION)
    assert told.startswith("Client ID is gone")
    assert drift(NOW, approved=None, sent=replace(SUBMISSION, registered_redirect_url="")) == ()


def test_scopes_are_compared_both_ways() -> None:
    approved = {"crm.accounts": Level.READ, "organization.administration": Level.MANAGE, "crm.quotes": Level.READ}
    more, less = drift(NOW, approved=approved, sent=None)
    assert "not approved: crm.accounts at Manage." in more
    assert "no effect until Exact approves" in more
    assert "crm.quotes at Read" in less


def test_nothing_drifts_where_nothing_was_approved_or_selected() -> None:
    assert drift(NOW, approved=None, sent=None) == ()
    assert drift(replace(NOW, selected={}), approved=SUBMISSION.scopes, sent=None) == ()


def test_that_every_scope_was_taken_back_since_a_round_is_drift() -> None:
    (told,) = drift(replace(NOW, selected={}), approved=SUBMISSION.scopes, sent=SUBMISSION)
    assert "no longer selected so far: crm.accounts at Manage" in told


def test_another_form_is_no_drift() -> None:
    other = replace(SUBMISSION, form=replace(SUBMISSION.form, purpose_english="Other"), privacy_policy_url="")
    assert drift(NOW, approved=SUBMISSION.scopes, sent=other) == ()
