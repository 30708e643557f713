"""One installation owns the tokens: whoever else opens the database asks Exact for nothing, by any door."""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.exact import oauth
from integrations.models import (
    Application,
    AuditEvent,
    AuthorizationState,
    Connection,
    ConnectionCheck,
    Heartbeat,
    Installation,
    UsageWindow,
)
from integrations.rules.installation import ANOTHER, NO_ID, NO_OWNER, TOLD_TO
from integrations.services import (
    calls,
    checks,
    connections,
    database,
    heartbeats,
    installation,
    links,
    token_lease,
    tokens,
)
from integrations.services.installation import Original
from integrations.services.refusals import Refused
from tests.owning import own
from tests.services.practice import SOMEBODY, Practice

pytestmark = pytest.mark.django_db
OTHER = "the-other-installation"


def reasons() -> tuple[Any, ...]:
    return installation.standing().reasons


@pytest.fixture
def nobody(owner: None) -> None:
    Installation.objects.all().delete()


# --- Nothing is asked --------------------------------------------------------------------------------------


@pytest.fixture
def standby(world: Practice) -> Practice:
    """A connection whose token is due to be refreshed, in a portal that does not own it."""
    world.later(601)
    Connection.objects.update(next_check_at=timezone.now())
    own(owner=OTHER)
    return world


