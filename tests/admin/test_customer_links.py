"""A link page for a customer where Exact's permission is not recorded: the reason, and one try all the same."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from integrations.models import Application, Customer, LinkPage
from tests import customers as given
from tests.permission import granted, stands

pytestmark = pytest.mark.django_db
MakeApp = Callable[..., Application]


@pytest.fixture
def app(make_app: MakeApp) -> Application:
    return granted(make_app(enable=True))


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def url(customer: Customer) -> str:
    return f"/admin/integrations/customer/{customer.pk}/link/"


def test_apps_without_permission_are_listed_with_the_reason(annas: Client, make_app: MakeApp) -> None:
    waiting = stands(make_app(enable=True), "requested", on=date(2026, 5, 3))
    page = text(annas.get(url(given.add())))
    assert "Customers can connect through none of the enabled apps yet." in page
    assert "Permission was requested on 3 May 2026, and is with Exact." in page
    assert f"/admin/integrations/application/{waiting.pk}/permission/" in page
    assert 'name="days"' not in page


def test_who_asks_for_an_app_without_permission_all_the_same_is_told_why(
    annas: Client, app: Application, make_app: MakeApp
) -> None:
    other = make_app(region="uk", client_id=str(uuid4()), secret="another1secret", enable=True)
    page = text(annas.post(url(given.add()), {"app": other.pk, "days": 7}))
    alert = page.partition('role="alert"')[2].partition("</ul>")[0]
    assert "has not been requested yet" in alert
    assert not LinkPage.objects.exists()


def test_staff_with_the_right_let_a_customer_try_and_say_why(annas: Client, make_app: MakeApp) -> None:
    application, customer = make_app(enable=True), given.add()
    page = text(annas.post(url(customer), {"app": application.pk, "because": "Exact phoned."}))
    assert "A try: no permission by Exact is recorded, so Exact may refuse." in page
    assert LinkPage.objects.get().tried_because == "Exact phoned."
    again = text(annas.post(url(customer), {"app": application.pk, "because": "Once more."}))
    assert "One try at a time" in again
    assert "Once more.</textarea>" in again


@pytest.mark.parametrize("because", ["", "  ", "x" * 301, "\x00"])
def test_a_try_without_a_reason_is_refused_beside_its_field(annas: Client, make_app: MakeApp, because: str) -> None:
    application = make_app(enable=True)
    page = text(annas.post(url(given.add()), {"app": application.pk, "because": because}))
    assert "field-error" in page
    assert '<details class="workflow-step" open>' in page
    assert not LinkPage.objects.exists()


def test_who_may_not_let_a_customer_try_is_told_who_may(staff: Callable[..., Client], make_app: MakeApp) -> None:
    application, customer = make_app(enable=True), given.add()
    support = staff("view_application", "view_customer", "connect")
    page = text(support.get(url(customer)))
    assert "To let a customer try once all the same: Integrations manager may do this." in page
    assert 'name="because"' not in page
    support.post(url(customer), {"app": application.pk, "because": "Exact phoned."})
    assert not LinkPage.objects.exists()


@pytest.mark.parametrize("app_id", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_try_through_no_app_is_refused(annas: Client, app: Application, app_id: str) -> None:
    response = annas.post(url(given.add()), {"app": app_id, "because": "Exact phoned."})
    assert response.status_code == 200
    assert not LinkPage.objects.exists()
