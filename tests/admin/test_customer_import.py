"""The page on which staff import a connection: what it asks, and what it answers."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from integrations.models import Application, Connection, Customer
from tests import customers as given
from tests.permission import granted

pytestmark = pytest.mark.django_db
TOKEN = "stampNL001.of-a-former-system"
STOPPED = "The former system is stopped, and will not use this token any more"


@pytest.fixture
def app(make_app: Callable[..., Application]) -> Application:
    return granted(make_app(enable=True))


@pytest.fixture
def customer() -> Customer:
    return given.add()


def url(customer: Customer) -> str:
    return f"/admin/integrations/customer/{customer.pk}/import/"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_box_stands_before_what_it_confirms(annas: Client, app: Application, customer: Customer) -> None:
    page = text(annas.get(url(customer)))
    assert page.count(STOPPED) == 1
    assert page.index('type="checkbox"') < page.index(STOPPED)


def test_without_the_tick_nothing_is_kept_and_the_token_does_not_come_back(
    annas: Client, app: Application, customer: Customer
) -> None:
    response = annas.post(url(customer), {"app": app.pk, "refresh_token": TOKEN})
    assert response.status_code == 400
    page = text(response)
    assert "Stop the former system first: whoever uses the token next" in page
    assert TOKEN not in page
    assert not Connection.objects.exists()
