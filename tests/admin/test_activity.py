"""Activity: filtered, paged on indexes, taken away as a file that never calculates."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Application, AuditEvent, Customer, Organization, User
from integrations.rules.activity import Filter, Place
from integrations.services import activity
from tests.models.test_constraints import make_event

pytestmark = pytest.mark.django_db
URL = "/admin/integrations/auditevent/"
EXPORT = f"{URL}export/"
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
Staff = Callable[..., Client]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def shown(response: Any) -> list[str]:
    """The ids of what the listed events are about."""
    assert response.status_code == 200
    return [event["details"].removeprefix("mark: ") for event in response.context["events"]]


def event(mark: str, **fields: Any) -> AuditEvent:
    return make_event(details={"mark": mark}, action=fields.pop("action", "application.added"), **fields)


def exported(client: Client, file_format: str = "csv", **filter_: str) -> str:
    response = client.post(EXPORT, {"format": file_format, **filter_})
    assert response.status_code == 200
    assert response.streaming
    return response.getvalue().decode()


def table(exported_text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported_text.removeprefix("\ufeff"), newline="")))


def test_the_address_of_an_event_leads_to_the_list_of_what_it_is_about(annas: Client) -> None:
    one = event("one", object_type="customer", object_id=str(uuid4()))
    event("two", object_type="customer", object_id=str(uuid4()))
    unknown = event("unknown", object_type="gone", object_id="1")
    assert shown(annas.get(f"{URL}{one.pk}/change/", follow=True)) == ["one"]
    for address in (f"{URL}{unknown.pk}/change/", f"{URL}{uuid4()}/change/", f"{URL}x/change/"):
        assert annas.get(address).url == URL


# --- The filter ---------------------------------------------------------------------------------------------


def test_each_filter_shows_what_fits_and_nothing_else(annas: Client, anna: User, make_app: Any) -> None:
    app: Application = make_app(secret=None)
    AuditEvent.objects.all().delete()
    event("anna", actor=f"person:{anna.pk}", at=NOON)
    event("root", actor="command:root", at=NOON + timedelta(days=1), action="link.made")
    event("portal", at=NOON + timedelta(days=2), object_id=str(app.pk))
    assert shown(annas.get(URL)) == ["portal", "root", "anna"]
    for query, expected in (
        ({"person": f"person:{anna.pk}"}, ["anna"]),
        ({"person": "command:root"}, ["root"]),
        ({"person": "portal"}, ["portal"]),
        ({"what": "link.made"}, ["root"]),
        ({"what": "application.added"}, ["portal", "anna"]),
        ({"about": "application", "which": str(app.pk)}, ["portal"]),
        ({"about": "connection", "which": str(app.pk)}, []),
        ({"from": "2026-07-01"}, ["portal", "root"]),
        ({"to": "2026-07-01"}, ["root", "anna"]),
        ({"from": "2026-07-01", "to": "2026-07-01", "person": "command:root"}, ["root"]),
        ({"person": "command:root", "what": "application.added"}, []),
    ):
        assert shown(annas.get(URL, query)) == expected, query
    assert "Nothing fits" in text(annas.get(URL, {"person": f"person:{uuid4()}"}))


def test_days_begin_and_end_where_the_organization_lives(annas: Client) -> None:
    Organization.objects.create(name="Meridian", time_zone="Pacific/Auckland")
    event("still Monday", at=datetime(2026, 6, 29, 11, 59, 59, 999999, tzinfo=UTC))
    event("Tuesday", at=datetime(2026, 6, 29, 12, tzinfo=UTC))
    event("late on Tuesday", at=datetime(2026, 6, 30, 11, 59, 59, 999999, tzinfo=UTC))
    event("Wednesday", at=datetime(2026, 6, 30, 12, tzinfo=UTC))
    response = annas.get(URL, {"from": "2026-06-30", "to": "2026-06-30"})
    assert shown(response) == ["late on Tuesday", "Tuesday"]
    assert "Times are in Pacific/Auckland" in text(response)
    assert "30 Jun 2026, 23:59:59" in text(response)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"person": "anna"}, "There is no such person"),
        ({"what": "x"}, "There is no such action"),
        ({"about": "secret", "which": "1"}, "There is no such kind"),
        ({"about": "application"}, "Say which app by its id"),
        ({"which": "\x00"}, "This is no id"),
        ({"from": "2026-02-30"}, "“From” is no day"),
        ({"from": "2026-02-02", "to": "2026-02-01"}, "The period ends before it begins"),
        ({"older": "1"}, "There is no such page"),
        ({"what": ["link.made", "link.made"]}, "was given more than once"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_shown_for_an_answer(
    annas: Client, query: dict[str, Any], reason: str
) -> None:
    event("there is one")
    for response in (annas.get(URL, query), annas.post(EXPORT, {**query, "format": "csv"})):
        if "older" in query and response.request["REQUEST_METHOD"] == "POST":
            assert response.status_code == 400
            continue
        assert response.status_code == 400
        assert reason in text(response)
        assert "there is one" not in text(response)
        assert response.context["events"] == []
    assert AuditEvent.objects.count() == 1


def test_what_was_asked_stands_in_the_form_again(annas: Client) -> None:
    page = text(annas.get(URL, {"what": "link.made", "from": "2026-01-02", "about": "application", "which": "<b>"}))
    assert '<option value="link.made" selected>Made a link page</option>' in page
    assert 'value="2026-01-02"' in page
    assert 'value="&lt;b&gt;"' in page


def test_people_are_offered_by_name_and_terminals_by_their_user(annas: Client, anna: User) -> None:
    for number in range(30):
        event(str(number), actor="command:root" if number % 2 else "command:deploy")
    page = text(annas.get(URL))
    for option in (
        '<option value="portal">the portal</option>',
        f'<option value="person:{anna.pk}">Anna Smit</option>',
        '<option value="command:deploy">deploy (terminal)</option>',
        '<option value="command:root">root (terminal)</option>',
    ):
        assert option in page


def test_history_leads_to_all_that_was_done_with_a_thing(annas: Client, staff: Staff, make_app: Any) -> None:
    app: Application = make_app(secret=None)
    link = f"{URL}?about=application&amp;which={app.pk}"
    assert link in text(annas.get(f"/admin/integrations/application/{app.pk}/history/"))
    viewer = staff("view_application")
    assert link not in text(viewer.get(f"/admin/integrations/application/{app.pk}/history/"))
    event("another thing", object_id=str(uuid4()))
    assert len(annas.get(URL, {"about": "application", "which": str(app.pk)}).context["events"]) == 1


# --- Names, for whom they are -------------------------------------------------------------------------------


def test_a_name_and_a_link_are_for_who_may_see_the_thing(
    annas: Client, staff: Staff, make_app: Any, anna: User
) -> None:
    app: Application = make_app(secret=None)
    customer = Customer.objects.create(name="Canary customer", created_by="portal")
    make_event(action="link.made", object_id=str(app.pk), details={"customer": str(customer.pk)})
    make_event(action="customer.added", object_type="customer", object_id=str(customer.pk))
    page = text(annas.get(URL))
    assert "customer: Canary customer" in page
    assert f'<a href="/admin/integrations/application/{app.pk}/change/">Meridian Bookings</a>' in page
    officer = text(staff("view_auditevent").get(URL))
    for hidden in ("Canary customer", "Meridian Bookings</a>", "/admin/integrations/application/"):
        assert hidden not in officer
    assert f"customer: {customer.pk}" in officer


def test_an_id_that_never_was_one_of_the_thing_is_no_failure(annas: Client) -> None:
    for object_type in ("application", "group", "organization", "customer", "unknown"):
        make_event(object_type=object_type, object_id="not-an-id")
    make_event(action="user.changed", details={"groups": {"added": ["x", 99]}, "customer": "y"})
    assert len(annas.get(URL).context["events"]) == 6
    assert len(table(exported(annas))) == 6


# --- Pages --------------------------------------------------------------------------------------------------


def test_pages_have_every_event_once_though_many_share_a_moment(annas: Client) -> None:
    for number in range(120):
        event(str(number), at=NOON + timedelta(seconds=number // 40))
    seen: list[str] = []
    query = ""
    for size in (50, 50, 20):
        response = annas.get(f"{URL}?{query}")
        assert len(shown(response)) == size
        seen += shown(response)
        query = response.context["older"]
    assert query == ""
    assert sorted(seen, key=int) == [str(number) for number in range(120)]
    assert [int(mark) // 40 for mark in seen] == sorted((int(mark) // 40 for mark in seen), reverse=True)
    assert 'href="?older=' in text(annas.get(URL))


def test_a_page_of_a_filter_stays_within_it(annas: Client) -> None:
    for number in range(110):
        event(str(number), actor="command:root" if number % 2 else "portal", at=NOON + timedelta(seconds=number))
    first = annas.get(URL, {"person": "command:root"})
    second = annas.get(f"{URL}?{first.context['older']}")
    assert len(shown(first)) + len(shown(second)) == 55
    assert "person=command%3Aroot" in text(second)
    assert not second.context["older"]


def test_the_number_of_queries_does_not_grow_with_the_events(annas: Client, make_app: Any, anna: User) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert annas.get(URL).status_code == 200
        return len(queries)

    def one_of_each(number: int) -> None:
        app = make_app(secret=None, client_id=None, name=f"App {number}")
        group = Group.objects.create(name=f"Group {number}")
        customer = Customer.objects.create(name="x", created_by="portal")
        make_event(object_id=str(app.pk), actor=f"person:{anna.pk}", details={"customer": str(customer.pk)})
        make_event(object_type="user", object_id=str(anna.pk), details={"groups": {"added": [group.pk]}})
        make_event(object_type="group", object_id=str(group.pk), actor=f"command:user{number}")

    one_of_each(0)
    few = count()
    for number in range(1, 15):
        one_of_each(number)
    assert count() == few


MANY = 20_000


@pytest.fixture
def many(db: None) -> str:
    """Many events of many kinds; returns one thing's id. The planner is told of them."""
    things = [str(uuid4()) for _ in range(200)]
    AuditEvent.objects.bulk_create(
        (
            AuditEvent(
                at=NOON + timedelta(seconds=number), actor=f"command:user{number % 97}",
                action=("application.added", "link.made", "user.changed")[number % 3],
                object_type="application", object_id=things[number % 200],
            )
            for number in range(MANY)
        ),
        batch_size=2_000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE integrations_auditevent")
    return things[7]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "audit_by_time"),
        ({"since": NOON + timedelta(hours=1), "until": NOON + timedelta(hours=2)}, "audit_by_time"),
        ({"actor": "command:user5"}, "audit_by_actor"),
        ({"action": "keys.rotated"}, "audit_by_action"),
        ({"object_type": "application"}, "audit_by_object"),
    ],
)
@pytest.mark.parametrize("older", [None, Place(NOON + timedelta(hours=3), uuid4())])
def test_every_filter_is_read_from_an_index(many: str, wanted: Any, index: str, older: Place | None) -> None:
    if "object_type" in wanted:
        wanted = {**wanted, "object_id": many}
    plan = AuditEvent.objects.matching(Filter(**wanted)).older_than(older)[:51].explain()
    assert index in plan, plan
    for slow in ("Seq Scan", "SCAN integrations_auditevent\n", "USE TEMP B-TREE FOR ORDER BY"):
        assert slow not in f"{plan}\n", plan


