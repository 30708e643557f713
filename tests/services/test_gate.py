"""The gate: without Exact's permission no customer is linked, whichever door is tried; we ourselves always may."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections as databases
from django.test import Client

from integrations.models import Application, AuditEvent, AuthorizationState, Connection, Customer, LinkPage, User
from integrations.rules import gate
from integrations.rules.actors import Actor
from integrations.rules.workflow import PermissionState
from integrations.services import app_facts, customers, links, permissions
from integrations.services import connections as consents
from integrations.services.refusals import Refused
from integrations.services.rights import NotPermitted
from tests import customers as given
from tests.conftest import SOMEBODY
from tests.permission import approved, granted, stands
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
WITHOUT = [state for state in PermissionState if state is not PermissionState.GRANTED]
DAY = date(2026, 5, 3)


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return make_app(enable=True)


def withdraw(application: Application) -> None:
    permissions.take(application, "withdraw", by=SOMEBODY, on=date(2026, 6, 1), note="No longer wanted.")


# --- Making a link page --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", WITHOUT)
def test_without_permission_no_link_page_is_made_for_a_customer(app: Application, state: PermissionState) -> None:
    stands(app, state, on=DAY)
    with pytest.raises(Refused) as refused:
        links.make(app, by=SOMEBODY, customer=given.add())
    assert gate.NEXT[state] in str(refused.value)
    assert not LinkPage.objects.exists()


def test_what_is_said_names_the_day_and_what_to_do(app: Application) -> None:
    stands(app, PermissionState.REQUESTED, on=DAY)
    with pytest.raises(
        Refused, match=r"requested on 3 May 2026.*Record on the app's tab Permission what Exact answers"
    ):
        links.make(app, by=SOMEBODY, customer=given.add())


@pytest.mark.parametrize("kind", ["product", "testing"])
def test_for_ourselves_no_permission_is_needed(make_app: MakeApp, kind: str) -> None:
    assert links.make(make_app(enable=True, kind=kind), by=SOMEBODY).page.customer is None


def test_a_new_round_that_was_rejected_changes_nothing(app: Application) -> None:
    granted(app)
    approved(app, {"crm.accounts": "read"})
    app.reviews.create(number=1, state="rejected", submitted={}, submitted_hash="a" * 64, created_by="command:tests")
    links.make(app, by=SOMEBODY, customer=given.add())


# --- The way of the customer ----------------------------------------------------------------------------------


@pytest.fixture
def exact(tmp_path: Path, settings: Any) -> Iterator[Practice]:
    with practising(tmp_path, settings) as made:
        yield made


def test_a_page_from_before_tells_the_customer_how_it_stands(app: Application, client: Client) -> None:
    made = links.make(granted(app), by=SOMEBODY, customer=given.add())
    withdraw(app)
    permissions.take(approved(app, {"crm.accounts": "read"}), "request", by=SOMEBODY, on=date(2026, 6, 2))
    for answer in (client.get(made.path), client.post(made.path)):
        page = " ".join(answer.content.decode().split())
        assert answer.status_code == 410
        assert "has asked Exact for permission on 2 June 2026. Until Exact grants it" in page
        assert "You need do nothing now." in page
        for word in ("tab", "record", "Data &amp; Security", app.name):
            assert word not in page.partition("<main")[2]
    assert not AuthorizationState.objects.exists()


def test_a_page_for_us_stays_open_whatever_exact_says(app: Application, client: Client) -> None:
    made = links.make(stands(app, PermissionState.REFUSED), by=SOMEBODY)
    assert client.get(made.path).status_code == 200


def test_nobody_goes_to_exact_once_permission_ended(app: Application) -> None:
    page = links.make(granted(app), by=SOMEBODY, customer=given.add()).page
    withdraw(app)
    with pytest.raises(Refused, match="not possible yet"):
        links.start(page, browser="b")


@pytest.mark.django_db(transaction=True)
def test_who_comes_back_after_permission_ended_is_told_and_nothing_is_stored(exact: Practice, client: Client) -> None:
    callback = exact.consent(exact.begin(client, customer=given.add()))
    permissions.record_as_it_stood(exact.application, "taken_back", by=SOMEBODY, on=DAY)
    result = client.get(client.get(callback).url)
    assert result.status_code == 400
    assert "Exact does not permit it at the moment." in result.content.decode()
    assert not Connection.objects.exists()
    assert AuthorizationState.objects.get().used_at is None


@pytest.mark.django_db(transaction=True)
def test_no_code_leaves_when_permission_ended_at_the_last_moment(exact: Practice, client: Client) -> None:
    exact.consent(exact.begin(client, customer=given.add()))
    state = AuthorizationState.objects.select_related("link__application").get()
    permissions.record_as_it_stood(exact.application, "taken_back", by=SOMEBODY, on=DAY)
    with pytest.raises(Refused, match="does not permit it"):
        consents.connect(state, "a-code")
    assert exact.sandbox.ledger("token") == []


# --- One try --------------------------------------------------------------------------------------------------


def test_staff_let_a_customer_try_and_the_event_does_not_say_why(app: Application, client: Client) -> None:
    customer = given.add()
    made = links.make(app, by=SOMEBODY, customer=customer, days=60, tried_because="  Mr Vos of Exact\nphoned. ")
    assert made.page.tried_because == "Mr Vos of Exact phoned."
    assert (made.page.expires_at - made.page.created_at).days <= links.TRY_DAYS
    event = AuditEvent.objects.get(action="link.made")
    assert event.details["tried_without_permission"] is True
    assert "Vos" not in str(event.details)
    assert client.get(made.path).status_code == 200
    assert client.post(made.path).status_code == 302


def test_there_is_one_try_of_a_customer_at_a_time(app: Application) -> None:
    customer = given.add()
    first = links.make(app, by=SOMEBODY, customer=customer, tried_because="A reason.").page
    with pytest.raises(Refused, match="One try at a time"):
        links.make(app, by=SOMEBODY, customer=customer, tried_because="Another reason.")
    links.make(app, by=SOMEBODY, customer=given.add("De Boer"), tried_because="Somebody else.")
    LinkPage.objects.filter(pk=first.pk).update(connected_at=first.created_at)
    links.make(app, by=SOMEBODY, customer=customer, tried_because="Another reason.")


def test_a_try_takes_the_right_to_it(app: Application, staff: Callable[..., Client]) -> None:
    staff("view_application", "view_customer", "connect")
    by = Actor.person(User.objects.latest("pk").pk)
    with pytest.raises(NotPermitted):
        links.make(app, by=by, customer=given.add(), tried_because="A reason.")


def test_through_a_testing_app_nobody_tries(make_app: MakeApp) -> None:
    with pytest.raises(Refused, match="Use a product app"):
        links.make(make_app(enable=True, kind="testing"), by=SOMEBODY, customer=given.add(), tried_because="Please.")


def test_we_ourselves_need_no_try(app: Application) -> None:
    with pytest.raises(Refused, match="for yourselves no permission is needed"):
        links.make(app, by=SOMEBODY, tried_because="A reason.")


def test_a_reason_that_is_too_long_is_refused(app: Application) -> None:
    with pytest.raises(Refused, match="at most 300 characters"):
        links.make(app, by=SOMEBODY, customer=given.add(), tried_because="x" * 301)


def test_with_permission_a_try_is_a_link_page_like_any_other(app: Application) -> None:
    assert (
        links.make(granted(app), by=SOMEBODY, customer=given.add(), tried_because="A reason.").page.tried_because == ""
    )


def test_why_a_customer_tried_stays_when_he_is_disconnected(app: Application) -> None:
    customer = given.add()
    page = links.make(app, by=SOMEBODY, customer=customer, tried_because="Mr Vos phoned.").page
    customers.disconnect(customer, by=SOMEBODY)
    page.refresh_from_db()
    assert page.tried_because == "Mr Vos phoned."


def test_an_erased_customer_leaves_no_reason_that_may_name_people(app: Application) -> None:
    customer = given.add()
    page = links.make(app, by=SOMEBODY, customer=customer, tried_because="Mr Vos phoned.").page
    customers.erase(customer, by=SOMEBODY)
    page.refresh_from_db()
    assert "Vos" not in page.tried_because
    assert page.tried_because


@pytest.mark.django_db(transaction=True)
def test_of_two_who_let_a_customer_try_at_once_one_is_refused(make_app: MakeApp) -> None:
    app, customer = make_app(enable=True), given.add()
    outcomes: list[str] = []

    def make() -> None:
        try:
            links.make(app, by=SOMEBODY, customer=customer, tried_because="A reason.")
            outcomes.append("made")
        except Refused:
            outcomes.append("refused")
        finally:
            databases.close_all()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert LinkPage.objects.count() == 1


# --- What came of it ------------------------------------------------------------------------------------------


def unpermitted(application: Application) -> int:
    return app_facts.of([application])[application.pk].connected_unpermitted


def test_a_customer_who_did_connect_speaks_for_a_permission(app: Application) -> None:
    assert unpermitted(app) == 0
    given.connected(app, "Jansen BV", 1, companies=2)
    assert unpermitted(app) == 2
    assert "permission.not_recorded" in [finding.code for finding in app_facts.findings(app)]
    permissions.take(app, "record_granted", by=SOMEBODY, on=DAY, note="They connected.")
    assert unpermitted(app) == 0


def test_who_connected_while_it_was_granted_speaks_for_none_that_ended(app: Application) -> None:
    given.connected(granted(app), "Jansen BV", 1)
    withdraw(app)
    assert unpermitted(app) == 0
    given.connected(app, "De Boer", 2)
    assert unpermitted(app) == 1


def test_our_own_companies_speak_for_nothing(app: Application) -> None:
    given.reach(given.connect(app), None, 1)
    assert unpermitted(app) == 0


# --- From a terminal ------------------------------------------------------------------------------------------


def test_the_command_refuses_as_the_page_does_and_adds_no_customer(app: Application) -> None:
    with pytest.raises(CommandError, match="has not been requested yet"):
        call_command("link", "--app", str(app.pk), "--customer", "Jansen BV")
    assert not Customer.objects.exists()


def test_the_command_lets_a_customer_try(app: Application, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("link", "--app", str(app.pk), "--customer", "Jansen BV", "--try-because", "Exact phoned.")
    assert '"url"' in capsys.readouterr().out
    assert LinkPage.objects.get().tried_because == "Exact phoned."
