"""What the doctor sees, and the accounts that a terminal makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from integrations.crypto import Key, KeyRing
from integrations.models import Application, AuditEvent, ClientSecret, User
from integrations.services import accounts, database, health, people
from integrations.services.refusals import Refused
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(settings: Any, tmp_path: Path, at_work: None, guarded_activity: None) -> Path:
    tmp_path.chmod(0o700)
    settings.VAR_DIR = tmp_path
    settings.BROKER_DIR = tmp_path / "broker"
    settings.TOKEN_JOURNAL_DIR = tmp_path / "tokens"
    return tmp_path


def ill() -> dict[str, str]:
    return {finding.check: f"{finding.detail} {finding.mend}" for finding in health.doctor() if not finding.ok}


def test_all_is_well_in_a_new_house(house: Path) -> None:
    assert ill() == {}
    assert len(list(health.doctor())) == 22


def test_looking_changes_nothing_in_the_database(house: Path, make_app: Callable[..., Application]) -> None:
    list(health.doctor())
    assert not AuditEvent.objects.exists()
    assert health.KeyRingCanary.objects.count() == 0


def test_a_wrong_ring_is_found(house: Path, make_app: Callable[..., Application], ring: Callable[..., KeyRing]) -> None:
    make_app()
    ring(Key.generate("other"))
    assert set(ill()) == {"keys", "sealed rows"}
    assert "Bring the missing key back" in ill()["keys"]
    assert [finding.check for finding in health.ready()] == ["keys"]


def test_a_row_that_does_not_open_is_found_by_its_id(house: Path, make_app: Callable[..., Application]) -> None:
    make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    assert str(ClientSecret.objects.get().pk) in ill()["sealed rows"]


def test_a_rotation_that_is_not_finished_is_found(
    house: Path, make_app: Callable[..., Application], ring: Callable[..., KeyRing]
) -> None:
    old, new = Key.generate("old"), Key.generate("new")
    ring(old)
    make_app()
    ring(new, old)
    make_app(region="uk")
    assert "rotate_keys" in ill()["key rotation"]


def test_files_that_others_can_read_are_found(house: Path) -> None:
    house.chmod(0o755)
    (house / "env").write_text("")
    (house / "env").chmod(0o644)
    assert f"chmod go= {house / 'env'}" in ill()["files"]


def test_a_folder_that_cannot_be_made_is_found(house: Path, settings: Any) -> None:
    (house / "file").write_text("")
    settings.TOKEN_JOURNAL_DIR = house / "file" / "tokens"
    assert "cannot be written" in ill()["files"]


def test_a_broker_that_does_not_answer_is_found(house: Path, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    assert "does not answer" in ill()["broker"]


def test_a_full_disk_is_found(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FREE_BYTES", 1 << 60)
    assert "Make room" in ill()["disk"]


def test_a_migration_that_was_not_applied_is_found(house: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    assert database.pending_migrations() == ["sessions.0001_initial"]
    assert "manage.py migrate" in ill()["migrations"]


def test_a_cache_that_forgets_is_found(house: Path, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert "forgets" in ill()["cache"]


def test_the_first_administrator_is_made_once() -> None:
    login = accounts.first_administrator(by=SOMEBODY)
    assert login is not None
    assert accounts.first_administrator(by=SOMEBODY) is None
    user = User.objects.get()
    assert (user.username, user.is_superuser, user.check_password(login.password)) == ("admin", True, True)
    assert login.password not in repr(login)
    assert AuditEvent.objects.get().action == "user.added"


def test_a_first_administrator_beside_a_disabled_one_gets_another_name() -> None:
    accounts.first_administrator(by=SOMEBODY)
    User.objects.update(is_active=False)
    login = accounts.first_administrator(by=SOMEBODY)
    assert login is not None
    assert login.username == "admin2"


def test_a_new_password_replaces_the_old_one(anna: User) -> None:
    login = accounts.new_password(None, by=SOMEBODY)
    anna.refresh_from_db()
    assert login.username == "anna"
    assert anna.check_password(login.password)
    assert not anna.check_password("correct horse battery")


def test_a_new_password_for_nobody_is_refused() -> None:
    for name in (None, "nobody"):
        with pytest.raises(Refused, match="There is no account"):
            accounts.new_password(name, by=SOMEBODY)


def test_actors_have_names_by_one_query(anna: User, django_assert_num_queries: Callable[[int], Any]) -> None:
    gone = "person:00000000-0000-4000-8000-000000000000"
    with django_assert_num_queries(1):
        names = people.names([f"person:{anna.pk}", gone, "command:root", "portal", ""])
    assert names == {
        f"person:{anna.pk}": "Anna Smit",
        gone: "a former member of staff",
        "command:root": "root (terminal)",
        "portal": "the portal",
    }
