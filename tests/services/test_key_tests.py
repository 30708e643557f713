"""Tests of keys against the practice Exact: two requests, no more than three an hour, and no secret anywhere."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integrations.crypto import Key, KeyRing
from integrations.exact.key_test import Verdict
from integrations.models import Application, AuditEvent, ClientSecret, KeyTest, User
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.key_tests import UNDER_WAY
from integrations.services import app_states, applications, key_tests, secrets, wire_guard
from integrations.services.refusals import Refused
from integrations.services.token_errors import StandingBy
from tests.conftest import CLIENT_ID, SOMEBODY
from tests.owning import own
from tests.practice import Practice, practising

pytestmark = pytest.mark.django_db
WRONG = "another1secret"
ELSEWHERE = "http://127.0.0.1:8000/elsewhere/"
CROWD = 8


@pytest.fixture
def house(settings: Any, tmp_path: Path, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as made:
        yield made


def asked(house: Practice) -> list[str]:
    """What the practice Exact received."""
    return [entry["kind"] for entry in house.sandbox.ledger()]


def run(house: Practice) -> tuple[str, str]:
    test = key_tests.run(house.application, by=SOMEBODY)
    test.refresh_from_db()
    return test.client_verdict, test.secret_verdict


def latest(house: Practice) -> KeyTest | None:
    return key_tests.latest([house.application]).get(house.application.pk)


def change(house: Practice, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(house.application, name, value)
    applications.change(house.application, by=SOMEBODY)


def events() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="application.keys_tested").order_by("at"))


def an_hour_later() -> None:
    KeyTest.objects.update(asked_at=F("asked_at") - timedelta(hours=1))


def as_long_as_a_test_takes_later() -> None:
    KeyTest.objects.update(asked_at=F("asked_at") - UNDER_WAY)


# --- The answers --------------------------------------------------------------------------------------------


def test_good_keys_are_accepted_by_two_requests(house: Practice) -> None:
    assert run(house) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
    assert asked(house) == ["authorize", "token"]
    test = KeyTest.objects.get()
    assert (test.asked_by, test.client_id, test.secret_version) == (str(SOMEBODY), house.application.client_id, 1)
    assert test.client_evidence.startswith("GET /api/oauth2/auth: 200 after ")
    assert test.secret_evidence.startswith("POST /api/oauth2/token: 400 after ")
    assert test.secret_said == "Bad Request"
    assert key_tests.outcome(test) is Verdict.ACCEPTED


def test_a_wrong_secret_is_refused(house: Practice) -> None:
    secrets.set(house.application, WRONG, by=SOMEBODY)
    assert run(house) == (Verdict.ACCEPTED, Verdict.SECRET_REFUSED)
    assert asked(house) == ["authorize", "token"]


def test_a_client_id_of_another_country_is_unknown_and_its_secret_not_asked(
    house: Practice, settings: Any, tmp_path: Path
) -> None:
    with practising(tmp_path, settings, region="uk") as uk:
        change(uk, client_id=house.application.client_id)
        secrets.set(uk.application, house.exact.app.client_secret, by=SOMEBODY)
        assert run(uk) == (Verdict.UNKNOWN_CLIENT, "")
        assert asked(uk) == ["authorize"]
    assert asked(house) == []
    client, secret = key_tests.told(KeyTest.objects.get())
    assert "unknown at Exact (United Kingdom)" in client.does_not_prove
    assert "Exact (Netherlands)" in client.does_not_prove
    assert (secret.label, secret.evidence) == ("Not asked", "")
    assert events()[-1].details == {"client": "unknown_client", "secret": "not asked"}


def test_another_redirect_url_is_refused_whether_the_secret_is_right_or_not(house: Practice) -> None:
    change(house, redirect_uri=ELSEWHERE)
    assert run(house) == (Verdict.REDIRECT_REFUSED, Verdict.ACCEPTED)
    secrets.set(house.application, WRONG, by=SOMEBODY)
    assert run(house) == (Verdict.REDIRECT_REFUSED, Verdict.SECRET_REFUSED)


@pytest.mark.parametrize("fault", ["error_500", "html_200", "empty_200", "slow", "dropped", "cut_off", "redirect_307"])
@pytest.mark.parametrize("target", ["authorize", "token"])
def test_a_fault_is_no_clear_answer_and_nothing_is_asked_again(
    house: Practice, monkeypatch: pytest.MonkeyPatch, fault: str, target: str
) -> None:
    monkeypatch.setattr(key_tests, "SECONDS", 1.0)
    house.sandbox.order(fault, target, count=9)
    expected = {"authorize": (Verdict.UNCLEAR, Verdict.ACCEPTED), "token": (Verdict.ACCEPTED, Verdict.UNCLEAR)}
    assert run(house) == expected[target]
    assert asked(house) == ["authorize", "token"]
    assert key_tests.outcome(latest(house)) is Verdict.UNCLEAR


def test_an_exact_that_is_gone_is_no_clear_answer(house: Practice, settings: Any) -> None:
    gone = "http://127.0.0.1:9"
    Application.objects.update(origin=gone)
    settings.EXACT_ORIGINS = {"nl": gone}
    assert run(house) == (Verdict.UNCLEAR, Verdict.UNCLEAR)
    assert "could not be reached" in KeyTest.objects.get().secret_said


# --- Which secret -------------------------------------------------------------------------------------------


def test_the_newest_secret_is_tested_and_an_accepted_one_is_not_yet_proven(house: Practice) -> None:
    """Exact's refusal of a made-up code is no token: the secret that is in use stays in use."""
    right = house.exact.app.client_secret
    house.application.secrets.all().delete()
    secrets.set(house.application, WRONG, by=SOMEBODY)
    house.application.secrets.update(proven_at=timezone.now())
    secrets.set(house.application, right, by=SOMEBODY)
    before = list(ClientSecret.objects.order_by("version").values())
    assert [row["status"] for row in before] == ["current", "newer"]
    assert run(house) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
    assert latest(house).secret_version == 2
    assert list(ClientSecret.objects.order_by("version").values()) == before


