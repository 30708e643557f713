"""What a grid opens, what an endpoint needs, what a change does, and what was used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact.endpoints import ENDPOINTS, Endpoint
from integrations.exact.scopes import SCOPES, Level
from integrations.rules.editions import ARTICLE
from integrations.rules.reach import (
    Change,
    answering,
    called,
    can_read,
    can_write,
    reach,
    reached,
    search,
    simulate,
    use,
)
from integrations.rules.scope_grids import EVERYTHING, Grid
from tests.rules.scopes import GRIDS, endpoint, paths

NONE, READ, MANAGE = Level


# --- What would work ------------------------------------------------------------------------------------------


def test_the_articles_list_reads_146_endpoints_of_which_two_need_no_scope() -> None:
    opened = reach(ARTICLE.scopes)
    assert len(opened.readable) == 146
    assert paths(opened.no_scope) == ["Me", "hrm/Divisions"]
    assert set(opened.no_scope) <= set(opened.readable)


def test_the_articles_list_leaves_17_endpoints_with_write_methods_read_only() -> None:
    opened = reach(ARTICLE.scopes)
    assert len(opened.read_only) == 17
    assert set(opened.read_only) <= set(opened.readable)
    assert {"webhooks/WebhookSubscriptions", "salesentry/SalesEntries"} <= set(paths(opened.read_only))


def test_the_articles_list_writes_29_endpoints_four_of_which_have_no_get() -> None:
    opened = reach(ARTICLE.scopes)
    assert len(opened.writable) == 29
    assert paths(tuple(one for one in opened.writable if not one.reads)) == [
        "salesinvoice/InvoiceSalesOrders",
        "salesinvoice/PrintedSalesInvoices",
        "salesinvoice/SalesOrderID",
        "salesorder/PrintedSalesOrders",
    ]


def test_an_endpoint_whose_methods_nobody_wrote_down_is_not_said_to_read_or_write() -> None:
    opened = reach(ARTICLE.scopes)
    assert paths(opened.methods_unknown) == ["salesorder/CompleteSalesOrder", "salesorder/SalesOrderOrderChargeLines"]
    assert not set(opened.methods_unknown) & {*opened.readable, *opened.writable, *opened.read_only}


def test_an_empty_grid_opens_only_what_needs_no_scope() -> None:
    opened = reach({})
    assert opened.readable == opened.no_scope
    assert len(opened.not_reached) == len(ENDPOINTS) - 2


def test_everything_leaves_only_what_the_form_does_not_have() -> None:
    opened = reach(EVERYTHING)
    assert paths(opened.not_reached) == ["crm/HostingOpportunities"]
    assert opened.read_only == ()


@pytest.mark.parametrize("scope", ["financial.receivables", "financial.payables"])
def test_of_several_scopes_one_is_enough(scope: str) -> None:
    assert can_read({scope: READ}, endpoint("read/financial/AgingOverview"))


def test_of_several_scopes_the_furthest_counts() -> None:
    assert can_write({"crm.quotes": READ, "sales.invoices": MANAGE}, endpoint("sales/SalesChannels"))


def test_read_on_what_can_only_be_written_opens_nothing() -> None:
    opened = reach({"crm.quotes": READ})
    assert "crm/AcceptQuotation" in paths(opened.read_only)
    assert "crm/AcceptQuotation" not in paths(opened.readable)


@pytest.mark.parametrize(
    ("level", "path", "is_reached", "methods"),
    [
        (NONE, "crm/Accounts", False, ()),
        (READ, "crm/Accounts", True, ("GET",)),
        (MANAGE, "crm/Accounts", True, ("GET", "POST", "PUT", "DELETE")),
        (READ, "crm/AcceptQuotation", False, ()),
        (MANAGE, "crm/AcceptQuotation", True, ("POST",)),
        (NONE, "customfield/CustomFields", False, ()),
        (READ, "customfield/CustomFields", None, ()),
        (MANAGE, "customfield/CustomFields", True, ()),
        (NONE, "Me", True, ("GET",)),
    ],
)
def test_an_endpoint_is_reached_by_the_methods_that_do_not_answer_403(
    level: Level, path: str, is_reached: bool | None, methods: tuple[str, ...]
) -> None:
    grid: Grid = {"crm.accounts": level, "crm.quotes": level, "organization.extensibility": level}
    assert (reached(grid, endpoint(path)), answering(grid, endpoint(path))) == (is_reached, methods)


@given(GRIDS, st.sampled_from([one for one in ENDPOINTS if one.methods]))
def test_an_endpoint_is_reached_where_a_method_answers(grid: Grid, one: Endpoint) -> None:
    opened = reach(grid)
    assert reached(grid, one) == bool(answering(grid, one)) == (one in {*opened.readable, *opened.writable})


@given(GRIDS)
def test_each_endpoint_is_somewhere_and_none_is_writable_and_refused(grid: Grid) -> None:
    opened = reach(grid)
    refused = {*opened.read_only, *opened.not_reached, *opened.methods_unknown}
    assert {*opened.readable, *opened.writable, *refused} == set(ENDPOINTS)
    assert not refused & set(opened.writable)
    assert not set(opened.not_reached) & {*opened.readable, *opened.read_only, *opened.methods_unknown}


@given(GRIDS)
def test_what_can_be_written_can_be_read_where_it_has_a_get(grid: Grid) -> None:
    opened = reach(grid)
    assert {one for one in opened.writable if one.reads} <= set(opened.readable)


@given(GRIDS, st.sampled_from(SCOPES), st.sampled_from(Level))
def test_a_higher_level_never_closes_an_endpoint(grid: Grid, scope: str, other: Level) -> None:
    higher = max(other, grid.get(scope, NONE), key=lambda level: level.rank)
    before, after = reach(grid), reach({**grid, scope: higher})
    assert set(before.readable) <= set(after.readable)
    assert set(before.writable) <= set(after.writable)
    assert set(before.not_reached) >= set(after.not_reached)


# --- What an endpoint needs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "path", "sentence"),
    [
        (
            "webhook",
            "webhooks/WebhookSubscriptions",
            "GET: organization.administration at Read; POST, PUT, DELETE: organization.administration at Manage.",
        ),
        ("vat/VATP", "vat/VatPercentages", "GET: financial.accounting at Read."),
        ("acceptquotation", "crm/AcceptQuotation", "POST: crm.quotes at Manage."),
        ("AgingOverviewBy", "read/financial/AgingOverviewByAccount",
         "GET: financial.receivables at Read or financial.payables at Read."),
        ("hrm/Divisions", "hrm/Divisions", "It needs no scope."),
        ("HostingOpp", "crm/HostingOpportunities", "It needs hosting.hosting, which the form does not have."),
        ("CompleteSalesOrder", "salesorder/CompleteSalesOrder",
         "It needs sales.orders. Which methods it has is not known: GET needs Read, others Manage."),
        ("https://start.exactonline.nl/api/v1/123456/webhooks/WebhookSubscriptions(guid'1')?$top=1",
         "webhooks/WebhookSubscriptions",
         "GET: organization.administration at Read; POST, PUT, DELETE: organization.administration at Manage."),
    ],
)  # fmt: skip
def test_the_search_says_which_cell_an_endpoint_needs(typed: str, path: str, sentence: str) -> None:
    assert [(found.endpoint.path, found.sentence) for found in search(typed)] == [(path, sentence)]


@pytest.mark.parametrize("typed", ["", "  ", "?", "/api/v1/123456/", "nothing of that name", "\x00", "("])
def test_a_search_for_nothing_finds_nothing(typed: str) -> None:
    assert search(typed) == ()


def test_each_cell_that_is_named_is_enough() -> None:
    for found in [found for group in ("crm/", "financial/", "inventory/") for found in search(group)]:
        assert all(can_read({cell.scope: cell.level}, found.endpoint) for cell in found.reading)
        assert all(can_write({cell.scope: cell.level}, found.endpoint) for cell in found.writing)
        for method in found.endpoint.methods:
            assert all(method in answering({cell.scope: cell.level}, found.endpoint) for cell in found.cells(method))


# --- A change -------------------------------------------------------------------------------------------------


def test_less_on_accounting_refuses_what_wrote_and_still_reads() -> None:
    change = simulate({"financial.accounting": MANAGE}, {"financial.accounting": READ})
    assert "salesentry/SalesEntries" in paths(change.closes_writing)
    assert (change.closes_reading, change.opens_reading, change.opens_writing) == ((), (), ())


def test_a_scope_less_refuses_nothing_that_another_scope_opens() -> None:
    both: Grid = {"financial.receivables": READ, "financial.payables": READ}
    closed = paths(simulate(both, {"financial.payables": READ}).closes_reading)
    assert "read/financial/ReceivablesList" in closed
    assert "read/financial/AgingOverview" not in closed


def test_of_endpoints_without_known_methods_it_says_only_that_something_changes() -> None:
    change = simulate({}, {"organization.extensibility": READ})
    assert paths(change.unclear) == ["customfield/CustomFields"]
    assert (change.opens_reading, change.opens_writing) == ((), ())


@given(GRIDS, GRIDS)
def test_the_way_back_opens_what_the_way_there_closed(before: Grid, after: Grid) -> None:
    there, back = simulate(before, after), simulate(after, before)
    assert back == Change(
        there.closes_reading, there.closes_writing, there.opens_reading, there.opens_writing, there.unclear
    )


@given(GRIDS, GRIDS)
def test_what_a_change_opens_and_closes_leads_from_one_reach_to_the_other(before: Grid, after: Grid) -> None:
    change = simulate(before, after)
    readable = (set(reach(before).readable) | set(change.opens_reading)) - set(change.closes_reading)
    writable = (set(reach(before).writable) | set(change.opens_writing)) - set(change.closes_writing)
    assert (readable, writable) == (set(reach(after).readable), set(reach(after).writable))


# --- What was called ------------------------------------------------------------------------------------------


def test_of_endpoints_those_that_were_called_are_told_in_whatever_case() -> None:
    closed = simulate(ARTICLE.scopes, {}).closes_reading
    assert paths(called(closed, ["CRM/accounts", "Me", "", "logistics/Items"])) == ["crm/Accounts", "logistics/Items"]


def test_a_scope_of_which_no_endpoint_was_called_is_unused() -> None:
    used = use({"crm.accounts": MANAGE, "sales.orders": READ, "hrm.payroll": NONE}, ["crm/Accounts", "Me"])
    assert (used.unused, used.untold, used.not_in_table) == (("sales.orders",), (), ())


def test_a_call_counts_for_every_scope_that_could_have_opened_it() -> None:
    grid: Grid = {"financial.receivables": READ, "financial.payables": READ}
    assert use(grid, ["read/financial/AgingOverview"]).unused == ()


def test_of_a_scope_without_known_endpoints_nobody_can_tell() -> None:
    used = use({"crm.marketing": READ}, [])
    assert (used.unused, used.untold) == ((), ("crm.marketing",))


def test_calls_to_what_the_table_lacks_are_told() -> None:
    assert use({}, ["new/Thing", "", "crm/Accounts"]).not_in_table == ("new/Thing",)
