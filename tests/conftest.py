"""What tests share: people, an app, and a key ring that is opened anew."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from integrations.crypto import Key, KeyRing
from integrations.exact import regions
from integrations.models import Application, AuditEvent, Installation, User
from integrations.rules.actors import Actor
from integrations.services import applications, heartbeats, keyring, secrets
from tests.owning import own

CLIENT_ID = "1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a001"
SECRET = "xQ7pRw2ZkL9t"
SOMEBODY = Actor.command("tests")
GUARD = import_module("integrations.migrations.0008_guard_activity")

# How long an example takes says how busy the machine is, and nothing about us.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Take the guard of the activity away: tests empty their tables. Its own tests put it back.

    What the migrations recorded goes: in a new database nothing has happened yet. What stays is who owns the tokens.
    """
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            GUARD.unguard(None, editor)
        AuditEvent.objects.all().delete()
        own()


@pytest.fixture
def guarded_activity(db: None) -> None:
    """What the migration makes; it goes with the transaction of the test."""
    with connection.cursor() as cursor:
        for statement in {"sqlite": GUARD.SQLITE, "postgresql": GUARD.POSTGRESQL}[connection.vendor]:
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def fresh_key_ring() -> Iterator[None]:
    keyring.forget()
    yield
    keyring.forget()


@pytest.fixture(autouse=True)
def no_token_files() -> Iterator[None]:
    """Every test begins with no tokens on the disk: its rows are gone with the one before."""
    yield
    with suppress(FileNotFoundError):
        for file in Path(django_settings.TOKEN_JOURNAL_DIR).iterdir():
            file.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def owner(request: pytest.FixtureRequest) -> None:
    """Tests that use the database own the tokens in it, also after one that emptied all tables."""
    if {"db", "transactional_db"} & {*request.fixturenames} or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        if not Installation.objects.exists():
            own()


@pytest.fixture
def ring(settings: Any) -> Callable[..., KeyRing]:
    """Exchange the ring of this process, as a restart with other PORTAL_KEYS does."""

    def exchange(*keys: Key) -> KeyRing:
        settings.PORTAL_KEYS = KeyRing(*keys)
        keyring.forget()
        return settings.PORTAL_KEYS

    return exchange


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_superuser("anna", password="correct horse battery", first_name="Anna", last_name="Smit")


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """Return a client of a member of staff with just these rights, such as ``view_application``."""

    def make(*codenames: str) -> Client:
        user = User.objects.create_user(f"bob{User.objects.count()}", password="x", is_staff=True)
        permissions = Permission.objects.filter(content_type__app_label="integrations", codename__in=codenames)
        assert permissions.count() == len(codenames)
        user.user_permissions.set(permissions)
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def annas(anna: User) -> Client:
    client = Client()
    client.force_login(anna)
    return client


@pytest.fixture
def at_work(db: None) -> None:
    """Worker and scheduler, as if they ran."""
    for process in heartbeats.Process:
        heartbeats.beat(process)


@pytest.fixture
def make_app(db: None) -> Callable[..., Application]:
    def make(secret: str | None = SECRET, enable: bool = False, **fields: Any) -> Application:
        values = {"region": "nl", "kind": "product", "name": "Meridian Bookings", "client_id": CLIENT_ID, **fields}
        application = applications.add(Application(**values), by=SOMEBODY)
        if secret:
            secrets.set(application, secret, by=SOMEBODY)
        if enable:
            applications.enable(application, by=SOMEBODY)
        return application

    return make


@pytest.fixture
def make_real_app(make_app: Callable[..., Application], settings: Any) -> Callable[..., Application]:
    """Apps of the real Exact, at whose address nothing of these tests ever asks; browsers come back elsewhere."""

    def make(**fields: Any) -> Application:
        settings.EXACT_ORIGINS = {region.code: region.origin for region in regions.REGIONS}
        return make_app(redirect_uri="https://www.meridian.example/", **fields)

    return make