def test_a_newest_secret_that_does_not_open_is_not_replaced_by_the_one_before(house: Practice) -> None:
    house.application.secrets.update(proven_at=timezone.now())
    secrets.set(house.application, WRONG, by=SOMEBODY)
    house.application.secrets.filter(status="newer").update(sealed="v1.gone.AAAA")
    with pytest.raises(Refused, match="cannot be opened"):
        run(house)
    assert asked(house) == []


# --- When it is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"client_id": None, "enabled_at": None, "enabled_by": ""}, "The Client ID is missing"),
        ({"origin": "https://start.exactonline.nl"}, "it sleeps"),
        ({"enabled_at": None, "enabled_by": "", "stopped_at": True, "stopped_by": "portal"}, "under Emergency stop"),
        ({"enabled_at": None, "enabled_by": "", "archived_at": True, "archived_by": "portal"}, "is archived"),
    ],
)
def test_an_app_that_may_not_be_asked_about_is_refused(house: Practice, columns: dict[str, Any], reason: str) -> None:
    values = {name: timezone.now() if value is True else value for name, value in columns.items()}
    Application.objects.update(**values)
    refused(house, reason)


@pytest.mark.parametrize("stored", [False, True])
def test_an_app_without_a_secret_that_opens_is_refused(house: Practice, stored: bool) -> None:
    if stored:
        ClientSecret.objects.update(sealed="v1.gone.AAAA")
    else:
        ClientSecret.objects.all().delete()
    refused(house, "cannot be opened" if stored else "The Client secret is missing")


def test_a_wrong_ring_is_refused(house: Practice, ring: Callable[..., KeyRing]) -> None:
    ring(Key.generate("other"))
    refused(house, "cannot be opened with the present keys")


def refused(house: Practice, reason: str) -> None:
    """The page shows the reason that the service gives; nothing is asked, and no test is spent."""
    application = Application.objects.get()
    (said,) = key_tests.why_not(application)
    assert reason in said
    with pytest.raises(Refused) as raised:
        key_tests.run(application, by=SOMEBODY)
    assert raised.value.reasons == (said,)
    assert (asked(house), KeyTest.objects.count(), events()) == ([], 0, [])


def test_a_disabled_app_can_be_tested_before_it_is_enabled(house: Practice) -> None:
    applications.disable(house.application, by=SOMEBODY)
    assert run(house) == (Verdict.ACCEPTED, Verdict.ACCEPTED)


def test_the_fourth_within_an_hour_is_refused_and_asks_nothing(house: Practice) -> None:
    for _ in range(3):
        assert key_tests.why_not(house.application) == ()
        run(house)
    before = asked(house)
    with pytest.raises(Refused, match="three times within an hour"):
        run(house)
    assert (asked(house), KeyTest.objects.count(), len(events())) == (before, 3, 3)
    an_hour_later()
    assert run(house) == (Verdict.ACCEPTED, Verdict.ACCEPTED)


