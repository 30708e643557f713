"""The catalogue of scopes: its totals, its order, and how a scope is written."""

import re

from integrations.exact.scopes import GROUPS, SCOPES, Level


def test_the_form_has_eleven_groups_and_forty_six_resources() -> None:
    assert len(GROUPS) == 11
    assert [len(group.resources) for group in GROUPS] == [4, 4, 4, 5, 3, 3, 2, 10, 8, 2, 1]
    assert len(SCOPES) == 46


def test_no_scope_stands_there_twice_and_each_is_written_as_exact_writes_it() -> None:
    assert len(set(SCOPES)) == len(SCOPES)
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", scope) for scope in SCOPES)


def test_groups_and_resources_stand_in_the_order_of_the_form() -> None:
    names = [group.name for group in GROUPS]
    assert names[:4] == ["Crm", "Sales", "Purchase", "Logistics"]
    assert names[4:] == [
        "Manufacturing", "Projects", "Hrm", "Financial", "Organization", "Accountancy", "Communication",
    ]  # fmt: skip
    assert [SCOPES[0], SCOPES[-1]] == ["crm.accounts", "communication.mailboxes"]


def test_manage_goes_further_than_read_and_read_further_than_none() -> None:
    assert sorted(["read", "none", "manage"], key=lambda level: Level(level).rank) == ["none", "read", "manage"]