def test_terminals_are_found_by_steps_of_the_index(annas: Client, many: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        annas.get(URL)
    (statement,) = [query["sql"] for query in queries if "WITH RECURSIVE" in query["sql"]]
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN (ANALYZE, VERBOSE) "
    with connection.cursor() as cursor:
        cursor.execute(explain + statement)
        plan = "\n".join(str(row) for row in cursor.fetchall())
    assert plan.count("audit_by_actor") == 2, plan
    assert "Seq Scan" not in plan


# --- Files --------------------------------------------------------------------------------------------------


def test_a_file_has_what_the_filter_shows_and_is_an_event_itself(annas: Client, anna: User, make_app: Any) -> None:
    app: Application = make_app(secret=None)
    AuditEvent.objects.all().delete()
    event("é", object_id=str(app.pk), actor=f"person:{anna.pk}", at=NOON.replace(microsecond=7))
    event("other", action="link.made")
    whole = exported(annas, what="application.added")
    assert whole.startswith("\ufeffat,who,who_name,action,action_words,about,about_id,about_name,details\r\n")
    assert table(whole) == [
        {
            "at": "2026-06-30T12:00:00.000007Z",
            "who": f"person:{anna.pk}",
            "who_name": "Anna Smit",
            "action": "application.added",
            "action_words": "added the app",
            "about": "application",
            "about_id": str(app.pk),
            "about_name": "Meridian Bookings",
            "details": '{"mark": "é"}',
        }
    ]
    recorded = AuditEvent.objects.get(action="activity.exported")
    assert recorded.actor == f"person:{anna.pk}"
    assert recorded.details == {"format": "csv", "events": 1, "what": "application.added"}


def test_json_is_a_list_with_a_line_for_each_event(annas: Client) -> None:
    for number in range(3):
        event(str(number), at=NOON + timedelta(seconds=number))
    whole = exported(annas, "json")
    rows = json.loads(whole)
    assert [row["details"]["mark"] for row in rows] == ["2", "1", "0"]
    assert len(whole.splitlines()) == len(rows) + 2
    assert rows[0]["at"] == "2026-06-30T12:00:02.000000Z"
    assert exported(annas, "json", what="keys.rotated") == "[]\n"


def test_no_cell_of_a_file_calculates(annas: Client, make_app: Any) -> None:
    app: Application = make_app(secret=None, name="=HYPERLINK(1)")
    user = User.objects.create(username="@bob", first_name="+Bob", last_name="\n-x")
    AuditEvent.objects.all().delete()
    make_event(object_id=str(app.pk), actor=f"person:{user.pk}", action="-x.y")
    make_event(object_id="\t1", actor="command:=cmd|' /C calc'!A0", action="\rx.y")
    for row in table(exported(annas)):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")), row
    assert "'=HYPERLINK(1)" in exported(annas)


def test_a_long_file_comes_in_short_queries(annas: Client, many: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "CHUNK", 5_000)
    with CaptureQueriesContext(connection) as queries:
        rows = table(exported(annas))
    assert len(rows) == MANY
    assert len({row["at"] for row in rows}) == MANY
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    read = [query["sql"] for query in queries if query["sql"].startswith("SELECT") and "LIMIT 5000" in query["sql"]]
    assert len(read) == 5
    assert len(queries) < 40


def test_more_than_a_file_holds_is_refused_before_anything_is_sent(
    annas: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "MOST_EXPORTED", 2)
    for mark in "abc":
        event(mark)
    response = annas.post(EXPORT, {"format": "csv"})
    assert response.status_code == 400
    assert "These are more than 2 events. Choose a shorter period" in text(response)
    assert AuditEvent.objects.count() == 3


def test_a_file_is_asked_for_by_post_with_the_right_and_in_a_known_format(annas: Client, staff: Staff) -> None:
    event("x")
    assert annas.get(EXPORT).status_code == 405
    assert annas.post(EXPORT, {"format": "xlsx"}).status_code == 400
    assert annas.post(EXPORT, {"format": "csv", "actor__startswith": "p"}).status_code == 400
    for rights in ((), ("view_auditevent",), ("export_auditevent",)):
        assert staff(*rights).post(EXPORT, {"format": "csv"}).status_code == 403
    assert "Export as CSV" not in text(staff("view_auditevent").get(URL))
    officer = staff("view_auditevent", "export_auditevent")
    assert "Export as CSV" in text(officer.get(URL))
    assert AuditEvent.objects.count() == 1
    assert len(table(exported(officer))) == 1


def test_a_file_ends_at_the_moment_it_was_asked_for(annas: Client) -> None:
    event("before")
    parts = annas.post(EXPORT, {"format": "csv"}).streaming_content
    event("after", at=timezone.now() + timedelta(seconds=1))
    assert "after" not in b"".join(parts).decode()
