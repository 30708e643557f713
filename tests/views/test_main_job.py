"""The main job, through every floor, against the practice Exact: connect, check, count; compared with its ledger."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections as databases
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from integrations.exact import regions
from integrations.exact.regions import Region
from integrations.models import (
    Access,
    AuditEvent,
    AuthorizationState,
    Company,
    Connection,
    ConnectionCheck,
    Customer,
    LinkPage,
    UsageWindow,
)
from integrations.rules.actors import PORTAL
from integrations.services import checks, links, practice
from integrations.services.refusals import Refused
from tests.owning import own
from tests.practice import Practice, practising
from tests.sandbox.client import ACCOUNTANT, FLORIST

pytestmark = pytest.mark.django_db


@pytest.fixture
def exact(tmp_path: Path, settings: Any, db: None) -> Iterator[Practice]:
    with practising(tmp_path, settings) as one:
        yield one


def token_requests(exact: Practice) -> int:
    return len(exact.sandbox.ledger("token"))


# --- The main job ------------------------------------------------------------------------------------------


def test_staff_connect_a_company_and_see_what_it_reaches(annas: Client, exact: Practice) -> None:
    connection = exact.connect(annas)
    assert (connection.status, connection.full_name) == ("connected", ACCOUNTANT)
    page = annas.get(f"/admin/integrations/connection/{connection.pk}/change/").content.decode()
    for company in Company.objects.all():
        assert escape(company.name) in page
    assert Company.objects.count() == 5
    assert all(company.primary_access.connection_id == connection.pk for company in Company.objects.all())
    assert AuditEvent.objects.filter(action="connection.made").count() == 1


def test_a_new_connection_is_due_at_once_and_then_in_six_hours(annas: Client, exact: Practice) -> None:
    connection = exact.connect(annas)
    assert checks.claim() == [connection.pk]
    assert checks.claim() == []
    check = checks.run(connection)
    assert check.ok, check.detail
    connection.refresh_from_db()
    assert timedelta(hours=5, minutes=59) < connection.next_check_at - timezone.now() < timedelta(hours=6, minutes=21)
    assert checks.claim() == []


def test_a_check_shows_what_was_asked_and_what_came_back(annas: Client, exact: Practice) -> None:
    connection = exact.connect(annas)
    response = annas.post(f"/admin/integrations/connection/{connection.pk}/check/", follow=True)
    page = response.content.decode()
    assert "all is well" in page
    assert "GET /api/v1/current/Me: 200" in page
    assert f"GET /api/v1/{connection.division}/system/Divisions: 200" in page
    assert ConnectionCheck.objects.get().calls == 1


def test_every_counted_call_stands_in_the_ledger_and_on_the_page(annas: Client, exact: Practice) -> None:
    connection = exact.connect(annas)
    for _ in range(3):
        checks.run(connection)
    counted = [entry for entry in exact.sandbox.ledger() if entry["division"] and entry["minute"]]
    window = UsageWindow.objects.get(division=connection.division)
    assert window.day_used == len(counted) == 4
    company = Company.objects.get(division=connection.division)
    page = annas.get(f"/admin/integrations/company/{company.pk}/change/").content.decode()
    assert "<strong>4</strong> of 60" in page
    assert "<strong>4</strong> of 5000" in page
    assert "Exact itself counts" in page


def test_no_page_and_no_row_holds_a_token(annas: Client, exact: Practice) -> None:
    connection = exact.connect(annas)
    row = Connection.objects.values().get()
    assert row["access_token"].startswith("v1.")
    assert row["refresh_token"].startswith("v1.")
    page = annas.get(f"/admin/integrations/connection/{connection.pk}/change/").content.decode()
    for sealed in (row["access_token"], row["refresh_token"], "v1.t1."):
        assert sealed not in page
    assert not LinkPage.objects.filter(token_hash="").exists()


def test_a_customer_without_an_account_connects_by_his_link(client: Client, exact: Practice) -> None:
    customer = Customer.objects.create(name="Jansen BV", created_by=str(PORTAL))
    made = links.make(exact.application, by=PORTAL, customer=customer)
    page = client.get(made.path).content.decode()
    assert "Jansen BV" in page
    assert "Continue to Exact" in page
    assert not AuthorizationState.objects.exists()
    response = client.get(exact.consent(exact.begin(client, customer=customer), FLORIST), follow=True)
    assert response.redirect_chain == [("/connect/result/", 302)]
    assert "The connection belongs to" in response.content.decode()
    assert set(Company.objects.values_list("customer", flat=True)) == {customer.pk}


def test_the_same_user_again_updates_his_connection(annas: Client, exact: Practice) -> None:
    first = exact.connect(annas)
    again = exact.connect(annas)
    assert again.pk == first.pk
    assert Connection.objects.count() == 1
    assert again.token_generation > first.token_generation
    assert checks.run(again).ok
    assert AuditEvent.objects.filter(action="connection.renewed").count() == 1


def test_another_user_of_the_same_company_is_a_further_access(annas: Client, exact: Practice) -> None:
    accountant = exact.connect(annas)
    florist = exact.connect(annas, user=FLORIST)
    assert florist.pk != accountant.pk
    (shared,) = Company.objects.filter(accesses__connection=florist)
    assert shared.accesses.count() == 2
    assert shared.primary_access.connection_id == accountant.pk


def test_a_company_that_is_no_longer_granted_is_withdrawn(annas: Client, exact: Practice) -> None:
    connection = exact.connect(annas)
    entry = exact.sandbox.ledger("token")[-1]
    (of_user,) = [
        row
        for row in exact.exact.get("/sandbox/state.json").json()["connections"]
        if row["user_id"] == entry["user_id"]
    ]
    exact.exact.control(f"connections/{of_user['id']}", divisions=[connection.division])
    assert checks.run(connection).ok
    assert Access.objects.filter(withdrawn_at__isnull=True).count() == 1
    assert Access.objects.filter(withdrawn_at__isnull=False).count() == 4


# --- What goes wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("error_500", "ServerError"), ("unavailable_503", "Unavailable"), ("html_200", "Unavailable"),
        ("empty_200", "Unavailable"), ("dropped", "ConnectionLost"), ("truncated_json", "MalformedAnswer"),
        ("json_list", "MalformedAnswer"), ("huge", "AnswerTooLarge"), ("gzip_bomb", "AnswerTooLarge"),
        ("redirect_307", "RedirectRefused"), ("unauthorized_401", "AuthenticationRequired"),
        ("division_403", "DivisionNotGranted"), ("licence_403", "LicenceExpired"), ("rights_403", "Forbidden"),
        ("minute_429", "LimitReached"), ("day_429", "LimitReached"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_one_named_cause_and_the_next_good_check_is_well(
    annas: Client, exact: Practice, fault: str, cause: str
) -> None:
    connection = exact.connect(annas)
    tokens_before = Connection.objects.values_list("refresh_token", "token_generation").get()
    exact.sandbox.order(fault, "divisions", 1)
    check = checks.run(connection)
    assert (check.ok, check.cause) == (False, cause)
    assert check.detail
    assert check.next_check_at > timezone.now()
    assert Connection.objects.values_list("refresh_token", "token_generation").get() == tokens_before
    UsageWindow.objects.update(blocked_until=None, blocked_by="", day_used=5)
    exact.sandbox.clock.move(700)
    Connection.objects.update(token_answered_at=timezone.now() - timedelta(seconds=700))
    connection.refresh_from_db()
    assert checks.run(connection).ok


def test_a_lost_scope_falls_back_to_the_companies_of_the_licence(annas: Client, exact: Practice) -> None:
    connection = exact.connect(annas)
    exact.sandbox.order("scope_403", "system_divisions", 1)
    check = checks.run(connection)
    assert check.ok
    assert check.calls == 2


# --- Bad input on the callback -----------------------------------------------------------------------------


def refused(client: Client, path: str) -> str:
    response = client.get(path, follow=True)
    assert response.redirect_chain[-1][0] == "/connect/result/"
    return response.content.decode()


def test_a_callback_that_is_not_one_of_ours_changes_nothing(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    path, query = good.split("?")
    state = next(part for part in query.split("&") if part.startswith("state="))
    code = next(part for part in query.split("&") if part.startswith("code="))
    for bad, words in (
        (path, "no code"),
        (f"{path}?{code}", "does not belong"),
        (f"{path}?{code}&state=", "does not belong"),
        (f"{path}?{code}&state={'x' * 5000}", "does not belong"),
        (f"{path}?{code}&state=unknown", "does not belong"),
        (f"{path}?{code}&{state}&{state}", "more than one state"),
        (f"{path}?{code}&{code}&{state}", "more than one code"),
        (f"{path}?{state}", "no code"),
    ):
        assert words in refused(annas, bad), bad
    assert token_requests(exact) == 0
    assert annas.post(good).status_code == 405
    assert annas.get(f"/oauth/callback/{uuid4()}/?{query}").status_code == 404
    assert annas.get(good).status_code == 302
    assert Connection.objects.get().status == "connected"


def test_another_browser_cannot_use_a_state_and_does_not_spend_it(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    assert "another browser" in refused(Client(), good)
    annas.get(good)
    assert Connection.objects.count() == 1


def test_a_state_is_used_once(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    annas.get(good)
    before = Connection.objects.values().get()
    assert "used already" in refused(annas, good)
    assert Connection.objects.values().get() == before
    assert token_requests(exact) == 1


def test_a_state_expires(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    long_ago = timezone.now() - timedelta(hours=2)
    AuthorizationState.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(minutes=10))
    assert "too long" in refused(annas, good)
    assert token_requests(exact) == 0


def test_a_state_of_another_app_is_refused(annas: Client, exact: Practice, make_app: Callable[..., Any]) -> None:
    other = make_app(region="uk", enable=True)
    good = exact.consent(exact.begin(annas))
    assert "does not belong" in refused(annas, good.replace(str(exact.application.pk), str(other.pk)))
    assert token_requests(exact) == 0


def test_a_portal_that_stands_by_trades_no_code_and_spends_no_state(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    own(owner="the-other-installation")
    assert "Nobody can connect here at the moment" in refused(annas, good)
    assert token_requests(exact) == 0
    own()
    annas.get(good)
    assert Connection.objects.get().status == "connected"


def test_a_refused_consent_is_said_and_can_be_begun_again(annas: Client, exact: Practice) -> None:
    page = refused(annas, exact.consent(exact.begin(annas), decision="deny"))
    assert "Access was not given" in page
    assert "Start again" in page
    assert not Connection.objects.exists()


def test_a_code_that_exact_does_not_accept_leaves_nothing(annas: Client, exact: Practice) -> None:
    good = exact.consent(exact.begin(annas))
    assert "did not accept the authorization code" in refused(annas, good.replace("code=", "code=x"))
    assert not Connection.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_fifty_callbacks_at_once_ask_exact_once(tmp_path: Path, settings: Any, anna: Any) -> None:
    with practising(tmp_path, settings) as exact:
        client = Client()
        client.force_login(anna)
        good = exact.consent(exact.begin(client))
        cookies = client.cookies

        def call(_: int) -> int:
            browser = Client()
            browser.cookies = cookies
            try:
                return browser.get(good).status_code
            finally:
                databases.close_all()

        with ThreadPoolExecutor(10) as pool:
            assert set(pool.map(call, range(50))) == {302}
        assert token_requests(exact) == 1
        assert Connection.objects.get().status == "connected"


# --- Links -------------------------------------------------------------------------------------------------


def test_an_unknown_link_leads_nowhere(client: Client, exact: Practice) -> None:
    response = client.get("/connect/nonsense/")
    assert response.status_code == 404
    assert "leads nowhere" in response.content.decode()


def test_a_link_that_expired_says_so_and_goes_nowhere(client: Client, exact: Practice) -> None:
    made = links.make(exact.application, by=PORTAL)
    LinkPage.objects.update(
        created_at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(days=1)
    )
    assert "has expired" in client.get(made.path).content.decode()
    assert client.post(made.path).status_code == 410
    assert not AuthorizationState.objects.exists()


def test_the_link_page_lets_the_form_lead_to_its_own_exact_only(client: Client, exact: Practice) -> None:
    response = client.get(links.make(exact.application, by=PORTAL).path)
    assert f"form-action 'self' {exact.sandbox.url};" in f"{response.headers['Content-Security-Policy']};"
    assert exact.sandbox.url not in client.get("/connect/result/").headers["Content-Security-Policy"]


def test_an_app_that_is_disabled_or_asleep_makes_no_link(exact: Practice, settings: Any) -> None:
    settings.EXACT_ORIGINS = {region.code: region.origin for region in regions.REGIONS}
    with pytest.raises(Refused, match="it sleeps"):
        links.make(exact.application, by=PORTAL)


def test_connecting_needs_the_right_to_it(staff: Callable[..., Client], exact: Practice) -> None:
    url = f"/admin/integrations/application/{exact.application.pk}/connect/"
    assert staff("view_application").post(url).status_code == 403
    able = staff("view_application", "connect")
    assert able.get(url).status_code == 405
    assert able.post(url).url.startswith("/connect/")


# --- A third region, and practice ---------------------------------------------------------------------------


def test_a_third_region_needs_no_migration(
    annas: Client, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = "https://apps.example/be/"
    belgium = Region("be", "Belgium", "https://exact.example", site, site, "Ask.", "Europe/Brussels", "Dutch", "nl")
    monkeypatch.setattr(regions, "REGIONS", (*regions.REGIONS, belgium))
    with practising(tmp_path, settings, region="be") as exact:
        connection = exact.connect(annas)
        assert checks.run(connection).ok
        assert UsageWindow.objects.get().day_used == 2


def test_an_app_of_the_other_kind_sleeps_and_raises_no_alarm(annas: Client, exact: Practice, settings: Any) -> None:
    exact.connect(annas)
    Connection.objects.update(next_check_at=timezone.now())
    settings.EXACT_ORIGINS = {region.code: region.origin for region in regions.REGIONS}
    asked = len(exact.sandbox.ledger())
    assert checks.claim() == []
    assert "It sleeps" in annas.get("/admin/integrations/application/").content.decode()
    assert len(exact.sandbox.ledger()) == asked


def test_practice_data_goes_by_one_button(annas: Client, exact: Practice) -> None:
    exact.connect(annas)
    assert "1 app" in annas.get("/admin/portal/").content.decode()
    assert practice.count() == 1
    response = annas.post("/admin/portal/remove-practice/", follow=True)
    assert "practice data is gone" in response.content.decode()
    assert not Connection.objects.exists()
    assert not Company.objects.exists()
    assert practice.count() == 0
