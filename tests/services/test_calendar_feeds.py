"""Calendar feeds: whose they are, what opens them, and what stands in them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from integrations.models import Application, AuditEvent, CalendarFeed, User
from integrations.rules.actors import PORTAL, Actor
from integrations.services import calendar_feeds
from integrations.services.refusals import Refused
from tests import customers
from tests.services.test_last_days import linked

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


@pytest.fixture
def berta(db: None) -> User:
    user = User.objects.create_user("berta", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_connection"))
    return User.objects.get(pk=user.pk)


def make(user: User) -> calendar_feeds.MadeFeed:
    return calendar_feeds.make(user, by=Actor.person(user.pk))


def lines(user: User) -> list[str]:
    feed = calendar_feeds.find(make(user).token)
    assert feed is not None
    return calendar_feeds.read(feed, now=timezone.now()).replace("\r\n ", "").split("\r\n")


def test_the_token_opens_it_and_is_kept_nowhere(berta: User) -> None:
    made = make(berta)
    assert calendar_feeds.find(made.token) == made.feed
    assert made.url.endswith(f"/calendar/{made.token}.ics")
    assert made.token not in f"{CalendarFeed.objects.values()} {AuditEvent.objects.values()} {made!r}"


def test_a_new_one_ends_the_one_before(berta: User) -> None:
    old, new = make(berta), make(berta)
    assert calendar_feeds.find(old.token) is None
    assert calendar_feeds.find(new.token) == calendar_feeds.of(berta)


def test_a_revoked_one_opens_no_more(berta: User) -> None:
    made = make(berta)
    calendar_feeds.revoke(berta, by=Actor.person(berta.pk))
    assert (calendar_feeds.find(made.token), calendar_feeds.of(berta)) == (None, None)
    with pytest.raises(Refused, match="no calendar feed"):
        calendar_feeds.revoke(berta, by=Actor.person(berta.pk))


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}])
def test_it_opens_only_while_the_person_may_sign_in(berta: User, change: dict[str, bool]) -> None:
    made = make(berta)
    User.objects.filter(pk=berta.pk).update(**change)
    assert calendar_feeds.find(made.token) is None


def test_it_opens_only_while_the_person_may_see_connections(berta: User) -> None:
    made = make(berta)
    berta.user_permissions.clear()
    assert calendar_feeds.find(made.token) is None


def test_nobody_makes_or_revokes_another_persons(berta: User, anna: User) -> None:
    make(berta)
    for by in (Actor.person(anna.pk), PORTAL):
        with pytest.raises(Refused, match="whom it belongs to"):
            calendar_feeds.make(berta, by=by)
        with pytest.raises(Refused, match="whom it belongs to"):
            calendar_feeds.revoke(berta, by=by)


def test_whoever_may_not_see_connections_gets_none(berta: User) -> None:
    berta.user_permissions.clear()
    with pytest.raises(Refused, match="See connections"):
        make(berta)


def test_reading_is_noted_but_not_each_time(berta: User) -> None:
    feed, now = make(berta).feed, timezone.now()
    for later, noted in ((timedelta(0), now), (timedelta(minutes=15), now), (timedelta(hours=1), None)):
        feed.refresh_from_db()
        calendar_feeds.read(feed, now=now + later)
        feed.refresh_from_db()
        assert feed.read_at == (noted or now + later)


def test_an_entry_stands_on_the_last_day_and_on_each_warning_that_is_ahead(berta: User, make_app: MakeApp) -> None:
    row = linked(make_app(), "Alex Accountant", days=21.5)  # 8.5 days are left
    found = lines(berta)
    last = timezone.localtime(row.token_answered_at + timedelta(days=30)).date()
    wanted = [f"DTSTART;VALUE=DATE:{last - timedelta(days=days):%Y%m%d}" for days in (0, 7, 3, 1)]
    assert [line for line in found if line.startswith("DTSTART")] == wanted
    assert [line for line in found if line.startswith("TRIGGER")] == ["TRIGGER:-P7D", "TRIGGER:-P3D", "TRIGGER:-P1D"]
    uids = [line for line in found if line.startswith("UID:")]
    assert uids[0] == f"UID:{row.pk}@testserver"
    assert len(set(uids)) == 4
    assert uids == [line for line in lines(berta) if line.startswith("UID:")], "stable"


def test_healthy_connections_have_no_entry(berta: User, make_app: MakeApp) -> None:
    linked(make_app(), "Alex Accountant", days=1)
    assert "BEGIN:VEVENT" not in lines(berta)


def test_entries_say_references_and_no_name_of_anybody(berta: User, make_app: MakeApp) -> None:
    row = linked(make_app(), "Alex Accountant", days=21)
    customers.reach(row, customers.add("Jansen BV", reference="K-7"), 1)
    customers.reach(row, customers.add("Smit BV"), 2)
    customers.reach(row, None, 3)
    found = "\n".join(lines(berta))
    assert f"SUMMARY:Last possible day: customer K-7\\, 1 more customer\\, ourselves ({str(row.pk)[:8]})" in found
    for name in ("Jansen", "Smit", "Alex", "Accountant", "Company"):
        assert name not in found
