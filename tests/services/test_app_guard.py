"""Emergency stop and archive: no request to Exact by any way, whoever pressed it and whatever is under way."""

import ast
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connections as databases
from django.test import Client
from django.utils import timezone

import integrations
from integrations.exact import oauth
from integrations.models import (
    Access,
    AuditEvent,
    AuthorizationState,
    Company,
    Connection,
    ConnectionCheck,
    UsageWindow,
)
from integrations.rules.actors import PORTAL
from integrations.sandbox import seed
from integrations.services import (
    app_guard,
    calls,
    checks,
    connections,
    links,
    practice,
    secrets,
    token_lease,
    tokens,
)
from integrations.services.refusals import Refused
from tests.practice import practising
from tests.services.practice import SOMEBODY, Practice, database_file, newer_secret, turn

pytestmark = pytest.mark.django_db
Status = Connection.Status
ME = "/api/v1/current/Me"
DIVISION = seed.division("nl", 101)
SAID: Final = {"stopped": app_guard.STOPPED, "archived": app_guard.ARCHIVED}
STATES: Final = tuple(SAID)


@pytest.fixture
def held(world: Practice) -> Connection:
    """A connection whose token is old, as somebody holds it who read it while the app was enabled."""
    world.later(601)
    Connection.objects.update(next_check_at=timezone.now())
    return world.row()


@pytest.fixture
def company(world: Practice) -> Company:
    row = Company.objects.create(application=world.application, division=DIVISION, name="Lighthouse Accountants")
    row.primary_access = Access.objects.create(company=row, connection=world.connection)
    row.save(update_fields=["primary_access"])
    return row


