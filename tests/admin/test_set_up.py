"""Set up: the two questions, what stands before the start, and the way through the steps."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, AuditEvent, Organization
from integrations.rules.journey import Step
from integrations.services import applications
from tests.admin.set_up import APPS, NEW, REAL_ORIGINS, changed, errors, make, text, url
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at", "id").values_list("action", flat=True))


# --- The two questions ------------------------------------------------------------------------------------------


def test_without_a_region_it_asks_which(annas: Client) -> None:
    page = text(annas.get(f"{APPS}set-up/"))
    assert "Which Exact?" in page
    assert re.findall(r'href="[^"]*set-up/\?region=(\w+)"', page) == ["nl", "uk"]


def test_a_region_that_is_none_is_said(annas: Client) -> None:
    page = text(annas.get(f"{APPS}set-up/?region=fr"))
    assert "There is no region “fr”" in page
    assert "Which Exact?" in page


def test_in_practice_the_real_account_lists_what_is_missing(annas: Client) -> None:
    page = text(annas.get(f"{APPS}set-up/?region=uk"))
    assert re.search(r'value="practice" checked', page)
    assert re.search(r'value="real" disabled', page)
    assert "Set SANDBOX=off." in page
    assert "Exact accepts https addresses only" in page


def test_with_the_real_exact_practising_is_what_does_not_fit(annas: Client, settings: Any) -> None:
    settings.EXACT_ORIGINS, settings.PUBLIC_URL = REAL_ORIGINS, "https://testserver.example"
    settings.ALLOWED_HOSTS, settings.TRUSTED_PROXIES = ["*"], ["127.0.0.1"]
    page = text(annas.get(f"{APPS}set-up/?region=uk", headers={"host": "testserver.example"}))
    assert re.search(r'value="real" checked', page)
    assert re.search(r'value="practice" disabled', page)
    assert "set <code>SANDBOX=on</code>" in page
    assert "This is missing" not in page


def test_without_an_address_the_real_account_says_so_first(annas: Client, settings: Any) -> None:
    settings.EXACT_ORIGINS = REAL_ORIGINS
    page = text(annas.get(f"{APPS}set-up/?region=uk"))
    assert "This is missing before Exact could send browsers back here" in page
    assert "Exact accepts https addresses only" in page


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ("account=practice", {"id_existed": "Choose one of the two."}),
        ("existed=no", {"id_account": "Choose one of the two."}),
        ("account=real&existed=no", {"id_account": "This portal cannot do that yet: what is missing stands below."}),
        ("account=practice&existed=maybe", {"id_existed": "Select a valid choice. maybe is not one of the available"}),
    ],
)
def test_an_answer_that_is_missing_or_does_not_fit_is_said_beside_it(
    annas: Client, answers: str, wrong: dict[str, str]
) -> None:
    response = annas.get(f"{APPS}set-up/?region=uk&app={uuid4()}&{answers}")
    found = errors(response)
    assert found.keys() == wrong.keys()
    assert all(found[field].startswith(words) for field, words in wrong.items())
    assert "<title>Error: " in text(response)


def test_whatever_is_sent_twice_is_about_one_app(annas: Client) -> None:
    pk = re.search(r'name="app" value="([0-9a-f-]{36})"', text(annas.get(f"{APPS}set-up/?region=uk")))[1]
    answers = f"region=uk&app={pk}&account=practice&existed=yes"
    first, second = (annas.get(f"{APPS}set-up/?{answers}").url for _ in range(2))
    assert first == second == url(pk, Step.BEFORE, "?region=uk&existed=yes")


def test_an_id_that_is_none_is_made_anew(annas: Client) -> None:
    response = annas.get(f"{APPS}set-up/?region=uk&app=nonsense&account=practice&existed=no")
    assert re.fullmatch(rf"{APPS}[0-9a-f-]{{36}}/set-up/before-you-start/\?region=uk&existed=no", response.url)


def test_the_short_form_is_linked_at_the_foot(annas: Client) -> None:
    assert f'href="{APPS}add/?region=uk"' in text(annas.get(f"{APPS}set-up/?region=uk"))


# --- Before you start -------------------------------------------------------------------------------------------


def test_before_you_start_has_the_regions_own_link(annas: Client, settings: Any) -> None:
    settings.EXACT_ORIGINS = REAL_ORIGINS
    page = text(annas.get(url(uuid4(), Step.BEFORE, NEW)))
    assert 'href="https://start.exactonline.co.uk/docs/HRMSubTrialNew.aspx?' in page
    assert "www.exact.com/nl" not in page
    assert "60 calls a minute and 5,000 a day" in page
    assert "20,000 calls a day" in page
    assert "only after Exact has reviewed it and granted permission" in page


def test_in_practice_the_link_stays_here_and_the_real_one_is_said(annas: Client, settings: Any) -> None:
    page = text(annas.get(url(uuid4(), Step.BEFORE, NEW)))
    assert f'href="{settings.EXACT_ORIGINS["uk"]}/partner/"' in page
    assert 'href="https://start.exactonline.co.uk' not in page
    assert "https://start.exactonline.co.uk/docs/HRMSubTrialNew.aspx" in page


# --- The way through --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "secret", "step"),
    [
        ({"client_id": None}, None, Step.REGISTER),
        ({"client_id": None, "existed_before": True}, None, Step.AS_IT_STOOD),
        ({"client_id": None, "registered": True}, None, Step.KEYS),
        ({"registered": True}, None, Step.KEYS),
        ({"registered": True}, "xQ7pRw2ZkL9t", Step.TEST),
        ({}, "xQ7pRw2ZkL9t", Step.REGISTER),
    ],
)
def test_it_is_resumed_where_it_was_left(
    annas: Client, make_app: MakeApp, fields: dict[str, Any], secret: str | None, step: Step
) -> None:
    registered = fields.pop("registered", False)
    app = make_app(secret=secret, **fields)
    if registered:
        applications.register(app, app.redirect_uri, by=SOMEBODY)
    assert annas.get(f"{APPS}{app.pk}/set-up/").url == url(app, step)


def test_an_enabled_app_is_at_the_end(annas: Client, make_app: MakeApp) -> None:
    app = make_app(enable=True)
    assert annas.get(f"{APPS}{app.pk}/set-up/").url == url(app, Step.ENABLE)


def test_every_step_can_be_visited_again_and_says_where_one_is(annas: Client, make_app: MakeApp) -> None:
    app = make_app(enable=True, existed_before=True)
    for number, step in enumerate(Step, start=1):
        page = text(annas.get(url(app, step)))
        assert page.count('aria-current="step"') == 1
        assert f"Step {number} of 7" in page
        assert len(re.findall(r'<a class="journey-entry"', page)) == 6


@pytest.mark.parametrize("step", [Step.REGISTER, Step.KEYS, Step.TEST, Step.ENABLE])
def test_a_step_ahead_of_what_exists_says_what_comes_first(annas: Client, step: Step) -> None:
    pk = uuid4()
    for response in (annas.get(url(pk, step, NEW)), annas.post(url(pk, step, NEW), {"do": "exactly"})):
        assert "First give the app its kind and its name." in text(response)
        assert url(pk, Step.NAME, "?region=uk&amp;existed=no") in text(response)
    assert actions() == []


def test_testing_waits_for_keys(annas: Client) -> None:
    app = make(annas)
    assert "Enter both keys first" in text(annas.get(url(app, Step.TEST)))
    assert f'href="{url(app, Step.KEYS)}"' in text(annas.get(url(app, Step.TEST)))


@pytest.mark.parametrize("right", ["add_application", "change_application"])
def test_nobody_begins_what_he_could_not_go_on_with(staff: Staff, right: str) -> None:
    client, both = staff("view_application", right), staff("view_application", "add_application", "change_application")
    pk, typed = uuid4(), {"kind": "product", "name": "Meridian"}
    assert client.get(f"{APPS}set-up/").status_code == 403
    assert client.get(url(pk, Step.BEFORE, NEW)).status_code == 403
    assert client.post(url(pk, Step.NAME, NEW), typed).status_code == 403
    assert not Application.objects.exists()
    assert both.get(f"{APPS}set-up/").status_code == 200
    assert both.post(url(pk, Step.NAME, NEW), typed).url == url(pk, Step.REGISTER)


@pytest.mark.parametrize("query", ["", "?region=fr"])
def test_an_app_that_is_nowhere_is_not_found(annas: Client, query: str) -> None:
    assert annas.get(url(uuid4(), Step.NAME, query)).status_code == 404
    assert annas.get(f"{APPS}{uuid4()}/set-up/").status_code == 404


def test_a_deleted_app_does_not_come_back_by_the_back_button(annas: Client) -> None:
    app = make(annas)
    pk = app.pk
    annas.post(f"{APPS}{pk}/delete/", {"post": "yes"})
    assert not Application.objects.exists()
    assert annas.post(url(pk, Step.NAME, NEW), {"kind": "product", "name": "Again"}).status_code == 404
    assert not Application.objects.exists()


def test_a_step_that_is_none_is_not_found(annas: Client, make_app: MakeApp) -> None:
    app = make_app()
    assert annas.get(f"{APPS}{app.pk}/set-up/nonsense/").status_code == 404
    assert annas.get(url(app, Step.AS_IT_STOOD)).status_code == 404


def test_back_and_later_lead_out_of_every_step(annas: Client, make_app: MakeApp) -> None:
    app = make_app(existed_before=True)
    back = None
    for step in Step:
        page = text(annas.get(url(app, step)))
        found = re.search(r'href="([^"]*)">Back</a>', page)
        assert (found and found[1]) == back
        assert re.search(rf'href="{APPS}">Later</a>', page), step
        back = url(app, step)
    page = text(annas.get(url(uuid4(), Step.BEFORE, NEW)))
    assert f'href="{APPS}set-up/?region=uk&amp;existed=no">Back</a>' in page


def test_each_step_has_one_main_button(annas: Client, make_app: MakeApp) -> None:
    app = make_app(existed_before=True)
    for step in Step:
        main = text(annas.get(url(app, step))).partition("<main")[2]
        assert len(re.findall(r'class="button"', main)) == 1, step


# --- Rights -----------------------------------------------------------------------------------------------------


def test_whoever_may_not_add_apps_reads_who_may(staff: Staff) -> None:
    for address in (f"{APPS}set-up/?region=uk", url(uuid4(), Step.NAME, NEW)):
        response = staff("view_application", "change_application").get(address)
        assert response.status_code == 403
        assert "Integrations manager may do this." in text(response)


def test_whoever_may_not_change_apps_sets_none_up(staff: Staff, make_app: MakeApp) -> None:
    app = make_app()
    client = staff("view_application", "add_application", "set_keys", "enable_application")
    for step in Step:
        assert client.get(url(app, step)).status_code == 403
        assert client.post(url(app, step), changed(app, name="Mine")).status_code == 403
    assert client.get(f"{APPS}{app.pk}/set-up/").status_code == 403
    app.refresh_from_db()
    assert app.name == "Meridian Bookings"


# --- Queries ----------------------------------------------------------------------------------------------------


def test_no_step_asks_more_of_the_database_with_more_apps(annas: Client, make_app: MakeApp) -> None:
    Organization.objects.create(name="Acme BV")
    app = make_app(existed_before=True, enable=True)
    addresses = [*(url(app, step) for step in Step), url(uuid4(), Step.NAME, NEW), f"{APPS}set-up/?region=nl"]

    def queries() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert annas.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    few = queries()
    row = Application.objects.get(pk=app.pk)
    Application.objects.bulk_create(
        Application(
            region="nl", kind="product", name=f"App {number}", origin=row.origin, redirect_uri=row.redirect_uri,
            created_by=row.created_by, client_id=str(uuid4()), enabled_at=timezone.now(), enabled_by=row.created_by,
        )
        for number in range(200)
    )  # fmt: skip
    assert queries() == few
