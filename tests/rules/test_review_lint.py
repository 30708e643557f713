"""Every finding about a round, by a case that has it and a round that has none."""

import ast
import inspect
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from integrations.exact.review import AnswerKind
from integrations.exact.scopes import Level
from integrations.rules import review_form, review_lint
from integrations.rules.editions import EDITIONS, Edition
from integrations.rules.lint import Severity
from integrations.rules.review_form import FIELDS, Contact, Form, ThirdParty
from integrations.rules.review_lint import ORGANIZATION
from integrations.rules.submissions import Submission
from tests.reviews import FILLED, SUBMISSION, TODAY, with_answer
from tests.rules.test_submissions import SUBMISSIONS

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
PARTY = FILLED.third_parties[0]


def form(**changes: Any) -> dict[str, Form]:
    return {"form": replace(FILLED, **changes)}


def answer(number: int, **changes: Any) -> dict[str, Form]:
    return {"form": with_answer(number, **changes)}


def contact(**changes: Any) -> dict[str, Form]:
    return form(contact=replace(FILLED.contact, **changes))


def grid(**levels: Level) -> dict[str, Any]:
    scopes = {**SUBMISSION.scopes, **{name.replace("__", "."): level for name, level in levels.items()}}
    return {"scopes": scopes, "reasons": dict.fromkeys(scopes, "We use it.")}


CASES: list[tuple[dict[str, Any], str, Severity, str]] = [
    ({"client_id": ""}, "app.client_id_missing", E, "app"),
    ({"registered_redirect_url": ""}, "app.redirect_not_recorded", W, "app"),
    ({"registered_redirect_url": "https://other.example/"}, "app.redirect_differs", W, "app"),
    ({"organization": ""}, "organization.unnamed", N, ORGANIZATION),
    ({"privacy_policy_url": ""}, "organization.no_privacy_policy", W, ORGANIZATION),
    (form(purpose_local=" "), "purpose.missing", E, "purpose_local"),
    (form(purpose_english=""), "purpose.missing", E, "purpose_english"),
    (form(purpose_english="Meridian " + "x" * 132), "purpose.too_long", E, "purpose_english"),
    (form(purpose_local="Meridian " + "x" * 130 + "😀"), "purpose.too_long", E, "purpose_local"),
    (form(purpose_local="Meridian 😀"), "purpose.emoji", W, "purpose_local"),
    (form(purpose_english="Meridian\nbooks"), "purpose.line_breaks", E, "purpose_english"),
    (form(purpose_english="Meridian\u2028books"), "purpose.line_breaks", E, "purpose_english"),
    *((form(purpose_english=f"{sign}Meridian"), "purpose.formula", E, "purpose_english") for sign in "=+-@"),
    (form(purpose_local=FILLED.purpose_english.upper()), "purpose.same", W, "purpose_local"),
    ({"region": "uk"}, "purpose.not_asked", N, "purpose_local"),
    ({"organization": "Contoso"}, "purpose.not_ours", N, "purpose_english"),
    (form(purpose_english="Meridian \u202eskoob"), "text.hidden_sign", E, "purpose_english"),
    (form(purpose_english="Meridian \u200fbooks"), "text.hidden_sign", E, "purpose_english"),
    (form(purpose_english="Meridian\u200b books"), "text.hidden_sign", E, "purpose_english"),
    (answer(3, explanation="a\x07b"), "text.hidden_sign", E, "answer-3"),
    (form(third_parties=(replace(PARTY, name="\u2066Cloud"),)), "text.hidden_sign", E, "third_parties"),
    (contact(first_name="\u202dAnna"), "text.hidden_sign", E, "contact"),
    ({"scopes": {}}, "scopes.none", E, "scopes"),
    ({"reasons": {"crm.accounts": "x", "organization.administration": " "}}, "scopes.without_reason", E, "scopes"),
    (grid(financial__accounting=Level.READ), "scopes.no_entries", W, "scopes"),
    (grid(organization__administration=Level.READ), "scopes.no_webhooks", W, "scopes"),
    (grid(hrm__payroll=Level.READ), "scopes.beyond_recommended", N, "scopes"),
    (answer(1, answer=None), "answer.missing", E, "answer-1"),
    (answer(10, answer=None), "answer.missing", E, "answer-10"),
    (answer(2, answer=AnswerKind.NO), "answer.no", W, "answer-2"),
    (answer(7, answer=AnswerKind.NO), "answer.no", W, "answer-7"),
    (answer(9, answer=AnswerKind.NO), "answer.not_asked", W, "answer-11"),
    (answer(8, explanation=" "), "answer.not_explained", E, "answer-8"),
    (answer(6, explanation="On a platform: (its name)."), "answer.placeholder", E, "answer-6"),
    (answer(12, evidence=""), "evidence.missing", W, "answer-12"),
    (answer(4, evidence="http://www.meridian.example/"), "evidence.not_https", W, "answer-4"),
    (answer(4, evidence="javascript:alert(1)"), "evidence.not_https", W, "answer-4"),
    (answer(4, evidence="https://intranet/"), "evidence.not_https", W, "answer-4"),
    (answer(12, valid_until=TODAY - timedelta(1)), "evidence.expired", E, "answer-12"),
    (answer(12, valid_until=TODAY), "evidence.expires_soon", W, "answer-12"),
    (form(third_parties=(replace(PARTY, data_english=""),)), "third_party.incomplete", E, "third_parties"),
    (form(third_parties=(PARTY, replace(PARTY, name="CLOUD BV"))), "third_party.twice", W, "third_parties"),
    (
        {"form": replace(with_answer(4, explanation="The third party encrypts it."), third_parties=())},
        "third_party.none_named", N, "third_parties",
    ),
    (form(contact=Contact("Anna", "Smit", "", "anna@x.example")), "contact.incomplete", E, "contact"),
    (contact(email="anna@meridian"), "contact.email", E, "contact"),
    (contact(email="anna smit@meridian.example"), "contact.email", E, "contact"),
    (contact(phone="call me"), "contact.phone", E, "contact"),
    (contact(phone="12"), "contact.phone", E, "contact"),
    (form(terms=False), "terms.not_accepted", E, "terms"),
]  # fmt: skip
TRAPS = {"scopes.no_entries", "scopes.no_webhooks"}