def test_other_keys_of_the_app_are_within_the_same_limit_and_another_app_is_not(
    house: Practice, make_app: Callable[..., Application]
) -> None:
    for number in range(3):
        secrets.set(house.application, f"{WRONG}{number}", by=SOMEBODY)
        run(house)
    secrets.set(house.application, WRONG, by=SOMEBODY)
    with pytest.raises(Refused, match="three times"):
        run(house)
    another = make_app(client_id=CLIENT_ID)
    assert key_tests.run(another, by=SOMEBODY).client_verdict == Verdict.UNKNOWN_CLIENT


def test_a_portal_that_stands_by_asks_nothing(house: Practice) -> None:
    own(owner="the-other-installation")
    with pytest.raises(StandingBy):
        run(house)
    assert (asked(house), KeyTest.objects.count()) == ([], 0)


def test_nothing_is_asked_within_a_transaction(house: Practice) -> None:
    with transaction.atomic(), pytest.raises(wire_guard.TransactionOpen):
        run(house)
    assert (asked(house), KeyTest.objects.count()) == ([], 0)


# --- Tests that come to no good end -------------------------------------------------------------------------


class Died(BaseException):
    """As if the process had ended."""


def test_a_test_that_dies_counts_and_has_no_answer(house: Practice, guarded: Mock) -> None:
    guarded.side_effect = Died
    for _ in range(3):
        with pytest.raises(Died):
            run(house)
        as_long_as_a_test_takes_later()
    guarded.side_effect = wire_guard.before_send
    with pytest.raises(Refused, match="three times"):
        run(house)
    assert (asked(house), events()) == ([], [])
    assert key_tests.outcome(latest(house)) is None
    assert [one.label for one in key_tests.told(latest(house))] == ["No answer yet"] * 2


def test_a_second_press_asks_nothing_until_the_first_has_its_answer_or_died(house: Practice, guarded: Mock) -> None:
    guarded.side_effect = Died
    with pytest.raises(Died):
        run(house)
    guarded.side_effect = wire_guard.before_send
    (reason,) = key_tests.why_not(house.application)
    with pytest.raises(Refused, match="is under way") as raised:
        run(house)
    assert (raised.value.reasons, asked(house), KeyTest.objects.count()) == ((reason,), [], 1)
    as_long_as_a_test_takes_later()
    assert run(house) == (Verdict.ACCEPTED, Verdict.ACCEPTED)


def test_a_test_of_another_app_holds_nobody_up(
    house: Practice, guarded: Mock, make_app: Callable[..., Application]
) -> None:
    guarded.side_effect = Died
    with pytest.raises(Died):
        key_tests.run(make_app(client_id=CLIENT_ID), by=SOMEBODY)
    guarded.side_effect = wire_guard.before_send
    assert run(house) == (Verdict.ACCEPTED, Verdict.ACCEPTED)


def test_a_claim_by_another_portal_between_the_questions_ends_it(house: Practice, guarded: Mock) -> None:
    def claimed() -> None:
        wire_guard.before_send()
        own(owner="the-other-installation")

    guarded.side_effect = claimed
    with pytest.raises(StandingBy):
        run(house)
    assert asked(house) == ["authorize"]
    assert key_tests.outcome(latest(house)) is None


def test_an_emergency_stop_between_the_questions_holds_back_the_second(house: Practice, guarded: Mock) -> None:
    def stopped() -> None:
        wire_guard.before_send()
        app_states.stop(house.application, by=SOMEBODY)

    guarded.side_effect = stopped
    run(house)
    assert asked(house) == ["authorize"]
    secret = key_tests.told(latest(house))[1]
    assert (secret.label, secret.what_to_do) == ("Not asked", "Lift the stop first, then test again.")
    assert key_tests.outcome(latest(house)) is Verdict.UNCLEAR


def test_an_app_that_is_deleted_meanwhile_is_said(house: Practice, guarded: Mock) -> None:
    guarded.side_effect = lambda: Application.objects.all().delete()
    with pytest.raises(Refused, match="deleted while its keys were tested"):
        key_tests.run(house.application, by=SOMEBODY)
    assert events() == []


