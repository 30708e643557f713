"""The page of one connection: what it went through, and what was asked for it today."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import Application, Connection, StatusChange
from integrations.rules.actors import PORTAL
from integrations.services import connection_statuses
from tests import customers as given

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(make_app: object) -> Connection:
    application: Application = make_app(enable=True)  # type: ignore[operator]
    given.connected(application, "Jansen BV", 1)
    return Connection.objects.get()


def page(client: Client, connection: Connection) -> str:
    response = client.get(f"/admin/integrations/connection/{connection.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def test_each_change_is_shown_with_its_cause_and_evidence(annas: Client, connection: Connection) -> None:
    evidence = "POST /api/oauth2/token: no answer after 20000 ms"
    connection_statuses.change(
        connection, Connection.Status.VERIFYING, cause="Exact did not answer.", by=PORTAL, evidence=evidence
    )
    shown = page(annas, connection)
    assert "What it went through" in shown
    assert "Exact did not answer." in shown
    assert evidence in shown


def test_it_went_through_nothing_yet(annas: Client, connection: Connection) -> None:
    StatusChange.objects.all().delete()
    assert "What it went through" not in page(annas, connection)


@pytest.mark.parametrize(("days_ago", "shown"), [(0, True), (1, False)])
def test_tokens_asked_for_today_are_told(annas: Client, connection: Connection, days_ago: int, shown: bool) -> None:
    today = timezone.now().date() - timedelta(days=days_ago)
    Connection.objects.update(token_calls=3, token_calls_on=today)
    told = "3, by the day in UTC. Exact once allowed 200 a day" in page(annas, connection)
    assert told is shown
