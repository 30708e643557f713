"""Traps of a grid."""

from hypothesis import given

from integrations.exact.scopes import SCOPES, Level
from integrations.rules.editions import ARTICLE, BANK_FEEDS
from integrations.rules.reach import reach
from integrations.rules.scope_grids import EVERYTHING, Grid
from integrations.rules.scope_traps import Trap, traps
from tests.rules.scopes import GRIDS, paths


def found(grid: Grid, code: str) -> list[Trap]:
    return [trap for trap in traps(grid) if trap.code == code]


def test_read_on_administration_creates_no_webhook_subscriptions() -> None:
    (trap,) = found(ARTICLE.scopes, "scopes.no_webhooks")
    assert trap.scope == "organization.administration"
    assert trap.text == (
        "With Read on organization.administration the app cannot create webhook subscriptions: "
        "POST, PUT and DELETE answer 403 (WebhookSubscriptions)."
    )


def test_read_on_accounting_posts_no_entries() -> None:
    (trap,) = found(ARTICLE.scopes, "scopes.no_entries")
    assert trap.scope == "financial.accounting"
    assert {"salesentry/SalesEntries", "financialtransaction/BankEntryLines"} <= set(paths(trap.endpoints))
    assert len(trap.endpoints) == 10


def test_the_list_with_bank_feeds_posts_entries() -> None:
    assert found(BANK_FEEDS.scopes, "scopes.no_entries") == []


def test_what_else_stays_read_only_is_told_for_each_scope() -> None:
    told = {trap.scope: paths(trap.endpoints) for trap in found(ARTICLE.scopes, "scopes.read_only")}
    assert told == {
        "financial.generalledgers": [
            "financial/GLAccountClassificationMappings", "financial/GLAccounts", "financial/Journals",
        ],
        "financial.accounting": ["vat/VATCodes"],
        "financial.receivables": ["cashflow/Receivables"],
        "organization.administration": ["system/Users"],
    }  # fmt: skip


def test_without_administration_the_portal_does_not_find_all_companies() -> None:
    (trap,) = found({}, "scopes.no_companies")
    assert paths(trap.endpoints) == ["system/Divisions"]
    assert found(ARTICLE.scopes, "scopes.no_companies") == []


def test_a_scope_for_which_no_endpoint_is_known_is_told() -> None:
    assert [trap.scope for trap in found({"crm.marketing": Level.READ}, "scopes.nothing_known")] == ["crm.marketing"]


def test_manage_on_everything_has_no_trap_but_what_nobody_knows() -> None:
    assert {trap.code for trap in traps(EVERYTHING)} == {"scopes.nothing_known"}


def test_what_another_scope_lets_the_app_write_is_no_trap() -> None:
    grid: Grid = {"crm.quotes": Level.READ, "sales.invoices": Level.MANAGE}
    (trap,) = found(grid, "scopes.read_only")
    assert "sales/SalesChannels" not in paths(trap.endpoints)


@given(GRIDS)
def test_the_traps_of_read_tell_exactly_what_stays_read_only_in_the_forms_order(grid: Grid) -> None:
    of_read = [trap for trap in traps(grid) if trap.code not in ("scopes.no_companies", "scopes.nothing_known")]
    assert {one for trap in of_read for one in trap.endpoints} == set(reach(grid).read_only)
    places = [SCOPES.index(trap.scope) for trap in traps(grid)]
    assert places == sorted(places)
