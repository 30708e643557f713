"""A disabled app: its links are kept alive, and nothing else is asked of Exact."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from integrations.models import (
    Application,
    AuthorizationState,
    Company,
    Connection,
    ConnectionCheck,
    UsageCount,
    UsageWindow,
)
from integrations.rules import schedule
from integrations.sandbox import seed
from integrations.services import calls, checks, connections, links, secrets, tokens
from tests.services.practice import SOMEBODY, Practice, turn

pytestmark = pytest.mark.django_db
Status = Connection.Status
ME = "/api/v1/current/Me"
REFRESHED = "The app is disabled: only the link was kept alive; its token was refreshed."
STILL_GOOD = "The app is disabled: only the link was kept alive; its token is still good."


def api_calls(world: Practice) -> list[dict[str, Any]]:
    return [entry for entry in world.exact.ledger() if entry["path"].startswith("/api/v1/")]


@pytest.fixture
def world(world: Practice) -> Practice:
    """A connection that is its user's, so that a whole check of it is well."""
    Connection.objects.update(exact_user_id=world.exact.ledger("token")[-1]["user_id"])
    return world


@pytest.fixture
def disabled(world: Practice) -> Practice:
    """A connection whose check is due and whose token is old, of an app that was disabled."""
    world.later(601)
    Connection.objects.update(next_check_at=timezone.now())
    turn(world.application, "disabled")
    return world


@pytest.fixture
def turned_at(monkeypatch: pytest.MonkeyPatch, world: Practice) -> Callable[[Any, str, str], None]:
    """Let somebody turn the app just before a function is called."""

    def arrange(module: Any, name: str, state: str) -> None:
        original = getattr(module, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(module, name, original)
            turn(world.application, state)
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, run)

    return arrange


# --- A check ------------------------------------------------------------------------------------------------


def test_a_check_by_the_clock_refreshes_what_is_due_and_makes_no_call(disabled: Practice) -> None:
    assert checks.claim() == [disabled.connection.pk]
    check = checks.run(disabled.row())
    assert (check.ok, check.cause, check.calls) == (True, "", 0)
    assert check.evidence == [REFRESHED]
    assert [entry["status"] for entry in disabled.refreshes()] == [200]
    assert (api_calls(disabled), UsageWindow.objects.count(), UsageCount.objects.count()) == ([], 0, 0)
    row = disabled.row()
    assert row.next_check_at == check.next_check_at
    assert row.claimed_until is None
    assert timedelta(days=3) <= row.next_check_at - check.checked_at < timedelta(days=4, seconds=20)
    assert row.next_check_at < timezone.now() + schedule.LATEST


def test_a_token_that_is_still_good_is_left_alone(world: Practice) -> None:
    turn(world.application, "disabled")
    asked = len(world.exact.ledger())
    check = checks.run(world.row())
    assert (check.ok, check.evidence, check.calls) == (True, [STILL_GOOD], 0)
    assert len(world.exact.ledger()) == asked


def test_keep_alive_alone_carries_a_link_far_beyond_thirty_days(disabled: Practice) -> None:
    passed = timedelta()
    while passed < timedelta(days=40):
        assert checks.claim() == [disabled.connection.pk]
        assert checks.run(disabled.row()).evidence == [REFRESHED]
        passed += disabled.until_due()
    assert 10 <= len(disabled.refreshes()) <= 14
    assert api_calls(disabled) == []
    turn(disabled.application, "enabled")
    check = checks.run(disabled.row())
    assert (check.ok, check.calls, len(api_calls(disabled))) == (True, 1, 2)


def test_check_now_says_that_only_the_link_was_kept_alive(disabled: Practice, annas: Client) -> None:
    url = f"/admin/integrations/connection/{disabled.connection.pk}"
    page = annas.post(f"{url}/check/", follow=True).content.decode()
    assert f"Checked just now: {REFRESHED}" in page
    assert f'<p class="subtitle">{REFRESHED}</p>' in page
    assert "ll was well" not in page
    assert (len(disabled.refreshes()), api_calls(disabled)) == (1, [])


