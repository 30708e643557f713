"""The Keys page of an app: what is stored, who depends on it, what replacing does, and the test of the keys."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.crypto import Key
from integrations.models import Application, AuditEvent, ClientSecret, KeyTest
from integrations.services import applications, installation, key_tests, secrets
from tests import customers
from tests.admin.app_forms import keys
from tests.conftest import CLIENT_ID, SECRET, SOMEBODY
from tests.owning import own
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]
OTHER_ID = "9b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a009"
NEWER = "another1secret"


def url(application: Application, name: str = "app-keys") -> str:
    return reverse(f"admin:{name}", args=[application.pk])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def prove(application: Application) -> None:
    """Let Exact have accepted what is stored."""
    for opened in secrets.in_use(application):
        secrets.prove(opened)


@pytest.fixture
def practice(tmp_path: Path, settings: Any, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as one:
        yield one


# --- What is stored -----------------------------------------------------------------------------------------


def test_it_shows_which_keys_are_stored_by_whom_and_whether_exact_accepted_them(
    annas: Client, make_app: MakeApp
) -> None:
    application = make_app()
    page = text(annas.get(url(application)))
    fingerprint = application.secrets.get().fingerprint
    for shown in (CLIENT_ID, fingerprint, "by tests (terminal)", "has given no token for it yet"):
        assert shown in page
    prove(application)
    assert "Exact gave tokens for it on" in text(annas.get(url(application)))
    assert SECRET not in page


def test_it_says_how_many_connections_depend_on_them(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert "No connection yet." in text(annas.get(url(application)))
    customers.connect(application, "Alex Accountant")
    customers.connect(application, "Robin Booker", status="reconnect")
    assert "1 connection: its tokens can be renewed with these keys only." in text(annas.get(url(application)))
    customers.connect(application, "Kim Keeper", status="verifying")
    assert "2 connections: their tokens can be renewed with these keys only." in text(annas.get(url(application)))


def test_an_app_without_keys_says_so(annas: Client, make_app: MakeApp) -> None:
    page = text(annas.get(url(make_app(client_id=None, secret=None))))
    assert page.count("None yet") == 2
    assert "Enter the keys" in page


# --- Entering and replacing ---------------------------------------------------------------------------------


def test_entering_the_last_key_asks_whether_to_enable(annas: Client, make_app: MakeApp) -> None:
    application = make_app(secret=None)
    response = annas.post(url(application), keys(application, client_secret=f" {SECRET} "))
    assert response.url == url(application, "enable-now-or-later")
    assert said(response) == [
        "The blanks around the Client secret were taken off.",
        f"The Client secret is stored; its fingerprint is {application.secrets.get().fingerprint}.",
        "The app “Meridian Bookings” was saved.",
    ]


def test_where_something_is_missing_still_it_stays_on_the_page(annas: Client, make_app: MakeApp) -> None:
    application = make_app(client_id=None, secret=None)
    response = annas.post(url(application), keys(application, client_id=CLIENT_ID))
    assert response.url == url(application)
    application.refresh_from_db()
    assert application.client_id == CLIENT_ID


def test_a_proven_secret_is_kept_until_exact_has_accepted_the_new_one(annas: Client, make_app: MakeApp) -> None:
    application = make_app(enable=True)
    assert "a new one takes its place at once" in text(annas.get(url(application)))
    prove(application)
    assert "lets the old one go only when Exact has given tokens for the new one" in text(annas.get(url(application)))
    assert annas.post(url(application), keys(application, client_secret=NEWER)).url == url(application)
    assert [secret.status for secret in secrets.stored(application)] == ["In use", "Newer, not yet proven"]
    page = text(annas.get(url(application)))
    assert "Newer, not yet proven" in page
    prove(application)
    assert [secret.fingerprint for secret in secrets.stored(application)] == [
        ClientSecret.objects.get(version=2).fingerprint
    ]


def test_a_wrong_replacement_is_taken_back_by_entering_the_secret_in_use_again(
    annas: Client, make_app: MakeApp
) -> None:
    application = make_app()
    prove(application)
    annas.post(url(application), keys(application, client_secret=NEWER))
    assert "To take the newer one back, enter the one in use again." in text(annas.get(url(application)))
    response = annas.post(url(application), keys(application, client_secret=SECRET))
    assert said(response)[0] == "The newer Client secret was taken back; the one in use stays."
    assert [secret.status for secret in secrets.stored(application)] == ["In use"]
    assert "To take the newer one back" not in text(annas.get(url(application)))


def test_an_unproven_secret_is_replaced_at_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    annas.post(url(application), keys(application, client_secret=NEWER))
    assert [row.status for row in application.secrets.order_by("version")] == ["retired", "current"]


def test_a_client_id_by_which_connections_live_stays_and_the_page_says_why(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    customers.connect(application)
    page = text(annas.get(url(application)))
    assert "1 connection lives by the present Client ID, and would be lost with it." in page
    annas.post(url(application), keys(application, client_id=OTHER_ID))
    application.refresh_from_db()
    assert application.client_id == CLIENT_ID
    application.client_id = OTHER_ID
    with pytest.raises(applications.Refused, match="would be lost with it"):
        applications.change(application, by=SOMEBODY)


def test_one_that_connected_after_the_form_was_opened_counts_too(
    annas: Client, make_app: MakeApp, monkeypatch: Any
) -> None:
    application = make_app()
    customers.connect(application)
    # The page looked before.
    monkeypatch.setattr("integrations.admin.app_keys.depending", lambda _: 0)
    response = annas.post(url(application), keys(application, client_id=OTHER_ID))
    assert "would be lost with it" in said(response)[0]
    application.refresh_from_db()
    assert application.client_id == CLIENT_ID


def test_both_keys_are_stored_or_none(annas: Client, make_app: MakeApp) -> None:
    make_app()
    application = make_app(region="nl", client_id=None, secret=None, name="Meridian Rooms")
    response = annas.post(url(application), keys(application, client_id=CLIENT_ID, client_secret=NEWER))
    assert said(response) == ["Another app of this region has this Client ID already."]
    assert not application.secrets.exists()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"client_id": "no guid"}, "a Client ID is a GUID"),
        ({"client_secret": "two words"}, "Character 4 is a space"),
        ({"client_secret": CLIENT_ID}, "This is the Client ID"),
        ({"version": "x"}, "This form is incomplete"),
        ({"newest": ""}, "This form is incomplete"),
    ],
)
def test_what_cannot_be_is_refused_on_the_form(
    annas: Client, make_app: MakeApp, fields: dict[str, str], reason: str
) -> None:
    application = make_app()
    before = ClientSecret.objects.values().get()
    response = annas.post(url(application), keys(application, **fields))
    assert response.status_code == 200
    assert reason in text(response)
    assert ClientSecret.objects.values().get() == before


def test_a_ring_that_is_not_this_databases_is_told(annas: Client, make_app: MakeApp, ring: Any) -> None:
    application = make_app()
    ring(Key("k2", bytes(range(32))))
    response = annas.post(url(application), keys(application, client_secret=NEWER))
    assert response.url == url(application)
    assert said(response)
    assert ClientSecret.objects.count() == 1


# --- Two people ---------------------------------------------------------------------------------------------


def test_a_secret_that_somebody_stored_meanwhile_is_not_overwritten_unseen(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    opened = keys(application)
    annas.post(url(application), {**opened, "client_secret": NEWER})
    response = annas.post(url(application), {**opened, "client_secret": "yet1another2secret"})
    assert said(response)[-1] == secrets.ANOTHER_MEANWHILE
    assert application.secrets.count() == 2
    annas.post(url(application), keys(application, client_secret="yet1another2secret"))
    assert application.secrets.count() == 3


def test_a_client_id_that_somebody_stored_meanwhile_is_not_overwritten_unseen(annas: Client, make_app: MakeApp) -> None:
    application = make_app(client_id=None)
    opened = keys(application)
    annas.post(url(application), {**opened, "client_id": OTHER_ID})
    response = annas.post(url(application), {**opened, "client_id": CLIENT_ID, "client_secret": NEWER})
    assert said(response)[-1].startswith("Anna Smit changed the app after you opened this page")
    application.refresh_from_db()
    assert application.client_id == OTHER_ID
    assert application.secrets.count() == 1


def test_a_change_of_other_fields_is_no_conflict_of_keys(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    opened = keys(application, client_secret=NEWER)
    application.owner = "Meridian Group"
    applications.change(application, by=SOMEBODY)
    annas.post(url(application), opened)
    assert application.secrets.count() == 2


def test_a_form_that_is_sent_twice_stores_the_secret_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app(client_id=None, secret=None)
    sent = keys(application, client_id=CLIENT_ID, client_secret=SECRET)
    for _ in range(2):
        assert annas.post(url(application), sent).url == url(application, "enable-now-or-later")
    assert application.secrets.count() == 1
    assert AuditEvent.objects.filter(action="application.changed").count() == 1


# --- Rights -------------------------------------------------------------------------------------------------


def test_whoever_may_only_look_sees_whose_it_is_to_enter_them(staff: Staff, make_app: MakeApp) -> None:
    application, viewer = make_app(), staff("view_application")
    page = text(viewer.get(url(application)))
    assert "You may look. To enter keys: Integrations manager may do this." in page
    assert "Test the keys" not in page
    assert viewer.post(url(application), keys(application, client_secret=NEWER)).status_code == 403
    assert viewer.post(url(application, "test-keys")).status_code == 403
    assert not KeyTest.objects.exists()


# --- The test of the keys -----------------------------------------------------------------------------------


def test_keys_are_tested_by_a_button_and_the_answers_stand_there(annas: Client, practice: Practice) -> None:
    application = practice.application
    page = text(annas.get(url(application)))
    assert "They were never tested." in page
    assert "3 more tests are possible within the hour." in page
    response = annas.post(url(application, "test-keys"), {"next": "keys"})
    assert response.url == f"{url(application)}#about-key_test"
    assert said(response) == ["The keys were tested, and Exact takes them."]
    page = text(annas.get(url(application)))
    for answer in key_tests.told(KeyTest.objects.get()):
        for words in (answer.question, answer.label, answer.proves.split("’")[0][:40], answer.does_not_prove[:30]):
            assert words in page
    assert "by Anna Smit" in page
    assert "2 more tests are possible within the hour." in page


def test_a_refused_secret_is_told_and_then_found_on_the_first_page(annas: Client, practice: Practice) -> None:
    application = practice.application
    secrets.set(application, "wrong1secret", by=SOMEBODY)
    assert said(annas.post(url(application, "test-keys"))) == ["The keys were tested; the answers say what to do."]
    assert "Client secret refused" in text(annas.get(url(application)))
    assert 'data-code="client_secret.refused"' in text(annas.get(url(application, "integrations_application_change")))


def test_other_keys_than_those_that_were_tested_are_untested(annas: Client, practice: Practice) -> None:
    application = practice.application
    annas.post(url(application, "test-keys"))
    secrets.set(application, NEWER, by=SOMEBODY)
    assert "Other keys were tested before; these were not yet." in text(annas.get(url(application)))


def test_a_fourth_test_within_an_hour_is_refused_and_says_when(annas: Client, practice: Practice) -> None:
    application = practice.application
    for _ in range(3):
        annas.post(url(application, "test-keys"))
    page = text(annas.get(url(application)))
    (reason,) = key_tests.why_not(application)
    assert "The keys were tested three times within an hour." in reason
    assert "The keys were tested three times within an hour." in page
    assert "Test the keys again" not in page
    response = annas.post(url(application, "test-keys"))
    assert "three times within an hour" in said(response)[0]
    assert KeyTest.objects.count() == 3


def test_what_keeps_them_from_being_tested_is_listed(annas: Client, make_app: MakeApp) -> None:
    application = make_app(secret=None)
    page = text(annas.get(url(application)))
    assert "They cannot be tested now:" in page
    for reason in key_tests.why_not(application):
        assert f"<li>{reason}</li>" in page


def test_a_portal_that_stands_by_asks_nothing(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    own(owner="the-other-installation")
    assert installation.standing().reasons
    response = annas.post(url(application, "test-keys"))
    assert response.url == f"{url(application)}#about-key_test"
    assert said(response)
    assert not KeyTest.objects.exists()


def test_the_number_of_queries_does_not_grow_with_tests_secrets_and_connections(
    annas: Client, make_app: MakeApp
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert annas.get(url(application)).status_code == 200
        return len(queries)

    application = make_app()
    customers.connect(application)
    row = {"client_id": CLIENT_ID, "redirect_uri": application.redirect_uri, "asked_by": "portal"}
    KeyTest.objects.create(application=application, secret_version=1, client_verdict="accepted", **row)
    count()
    few = count()
    for number in range(200):
        customers.connect(application, f"User {number}")
        KeyTest.objects.create(application=application, secret_version=1, client_verdict="accepted", **row)
        secrets.set(application, f"secret{number}x", by=SOMEBODY)
    KeyTest.objects.update(secret_version=201)
    assert count() == few
