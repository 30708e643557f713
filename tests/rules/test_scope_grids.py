"""Grids from outside: what is refused, and how the rest is tidied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact.scopes import SCOPES, Level
from integrations.rules.scope_grids import EVERYTHING, changes, falls_short, grid, level, problems


def test_scopes_and_levels_as_the_form_has_them_are_no_problem() -> None:
    assert problems([("crm.accounts", "manage"), ("sales.orders", "read"), ("hrm.payroll", "none")]) == ()


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("hosting.hosting", "read")], "Exact's form has no scope “hosting.hosting”."),
        ([("Crm.Accounts", "read")], "Exact's form has no scope “Crm.Accounts”. It is written crm.accounts."),
        ([(" crm.accounts", "read")], "Exact's form has no scope “ crm.accounts”. It is written crm.accounts."),
        ([("", "read")], "Exact's form has no scope “”."),
        ([("crm.accounts", "write")], "crm.accounts cannot be at “write”: a level is none, read or manage."),
        ([("crm.accounts", "Read")], "crm.accounts cannot be at “Read”: a level is none, read or manage."),
        ([("crm.accounts", "")], "crm.accounts cannot be at “”: a level is none, read or manage."),
        ([("crm.accounts", "read"), ("crm.accounts", "manage")], "crm.accounts is there more than once."),
        ([("x" * 1000, "read")], f"Exact's form has no scope “{'x' * 60}…”."),
        ([("crm.\0\u202eaccounts", "read")], "Exact's form has no scope “crm.��accounts”."),
        ([("crm.accounts", "re\0ad")], "crm.accounts cannot be at “re�ad”: a level is none, read or manage."),
    ],
)
def test_what_is_no_grid_is_refused_in_words(pairs: list[tuple[str, str]], expected: str) -> None:
    assert problems(pairs) == (expected,)


def test_a_scope_in_two_spellings_is_there_twice() -> None:
    assert problems([("crm.accounts", "read"), ("CRM.accounts", "read")]) == (
        "Exact's form has no scope “CRM.accounts”. It is written crm.accounts.",
        "crm.accounts is there more than once.",
    )


def test_every_problem_is_told() -> None:
    assert len(problems([("a.b", "read"), ("crm.accounts", "x"), ("sales.orders", "read"), ("sales.orders", "y")])) == 4


def test_a_level_of_another_kind_is_refused() -> None:
    assert len(problems([("crm.accounts", None), ("crm.quotes", ["read"])])) == 2  # type: ignore[list-item]


@given(st.dictionaries(st.sampled_from(SCOPES), st.sampled_from(["none", "read", "manage"])))
def test_a_grid_stands_in_the_order_of_the_form_without_none(values: dict[str, str]) -> None:
    tidy = grid(values.items())
    assert list(tidy) == [scope for scope in SCOPES if values.get(scope, "none") != "none"]
    assert all(level(tidy, scope) == values.get(scope, "none") for scope in SCOPES)


def test_everything_is_all_that_the_form_allows() -> None:
    assert (tuple(EVERYTHING), set(EVERYTHING.values())) == (SCOPES, {Level.MANAGE})


def test_changes_are_told_from_which_level_to_which_in_the_order_of_the_form() -> None:
    before = {"sales.orders": Level.READ, "crm.quotes": Level.MANAGE, "crm.accounts": Level.READ}
    after = {"crm.accounts": Level.MANAGE, "sales.orders": Level.READ}
    assert list(changes(before, after).items()) == [
        ("crm.accounts", (Level.READ, Level.MANAGE)),
        ("crm.quotes", (Level.MANAGE, Level.NONE)),
    ]


def test_a_grid_falls_short_where_it_allows_less_and_nowhere_else() -> None:
    grid = {"crm.accounts": Level.READ, "crm.quotes": Level.MANAGE}
    wanted = {"crm.accounts": Level.MANAGE, "crm.quotes": Level.READ, "sales.orders": Level.READ}
    assert falls_short(grid, wanted) == ("crm.accounts", "sales.orders")
