"""The one door to Exact's API: whose token, what is counted, and what a refusal costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.exact import api, errors
from integrations.models import Access, Company, Connection, UsageCount, UsageWindow
from integrations.sandbox import seed
from integrations.services import applications, calls, tokens, usage, wire_guard
from tests.services.practice import SOMEBODY, Practice

pytestmark = pytest.mark.django_db
ME = "/api/v1/current/Me"
DIVISION = seed.division("nl", 101)
LIST = f"/api/v1/{DIVISION}/hrm/Divisions"
Status = Connection.Status


@pytest.fixture
def company(world: Practice) -> Company:
    row = Company.objects.create(application=world.application, division=DIVISION, name="Lighthouse Accountants")
    row.primary_access = Access.objects.create(company=row, connection=world.connection)
    row.save(update_fields=["primary_access"])
    return row


def counted() -> int:
    """Calls in the day's window; 0 where nothing was ever reserved."""
    row = UsageWindow.objects.first()
    return row.day_used if row else 0


def received(world: Practice, kind: str = "hrm_divisions") -> list[dict[str, Any]]:
    return world.exact.ledger(kind)


# --- Which call is made -------------------------------------------------------------------------------------


def test_a_companys_call_goes_by_its_primary_access(world: Practice, company: Company) -> None:
    answer = calls.send(company, "GET", LIST + "?$select=Code", purpose="check")
    assert (answer.status, answer.limits.daily.remaining) == (200, 4_999)
    (entry,) = received(world)
    assert (entry["division"], entry["day"], counted()) == (DIVISION, 1, 1)
    count = UsageCount.objects.get()
    assert (count.calls, count.errors, count.purpose, count.endpoint) == (1, 0, "check", "hrm/Divisions")
    assert count.connection_id == world.connection.pk


def test_a_connections_call_without_a_division_is_not_counted(world: Practice) -> None:
    assert calls.send(world.row(), "GET", ME).status == 200
    assert (counted(), UsageCount.objects.count(), len(received(world, "me"))) == (0, 0, 1)


def test_a_connections_call_that_fails_costs_nothing(world: Practice) -> None:
    world.exact.order("unavailable_503", "me")
    with pytest.raises(errors.Unavailable):
        calls.send(world.row(), "GET", ME)
    with pytest.raises(ValueError, match="method"):
        calls.send(world.row(), "PATCH", ME)
    assert (counted(), UsageCount.objects.count()) == (0, 0)


def test_a_connections_call_is_counted_to_the_division_of_its_path(world: Practice) -> None:
    calls.send(world.row(), "GET", LIST)
    row = UsageWindow.objects.get()
    assert (row.application_id, row.division, row.day_used) == (world.application.pk, DIVISION, 1)


@pytest.mark.parametrize(
    "path",
    [
        ME,
        f"/api/v1/{DIVISION + 1}/hrm/Divisions",
        "/api/v1/0/hrm/Divisions",
        "/api/v2/1/hrm/Divisions",
        f"/api/v1/current/../{DIVISION}/hrm/Divisions",
        f"/api/v1/current/%2e%2e/{DIVISION}/hrm/Divisions",
        f"/api/v1//{DIVISION}/hrm/Divisions",
        f"/api/v1/{DIVISION}",
        f"/api/v1/0{DIVISION}/hrm/Divisions",
        f"/api/v1/{DIVISION}/hrm/Divisions\n",
        f"/api/v1/{DIVISION}/hrm/Divisions?a=b c",
        f"https://elsewhere.example/api/v1/{DIVISION}/hrm/Divisions",
        "/api/v1/١٢٣/hrm/Divisions",
        "",
    ],
)
def test_a_path_that_is_not_one_of_the_company_is_refused(world: Practice, company: Company, path: str) -> None:
    before = len(world.exact.ledger())
    with pytest.raises(calls.WrongPath):
        calls.send(company, "GET", path)
    assert (len(world.exact.ledger()), counted()) == (before, 0)


def test_a_key_in_the_path_is_no_part_of_the_endpoint(world: Practice, company: Company) -> None:
    with pytest.raises(errors.NotFound):
        calls.send(company, "GET", f"/api/v1/{DIVISION}/crm/Accounts(guid'8f7c')?$top=1")
    count = UsageCount.objects.get()
    assert (count.endpoint, count.errors, counted()) == ("crm/Accounts", 1, 1)


