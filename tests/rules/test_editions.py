"""The recommended lists, and a grid beside one of them."""

import pytest
from hypothesis import given

from integrations.exact.scopes import SCOPES, Level
from integrations.rules.editions import ARTICLE, BANK_FEEDS, EDITIONS, Difference, UnknownEdition, compare, named
from integrations.rules.scope_grids import Grid
from tests.rules.scopes import GRIDS


def test_the_article_recommends_twelve_scopes() -> None:
    assert list(ARTICLE.scopes.items()) == [
        ("crm.accounts", "manage"),
        ("sales.orders", "manage"),
        ("sales.invoices", "manage"),
        ("purchase.orders", "manage"),
        ("purchase.invoices", "manage"),
        ("logistics.items", "manage"),
        ("financial.generalledgers", "read"),
        ("financial.accounting", "read"),
        ("financial.receivables", "read"),
        ("financial.payables", "read"),
        ("organization.administration", "read"),
        ("organization.documents", "manage"),
    ]


def test_bank_feeds_need_cost_centers_and_manage_on_two_more() -> None:
    assert compare(BANK_FEEDS.scopes, ARTICLE).beyond == (
        Difference("financial.costcenters", Level.READ, Level.NONE),
        Difference("financial.generalledgers", Level.MANAGE, Level.READ),
        Difference("financial.accounting", Level.MANAGE, Level.READ),
    )
    assert compare(BANK_FEEDS.scopes, ARTICLE).missing == ()


def test_an_edition_is_found_by_its_name() -> None:
    assert [named(edition.name) for edition in EDITIONS] == [ARTICLE, BANK_FEEDS]
    assert (ARTICLE.name, BANK_FEEDS.name) == ("article", "article-bank-feeds")


@pytest.mark.parametrize("name", ["", "Article", "article ", "2019", "article\n"])
def test_no_other_name_is_taken_for_one(name: str) -> None:
    with pytest.raises(UnknownEdition, match=r"There are: article, article-bank-feeds\."):
        named(name)


def test_an_empty_grid_lacks_all_that_is_recommended() -> None:
    compared = compare({}, ARTICLE)
    assert [one.scope for one in compared.missing] == list(ARTICLE.scopes)
    assert (compared.beyond, compared.equal) == ((), ())


def test_read_where_manage_is_recommended_is_missing() -> None:
    having = {**ARTICLE.scopes, "crm.accounts": Level.READ}
    assert compare(having, ARTICLE).missing == (Difference("crm.accounts", Level.READ, Level.MANAGE),)


@given(GRIDS)
def test_each_scope_is_missing_beyond_equal_or_none_in_both(having: Grid) -> None:
    for edition in EDITIONS:
        compared = compare(having, edition)
        told = [*(one.scope for one in (*compared.missing, *compared.beyond)), *compared.equal]
        both_none = [s for s in SCOPES if s not in edition.scopes and having.get(s, Level.NONE) is Level.NONE]
        assert sorted(told + both_none) == sorted(SCOPES)


def test_an_edition_is_equal_to_itself() -> None:
    for edition in EDITIONS:
        compared = compare(edition.scopes, edition)
        assert (compared.missing, compared.beyond, compared.equal) == ((), (), tuple(edition.scopes))
