"""A canary in every secret field, looked for everywhere it must not be."""

import io
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from integrations.admin import applications as pages
from integrations.models import Application, ClientSecret, User
from tests.admin.app_forms import keys
from tests.conftest import CLIENT_ID

CANARY = "CANARY7zq4Xw9secret"
ADD = "/admin/integrations/application/add/"


def typed(**fields: str) -> dict[str, str]:
    return {"region": "nl", "kind": "product", "name": "Meridian Bookings", "client_id": CLIENT_ID, **fields}


@pytest.fixture
def stored(annas: Client) -> Application:
    response = annas.post(ADD, typed(client_secret=CANARY))
    assert response.status_code == 302
    return Application.objects.get()


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.django_db
def test_no_page_shows_a_stored_secret(annas: Client, stored: Application) -> None:
    for url in (
        "/admin/integrations/application/",
        f"/admin/integrations/application/{stored.pk}/change/",
        f"/admin/integrations/application/{stored.pk}/keys/",
        f"/admin/integrations/application/{stored.pk}/connections/",
        f"/admin/integrations/application/{stored.pk}/history/",
        f"/admin/integrations/application/{stored.pk}/delete/",
        reverse("admin:enable", args=[stored.pk]),
        reverse("admin:enable-now-or-later", args=[stored.pk]),
        "/admin/integrations/auditevent/",
        "/admin/portal/",
    ):
        response = annas.get(url, follow=True)
        assert response.status_code == 200, url
        assert CANARY not in response.content.decode(), url
        assert ClientSecret.objects.get().sealed not in response.content.decode(), url


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bad", [f"{CANARY} x", f'"{CANARY}"', f"Bearer {CANARY}", f"A_SECRET={CANARY}", f"{CANARY}\u200b!"]
)
def test_a_refused_secret_does_not_come_back(annas: Client, bad: str) -> None:
    response = annas.post(ADD, typed(client_secret=bad))
    assert response.status_code == 200
    assert CANARY not in response.content.decode()
    assert not Application.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("bad", [f"{CANARY} x", f'"{CANARY}"', f"{CANARY}\u200b!"])
def test_a_refused_secret_that_replaces_another_does_not_come_back(
    annas: Client, stored: Application, bad: str
) -> None:
    before = ClientSecret.objects.values().get()
    page = f"/admin/integrations/application/{stored.pk}/keys/"
    response = annas.post(page, keys(stored, client_secret=bad))
    assert response.status_code == 200
    assert CANARY not in response.content.decode()
    assert ClientSecret.objects.values().get() == before


@pytest.mark.django_db
def test_the_database_and_its_dump_hold_no_plain_secret(stored: Application) -> None:
    if connection.vendor == "sqlite":
        connection.connection.commit() if not connection.in_atomic_block else None
        dump = "\n".join(connection.connection.iterdump())
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(s)::text FROM integrations_clientsecret s")
            dump = str(cursor.fetchall())
    assert "v1." in dump
    assert CANARY not in dump
    text = io.StringIO()
    call_command("dumpdata", stdout=text)
    assert json.loads(text.getvalue())
    assert CANARY not in text.getvalue()


@pytest.mark.django_db
def test_no_repr_and_no_log_shows_it(annas: Client, everything_logged: io.StringIO) -> None:
    annas.post(ADD, typed(client_secret=CANARY))
    row = ClientSecret.objects.select_related("application").get()
    seen = f"{row!r} {row} {row.application!r} {vars(row)} {django_settings.PORTAL_KEYS!r}"
    assert CANARY not in seen
    logged = everything_logged.getvalue()
    assert "INSERT INTO" in logged or not django_settings.DEBUG
    assert CANARY not in logged


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [False, True])
def test_a_fault_while_saving_shows_it_neither_on_the_page_nor_in_the_mail(
    annas: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, everything_logged: io.StringIO, *, debug: bool
) -> None:
    def fail(application: Application, plaintext: str, *, by: Any) -> None:
        kept = {"secret": plaintext}
        raise RuntimeError(f"the disk is full after {len(kept)} rows")

    settings.DEBUG = debug
    settings.ADMINS = [("Operator", "operator@example.com")]
    monkeypatch.setattr(pages.secrets, "set", fail)
    annas.raise_request_exception = False
    response = annas.post(f"{ADD}?note={CANARY}", typed(client_secret=CANARY), headers={"X-Note": CANARY})
    assert response.status_code == 500
    page = response.content.decode()
    assert ("the disk is full" in page) is debug
    assert CANARY not in page
    assert "was not saved" in page or debug
    assert not Application.objects.exists()
    for message in mail.outbox:
        assert CANARY not in str(message.message())
    assert len(mail.outbox) == (0 if debug else 1)
    assert f"'{CANARY}'" not in everything_logged.getvalue()


@pytest.mark.django_db(transaction=True)
def test_no_file_holds_it(annas: Client, tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its files to itself; its rows are looked at above.")
    annas.post(ADD, typed(client_secret=CANARY))
    copy = tmp_path / "copy.sqlite3"
    with sqlite3.connect(copy) as target:
        connection.connection.backup(target)
    assert b"v1.t1." in copy.read_bytes()
    assert CANARY.encode() not in copy.read_bytes()


@pytest.mark.django_db
def test_blank_keeps_the_stored_secret(annas: Client, stored: Application, anna: User) -> None:
    before = ClientSecret.objects.values().get()
    other = "9b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a009"
    response = annas.post(f"/admin/integrations/application/{stored.pk}/keys/", keys(stored, client_id=other))
    assert response.status_code == 302
    assert Application.objects.get().client_id == other
    assert ClientSecret.objects.values().get() == before


@pytest.mark.django_db
def test_the_keys_page_of_an_app_shows_which_secret_is_stored(annas: Client, stored: Application) -> None:
    page = annas.get(f"/admin/integrations/application/{stored.pk}/keys/").content.decode()
    assert ClientSecret.objects.get().fingerprint in page
    assert "by Anna Smit" in page
    assert 'name="client_secret" value' not in page


@pytest.mark.django_db
def test_a_secret_that_does_not_open_is_said_on_the_page(
    annas: Client, stored: Application, make_app: Callable[..., Application]
) -> None:
    other = make_app(region="uk")
    ClientSecret.objects.filter(application=stored).update(sealed="v1.lost.AAAA")
    page = annas.get(f"/admin/integrations/application/{stored.pk}/keys/").content.decode()
    assert "Cannot be opened with the present keys" in page
    assert "Cannot be opened" not in annas.get(f"/admin/integrations/application/{other.pk}/keys/").content.decode()