def test_a_method_that_exact_does_not_have_is_given_back(company: Company) -> None:
    with pytest.raises(ValueError, match="method"):
        calls.send(company, "PATCH", LIST)
    assert counted() == 0


# --- Which call is refused ----------------------------------------------------------------------------------


def withdraw(company: Company) -> None:
    Access.objects.update(withdrawn_at=timezone.now())


def unlink(company: Company) -> None:
    Company.objects.update(primary_access=None)


def lend(company: Company) -> None:
    """The access of another company of the app."""
    other = Company.objects.create(application=company.application, division=DIVISION + 1, name="Another")
    access = Access.objects.create(company=other, connection=company.primary_access.connection)
    Company.objects.filter(pk=company.pk).update(primary_access=access)


def disable(company: Company) -> None:
    applications.disable(company.application, by=SOMEBODY)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (withdraw, calls.NotConnected),
        (unlink, calls.NotConnected),
        (lend, calls.NotConnected),
        (disable, calls.AppDisabled),
    ],
)
def test_a_call_that_may_not_be_made(
    world: Practice, company: Company, change: Callable[[Company], None], refusal: type[calls.CallRefused]
) -> None:
    change(company)
    with pytest.raises(refusal) as raised:
        calls.send(company, "GET", LIST)
    assert raised.value.reason.endswith(".")
    assert (received(world), counted()) == ([], 0)


def test_an_app_of_another_exact_sleeps(world: Practice, company: Company, settings: Any) -> None:
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": "https://start.exactonline.nl"}
    with pytest.raises(tokens.AppAsleep):
        calls.send(company, "GET", LIST)
    assert (received(world), counted()) == ([], 0)


def test_a_connection_without_a_token_costs_nothing(world: Practice, company: Company) -> None:
    world.answer()
    world.later(571)
    with pytest.raises(tokens.ReconnectNeeded):
        calls.send(company, "GET", LIST)
    assert (received(world), counted()) == ([], 0)


def test_nothing_is_sent_within_a_transaction(world: Practice, company: Company) -> None:
    with pytest.raises(wire_guard.TransactionOpen), transaction.atomic():
        calls.send(company, "GET", LIST)
    assert (received(world), counted()) == ([], 0)


def test_a_full_window_sends_nothing(world: Practice, company: Company) -> None:
    UsageWindow.objects.create(
        application=world.application,
        division=DIVISION,
        day=int(timezone.now().timestamp()) // 86_400,
        day_limit=1,
        day_used=1,
    )
    with pytest.raises(usage.LimitReached) as raised:
        calls.send(company, "GET", LIST)
    assert (raised.value.window, received(world)) == ("day", [])


# --- What a call costs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("scope_403", errors.ScopeViolated),
        ("division_403", errors.DivisionNotGranted),
        ("error_500", errors.ServerError),
        ("unavailable_503", errors.Unavailable),
        ("html_200", errors.Unavailable),
        ("truncated_json", errors.MalformedAnswer),
        ("redirect_307", errors.RedirectRefused),
        ("dropped", errors.ConnectionLost),
        ("lost_answer", errors.ConnectionLost),
    ],
)
def test_what_may_have_arrived_stays_counted(
    world: Practice, company: Company, fault: str, kind: type[errors.ExactError]
) -> None:
    world.exact.order(fault, "api")
    with pytest.raises(kind):
        calls.send(company, "GET", LIST)
    assert (counted(), len(received(world))) == (1, 1)
    assert UsageCount.objects.get().calls == 1


def test_a_limit_of_exact_is_entered(world: Practice, company: Company) -> None:
    world.exact.order("day_429", "api")
    with pytest.raises(errors.LimitReached):
        calls.send(company, "GET", LIST)
    row, count = UsageWindow.objects.get(), UsageCount.objects.get()
    assert row.blocked_until is not None
    assert (count.calls, count.refusals) == (1, 1)
    with pytest.raises(usage.LimitReached):
        calls.send(company, "GET", LIST)
    assert len(received(world)) == 1


def test_what_never_left_is_given_back(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "send", Mock(side_effect=errors.Unreachable(sent=False)))
    with pytest.raises(errors.Unreachable):
        calls.send(company, "GET", LIST)
    assert counted() == 0


