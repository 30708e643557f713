"""What is known around scopes: their use, whom a refusal hit, and who consented when less was approved."""

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.exact.scopes import Level
from integrations.models import Application, Connection, Review, ScopeApproval
from integrations.rules.editions import ARTICLE
from integrations.rules.reach import simulate
from integrations.services import scope_approvals, scope_consents, scope_refusals, scope_use
from tests import customers
from tests import scopes as given
from tests.conftest import SOMEBODY
from tests.permission import approved

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return make_app(secret=None)


# --- Use ------------------------------------------------------------------------------------------------------


def test_a_scope_is_unused_where_no_call_of_the_last_thirty_days_needed_it(app: Application) -> None:
    grid = {"crm.accounts": Level.MANAGE, "sales.orders": Level.READ, "crm.marketing": Level.READ}
    given.called(app, "crm/Accounts", days=29)
    given.called(app, "salesorder/SalesOrders", days=31)
    use = scope_use.unused(app, grid)
    assert (use.unused, use.untold) == (("sales.orders",), ("crm.marketing",))


def test_calls_that_were_given_back_and_calls_of_another_app_are_no_use(app: Application, make_app: MakeApp) -> None:
    given.called(app, "crm/Accounts", calls=0)
    given.called(make_app(secret=None, region="uk", client_id=None), "salesorder/SalesOrders")
    assert scope_use.paths(app) == ()


def test_of_what_would_close_that_which_was_called_is_told(app: Application) -> None:
    given.called(app, "CRM/accounts", "logistics/Items")
    closing = simulate(ARTICLE.scopes, {**ARTICLE.scopes, "crm.accounts": Level.NONE}).closes_reading
    assert [endpoint.path for endpoint in scope_use.in_use(app, closing)] == ["crm/Accounts"]


# --- Refused --------------------------------------------------------------------------------------------------


def reached(app: Application, name: str, *divisions: int) -> Connection:
    row = customers.connect(app, name)
    customers.reach(row, None, *divisions)
    return row


def test_a_refusal_tells_the_cell_the_connections_and_every_company_they_reach(app: Application) -> None:
    one, other, well = (reached(app, f"User {n}", 10 * n, 10 * n + 1) for n in (1, 2, 3))
    for row in (one, other):
        given.refused(row)
    customers.check(well)
    (found,) = scope_refusals.affected(app)
    assert str(found.cell) == "organization.administration at Read"
    assert {hit.connection for hit in found.hits} == {one, other}
    assert [company.division for company in found.companies] == [10, 11, 20, 21]
    assert found.is_certain
    assert {hit.refusal.division for hit in found.hits} == {10, 20}


def test_only_the_latest_check_of_a_live_connection_tells(app: Application, make_app: MakeApp) -> None:
    mended, gone = reached(app, "Mended", 1), reached(app, "Gone", 2)
    given.refused(mended, minutes=10)
    customers.check(mended, minutes=5)
    given.refused(gone)
    Connection.objects.filter(pk=gone.pk).update(status="reconnect", refresh_token="", next_check_at=None)
    given.refused(reached(make_app(secret=None, region="uk", client_id=None), "Other", 3))
    assert scope_refusals.affected(app) == []


def test_a_company_that_was_withdrawn_is_not_affected(app: Application) -> None:
    row = reached(app, "Alex", 1, 2)
    row.accesses.filter(company__division=2).update(withdrawn_at=timezone.now())
    given.refused(row)
    assert [company.division for company in scope_refusals.affected(app)[0].companies] == [1]


def test_other_refusals_are_none_of_the_scopes(app: Application) -> None:
    customers.check(reached(app, "Alex", 1), failed="The customer did not grant this company to the app.")
    assert scope_refusals.affected(app) == []


def test_the_number_of_queries_does_not_grow(app: Application) -> None:
    def count() -> int:
        with CaptureQueriesContext(database) as queries:
            scope_refusals.affected(app)
            scope_consents.to_consent_again(app)
        return len(queries)

    approved(app, {"crm.accounts": "read"})
    given.refused(reached(app, "User 0", 1))
    few = count()
    for number in range(1, 60):
        given.refused(reached(app, f"User {number}", 10 * number, 10 * number + 1))
    assert count() == few


# --- Consents -------------------------------------------------------------------------------------------------


def approve(app: Application, **scopes: str) -> ScopeApproval:
    """Let Exact approve a round."""
    number = app.reviews.count() + 1
    review = Review.objects.create(
        application=app, number=number, state="approved", submitted={}, submitted_hash="0" * 64,
        created_by=str(SOMEBODY),
    )  # fmt: skip
    named = {name.replace("__", "."): level for name, level in scopes.items()}
    return scope_approvals.add(app, named, by=SOMEBODY, on=timezone.localdate(), review=review)


def again(app: Application) -> dict[str, tuple[str, ...]]:
    return {str(row.connection): row.lacks for row in scope_consents.to_consent_again(app).rows}


def test_without_an_approval_nobody_is_told(app: Application) -> None:
    customers.connect(app)
    assert again(app) == {}


def test_whoever_consented_when_less_was_approved_is_told_with_what_came_since(app: Application) -> None:
    first = approve(app, crm__accounts="read", sales__orders="manage")
    customers.connect(app, "Early", scope_approval=first)
    second = approve(app, crm__accounts="manage", sales__orders="read", hrm__payroll="read")
    customers.connect(app, "Late", scope_approval=second)
    assert again(app) == {"Early": ("crm.accounts", "hrm.payroll")}


def test_where_only_less_is_approved_now_nobody_is_told(app: Application) -> None:
    customers.connect(app, "Early", scope_approval=approve(app, crm__accounts="manage"))
    approve(app, crm__accounts="read")
    assert again(app) == {}


def test_where_nobody_knows_what_was_approved_at_the_consent_that_is_told_after_a_round(app: Application) -> None:
    customers.connect(app, "Unknown")
    approved(app, {"crm.accounts": "read"})
    assert again(app) == {}
    approve(app, crm__accounts="manage")
    assert again(app) == {"Unknown": ()}


def test_a_connection_that_has_ended_is_not_among_them(app: Application) -> None:
    customers.connect(app, "Ended", scope_approval=approve(app, crm__accounts="read"), status="reconnect")
    approve(app, crm__accounts="manage")
    assert again(app) == {}
