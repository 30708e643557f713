"""The first page of an app: what is true of it, what is wrong with it, its fields, and two people who type at once."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from integrations.admin import app_findings
from integrations.admin.app_pages import Tab
from integrations.models import Application, AuditEvent, ClientSecret, Organization
from integrations.rules.lint import Field
from integrations.services import app_facts, app_states, applications, drifts
from tests import customers
from tests.admin.app_forms import overview
from tests.conftest import SOMEBODY
from tests.permission import approved

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]
Staff = Callable[..., Client]


def url(application: Application) -> str:
    return reverse("admin:integrations_application_change", args=[application.pk])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def changes() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="application.changed"))


# --- What is true, and what is wrong ------------------------------------------------------------------------


def test_the_page_begins_with_what_is_true(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert "Disabled, and ready to be enabled." in text(annas.get(url(application)))
    applications.enable(application, by=SOMEBODY)
    assert "by tests (terminal), waiting for permission; nobody has connected yet." in text(annas.get(url(application)))
    customers.connect(application, token_answered_at=datetime(2026, 6, 1, 12, tzinfo=UTC))
    assert "; 1 connection lives." in text(annas.get(url(application)))
    app_states.stop(application, by=SOMEBODY)
    assert "Somebody has to connect again from 1 July" in text(annas.get(url(application)))


def test_a_testing_app_that_works_says_what_that_proves(annas: Client, make_app: MakeApp) -> None:
    application = make_app(kind="testing", enable=True)
    customers.connect(application)
    page = text(annas.get(url(application)))
    assert "Works for your own Exact subscription; proves nothing about customers." in page


def test_every_finding_stands_there_under_its_severity_with_the_way_to_where_it_is_mended(
    annas: Client, make_app: MakeApp
) -> None:
    Organization.objects.create(name="Acme B.V.")
    application = make_app(client_id=None, caretakers="Anna Smit")
    page = text(annas.get(url(application)))
    found = app_facts.findings(application)
    assert {str(finding.severity) for finding in found} == {"error", "warning", "note"}
    for finding in found:
        assert f'data-code="{finding.code}"' in page
    headings = ["Keeps it from working", "Likely a mistake", "Worth knowing"]
    places = [page.index(f">{heading}<") for heading in headings]
    assert places == sorted(places)
    assert f'href="{reverse("admin:app-keys", args=[application.pk])}#about-client_id"' in page
    assert f'href="{url(application)}#about-caretakers"' in page


def test_an_app_that_was_only_begun_leads_on_to_set_up(annas: Client, staff: Staff, make_app: MakeApp) -> None:
    application = make_app(secret=None)
    step = reverse("admin:set-up-app", args=[application.pk])
    assert f'href="{step}">Go on with Set up</a>' in text(annas.get(url(application)))
    assert step not in text(staff("view_application").get(url(application)))
    ready = make_app(name="Meridian ready", region="uk")
    assert "Go on with Set up" not in text(annas.get(url(ready)))


def test_an_app_without_findings_has_no_such_part(annas: Client, make_app: MakeApp, monkeypatch: Any) -> None:
    application = make_app()
    assert "What to look at" in text(annas.get(url(application)))
    monkeypatch.setattr(app_facts, "findings", lambda _: ())
    assert "What to look at" not in text(annas.get(url(application)))


@pytest.mark.parametrize("field", Field)
@pytest.mark.parametrize("rights", [(), ("change_application", "set_keys")], ids=["reader", "manager"])
def test_the_place_where_a_finding_is_mended_is_there_for_everybody(
    staff: Staff, make_app: MakeApp, field: Field, rights: tuple[str, ...]
) -> None:
    application = make_app()
    address, _, place = app_findings.app_pages.place(application, field).partition("#")
    page = staff("view_application", *rights).get(address)
    assert page.status_code == 200
    assert f'id="{place}"' in text(page)
    assert app_findings.PLACES[field]


# --- The fields ---------------------------------------------------------------------------------------------


def test_what_is_kept_by_hand_is_stored_and_recorded(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    typed = overview(
        application,
        name="  Meridian   Rooms ",
        owner="Meridian Group B.V.",
        caretakers="Anna Smit\r\n\r\n Bob  Jansen ",
    )
    response = annas.post(url(application), typed)
    assert response.url == url(application)
    assert said(response) == ["The app “Meridian Rooms” was saved."]
    application.refresh_from_db()
    assert application.name == "Meridian Rooms"
    assert application.caretaker_names == ["Anna Smit", "Bob Jansen"]
    (event,) = changes()
    assert event.details["name"] == ["Meridian Bookings", "Meridian Rooms"]
    assert "Jansen" not in str(event.details)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"name": "\u200b"}, "Nothing of this name can be seen"),
        ({"name": "\x00"}, "Null characters"),
        ({"own_redirect_url": "nonsense"}, "This is no web address"),
        ({"version": ""}, "This form is incomplete"),
        ({"version": "x"}, "This form is incomplete"),
        ({"version": "9" * 40}, "This form is incomplete"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(
    annas: Client, make_app: MakeApp, fields: dict[str, str], reason: str
) -> None:
    application = make_app()
    before = Application.objects.values().get()
    response = annas.post(url(application), overview(application, **{"owner": "Meridian Group", **fields}))
    assert response.status_code == 200
    assert reason in text(response)
    assert 'value="Meridian Group"' in text(response)
    assert Application.objects.values().get() == before
    assert changes() == []


def test_a_refused_form_does_not_show_as_stored_what_was_typed(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    page = text(annas.post(url(application), overview(application, name="Typed only", own_redirect_url="nonsense")))
    assert "<h1>Meridian Bookings</h1>" in page
    assert 'value="Typed only"' in page


def test_the_kind_can_be_chosen_until_there_is_a_client_id(annas: Client, make_app: MakeApp) -> None:
    application = make_app(client_id=None)
    assert 'name="kind"' in text(annas.get(url(application)))
    annas.post(url(application), overview(application, kind="testing"))
    application.refresh_from_db()
    assert application.kind == "testing"
    other = make_app(name="Meridian with keys")
    assert 'name="kind"' not in text(annas.get(url(other)))


def test_scopes_that_were_approved_before_the_portal_are_told(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert "Approved scopes" not in text(annas.get(url(application)))
    approved(application, {"sales.orders": "manage", "crm.accounts": "manage", "crm.quotes": "read"})
    page = text(annas.get(url(application)))
    assert "<dt>Manage</dt><dd>crm.accounts, sales.orders</dd>" in page
    assert "<dt>Read</dt><dd>crm.quotes</dd>" in page


def test_what_differs_from_what_exact_approved_is_told(annas: Client, make_app: MakeApp) -> None:
    application = approved(make_app(), {"crm.accounts": "read"})
    application.scope_selections.create(scope="crm.accounts", level="read")
    assert "Differs from what Exact approved" not in text(annas.get(url(application)))
    application.scope_selections.create(scope="sales.orders", level="manage")
    page = text(annas.get(url(application)))
    for sentence in drifts.of([application])[application.pk]:
        assert escape(sentence) in page
    assert "Differs from what Exact approved" in page


def test_whoever_may_only_look_reads_all_of_it_and_can_send_nothing(staff: Staff, make_app: MakeApp) -> None:
    application = make_app(owner="Meridian Group", caretakers="Anna Smit\nBob Jansen")
    viewer = staff("view_application")
    page = text(viewer.get(url(application)))
    for shown in ("Meridian Group", "Anna Smit, Bob Jansen", application.redirect_uri, "What to look at"):
        assert shown in page
    assert "Integrations manager may do this." in page
    assert "<form" not in page.partition("<main")[2]
    assert viewer.post(url(application), overview(application, name="New")).status_code == 403
    assert changes() == []


def test_the_address_takes_no_query(annas: Client, make_app: MakeApp) -> None:
    assert annas.get(f"{url(make_app())}?client_id__startswith=1").status_code == 400


def test_an_app_that_is_gone_is_told_at_home(annas: Client, make_app: MakeApp) -> None:
    gone = url(make_app())
    Application.objects.all().delete()
    for address in (gone, "/admin/integrations/application/nonsense/change/"):
        response = annas.get(address, follow=True)
        assert "doesn’t exist. Perhaps it was deleted?" in text(response)


# --- Two people, two tabs, sent twice -----------------------------------------------------------------------


def test_two_people_see_a_conflict_and_the_second_may_overwrite_it_knowingly(
    annas: Client, staff: Staff, make_app: MakeApp
) -> None:
    application = make_app()
    bob = staff("view_application", "change_application")
    opened = overview(application)
    annas.post(url(application), {**opened, "name": "Meridian Rooms", "caretakers": "Anna Smit"})
    response = bob.post(url(application), {**opened, "owner": "Meridian Group", "own_redirect_url": ""})
    page = text(response)
    assert response.status_code == 200
    assert "Anna Smit changed the app after you opened this page, so nothing was saved." in page
    assert "name: Meridian Bookings → Meridian Rooms" in page
    assert response.context["conflict"]["differences"] == [
        {"label": "Name", "stored": "Meridian Rooms", "typed": "Meridian Bookings"},
        {"label": "Exact subscription", "stored": "nothing", "typed": "Meridian Group"},
        {"label": "Colleagues who can sign in to Manage my apps", "stored": "Anna Smit", "typed": "nothing"},
    ]
    assert '<td data-label="Stored now">Meridian Rooms</td>' in page
    assert 'value="Meridian Group"' in page
    application.refresh_from_db()
    assert (application.name, application.owner) == ("Meridian Rooms", "")

    again = {**opened, "owner": "Meridian Group", "version": response.context["form"]["version"].value()}
    assert bob.post(url(application), again).status_code == 302
    application.refresh_from_db()
    assert (application.name, application.owner) == ("Meridian Bookings", "Meridian Group")


def test_somebody_who_is_faster_once_more_is_a_conflict_once_more(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    opened = overview(application)
    annas.post(url(application), {**opened, "name": "First"})
    response = annas.post(url(application), {**opened, "name": "Mine"})
    application.refresh_from_db()
    annas.post(url(application), overview(application, name="Second"))
    again = {**opened, "name": "Mine", "version": response.context["form"]["version"].value()}
    page = text(annas.post(url(application), again))
    assert "name: First → Second" in page
    assert "name: Meridian Bookings → First" not in page
    application.refresh_from_db()
    assert application.name == "Second"


def test_a_form_that_is_sent_twice_does_it_once(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    sent = overview(application, name="Meridian Rooms", own_redirect_url="https://www.meridian.example/back")
    for _ in range(2):
        response = annas.post(url(application), sent)
        assert response.url == url(application)
        assert said(response)[-1] == "The app “Meridian Rooms” was saved."
    assert len(changes()) == 1


def test_the_back_button_does_not_bring_back_what_was_changed_since(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    first = overview(application, name="First")
    annas.post(url(application), first)
    application.refresh_from_db()
    annas.post(url(application), overview(application, name="Second"))
    response = annas.post(url(application), first)
    assert "Somebody changed it meanwhile" in text(response)
    application.refresh_from_db()
    assert application.name == "Second"


# --- What can be done with it -------------------------------------------------------------------------------


def verbs(response: Any) -> dict[str, tuple[str, ...]]:
    return {verb["label"]: verb["reasons"] for verb in response.context["verbs"]}


def test_it_offers_what_the_service_would_do_and_says_why_not(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    assert verbs(annas.get(url(application))) == {"Enable": (), "Emergency stop": (), "Archive": (), "Delete": ()}
    link = customers.connect(application)
    effects = app_states.effects(application)
    offered = verbs(annas.get(url(application)))
    assert offered["Archive"] == effects.why_not_archived != ()
    assert offered["Delete"] == effects.why_not_deleted != ()
    page = text(annas.get(url(application)))
    for reason in (*effects.why_not_archived, *effects.why_not_deleted):
        assert f"Not now: {reason}" in page
    link.delete()


@pytest.mark.parametrize(
    ("verb", "labels"),
    [
        (applications.enable, ["Disable", "Emergency stop", "Archive", "Delete"]),
        (app_states.stop, ["Enable", "Lift the stop", "Archive", "Delete"]),
        (app_states.archive, ["Bring it back", "Delete"]),
    ],
)
def test_each_state_has_its_verbs(annas: Client, make_app: MakeApp, verb: Any, labels: list[str]) -> None:
    application = make_app()
    verb(application, by=SOMEBODY)
    assert list(verbs(annas.get(url(application)))) == labels


def test_verbs_are_for_whoever_may(staff: Staff, make_app: MakeApp) -> None:
    application = make_app()
    assert verbs(staff("view_application", "change_application").get(url(application))) == {}
    enabler = verbs(staff("view_application", "enable_application").get(url(application)))
    assert list(enabler) == ["Enable", "Emergency stop", "Archive"]
    assert list(verbs(staff("view_application", "delete_application").get(url(application)))) == ["Delete"]


def test_what_lint_calls_an_error_keeps_the_app_from_being_enabled_here_too(annas: Client, make_app: MakeApp) -> None:
    application = make_app()
    ClientSecret.objects.update(sealed="v1.lost.AAAA")
    reasons = verbs(annas.get(url(application)))["Enable"]
    assert reasons == applications.why_not_enabled(application) == app_facts.faults(application) != ()


# --- Tabs and queries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("integrations_application_change", "Overview"),
        ("app-keys", "Keys"),
        ("app-permission", "Permission"),
        ("app-connections", "Connections"),
        ("integrations_application_history", "History"),
    ],
)
def test_the_tabs_stand_on_every_page_and_the_present_one_is_marked(
    annas: Client, make_app: MakeApp, name: str, label: str
) -> None:
    application = make_app()
    page = text(annas.get(reverse(f"admin:{name}", args=[application.pk])))
    tabs = [str(tab) for tab in Tab]
    assert [tab for tab in tabs if f">{tab}</a></li>" in page] == tabs
    assert f' aria-current="page">{label}</a>' in page
    assert f"<title>{label} · Meridian Bookings" in page


def test_whoever_may_not_see_connections_has_no_tab_for_them(staff: Staff, make_app: MakeApp) -> None:
    application, viewer = make_app(), staff("view_application")
    assert ">Connections</a>" not in text(viewer.get(url(application)))
    assert viewer.get(reverse("admin:app-connections", args=[application.pk])).status_code == 403


def test_the_number_of_queries_grows_neither_with_apps_nor_with_connections(annas: Client, make_app: MakeApp) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert annas.get(url(application)).status_code == 200
        return len(queries)

    application = make_app(kind="testing", enable=True)
    customers.connected(application, "Jansen 0", 100_000)
    count()
    few = count()
    for number in range(1, 201):
        customers.connected(application, f"Jansen {number}", 100_000 + number)
        make_app(client_id=f"1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1b{number:03}", name=f"Meridian {number}")
    assert count() == few