def test_the_command_keeps_the_link_alive_and_makes_no_call(
    disabled: Practice, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("check_connections")
    assert '"ok": true, "cause": null, "calls": 0' in capsys.readouterr().out
    assert (len(disabled.refreshes()), api_calls(disabled)) == (1, [])


# --- What goes wrong ----------------------------------------------------------------------------------------


def test_a_lost_answer_is_being_verified_and_told_by_the_next_check(disabled: Practice) -> None:
    disabled.exact.order("dropped", "token", processed=False)
    check = checks.run(disabled.row())
    row = disabled.row()
    assert (check.ok, check.cause, row.status) == (False, "OutcomeUnknown", Status.VERIFYING)
    assert row.refresh_asked_at is not None
    assert check.next_check_at == row.next_check_at == row.refresh_asked_at + timedelta(seconds=570)
    disabled.until_due()
    assert checks.claim() == [row.pk]
    assert checks.run(disabled.row()).evidence == [REFRESHED]
    assert disabled.row().status == Status.CONNECTED
    assert api_calls(disabled) == []


def test_a_doubt_keeps_its_moment_though_the_check_fell_due_before(disabled: Practice) -> None:
    """The token on hand serves out its time meanwhile."""
    disabled.later(-25)
    disabled.exact.order("dropped", "token", processed=False)
    assert not checks.run(disabled.row()).ok
    assert Connection.objects.fall_due(timezone.now()) == 1
    check = checks.run(disabled.row())
    row = disabled.row()
    assert row.refresh_asked_at is not None
    assert (check.evidence, row.status) == ([STILL_GOOD], Status.VERIFYING)
    assert row.next_check_at == row.refresh_asked_at + timedelta(seconds=570)


def test_a_link_that_has_ended_needs_a_new_consent(disabled: Practice) -> None:
    disabled.answer()
    disabled.later(601)
    check = checks.run(disabled.row())
    assert (check.cause, check.who, check.next_check_at) == ("ReconnectNeeded", "customer", None)
    assert disabled.row().status == Status.RECONNECT


def test_an_exact_that_cannot_be_reached_is_tried_again_soon(disabled: Practice, settings: Any) -> None:
    nowhere = "http://127.0.0.1:9"
    Application.objects.update(origin=nowhere)
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": nowhere}
    before = disabled.stored()
    check = checks.run(disabled.row())
    assert (check.ok, check.cause, check.calls) == (False, "Unreachable", 0)
    assert len(check.evidence) == 1
    assert check.next_check_at - timezone.now() <= schedule.SOON
    assert disabled.stored() == before


# --- Somebody turns it while we are at it -------------------------------------------------------------------


def test_an_app_that_is_disabled_during_a_check_is_asked_no_further(
    world: Practice, turned_at: Callable[[Any, str, str], None]
) -> None:
    turned_at(connections, "read_companies", "disabled")
    check = checks.run(world.row())
    assert (check.ok, check.calls, check.evidence[-1]) == (True, 0, STILL_GOOD)
    assert [entry["path"] for entry in api_calls(world)] == [ME]


def test_an_app_that_is_enabled_while_its_link_is_kept_alive_is_due_at_once(
    disabled: Practice, turned_at: Callable[[Any, str, str], None]
) -> None:
    turned_at(tokens, "access_token", "enabled")
    check = checks.run(disabled.row())
    assert check.evidence == [REFRESHED]
    assert disabled.row().next_check_at <= timezone.now()
    assert checks.claim() == [disabled.connection.pk]


# --- Calls --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [ME, f"/api/v1/{seed.division('nl', 101)}/hrm/Divisions"])
@pytest.mark.parametrize("purpose", ["other", "check"])
def test_no_call_is_made_and_no_token_asked_for_it(disabled: Practice, path: str, purpose: str) -> None:
    with pytest.raises(calls.AppDisabled, match=r"^The app is disabled"):
        calls.send(disabled.row(), "GET", path, purpose=purpose)
    assert (disabled.refreshes(), api_calls(disabled), UsageWindow.objects.count()) == ([], [], 0)


def test_whoever_holds_the_app_as_it_was_makes_no_call_either(world: Practice) -> None:
    row = world.row()
    turn(world.application, "disabled")
    assert row.application.is_enabled
    with pytest.raises(calls.AppDisabled):
        calls.send(row, "GET", ME)
    assert api_calls(world) == []


def test_a_call_that_was_counted_already_gives_its_place_back(
    world: Practice, turned_at: Callable[[Any, str, str], None]
) -> None:
    turned_at(calls.usage, "is_stale", "disabled")
    with pytest.raises(calls.AppDisabled):
        calls.send(world.row(), "GET", f"/api/v1/{seed.division('nl', 101)}/hrm/Divisions")
    assert (api_calls(world), UsageWindow.objects.get().day_used) == ([], 0)


# --- A consent that was under way ---------------------------------------------------------------------------


def state_of(world: Practice) -> AuthorizationState:
    page = links.make(world.application, by=SOMEBODY).page
    return AuthorizationState(link=page, created_at=timezone.now())


def test_a_code_is_not_traded_once_the_app_is_disabled(
    world: Practice, turned_at: Callable[[Any, str, str], None]
) -> None:
    code, asked = world.client.consent(), len(world.exact.ledger("token"))
    turned_at(secrets, "first_accepted", "disabled")
    with pytest.raises(links.Refused, match=links.NOT_NOW):
        connections.connect(state_of(world), code)
    assert len(world.exact.ledger("token")) == asked
    assert Connection.objects.count() == 1


def test_tokens_that_were_given_already_are_their_users_though_the_app_is_disabled_by_now(
    world: Practice, turned_at: Callable[[Any, str, str], None]
) -> None:
    """They ended the chain before them, so without *Me* the link would be lost."""
    turned_at(tokens, "begin", "disabled")
    connection = connections.connect(state_of(world), world.client.consent())
    assert connection.status == Status.CONNECTED
    assert [entry["path"] for entry in api_calls(world)] == [ME]
    assert [company.division for company in Company.objects.all()] == [connection.division]
    assert checks.run(connection).evidence == [STILL_GOOD]
    assert ConnectionCheck.objects.get().calls == 0


def test_the_companies_of_a_consent_wait_until_the_app_is_enabled(disabled: Practice) -> None:
    path = f"/api/v1/{seed.division('nl', 101)}/hrm/Divisions"
    with pytest.raises(calls.AppDisabled):
        calls.send(disabled.row(), "GET", path, purpose=calls.CONSENT)
    assert api_calls(disabled) == []