@pytest.mark.django_db(transaction=True)
def test_eight_who_press_at_once_ask_once(house: Practice, guarded: Mock) -> None:
    together, others_refused = threading.Barrier(CROWD), threading.Event()
    refusals: list[str] = []

    def answered_late() -> None:
        wire_guard.before_send()
        others_refused.wait(10)

    def press(_: int) -> str:
        together.wait()
        try:
            return key_tests.run(house.application, by=SOMEBODY).secret_verdict
        except Refused as refusal:
            refusals.append(str(refusal))
            if len(refusals) == CROWD - 1:
                others_refused.set()
            return ""
        finally:
            database.close()

    guarded.side_effect = answered_late
    with ThreadPoolExecutor(CROWD) as pool:
        said = list(pool.map(press, range(CROWD)))
    assert said.count(Verdict.ACCEPTED) == 1
    assert len([text for text in refusals if "is under way" in text]) == CROWD - 1
    assert asked(house) == ["authorize", "token"]
    assert (KeyTest.objects.count(), len(events())) == (1, 1)


# --- The latest of the present keys -------------------------------------------------------------------------


def test_the_latest_test_is_found(house: Practice) -> None:
    assert latest(house) is None
    run(house)
    first = latest(house)
    run(house)
    assert latest(house).asked_at > first.asked_at


@pytest.mark.parametrize("changed", ["client_id", "redirect_uri", "secret", "newer secret", "no secret"])
def test_other_keys_are_not_tested_by_it(house: Practice, changed: str) -> None:
    run(house)
    match changed:
        case "client_id":
            change(house, client_id=CLIENT_ID)
        case "redirect_uri":
            change(house, redirect_uri=ELSEWHERE)
        case "no secret":
            house.application.secrets.all().delete()
        case _:
            if changed == "newer secret":
                house.application.secrets.update(proven_at=timezone.now())
            secrets.set(house.application, WRONG, by=SOMEBODY)
    assert latest(house) is None
    assert key_tests.outcome(latest(house)) is None


def test_a_secret_that_is_proven_later_stays_tested(house: Practice) -> None:
    house.application.secrets.update(proven_at=timezone.now())
    secrets.set(house.application, WRONG, by=SOMEBODY)
    run(house)
    secrets.prove(secrets.in_use(house.application)[-1])
    assert latest(house).secret_version == 2


def test_the_latest_of_many_apps_are_found_by_one_query(house: Practice, django_assert_num_queries: Any) -> None:
    run(house)
    others = [
        Application(region="nl", kind="product", name=f"App {number}", origin="x", created_by=str(PORTAL))
        for number in range(200)
    ]
    for number, app in enumerate(others):
        app.client_id, app.redirect_uri = f"{number:08}-0000-4000-8000-000000000000", "https://portal.example/"
        app.origin = house.application.origin
    Application.objects.bulk_create(others)
    values = {"version": 1, "status": "current", "sealed": "v1.k.x", "fingerprint": "AAAA-AAAA", "set_by": str(PORTAL)}
    ClientSecret.objects.bulk_create(ClientSecret(application=app, **values) for app in others)
    now = timezone.now()
    for minutes in (90, 30, 60):
        KeyTest.objects.bulk_create(
            KeyTest(
                application=app,
                client_id=app.client_id,
                redirect_uri=app.redirect_uri,
                secret_version=1,
                asked_by=str(PORTAL),
                asked_at=now - timedelta(minutes=minutes),
            )
            for app in others
        )
    with django_assert_num_queries(1):
        found = key_tests.latest([house.application, *others])
        assert [key_tests.told(test)[0].tone for test in found.values()].count("quiet") == 200
    assert len(found) == 201
    assert {found[app.pk].asked_at for app in others} == {now - timedelta(minutes=30)}


# --- What is kept of it -------------------------------------------------------------------------------------


def test_one_event_says_who_tested_what_with_which_answers(house: Practice, anna: User) -> None:
    by = Actor.person(anna.pk)
    key_tests.run(house.application, by=by)
    (event,) = events()
    assert (event.actor, event.object_id) == (str(by), str(house.application.pk))
    assert event.details == {"client": "accepted", "secret": "accepted"}


@pytest.mark.parametrize("right", [True, False])
def test_the_secret_is_in_no_row_no_event_and_no_log(
    house: Practice, caplog: pytest.LogCaptureFixture, right: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    if not right:
        secrets.set(house.application, WRONG, by=SOMEBODY)
    tested = house.exact.app.client_secret if right else WRONG
    test = key_tests.run(house.application, by=SOMEBODY)
    rows = [*KeyTest.objects.values(), *AuditEvent.objects.values()]
    assert len(rows) > 2
    assert len(caplog.records) > 2
    shown = f"{rows} {caplog.text} {vars(test)} {key_tests.told(test)}"
    assert "/api/oauth2/token" in shown
    assert tested not in shown
