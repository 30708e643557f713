"""Which companies are nearest to their limits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import Application, Company, UsageWindow
from integrations.rules.usage import WINDOW, day_number, milliseconds, ring_of
from integrations.services import busiest, usage

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def window(
    application: Application,
    division: int,
    now: datetime,
    *,
    day: int = 0,
    minute: int = 0,
    minute_limit: int = 60,
    days_ago: int = 0,
    seconds_ago: float = 1,
) -> Company:
    """A company that made ``minute`` calls so many seconds ago, and ``day`` calls so many days ago."""
    stamp = milliseconds(now - timedelta(seconds=seconds_ago))
    UsageWindow.objects.create(
        application=application,
        division=division,
        day=day_number(now) - days_ago,
        day_used=day,
        minute_limit=minute_limit,
        minute_ring=ring_of([stamp] * minute, minute_limit),
    )
    return Company.objects.create(application=application, division=division, name=f"Company {division}")


def divisions(found: busiest.Busiest) -> list[int]:
    return [busy.company.division for busy in found.companies]


def test_the_three_fullest_of_each_region_stand_first(make_app: MakeApp, now: datetime) -> None:
    nl, uk = make_app(), make_app(region="uk")
    for division, calls in enumerate((10, 4500, 30, 20), start=1):
        window(nl, division, now, day=calls)
    window(uk, 9, now, day=1)
    found = busiest.by_region()
    assert divisions(found["nl"]) == [2, 3, 4]
    assert divisions(found["uk"]) == [9]
    assert (found["nl"].nearly_full, found["nl"].all) == (1, 4)
    assert (found["uk"].nearly_full, found["uk"].all) == (0, 1)


def test_the_fuller_of_the_two_windows_counts(make_app: MakeApp, now: datetime) -> None:
    application = make_app()
    window(application, 1, now, day=2500)
    window(application, 2, now, minute=31)
    window(application, 3, now, minute=29)
    assert divisions(busiest.by_region()["nl"]) == [2, 1, 3]


def test_the_share_is_of_the_companys_own_limit(make_app: MakeApp, now: datetime) -> None:
    application = make_app()
    window(application, 1, now, minute=50)
    window(application, 2, now, minute=55, minute_limit=100)
    found = busiest.by_region()["nl"]
    assert divisions(found) == [1, 2]
    assert found.nearly_full == 1


def test_what_is_over_counts_nothing(make_app: MakeApp, now: datetime) -> None:
    application = make_app()
    window(application, 1, now, day=5000, days_ago=1)
    window(application, 2, now, minute=60, seconds_ago=WINDOW.total_seconds() + 1)
    found = busiest.by_region()["nl"]
    assert (divisions(found), found.nearly_full, found.all) == ([], 0, 2)


def test_a_day_that_began_already_counts(make_app: MakeApp, now: datetime) -> None:
    window(make_app(), 1, now, day=5000, days_ago=-1)
    assert busiest.by_region()["nl"].nearly_full == 1


@pytest.mark.parametrize(
    ("day", "minute", "above"), [(4000, 0, 0), (4001, 0, 1), (0, 48, 0), (0, 49, 1), (5000, 60, 1)]
)
def test_above_80_percent_begins_behind_80_percent(
    make_app: MakeApp, now: datetime, day: int, minute: int, above: int
) -> None:
    window(make_app(), 1, now, day=day, minute=minute)
    assert busiest.by_region()["nl"].nearly_full == above


def test_more_than_three_can_be_above(make_app: MakeApp, now: datetime) -> None:
    application = make_app()
    for division in range(1, 8):
        window(application, division, now, day=4900)
    found = busiest.by_region()["nl"]
    assert (len(found.companies), found.nearly_full) == (3, 7)


def test_it_says_of_the_two_windows_what_the_meters_say(make_app: MakeApp, now: datetime) -> None:
    application = make_app()
    window(application, 1, now, day=7, minute=5)
    (busy,) = busiest.by_region()["nl"].companies
    row = UsageWindow.objects.get()
    assert busy.meters == usage.meter(row, now)
    assert (busy.meters.day.used, busy.meters.minute.used) == (7, 5)


def test_a_window_without_a_company_is_nobodys(make_app: MakeApp, now: datetime) -> None:
    window(make_app(), 1, now, day=4900)
    Company.objects.all().delete()
    assert busiest.by_region() == {}


@pytest.mark.parametrize("many", [1, 200])
def test_queries_do_not_grow_with_the_companies(
    make_app: MakeApp, now: datetime, many: int, django_assert_num_queries: Any
) -> None:
    application = make_app()
    for division in range(1, many + 1):
        window(application, division, now, day=division)
    with django_assert_num_queries(4):
        found = busiest.by_region()["nl"]
    assert found.all == many


def test_with_no_company_at_all_there_is_nothing() -> None:
    assert busiest.by_region() == {}


def test_what_is_not_used_is_neither_ranked_nor_counted(make_app: MakeApp, now: datetime) -> None:
    application = make_app()
    window(application, 1, now, day=10)
    for division, use in ((2, "not_used"), (3, "to_confirm")):
        company = window(application, division, now, day=4900)
        Company.objects.filter(pk=company.pk).update(use=use)
    found = busiest.by_region()["nl"]
    assert (divisions(found), found.nearly_full, found.all) == ([1], 0, 1)