def lint(**changes: Any) -> tuple[review_lint.Finding, ...]:
    return review_lint.lint(replace(SUBMISSION, **changes), today=TODAY)


def test_a_round_as_it_should_be_has_no_finding_but_what_goes_beyond_the_list() -> None:
    assert {finding.code for finding in lint()} == {"scopes.beyond_recommended"}


@pytest.mark.parametrize(("changes", "code", "severity", "field"), CASES)
def test_a_finding_is_there_where_its_case_is(
    changes: dict[str, Any], code: str, severity: Severity, field: str
) -> None:
    assert (code, severity, field) in {(one.code, one.severity, one.field) for one in lint(**changes)}


def test_every_code_has_a_case_and_stands_on_a_part_of_the_form() -> None:
    tree = ast.parse(inspect.getsource(review_lint))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    made = {"_error", "_warning", "_note"}
    codes = {node.args[0].value for node in calls if node.func.id in made and isinstance(node.args[0], ast.Constant)}
    assert len(codes) > 25
    assert codes | TRAPS == {code for _, code, _, _ in CASES}
    assert {field for *_, field in CASES} <= {*FIELDS, ORGANIZATION}


@given(SUBMISSIONS.map(lambda one: replace(one, region="nl")))
def test_whatever_is_in_a_draft_is_linted_and_errors_come_first(submission: Submission) -> None:
    found = review_lint.lint(submission, today=TODAY)
    order = [list(Severity).index(finding.severity) for finding in found]
    assert order == sorted(order)
    assert review_lint.errors(submission, today=TODAY) == tuple(one.text for one in found if one.severity is E)


def test_the_140_characters_are_counted_as_exact_counts() -> None:
    def errors(text: str) -> list[str]:
        return [one.text for one in lint(**form(purpose_english=text)) if one.code == "purpose.too_long"]

    assert errors("M" * 140) == []
    assert errors("M" * 138 + "😀") == []
    assert errors("M" * 141) == ["The purpose in English has 141 of 140 characters."]
    (told,) = errors("M" * 139 + "😀")
    assert "141 of 140" in told
    assert "emoji as two" in told


@pytest.mark.parametrize(("days", "soon"), [(60, True), (61, False)])
def test_evidence_expires_soon_for_as_many_days_as_the_library_says(days: int, soon: bool) -> None:
    found = review_lint.lint(
        replace(SUBMISSION, form=with_answer(12, valid_until=TODAY + timedelta(days=days))), today=TODAY
    )
    assert ("evidence.expires_soon" in [finding.code for finding in found]) is soon


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)
def test_no_recommended_list_goes_beyond_the_recommended_lists(edition: Edition) -> None:
    reasons = dict.fromkeys(edition.scopes, "Orders become entries.")
    assert "scopes.beyond_recommended" not in {one.code for one in lint(scopes=edition.scopes, reasons=reasons)}


def test_in_the_united_kingdom_one_purpose_is_enough() -> None:
    parties = (ThirdParty("Cloud Ltd", "", "Hosting", "", "Invoices"),)
    assert not {one.code for one in lint(region="uk", **form(purpose_local="", third_parties=parties))} - {
        "scopes.beyond_recommended"
    }


@pytest.mark.parametrize("text", ["One\ntwo", "One\ttwo", "\U0001f468\u200d\U0001f469"])
def test_line_breaks_tabs_and_joined_emoji_are_no_hidden_signs_in_an_explanation(text: str) -> None:
    assert lint(**answer(4, explanation=text)) == lint()


def test_no_text_repeats_what_was_typed_of_a_person() -> None:
    """Events keep the texts of refusals."""
    typed = Contact("CANARY-\u202e", "CANARY", "CANARY", "CANARY")
    found = lint(**form(contact=typed, third_parties=(ThirdParty("CANARY"),)))
    assert len(found) > 4
    assert all("CANARY" not in finding.text for finding in found)


@pytest.mark.parametrize("change", [{"answer": None}, {"explanation": ""}])
def test_a_closed_question_lacks_nothing(change: dict[str, Any]) -> None:
    closed = with_answer(9, answer=AnswerKind.NO)
    closed = replace(closed, answers={**closed.answers, 10: replace(closed.answers[10], answer=None, **{
        name: value for name, value in change.items() if name != "answer"})})  # fmt: skip
    assert not [one for one in lint(form=closed) if one.field == "answer-10"]


def test_every_text_of_the_form_is_looked_at() -> None:
    texts = list(review_form.texts(FILLED))
    assert len(texts) == 2 + 2 * 12 + 5 + 4
    assert {key for key, _, _ in texts} == {*FIELDS} - {"app", "scopes", "terms"}