def test_a_transaction_that_opens_on_the_way_gives_the_call_back(company: Company, guarded: Mock) -> None:
    guarded.side_effect = wire_guard.TransactionOpen("default")
    with pytest.raises(wire_guard.TransactionOpen):
        calls.send(company, "GET", LIST)
    assert counted() == 0


def test_a_reservation_that_grew_old_is_taken_again(
    world: Practice, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "is_stale", Mock(side_effect=[True, False]))
    calls.send(company, "GET", LIST)
    assert (counted(), len(received(world))) == (1, 1)


def test_a_database_that_is_always_too_slow_stops_the_call(
    world: Practice, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "is_stale", Mock(return_value=True))
    with pytest.raises(calls.TooSlow):
        calls.send(company, "GET", LIST)
    assert (counted(), received(world)) == (0, [])


# --- 401 ----------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(world: Practice) -> Callable[[], object]:
    """Let Exact refuse the next call with 401."""
    return lambda: world.exact.order("unauthorized_401", "api")


def test_a_young_token_that_is_refused_is_distrusted(
    world: Practice, company: Company, refused: Callable[[], object]
) -> None:
    refused()
    with pytest.raises(errors.AuthenticationRequired):
        calls.send(company, "GET", LIST)
    row = world.row()
    assert (row.status, row.access_token, counted(), world.refreshes()) == (Status.VERIFYING, "", 1, [])
    with pytest.raises(tokens.NotYet):
        calls.send(company, "GET", LIST)
    assert len(received(world)) == 1
    world.later(571)
    calls.send(company, "GET", LIST)
    assert world.row().status == Status.CONNECTED
    assert world.events() == ["connection.token_refused", "connection.verified"]


def test_two_tokens_that_are_refused_end_the_connection(
    world: Practice, company: Company, refused: Callable[[], object]
) -> None:
    for _ in range(2):
        refused()
        with pytest.raises(errors.AuthenticationRequired):
            calls.send(company, "GET", LIST)
        world.later(571)
    assert world.row().status == Status.RECONNECT
    assert world.events() == ["connection.token_refused", "connection.reconnect_needed"]
    with pytest.raises(tokens.ReconnectNeeded):
        calls.send(company, "GET", LIST)


def test_a_token_that_is_due_is_replaced_and_the_call_made_again(
    world: Practice, company: Company, refused: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came of age between being taken and being refused."""
    take = calls.usage.reserve

    def meanwhile(**options: Any) -> usage.Reservation:
        monkeypatch.undo()
        world.later(571)
        return take(**options)

    monkeypatch.setattr(calls.usage, "reserve", meanwhile)
    refused()
    assert calls.send(company, "GET", LIST).status == 200
    assert [entry["status"] for entry in received(world)] == [401, 200]
    assert (len(world.refreshes()), counted(), world.row().status) == (1, 2, Status.CONNECTED)


def test_the_second_call_is_the_last(
    world: Practice, company: Company, refused: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = world.ask()
    world.later(571)
    new = world.ask()
    monkeypatch.setattr(tokens, "access_token", Mock(side_effect=[old, new]))
    refused()
    refused()
    with pytest.raises(errors.AuthenticationRequired):
        calls.send(company, "GET", LIST)
    assert (len(received(world)), world.row().status, world.row().access_token) == (2, Status.VERIFYING, "")


def test_a_revoked_consent_ends_the_connection(world: Practice, company: Company) -> None:
    with world.exact.sandbox.store.transaction() as db:
        db.execute("UPDATE chain SET state = 'revoked'")
        db.execute("DELETE FROM token WHERE kind = 'access'")
    with pytest.raises(errors.AuthenticationRequired):
        calls.send(company, "GET", LIST)
    world.later(571)
    with pytest.raises(tokens.ReconnectNeeded) as raised:
        calls.send(company, "GET", LIST)
    assert isinstance(raised.value.error, errors.ChainReplaced)
    assert len(received(world)) == 1


def test_the_ledger_agrees_with_our_count(world: Practice, company: Company) -> None:
    for _ in range(7):
        calls.send(company, "GET", LIST)
    assert counted() == received(world)[-1]["day"] == 7
    assert world.refreshes() == []
    row = UsageWindow.objects.get()
    assert row.exact_day_remaining == 4_993
    assert row.exact_minute_resets_at is not None
    assert row.exact_minute_resets_at < timezone.now() + timedelta(minutes=1)
