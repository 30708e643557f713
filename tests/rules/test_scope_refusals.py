"""A 403 for want of a scope, read from the evidence of a check: the cell of the form that is missing."""

import pytest

from integrations.exact.scopes import Level
from integrations.rules.reach import Cell
from integrations.rules.scope_refusals import refusals

READ, MANAGE = Level.READ, Level.MANAGE
ASKED = "GET /api/v1/123/system/Divisions: 403 after 12 ms"
SAID = "The app lacks an approved scope. (Forbidden - Application Scope Violated. Cannot {} '{}' scope.)"


def line(access: str = "read", scope: str = "organization.administration", asked: str = ASKED) -> str:
    return f"{asked} · {SAID.format(access, scope)}"


def test_the_scope_that_exact_names_is_the_cell_and_the_path_tells_the_company() -> None:
    (found,) = refusals(["GET /api/v1/current/Me: 200 after 9 ms", line()])
    assert found.cells == (Cell("organization.administration", READ),)
    assert (found.path, found.division) == ("system/Divisions", 123)


@pytest.mark.parametrize(("access", "level"), [("read", READ), ("manage", MANAGE), ("write", MANAGE)])
def test_what_was_tried_tells_the_level(access: str, level: Level) -> None:
    assert refusals([line(access)])[0].cells[0].level is level


def test_a_scope_is_read_in_whatever_case() -> None:
    assert refusals([line(scope="CRM.Accounts")])[0].cells == (Cell("crm.accounts", READ),)


@pytest.mark.parametrize("scope", ["crm.nothing", "x"])
def test_where_exact_names_no_scope_of_the_form_the_endpoint_tells_which_it_needs(scope: str) -> None:
    asked = "GET /api/v1/5/read/financial/AgingOverview: 403 after 1 ms"
    (found,) = refusals([line(scope=scope, asked=asked)])
    assert [str(cell) for cell in found.cells] == ["financial.receivables at Read", "financial.payables at Read"]


def test_a_writing_method_needs_manage() -> None:
    asked = "POST /api/v1/5/crm/Accounts: 403 after 1 ms"
    (found,) = refusals([f"{asked} · Application Scope Violated."])
    assert found.cells == (Cell("crm.accounts", MANAGE),)


@pytest.mark.parametrize(
    "evidence",
    [
        [],
        ["GET /api/v1/5/crm/Accounts: 403 after 1 ms · The user has no right. (Forbidden)"],
        ["GET /api/v1/5/nobody/Knows: 403 after 1 ms · Application Scope Violated."],
        ["Application Scope Violated."],
        [None, 7, {"a": 1}],
    ],
)
def test_what_cannot_be_placed_on_the_form_is_left_out(evidence: list[object]) -> None:
    assert refusals(evidence) == ()
