"""The address of a calendar feed: no session, no trace, nothing where it is not good."""

import logging
from typing import Any

import pytest
from django.test import Client

from integrations.models import User
from integrations.rules.actors import Actor
from integrations.services import calendar_feeds

pytestmark = pytest.mark.django_db


def path(user: User) -> str:
    return f"/calendar/{calendar_feeds.make(user, by=Actor.person(user.pk)).token}.ics"


def test_it_is_a_calendar_for_whoever_has_the_address(anna: User) -> None:
    response: Any = Client().get(path(anna))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert response.headers["Cache-Control"] == "no-store"
    assert not response.cookies


def test_one_that_is_not_good_is_not_found_and_its_address_is_in_no_log(
    anna: User, caplog: pytest.LogCaptureFixture
) -> None:
    address = path(anna)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    with caplog.at_level(logging.DEBUG):
        assert Client().get(address).status_code == 404
    assert address not in caplog.text


@pytest.mark.parametrize("token", ["x", "x" * 5000, "ü", "%00"])
def test_nonsense_is_not_found(token: str) -> None:
    assert Client().get(f"/calendar/{token}.ics").status_code == 404


def test_it_asks_the_database_a_few_things_only(anna: User, django_assert_max_num_queries: Any) -> None:
    address = path(anna)
    with django_assert_max_num_queries(5):
        assert Client().get(address).status_code == 200