DOORS: dict[str, Callable[[Practice], Any]] = {
    "a token": lambda world: world.ask(),
    "a call": lambda world: calls.send(world.row(), "GET", "/api/v1/current/Me"),
    "a counted call": lambda world: calls.send(world.row(), "GET", "/api/v1/123/system/Divisions"),
    "a check": lambda world: checks.run(world.row()),
    "a link": lambda world: links.make(world.application, by=SOMEBODY),
    "the wire": lambda world: oauth.refresh(
        world.exact.url, client_id="x", client_secret="x", refresh_token="x", seconds=5.0
    ),
    "the exchange of a code": lambda world: connections.connect(
        AuthorizationState(link=links.LinkPage(application=world.application)), "code"
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_who_does_not_own_the_tokens_passes_no_door(standby: Practice, door: str) -> None:
    asked, row, events = len(standby.exact.ledger()), standby.row(), AuditEvent.objects.count()
    before = Connection.objects.values().get()
    with pytest.raises(tokens.StandingBy, match=r"^This portal stands by\. The tokens belong to another inst"):
        DOORS[door](standby)
    assert len(standby.exact.ledger()) == asked
    assert Connection.objects.values().get() == before
    assert not UsageWindow.objects.exists()
    assert not ConnectionCheck.objects.exists()
    assert AuditEvent.objects.count() == events
    own()
    assert tokens.access_token(row)


def test_nothing_is_due_to_who_stands_by(standby: Practice) -> None:
    assert checks.claim() == []
    assert standby.row().claimed_until is None
    own()
    assert checks.claim() == [standby.connection.pk]


@pytest.mark.django_db(transaction=True)
def test_what_was_claimed_before_is_not_run(standby: Practice) -> None:
    asked = len(standby.exact.ledger())
    assert checks.run_many([standby.connection.pk]) == 0
    assert len(standby.exact.ledger()) == asked
    assert not ConnectionCheck.objects.exists()


@pytest.mark.usefixtures("standby")
def test_who_stands_by_leaves_no_sign_of_life() -> None:
    """On a shared database it would hide that those of the owner are silent."""
    heartbeats.beat(heartbeats.Process.WORKER)
    assert not Heartbeat.objects.exists()
    own()
    heartbeats.beat(heartbeats.Process.WORKER)
    assert Heartbeat.objects.exists()


@pytest.mark.parametrize("columns", [{"owner": OTHER}, {"database": "sqlite:0:1", "database_path": "/srv/x.sqlite3"}])
def test_a_token_that_is_still_good_is_not_handed_out(world: Practice, columns: dict[str, str]) -> None:
    assert world.ask()
    own(**columns)
    with pytest.raises(tokens.StandingBy):
        world.ask()


def test_standby_holds_whoever_owns_the_tokens(world: Practice, settings: Any) -> None:
    settings.STANDBY = True
    assert reasons() == (TOLD_TO,)
    with pytest.raises(tokens.StandingBy, match="STANDBY is on"):
        world.ask()


# --- Somebody claims while we are at it --------------------------------------------------------------------


@pytest.fixture
def claimed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """Let somebody else claim the tokens just before a function is called."""

    def arrange(module: Any, name: str) -> None:
        original = getattr(module, name)

        def run(*args: Any, **kwargs: Any) -> Any:
            monkeypatch.setattr(module, name, original)
            own(owner=OTHER)
            return original(*args, **kwargs)

        monkeypatch.setattr(module, name, run)

    return arrange


def test_a_claim_between_the_decision_and_the_request_is_noticed_by_the_wire(
    world: Practice, guarded: Mock, claimed_at: Callable[[Any, str], None]
) -> None:
    world.later(601)
    before, asked = world.stored(), len(world.refreshes())
    claimed_at(token_lease, "take")
    with pytest.raises(tokens.StandingBy):
        world.ask()
    assert guarded.called
    assert len(world.refreshes()) == asked
    row = world.row()
    assert (row.lease_owner, row.lease_until, row.refresh_asked_at) == (None, None, None)
    assert world.stored() == before
    own()
    assert world.ask()


def test_a_claim_after_a_call_was_counted_gives_its_place_back(
    world: Practice, claimed_at: Callable[[Any, str], None]
) -> None:
    claimed_at(calls.api, "send")
    with pytest.raises(tokens.StandingBy):
        calls.send(world.row(), "GET", "/api/v1/123/system/Divisions")
    assert UsageWindow.objects.get().day_used == 0
    assert not world.exact.ledger("system_divisions")


def test_a_claim_in_the_midst_of_a_check_leaves_it_due(world: Practice, claimed_at: Callable[[Any, str], None]) -> None:
    Connection.objects.update(next_check_at=timezone.now())
    claimed_at(calls.api, "send")
    due_at = world.row().next_check_at
    with pytest.raises(tokens.StandingBy):
        checks.run(world.row())
    assert world.row().next_check_at == due_at
    assert not ConnectionCheck.objects.exists()


# --- Who we are --------------------------------------------------------------------------------------------


def test_one_query_tells_where_we_stand() -> None:
    installation.standing()
    with CaptureQueriesContext(connection) as queries:
        assert reasons() == ()
    assert len(queries) == 1


@pytest.fixture
def without_an_id(settings: Any, tmp_path: Path) -> Path:
    settings.INSTALLATION_ID, settings.INSTALLATION_FILE = "", tmp_path / "var" / "installation"
    return tmp_path / "var" / "installation"


def test_the_first_start_makes_an_id_that_stays(without_an_id: Path, nobody: None) -> None:
    assert NO_ID in reasons()
    assert installation.settle(by=SOMEBODY)
    made = without_an_id.read_text()
    assert stat.S_IMODE(without_an_id.stat().st_mode) == 0o600
    assert [path.name for path in without_an_id.parent.iterdir()] == ["installation"]
    assert Installation.objects.get().owner == made.strip()
    assert not installation.settle(by=SOMEBODY)
    assert without_an_id.read_text() == made
    assert reasons() == ()


@pytest.mark.parametrize("content", ["", "no id", "x" * 80, "ï-am-no-ascii"])
def test_a_spoilt_id_is_none(without_an_id: Path, content: str) -> None:
    without_an_id.parent.mkdir()
    without_an_id.write_text(content, encoding="utf-8")
    assert reasons() == (NO_ID,)


def test_an_id_is_never_written_over(without_an_id: Path) -> None:
    without_an_id.parent.mkdir()
    without_an_id.write_text("meridian-production\n")
    installation._make_id(without_an_id)
    assert installation.own_id() == "meridian-production"


def test_a_database_of_sqlite_is_told_by_its_file(tmp_path: Path) -> None:
    file, copy = tmp_path / "portal.sqlite3", tmp_path / "copy.sqlite3"
    file.write_bytes(b"x")
    shutil.copy2(file, copy)
    mark = database.sqlite_mark(file)
    assert mark.startswith("sqlite:")
    assert database.sqlite_mark(copy) not in {mark, ""}
    file.rename(tmp_path / "renamed.sqlite3")
    assert database.sqlite_mark(tmp_path / "renamed.sqlite3") == mark
    assert database.sqlite_mark(file) == ""
    shutil.copy2(copy, tmp_path / "renamed.sqlite3")  # restored in place: still the same file
    assert database.sqlite_mark(tmp_path / "renamed.sqlite3") == mark


@pytest.mark.services
def test_a_database_of_postgresql_is_told_by_cluster_and_number() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL")
    kind, cluster, number = database.mark().split(":")
    assert (kind, int(cluster) > 0, int(number) > 0) == ("postgresql", True, True)
    with CaptureQueriesContext(connection) as queries:
        database.mark()
    assert not queries
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE nobody_special NOLOGIN")
        cursor.execute("SELECT has_function_privilege('nobody_special', 'pg_catalog.pg_control_system()', 'EXECUTE')")
        assert cursor.fetchone() == (True,)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("/srv/memory/portal.sqlite3", Path("/srv/memory/portal.sqlite3")),
        (":memory:", None),
        ("file:memorydb_default?mode=memory&cache=shared", None),
    ],
)
def test_a_folder_of_that_name_is_not_memory(monkeypatch: pytest.MonkeyPatch, name: str, file: Path | None) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    monkeypatch.setitem(connection.settings_dict, "NAME", name)
    assert database.sqlite_file() == file


