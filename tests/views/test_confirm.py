"""The page that asks for the password again: when, of whom, and where it leads."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from integrations.models import AuditEvent, User
from integrations.services import sessions
from tests.views.browsers import CONFIRM, HOME, LOGIN, PASSWORD, browser, inside, sign_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def idle(anna: User, clock: Any, **minutes: int) -> Client:
    client = browser()
    sign_in(client)
    clock.shift(timedelta(**(minutes or {"minutes": 31})))
    return client


def test_the_page_asks_after_thirty_idle_minutes_and_leads_on(anna: User, clock: Any) -> None:
    client = idle(anna, clock)
    page = client.get(f"{CONFIRM}?next={HOME}add/").content.decode()
    assert "Confirm it is you" in page
    assert f'name="next" value="{HOME}add/"' in page
    old_key = client.cookies["portal_session"].value
    response = client.post(CONFIRM, {"password": PASSWORD, "next": f"{HOME}add/"})
    assert response.url == f"{HOME}add/"
    assert client.cookies["portal_session"].value != old_key
    assert client.get(f"{HOME}add/").status_code == 200
    assert client.get(f"{CONFIRM}?next={HOME}add/").url == f"{HOME}add/", "it asks nobody twice"
    event = AuditEvent.objects.get(action="user.confirmed")
    assert (event.actor, event.details) == (f"person:{anna.pk}", {"address": "203.0.113.7"})


def test_confirming_does_not_make_a_session_last_longer(anna: User, clock: Any) -> None:
    client = idle(anna, clock, hours=11)
    client.post(CONFIRM, {"password": PASSWORD})
    assert inside(client)
    clock.shift(timedelta(hours=1))
    assert not inside(client)


def test_use_keeps_it_open_but_does_not_open_it_again(anna: User, clock: Any) -> None:
    client = idle(anna, clock, minutes=25)
    assert inside(client)
    clock.shift(timedelta(minutes=25))
    assert client.get(f"{HOME}add/").status_code == 200
    clock.shift(timedelta(minutes=31))
    assert inside(client)
    assert client.get(f"{HOME}add/").url == f"{CONFIRM}?next=%2Fadmin%2Fintegrations%2Fapplication%2Fadd%2F"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_confirming_leads_nowhere_else(anna: User, clock: Any, address: str) -> None:
    client = idle(anna, clock)
    page = client.get(CONFIRM, {"next": address}).content.decode()
    assert "evil" not in page
    assert "javascript:" not in page
    assert client.post(CONFIRM, {"password": PASSWORD, "next": address}).url == "/admin/"


def test_a_wrong_password_confirms_nothing_and_is_throttled_as_a_log_in_is(anna: User, clock: Any) -> None:
    client = idle(anna, clock)
    for _ in range(5):
        response = client.post(CONFIRM, {"password": "guess-canary", "next": HOME})
        assert response.status_code == 200
        assert "The password is not right." in response.content.decode()
        assert "canary" not in response.content.decode()
    response = client.post(CONFIRM, {"password": PASSWORD, "next": HOME})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
    assert "Try again in 15 minutes" in response.content.decode()
    assert client.get(f"{HOME}add/").status_code == 302
    assert AuditEvent.objects.filter(action="user.confirmation_failed", actor=f"person:{anna.pk}").count() == 5
    assert AuditEvent.objects.filter(action="user.sign_in_throttled").count() == 1


def test_nobody_else_may_confirm(anna: User) -> None:
    assert browser().get(CONFIRM).url.startswith(LOGIN)
    assert browser().post(CONFIRM, {"password": PASSWORD}).url.startswith(LOGIN)
    strict = browser(enforce_csrf_checks=True)
    strict.force_login(anna)
    assert strict.post(CONFIRM, {"password": PASSWORD}).status_code == 403


def test_an_account_without_a_password_is_told_what_to_do(anna: User, clock: Any) -> None:
    keyless = User.objects.create_superuser("keyless")
    keyless.set_unusable_password()
    keyless.save()
    client = browser()
    client.force_login(keyless)
    clock.shift(timedelta(minutes=31))
    page = client.get(CONFIRM).content.decode()
    assert "This account has no password." in page
    assert 'type="password"' not in page
    assert client.post(CONFIRM, {"password": keyless.password}).status_code == 200
    assert not sessions.may_set_keys(client.session)