@pytest.fixture
def turned_at(monkeypatch: pytest.MonkeyPatch, world: Practice) -> Callable[..., None]:
    """Let somebody stop the app at a function: just before it is called, or once it has done its work."""

    def arrange(module: Any, name: str, *, after: bool = False) -> None:
        original = getattr(module, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(module, name, original)
            if after:
                done = original(*args, **kwargs)
            turn(world.application, "stopped")
            return done if after else original(*args, **kwargs)

        monkeypatch.setattr(module, name, run)

    return arrange


# --- No way -------------------------------------------------------------------------------------------------

WAYS: Final[dict[str, Callable[[Connection, Company], Any]]] = {
    "a token": lambda row, company: tokens.access_token(row),
    "a call": lambda row, company: calls.send(row, "GET", ME),
    "a call right after a consent": lambda row, company: calls.send(row, "GET", ME, purpose=calls.CONSENT),
    "a counted call": lambda row, company: calls.send(row, "GET", f"/api/v1/{DIVISION}/hrm/Divisions"),
    "a call to a company": lambda row, company: calls.send(company, "GET", f"/api/v1/{DIVISION}/hrm/Divisions"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("seconds", [0, 601])
def test_no_request_and_no_token_by_any_way(
    world: Practice, company: Company, way: str, state: str, seconds: float
) -> None:
    world.later(seconds)
    row, asked = world.row(), len(world.exact.ledger())
    turn(world.application, state)
    before = Connection.objects.values().get()
    assert row.application.is_enabled
    with pytest.raises(tokens.AppStopped) as raised:
        WAYS[way](row, company)
    assert (raised.value.reason, raised.value.who, raised.value.until) == (SAID[state], "app owner", None)
    assert len(world.exact.ledger()) == asked
    assert Connection.objects.values().get() == before
    assert not UsageWindow.objects.exists()


@pytest.mark.parametrize("state", STATES)
def test_check_now_says_why_nothing_was_asked(world: Practice, held: Connection, annas: Client, state: str) -> None:
    asked, due_at = len(world.exact.ledger()), held.next_check_at
    turn(world.application, state)
    page = annas.post(f"/admin/integrations/connection/{held.pk}/check/", follow=True).content.decode()
    assert f"Checked just now: {SAID[state]}" in page
    check = ConnectionCheck.objects.get()
    assert (check.ok, check.cause, check.who, check.evidence) == (False, "AppStopped", "app owner", [])
    assert len(world.exact.ledger()) == asked
    assert (check.next_check_at, world.row().next_check_at) == (None, due_at)
    assert world.row().status == Status.CONNECTED


def test_the_page_of_a_connection_names_no_next_check_under_a_stop(
    world: Practice, held: Connection, annas: Client
) -> None:
    url = f"/admin/integrations/connection/{held.pk}/change/"
    assert "None while the app" not in annas.get(url).content.decode()
    turn(world.application, "stopped")
    assert "<dd>None while the app is under Emergency stop</dd>" in annas.get(url).content.decode()


@pytest.mark.parametrize("state", STATES)
def test_the_command_asks_nothing(
    world: Practice, held: Connection, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = len(world.exact.ledger())
    turn(world.application, state)
    call_command("check_connections", connection=held.pk)
    assert '"ok": false, "cause": "AppStopped", "calls": 0' in capsys.readouterr().out
    assert len(world.exact.ledger()) == asked


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", STATES)
def test_what_a_worker_had_taken_is_not_run(world: Practice, held: Connection, state: str) -> None:
    asked = len(world.exact.ledger())
    assert checks.claim() == [held.pk]
    turn(world.application, state)
    assert checks.run_many([held.pk]) == 0
    assert len(world.exact.ledger()) == asked
    assert not ConnectionCheck.objects.exists()


def test_an_app_that_was_deleted_with_its_practice_asks_nothing(world: Practice, held: Connection) -> None:
    asked = len(world.exact.ledger())
    practice.remove(by=PORTAL)
    with pytest.raises(tokens.AppStopped, match="deleted"):
        calls.send(held, "GET", ME)
    assert len(world.exact.ledger()) == asked


# --- While we are at it -------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
def test_a_stop_between_the_lease_and_the_request_sends_nothing(
    world: Practice, held: Connection, turned_at: Callable[..., None], after: bool
) -> None:
    before, asked = world.stored(), len(world.exact.ledger())
    turned_at(token_lease, "take", after=after)
    with pytest.raises(tokens.AppStopped):
        tokens.access_token(held)
    assert len(world.exact.ledger()) == asked
    row = world.row()
    assert (row.lease_owner, row.lease_until, row.refresh_asked_at) == (None, None, None)
    assert world.stored() == before
    turn(world.application, "disabled")
    assert tokens.access_token(held)
    assert world.row().status == Status.CONNECTED


def test_a_stop_leaves_an_older_doubt_as_it_was(
    world: Practice, held: Connection, turned_at: Callable[..., None]
) -> None:
    world.exact.order("dropped", "token")
    with pytest.raises(tokens.OutcomeUnknown):
        tokens.access_token(held)
    world.later(571)
    asked_at = world.row().refresh_asked_at
    turned_at(token_lease, "take", after=True)
    with pytest.raises(tokens.AppStopped):
        tokens.access_token(held)
    assert (world.row().refresh_asked_at, world.row().status) == (asked_at, Status.VERIFYING)


def test_a_stop_between_two_secrets_tries_no_second_one(
    world: Practice, held: Connection, turned_at: Callable[..., None]
) -> None:
    secrets.set(world.application, "another1secret", by=SOMEBODY)
    newer_secret(world, world.client.app.client_secret)
    asked = world.exact.ledger("token")[-1]["id"]
    turned_at(oauth, "refresh")
    with pytest.raises(tokens.AppStopped):
        tokens.access_token(held)
    assert [entry["error"] for entry in world.exact.ledger("token", asked)] == ["invalid_client"]
    assert world.row().lease_owner is None


def test_the_answer_to_a_request_that_was_on_its_way_is_kept(
    world: Practice, held: Connection, turned_at: Callable[..., None]
) -> None:
    turned_at(oauth, "refresh", after=True)
    with pytest.raises(tokens.AppStopped):
        calls.send(held, "GET", ME)
    assert (world.row().token_generation, len(world.refreshes()), world.exact.ledger("me")) == (2, 1, [])
    turn(world.application, "disabled")
    assert tokens.access_token(held)
    assert len(world.refreshes()) == 1


def test_whoever_waits_for_another_ones_answer_gets_no_token_after_a_stop(
    world: Practice, held: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert token_lease.take(held, timezone.now())
    monkeypatch.setattr(tokens, "sleep", lambda _: turn(world.application, "stopped"))
    with pytest.raises(tokens.AppStopped):
        tokens.access_token(held)
    assert world.refreshes() == []


def test_a_call_that_was_counted_already_gives_its_place_back(world: Practice, turned_at: Callable[..., None]) -> None:
    turned_at(calls.usage, "is_stale")
    with pytest.raises(tokens.AppStopped):
        calls.send(world.row(), "GET", f"/api/v1/{DIVISION}/hrm/Divisions")
    assert UsageWindow.objects.get().day_used == 0
    assert world.exact.ledger("hrm_divisions") == []


# --- In another process -------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(world: Practice, tmp_path: Path) -> Iterator[ThreadPoolExecutor]:
    """A thread with a connection of its own to the database, as another process has."""
    with database_file(tmp_path), ThreadPoolExecutor(1) as pool:
        yield pool
        pool.submit(databases.close_all).result()


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_is_pressed_elsewhere_holds_from_the_next_request_on(
    world: Practice, held: Connection, elsewhere: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, threads = token_lease.take, []

    def press() -> None:
        threads.append(threading.current_thread())
        turn(world.application, "stopped")

    def run(*args: Any) -> Any:
        done = original(*args)
        elsewhere.submit(press).result()
        return done

    monkeypatch.setattr(token_lease, "take", run)
    with pytest.raises(tokens.AppStopped):
        tokens.access_token(held)
    assert threads != [threading.current_thread()]
    assert world.refreshes() == []
    assert world.row().lease_owner is None


# --- A consent that is under way ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_a_browser_that_comes_back_connects_nobody(annas: Client, tmp_path: Path, settings: Any, state: str) -> None:
    with practising(tmp_path, settings) as exact:
        made = links.make(exact.application, by=PORTAL)
        way_back = exact.consent(exact.begin(annas))
        turn(exact.application, state)
        page = annas.get(way_back, follow=True).content.decode()
        assert "is not enabled" in page
        assert annas.post(made.path).status_code == 410
        assert exact.sandbox.ledger("token") == []
        assert AuthorizationState.objects.get().used_at is None
        turn(exact.application, "enabled")
        assert annas.get(way_back).status_code == 302
        assert Connection.objects.get().status == Status.CONNECTED


def a_state(world: Practice) -> AuthorizationState:
    return AuthorizationState(link=links.make(world.application, by=SOMEBODY).page, created_at=timezone.now())


@pytest.mark.parametrize("function", ["in_use", "first_accepted"])
def test_a_code_is_not_traded_after_a_stop_in_the_last_moment(
    world: Practice, turned_at: Callable[..., None], function: str
) -> None:
    code, asked, state = world.client.consent(), len(world.exact.ledger("token")), a_state(world)
    turned_at(secrets, function)
    with pytest.raises(Refused, match=links.NOT_NOW):
        connections.connect(state, code)
    assert len(world.exact.ledger("token")) == asked
    assert Connection.objects.count() == 1


def test_a_code_of_an_app_that_was_deleted_meanwhile_is_not_traded(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, asked, state = world.client.consent(), len(world.exact.ledger("token")), a_state(world)
    candidates = secrets.in_use(world.application)
    practice.remove(by=PORTAL)
    monkeypatch.setattr(secrets, "in_use", lambda _: candidates)
    with pytest.raises(Refused, match=links.NOT_NOW):
        connections.connect(state, code)
    assert len(world.exact.ledger("token")) == asked


def test_tokens_that_came_before_a_stop_are_kept_and_not_used(
    world: Practice, annas: Client, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.all().delete()
    with practising(tmp_path / "other", settings, region="uk") as exact:
        begin = tokens.begin

        def stopped_after(*args: Any, **kwargs: Any) -> Connection:
            made = begin(*args, **kwargs)
            turn(exact.application, "stopped")
            return made

        way_back = exact.consent(exact.begin(annas))
        monkeypatch.setattr(tokens, "begin", stopped_after)
        page = annas.get(way_back, follow=True).content.decode()
        assert links.NOT_NOW in page
        assert "Emergency" not in page
        assert exact.sandbox.ledger("me") == []
        row = Connection.objects.get()
        assert (row.status, row.refresh_token[:3]) == (Status.PENDING, "v1.")


# --- Afterwards ---------------------------------------------------------------------------------------------


def test_links_outlive_a_stop_and_are_refreshed_at_once(world: Practice, held: Connection) -> None:
    turn(world.application, "stopped")
    world.later(timedelta(days=20).total_seconds())
    assert checks.claim() == []
    turn(world.application, "disabled")
    assert world.application.connections.fall_due(timezone.now()) == 1
    assert checks.claim() == [held.pk]
    assert checks.run(held).ok
    assert [entry["status"] for entry in world.refreshes()] == [200]


def test_a_stop_that_lasts_too_long_needs_new_consents_from_the_day_that_was_said(world: Practice) -> None:
    turn(world.application, "stopped")
    answered_at = world.row().token_answered_at
    assert answered_at is not None
    first = tokens.reconnect_from(world.application)
    assert first == answered_at + timedelta(days=30)
    world.later(timedelta(days=30, minutes=1).total_seconds())
    turn(world.application, "disabled")
    assert checks.run(world.row()).cause == "ReconnectNeeded"
    assert tokens.reconnect_from(world.application) is None


def test_the_day_is_that_of_the_link_that_was_refreshed_longest_ago(
    world: Practice, django_assert_num_queries: Any
) -> None:
    now = timezone.now()
    for days, status in ((3, Status.CONNECTED), (9, Status.VERIFYING), (20, Status.RECONNECT), (25, Status.PENDING)):
        Connection.objects.create(
            application=world.application,
            status=status,
            exact_user_id=str(uuid4()),
            refresh_token="" if status == Status.RECONNECT else "v1.t1.x",
            token_answered_at=now - timedelta(days=days),
        )
    with django_assert_num_queries(1):
        assert tokens.reconnect_from(world.application) == now + timedelta(days=21)
    Connection.objects.all().delete()
    assert tokens.reconnect_from(world.application) is None


def test_a_stop_leaves_the_activity_to_whoever_pressed_it(world: Practice, held: Connection) -> None:
    turn(world.application, "stopped")
    events = AuditEvent.objects.count()
    with pytest.raises(tokens.AppStopped):
        calls.send(held, "GET", ME)
    assert AuditEvent.objects.count() == events


# --- Every way is known -------------------------------------------------------------------------------------

DOORS: Final = {
    "services/calls.py": {"api.send"},
    "services/connections.py": {"oauth.exchange_code"},
    "services/key_tests.py": {"key_test.authorize_page", "key_test.client_secret"},
    "services/monitor.py": {"wire.request"},  # to HEARTBEAT_URL, which is no Exact
    "services/tokens.py": {"oauth.refresh"},
}
"""What can send, by the modules that do; each asks how the app stands just before."""
SENDS: Final = {
    *(f"wire.{name}" for name in ("request", "prepare", "adapter", "Adapter")),
    "api.send",
    "oauth.exchange_code",
    "oauth.refresh",
    "key_test.authorize_page",
    "key_test.client_secret",
}


def test_nothing_else_can_send_a_request_to_exact() -> None:
    home = Path(integrations.__file__).parent
    found: dict[str, set[str]] = {}
    for path in home.rglob("*.py"):
        name = path.relative_to(home).as_posix()
        if name.startswith(("exact/", "sandbox/", "migrations/")):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("integrations.exact."):
                imported = {f"{str(node.module).rpartition('.')[2]}.{alias.name}" for alias in node.names}
                assert not imported & SENDS, f"{name}: import the module, so that this test sees what is called"
            if isinstance(node, ast.Attribute) and ast.unparse(node) in SENDS:
                found.setdefault(name, set()).add(ast.unparse(node))
    assert {"services/calls.py", "services/connections.py", "services/tokens.py"} <= set(found)
    assert found.items() <= DOORS.items()
