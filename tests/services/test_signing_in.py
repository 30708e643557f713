"""Signing in as a service: what is counted, for whom, what it keeps, and what it forgets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import tasks
from integrations.models import AuditEvent, FamiliarNetwork, Organization, SignInTally, User
from integrations.rules import signing_in as rule
from integrations.services import accounts, known_browsers, signing_in
from integrations.services.refusals import Refused
from integrations.services.signing_in import Throttled, Visitor
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
HOME, OFFICE, ELSEWHERE = Visitor("203.0.113.7"), Visitor("198.51.100.1"), Visitor("192.0.2.66")


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def tries(username: str, password: str, at: Visitor) -> str:
    """Try once, and say what came of it."""
    try:
        user = signing_in.sign_in(username, password, at=at)
    except Throttled:
        return "throttled"
    except Refused:
        return "refused"
    signing_in.signed_in(user, at=at)
    return "in"


def attack(username: str, addresses: int, each: int = 10) -> None:
    for number in range(addresses):
        for _ in range(each):
            tries(username, "guess", Visitor(f"10.0.{number // 250}.{number % 250}"))


def test_five_failures_from_a_place_and_then_one_waits(anna: User, clock: Any) -> None:
    assert [tries("anna", "guess", HOME) for _ in range(7)] == ["refused"] * 5 + ["throttled"] * 2
    assert tries("anna", PASSWORD, HOME) == "throttled"
    with pytest.raises(Throttled) as refusal:
        signing_in.sign_in("anna", PASSWORD, at=HOME)
    assert refusal.value.retry_at == NOW + rule.WINDOW
    clock.shift(rule.WINDOW)
    assert tries("anna", PASSWORD, HOME) == "in"


def test_the_right_password_forgets_the_failures_from_here(anna: User) -> None:
    for _ in range(3):
        assert [tries("anna", "guess", HOME) for _ in range(4)] == ["refused"] * 4
        assert tries("anna", PASSWORD, HOME) == "in"


def test_a_stranger_elsewhere_delays_only_himself(anna: User) -> None:
    for _ in range(50):
        tries("anna", "guess", ELSEWHERE)
    assert tries("anna", PASSWORD, HOME) == "in"


def test_strangers_everywhere_do_not_lock_out_the_last_administrator(anna: User) -> None:
    assert tries("anna", PASSWORD, HOME) == "in"
    attack("anna", 60)
    assert tries("anna", "mistyped", OFFICE) == "refused"
    assert tries("anna", PASSWORD, OFFICE) == "throttled", "a new place has one try meanwhile"
    assert tries("anna", PASSWORD, Visitor("198.51.100.2")) == "in", "and any further new place another one"
    assert [tries("anna", "mistyped", HOME) for _ in range(4)] == ["refused"] * 4, "a familiar network has all five"
    assert tries("anna", PASSWORD, HOME) == "in"


def test_guessing_from_many_places_slows_down(anna: User) -> None:
    attack("anna", 60)
    counted = SignInTally.objects.order_by("-failures").first()
    assert counted is not None
    assert counted.failures == 20 + 56, "four places had five tries, and each of the others one"


def test_a_stranger_on_the_same_network_does_not_keep_out_a_known_browser(anna: User) -> None:
    known = Visitor(HOME.address, known_browsers.remember("", "anna"))
    for number in range(60):
        tries(f"name {number}", "guess", HOME)
        tries("anna", "guess", HOME)
    assert tries("anna", PASSWORD, HOME) == "throttled"
    assert [tries("anna", "mistyped", known) for _ in range(4)] == ["refused"] * 4
    assert tries("anna", PASSWORD, known) == "in"


def test_a_known_browser_may_not_guess_for_ever(anna: User) -> None:
    known = known_browsers.remember("", "anna")
    said = [tries("anna", "guess", Visitor(f"10.0.0.{number}", known)) for number in range(7)]
    assert said == ["refused"] * 5 + ["throttled"] * 2


def test_a_network_that_tries_many_names_waits(anna: User) -> None:
    said = [tries(f"name {number}", "guess", HOME) for number in range(32)]
    assert said == ["refused"] * 30 + ["throttled"] * 2
    assert tries("anna", PASSWORD, OFFICE) == "in"


def test_all_networks_of_an_ipv6_stranger_are_counted_together(anna: User) -> None:
    said = [tries(f"name {n}", "guess", Visitor(f"2001:db8:7:{n:x}::{n:x}")) for n in range(32)]
    assert said == ["refused"] * 30 + ["throttled"] * 2
    assert [tries("anna", "guess", Visitor(f"2001:db8:8:1::{n:x}")) for n in range(1, 7)][-1] == "throttled"


def test_upper_and_lower_case_are_one_name(anna: User) -> None:
    assert [tries(name, "guess", HOME) for name in ("anna", "Anna", "ANNA", "aNNa", "annA", "anna")][-1] == "throttled"


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_who_may_not_sign_in_is_refused_like_anybody_and_activity_knows_why(anna: User, field: str) -> None:
    User.objects.update(**{field: False})
    with pytest.raises(Refused) as refusal:
        signing_in.sign_in("anna", PASSWORD, at=HOME)
    assert refusal.value.reasons == (signing_in.NOT_LET_IN,)
    event = AuditEvent.objects.get()
    account = {"is_active": "deactivated", "is_staff": "not staff"}[field]
    assert (event.action, event.details) == (
        "user.sign_in_failed",
        {"address": HOME.address, "account": account},
    )


def test_an_account_without_a_password_is_refused(anna: User) -> None:
    anna.set_unusable_password()
    anna.save()
    assert tries("anna", anna.password, HOME) == "refused"
    assert tries("anna", "", HOME) == "refused"


def test_known_and_unknown_names_ask_the_database_the_same(anna: User) -> None:
    def asked(name: str, at: Visitor, times: int) -> list[int]:
        counts = []
        for _ in range(times):
            with CaptureQueriesContext(connection) as queries:
                tries(name, "guess", at)
            counts.append(len(queries))
        return counts

    assert asked("anna", HOME, 8) == asked("nobody", OFFICE, 8)


def test_what_is_kept_holds_neither_names_nor_passwords(anna: User) -> None:
    typed = "Hunter2-typed-as-name"
    for _ in range(7):
        tries(typed, "guess-canary", HOME)
    kept = f"{list(SignInTally.objects.values())} {list(AuditEvent.objects.values())}"
    assert typed.casefold() not in kept.casefold()
    assert "canary" not in kept
    events = list(AuditEvent.objects.order_by("at", "id"))
    assert sorted(event.action for event in events) == ["user.sign_in_throttled"] + ["user.sign_in_unknown"] * 5
    assert {event.actor for event in events} == {"portal"}
    assert {(event.object_type, event.object_id) for event in events} == {("organization", "1")}


def test_failures_of_an_account_are_events_about_it(anna: User, clock: Any) -> None:
    for _ in range(9):
        tries("anna", "guess", HOME)
    clock.shift(rule.WINDOW)
    for _ in range(9):
        tries("anna", "guess", HOME)
    actions = list(AuditEvent.objects.about(anna).order_by("at").values_list("action", flat=True))
    assert actions.count("user.sign_in_failed") == 10
    assert actions.count("user.sign_in_throttled") == 2, "once each time, however many tries are refused"
    assert set(AuditEvent.objects.values_list("actor", flat=True)) == {"portal"}
    assert AuditEvent.objects.filter(details={"address": HOME.address}).count() == 12


def test_a_log_in_is_an_event_by_the_person_and_makes_the_network_familiar(anna: User) -> None:
    assert tries("anna", PASSWORD, Visitor("2001:db8:1:2:3::9")) == "in"
    event = AuditEvent.objects.get()
    assert (event.action, event.actor) == ("user.signed_in", f"person:{anna.pk}")
    assert event.details == {"address": "2001:db8:1:2:3::9"}
    assert FamiliarNetwork.objects.get().network == "2001:db8:1:2::/64"


def test_the_own_password_is_throttled_as_well(anna: User) -> None:
    for _ in range(5):
        with pytest.raises(Refused, match="not right"):
            signing_in.check_own_password(anna, "guess", at=HOME)
    with pytest.raises(Throttled):
        signing_in.check_own_password(anna, PASSWORD, at=HOME)
    assert AuditEvent.objects.filter(action="user.confirmation_failed", actor=f"person:{anna.pk}").count() == 5
    assert tries("anna", PASSWORD, HOME) == "throttled", "it is one count"


def test_the_cookie_of_a_known_browser_is_signed_ends_and_keeps_five_accounts(anna: User, clock: Any) -> None:
    cookie = known_browsers.remember("", "anna")
    first = known_browsers.recognise(cookie, "anna")
    assert first
    assert known_browsers.recognise(cookie, "eva") == ""
    assert known_browsers.recognise(f"{cookie[:-3]}abc", "anna") == ""
    for name in ("eva", "max", "bob", "ida"):
        cookie = known_browsers.remember(cookie, name)
    assert known_browsers.recognise(cookie, "anna") == known_browsers.recognise(cookie, "ida") == first
    assert known_browsers.recognise(known_browsers.remember(cookie, "tom"), "anna") == ""
    assert "anna" not in cookie
    clock.shift(rule.BROWSER_KNOWN + timedelta(seconds=1))
    assert known_browsers.recognise(cookie, "ida") == ""


def test_what_no_longer_counts_is_forgotten_by_the_daily_task(anna: User, clock: Any) -> None:
    tries("anna", PASSWORD, HOME)
    tries("anna", "guess", HOME)
    clock.shift(rule.NETWORK_FAMILIAR)
    tries("anna", PASSWORD, OFFICE)
    tries("anna", "guess", OFFICE)
    assert SignInTally.objects.count() == 5
    clock.shift(timedelta(minutes=1))
    tasks.clear_by_age()
    assert SignInTally.objects.count() == 3, "those of the last minutes"
    assert FamiliarNetwork.objects.get().network == OFFICE.address
    clock.shift(timedelta(hours=1))
    tasks.clear_by_age()
    assert not SignInTally.objects.exists()


def test_a_new_password_forgives_what_failed_with_the_old_one(anna: User) -> None:
    for name in ("anna", "eva"):
        for _ in range(6):
            tries(name, "guess", HOME)
    login = accounts.new_password("anna", by=SOMEBODY)
    assert tries("anna", login.password, HOME) == "in"
    assert tries("eva", "guess", HOME) == "throttled"


def test_a_row_that_is_tidied_away_meanwhile_begins_anew(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = SignInTally.objects.select_for_update

    def tidied(*args: Any, **kwargs: Any) -> Any:
        SignInTally.objects.all().delete()
        return locked(*args, **kwargs)

    monkeypatch.setattr(SignInTally.objects, "select_for_update", tidied)
    assert tries("anna", "guess", HOME) == "refused"
    assert {row.failures for row in SignInTally.objects.all()} == {1}


def test_nobody_is_ourselves(anna: User) -> None:
    Organization.objects.create(name="Meridian")
    tries("nobody", "guess", HOME)
    assert AuditEvent.objects.about(Organization.objects.get()).count() == 1
