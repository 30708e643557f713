"""The sign-in page, sessions, and the own password; through the whole stack."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory

from integrations.models import AuditEvent, Organization, RetentionRun, SignInTally, User
from integrations.services import sessions
from tests.views.browsers import HOME, LOGIN, PASSWORD, browser, inside, sign_in

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
NEW_PASSWORD = "another horse, battery 9"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the hasher ran."""
    runs: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        runs.append(salt)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return runs


def shape(response: Any, username: str) -> tuple[int, str, dict[str, str]]:
    """Return an answer without the name that was typed and the form's token."""
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
    return response.status_code, body.replace(f'"{username}"', '"NAME"'), headers


# --- The page -----------------------------------------------------------------------------------------------


def test_signing_in_leads_on_and_makes_the_browser_known(anna: User) -> None:
    client = browser()
    response = sign_in(client, page=f"{LOGIN}?next={HOME}")
    assert (response.status_code, response.url) == (302, HOME)
    cookie = response.cookies["portal_browser"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 180 * 24 * 60 * 60)
    assert inside(client)
    assert client.get(LOGIN).url == "/admin/"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"])
def test_signing_in_leads_nowhere_else(anna: User, address: str) -> None:
    assert browser().post(LOGIN, {"username": "anna", "password": PASSWORD, "next": address}).url == "/admin/"


def test_known_and_unknown_names_answer_alike_and_the_hasher_runs_for_both(anna: User, hashed: list[str]) -> None:
    User.objects.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    User.objects.create_user("guest", password=PASSWORD)
    keyless = User.objects.create_user("keyless", is_staff=True)
    assert not keyless.has_usable_password()
    hashed.clear()
    shapes = []
    for number, name in enumerate(("anna", "nobody", "gone", "guest", "keyless")):
        password = PASSWORD if name in {"gone", "guest"} else "guess"
        client = browser(f"203.0.113.{number}")
        answers, runs = [], []
        for _ in range(8):
            hashed.clear()
            answers.append(shape(sign_in(client, name, password), name))
            runs.append(len(hashed))
        shapes.append(answers)
        assert runs == [1] * 5 + [0] * 3, name
        assert [status for status, _, _ in answers] == [200] * 5 + [429] * 3
    assert all(answers == shapes[0] for answers in shapes)
    assert "is not right, or this account may not sign in" in shapes[0][0][1]


def test_the_page_says_when_one_may_try_again(anna: User, clock: Any) -> None:
    Organization.objects.create(name="Meridian", time_zone="Europe/Amsterdam")
    client = browser()
    for _ in range(5):
        sign_in(client, password="guess")
    response = sign_in(client)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
    assert "from here had no success. Try again in 15 minutes, at 13:16." in response.content.decode()
    clock.shift(timedelta(minutes=14, seconds=30))
    response = sign_in(client)
    assert "Try again in 1 minute, at 13:16." in response.content.decode()
    assert response.headers["Retry-After"] == "30"
    clock.shift(timedelta(seconds=30))
    assert sign_in(client).status_code == 302


def test_a_known_browser_is_not_held_up_by_a_stranger_behind_the_same_address(anna: User) -> None:
    known, stranger = browser(), browser()
    sign_in(known)
    known.post("/admin/logout/")
    for _ in range(8):
        sign_in(stranger, password="guess")
    assert sign_in(stranger).status_code == 429
    assert sign_in(known).status_code == 302


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"username": "anna"},
        {"password": PASSWORD},
        {"username": "", "password": ""},
        {"username": "a\x00b", "password": "x"},
        {"username": "anna", "password": "x\x00"},
        {"username": "a" * 151, "password": "x"},
        {"username": "anna", "password": "x" * 4097},
    ],
)
def test_what_is_no_try_is_refused_and_not_counted(anna: User, values: dict[str, str]) -> None:
    response = browser().post(LOGIN, values)
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    assert not SignInTally.objects.exists()
    assert not AuditEvent.objects.exists()


def test_looking_at_the_page_changes_nothing(anna: User, django_assert_num_queries: Callable[..., Any]) -> None:
    with django_assert_num_queries(1):  # the organization's time zone
        assert browser().get(LOGIN).status_code == 200


