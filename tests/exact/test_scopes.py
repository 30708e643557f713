"""The catalogue of scopes: its totals, its order, and how a scope is written."""

import re

from integrations.exact.scopes import GROUPS, SCOPES, Level, unknown

RECOMMENDED = (
    *("crm.accounts", "sales.orders", "sales.invoices", "purchase.orders", "purchase.invoices", "logistics.items"),
    *("financial.generalledgers", "financial.accounting", "financial.receivables", "financial.payables"),
    *("organization.administration", "organization.documents"),
)


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


def test_what_the_set_up_article_recommends_is_on_the_form() -> None:
    assert set(RECOMMENDED) <= set(SCOPES)


def test_what_the_form_does_not_have_is_told() -> None:
    assert list(unknown({"crm.accounts": Level.MANAGE, "sales.orders": Level.READ})) == []
    assert list(unknown({"hosting.hosting": "read", "crm.quotes": "none", "crm.accounts": "write"})) == [
        "hosting.hosting",
        "crm.quotes",
        "crm.accounts",
    ]