# --- Claiming by itself ------------------------------------------------------------------------------------


def test_a_fresh_database_is_claimed_with_an_event(nobody: None) -> None:
    assert reasons() == (NO_OWNER,)
    assert installation.settle(by=SOMEBODY)
    row = Installation.objects.get()
    assert (row.owner, row.database) == ("tests-installation", database.mark())
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.object_type) == ("installation.claimed", str(SOMEBODY), "installation")
    assert event.details["owner"] == ["", "tests-installation"]


def test_a_database_with_tokens_and_no_owner_is_not_claimed_unasked(world: Practice, nobody: None) -> None:
    assert not installation.settle(by=SOMEBODY)
    assert reasons() == (NO_OWNER,)
    Connection.objects.all().delete()
    AuditEvent.objects.record("connection.made", Connection(), by=SOMEBODY)
    assert not installation.settle(by=SOMEBODY)
    assert installation.claim(by=SOMEBODY).original is Original.NONE
    assert reasons() == ()


def test_an_upgrade_claims_what_no_release_before_it_could(world: Practice, nobody: None) -> None:
    assert installation.settle(by=SOMEBODY, upgraded=True)
    assert reasons() == ()


@pytest.mark.parametrize("setting", [{"STANDBY": True}, {"INSTALLATION_ID": OTHER}])
def test_a_start_takes_the_tokens_from_nobody(settings: Any, setting: dict[str, Any]) -> None:
    for name, value in setting.items():
        setattr(settings, name, value)
    before = Installation.objects.values().get()
    assert not installation.settle(by=SOMEBODY, upgraded=True)
    assert Installation.objects.values().get() == before


def test_who_was_told_to_stand_by_claims_nothing(settings: Any, nobody: None) -> None:
    settings.STANDBY = True
    assert not installation.settle(by=SOMEBODY, upgraded=True)
    assert not Installation.objects.exists()


# --- Claiming ----------------------------------------------------------------------------------------------


def test_a_claim_makes_another_installation_on_this_database_stand_by(settings: Any) -> None:
    first = settings.INSTALLATION_ID
    settings.INSTALLATION_ID = OTHER
    assert reasons() == (ANOTHER,)
    claimed = installation.claim(by=SOMEBODY)
    assert (claimed.owner, claimed.original) == (OTHER, Original.SHARED)
    assert reasons() == ()
    assert AuditEvent.objects.get().details == {"owner": [first, OTHER]}
    settings.INSTALLATION_ID = first
    assert reasons() == (ANOTHER,)
    assert installation.claim(by=SOMEBODY).original is Original.SHARED
    assert reasons() == ()


def test_who_owns_the_tokens_claims_only_to_note_another_address(settings: Any) -> None:
    with pytest.raises(Refused, match="owns the tokens already"):
        installation.claim(by=SOMEBODY)
    settings.PUBLIC_URL = "https://new.example.com"
    assert installation.claim(by=SOMEBODY).original is Original.NONE
    assert AuditEvent.objects.get().details == {"address": ["http://testserver", "https://new.example.com"]}
    with pytest.raises(Refused):
        installation.claim(by=SOMEBODY)


@pytest.mark.parametrize("faster", ["claimed", "made", "inserted"])
def test_of_two_who_claim_at_once_one_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch, faster: str) -> None:
    settings.INSTALLATION_ID = OTHER
    if faster != "claimed":
        Installation.objects.all().delete()
    seen = installation.standing()
    monkeypatch.setattr(installation, "standing", lambda: seen)
    if faster == "inserted":
        monkeypatch.setattr(installation, "_write", Mock(side_effect=IntegrityError))
    else:
        own(owner="the-faster-one")
    with pytest.raises(Refused, match="at this moment"):
        installation.claim(by=SOMEBODY)
    assert not AuditEvent.objects.exists()


def test_an_app_may_be_set_up_while_the_portal_stands_by(make_app: Callable[..., Application]) -> None:
    own(owner=OTHER)
    assert make_app(enable=True).is_enabled