def test_neither_page_nor_event_repeats_a_password(anna: User) -> None:
    response = sign_in(browser(), "hunter2-canary", "password-canary")
    assert "password-canary" not in response.content.decode()
    assert "canary" not in str(list(AuditEvent.objects.values()))


# --- Sessions -----------------------------------------------------------------------------------------------


def test_a_session_ends_twelve_hours_after_the_log_in_however_much_it_is_used(anna: User, clock: Any) -> None:
    client = browser()
    sign_in(client)
    for _ in range(47):
        clock.shift(timedelta(minutes=15))
        assert inside(client)
    assert client.cookies["portal_session"]["max-age"] == 15 * 60
    assert Session.objects.get().expire_date == NOW + timedelta(hours=12)
    clock.shift(timedelta(minutes=14, seconds=59))
    assert inside(client)
    clock.shift(timedelta(seconds=1))
    assert client.get(HOME).url.startswith(LOGIN)


def test_signing_in_again_begins_twelve_hours_anew(anna: User, clock: Any) -> None:
    client = browser()
    sign_in(client)
    clock.shift(timedelta(hours=11))
    sign_in(client)
    clock.shift(timedelta(hours=11))
    assert inside(client)


def test_a_button_that_was_pressed_after_the_session_ended_does_nothing_and_says_so(anna: User, clock: Any) -> None:
    button = "/admin/portal/retention/run/"
    client = browser()
    sign_in(client)
    clock.shift(timedelta(hours=13))
    asked = client.post(button)
    assert asked.url == f"{LOGIN}?next={button}"
    signed_in = sign_in(client, page=f"{LOGIN}?next={button}")
    assert signed_in.url == button
    page = client.get(button, headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 405
    assert page.headers["Allow"] == "POST"
    assert "Nothing was done" in page.content.decode()
    assert "press its button again" in page.content.decode()
    assert client.get(button, headers={"Accept": "application/json"}).content == b""
    assert not RetentionRun.objects.exists()


def test_a_session_that_does_not_say_since_when_is_none(anna: User) -> None:
    client = browser()
    sign_in(client)
    store = sessions.SessionStore(client.cookies["portal_session"].value)
    del store[sessions.BEGAN]
    store.save()
    assert not inside(client)


def test_using_a_session_writes_once_a_minute_at_most(anna: User, clock: Any) -> None:
    client = browser()
    sign_in(client)
    before = Session.objects.get().session_data
    clock.shift(timedelta(seconds=59))
    client.get(HOME)
    assert Session.objects.get().session_data == before
    clock.shift(timedelta(seconds=1))
    client.get(HOME)
    assert Session.objects.get().session_data != before


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(anna: User) -> None:
    here, there = browser(), browser("198.51.100.1")
    sign_in(here)
    sign_in(there)
    response = here.post("/admin/password_change/", changed(PASSWORD))
    assert response.url == "/admin/password_change/done/"
    assert inside(here)
    assert not inside(there)
    assert sign_in(there).status_code == 200
    assert sign_in(there, password=NEW_PASSWORD).status_code == 302


def test_a_password_set_by_another_ends_all_sessions_and_keeps_the_setters(anna: User) -> None:
    bob = User.objects.create_superuser("bob", password=PASSWORD)
    annas, bobs = browser(), browser("198.51.100.1")
    sign_in(annas)
    sign_in(bobs, "bob")
    values = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true", "set-password": ""}
    assert annas.post(f"/admin/integrations/user/{bob.pk}/password/", values).status_code == 302
    assert inside(annas)
    assert not inside(bobs)
    assert annas.post(f"/admin/integrations/user/{anna.pk}/password/", values).status_code == 302
    assert inside(annas), "whoever sets the own one stays"


def test_a_deactivated_account_is_out_at_once_and_its_sessions_do_not_come_back(anna: User) -> None:
    bob = User.objects.create_superuser("bob", password=PASSWORD)
    annas, bobs = browser(), browser("198.51.100.1")
    sign_in(annas)
    sign_in(bobs, "bob")
    page = f"/admin/integrations/user/{bob.pk}/change/"
    form = annas.get(page).context["adminform"].form
    values = {name: value for name, value in form.initial.items() if name in form.fields and value not in (None, False)}
    values.pop("password", None)
    assert annas.post(page, {key: value for key, value in values.items() if key != "is_active"}).status_code == 302
    assert not User.objects.get(username="bob").is_active
    assert annas.post(page, {**values, "is_active": "on"}).status_code == 302
    assert User.objects.get(username="bob").is_active
    assert not inside(bobs)
    assert inside(annas)


# --- The own password ---------------------------------------------------------------------------------------


def changed(old: str, new: str = NEW_PASSWORD) -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": new}


def test_the_old_password_cannot_be_guessed_on_the_page_that_changes_it(anna: User) -> None:
    client = browser()
    sign_in(client)
    for _ in range(5):
        response = client.post("/admin/password_change/", changed("guess"))
        assert response.status_code == 200
        assert "The password is not right." in response.content.decode()
    response = client.post("/admin/password_change/", changed(PASSWORD))
    assert response.status_code == 429
    assert "Try again in 15 minutes" in response.content.decode()
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


def test_changing_the_own_password_is_an_event(anna: User) -> None:
    client = browser()
    sign_in(client)
    client.post("/admin/password_change/", changed(PASSWORD, "short"))
    assert not AuditEvent.objects.filter(action="user.password_changed").exists()
    client.post("/admin/password_change/", changed(PASSWORD))
    event = AuditEvent.objects.get(action="user.password_changed")
    assert (event.actor, event.object_id, event.details) == (
        f"person:{anna.pk}", str(anna.pk), {"address": "203.0.113.7"},
    )  # fmt: skip
    assert NEW_PASSWORD not in str(list(AuditEvent.objects.values()))


def test_a_password_is_replaced_and_never_taken_away(anna: User) -> None:
    """There is no other way to sign in: an administrator without a password would be none."""
    bob = User.objects.create_superuser("bob", password=PASSWORD)
    client = browser()
    sign_in(client)
    values = {"usable_password": "false", "unset-password": ""}
    assert client.post(f"/admin/integrations/user/{bob.pk}/password/", values).status_code == 200
    assert User.objects.get(username="bob").check_password(PASSWORD)
    assert not AuditEvent.objects.about(bob).exists()


# --- Out, and who was there ---------------------------------------------------------------------------------


def test_logging_out_is_an_event_once(anna: User) -> None:
    client = browser()
    sign_in(client)
    assert client.get("/admin/logout/").status_code == 405
    client.post("/admin/logout/")
    client.post("/admin/logout/")
    assert not inside(client)
    event = AuditEvent.objects.get(action="user.signed_out")
    assert (event.actor, event.details) == (f"person:{anna.pk}", {"address": "203.0.113.7"})


def test_events_tell_the_address_that_the_portal_believes(anna: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    through = {"REMOTE_ADDR": "10.0.0.5", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9, 10.0.0.7"}
    sign_in(Client(), password="guess", **through)
    sign_in(Client(), **through)
    sign_in(Client(), REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    addresses = list(AuditEvent.objects.order_by("at", "action").values_list("details__address", flat=True))
    assert sorted(addresses) == ["192.0.2.1", "203.0.113.9", "203.0.113.9"]


def test_a_log_in_that_cannot_be_recorded_is_none(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the disk is full")

    client = browser(raise_request_exception=False)
    monkeypatch.setattr("integrations.services.signing_in.signed_in", fail)
    assert sign_in(client).status_code == 500
    assert not inside(client)
    anna.refresh_from_db()
    assert anna.last_login is None


def test_a_request_without_an_address_is_counted_all_the_same(anna: User) -> None:
    from integrations.views.signing_in import visitor  # noqa: PLC0415

    request = RequestFactory().get(LOGIN, REMOTE_ADDR="")
    assert visitor(request).address == ""
    assert [sign_in(browser(""), password="guess").status_code for _ in range(6)] == [200] * 5 + [429]
