"""Everything that an Exact may do otherwise, and still be as published, leads to the same rows."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.test import Client

from integrations.models import Application, Company, Connection, Kind, UsageWindow
from integrations.rules.actors import PORTAL
from integrations.services import applications, checks, links, secrets
from tests.foreign.exact import AS_SEEN, AS_WRITTEN, WITHOUT_SCOPE, Exact, serving

pytestmark = pytest.mark.django_db
WAYS = {"as written": AS_WRITTEN, "as seen": AS_SEEN, "without the scope": WITHOUT_SCOPE}


@pytest.fixture(params=WAYS)
def exact(request: pytest.FixtureRequest) -> Iterator[Exact]:
    with serving(WAYS[request.param]) as one:
        yield one


@pytest.fixture
def app(exact: Exact, settings: Any, db: None) -> Application:
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": exact.url}
    row = Application(region="nl", kind=Kind.PRODUCT, name="Meridian Bookings")
    row.redirect_uri = row.default_redirect_uri()
    keys = exact.register(row.name, row.redirect_uri)
    row.client_id = keys.client_id
    applications.add(row, by=PORTAL)
    secrets.set(row, keys.secret, by=PORTAL)
    applications.enable(row, by=PORTAL)
    return row


def connect(exact: Exact, client: Client, app: Application) -> Connection:
    asked = client.post(links.make(app, by=PORTAL).path).url
    page = requests.get(asked, timeout=10)
    (ticket,) = re.findall(r'name="ticket" value="(\w+)"', page.text)
    form = {"ticket": ticket, "answer": "yes"}
    answer = requests.post(f"{exact.url}/oauth/consent", data=form, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    assert "%21IAAAA%2B" in back.query
    assert client.get(f"{back.path}?{back.query}").status_code == 302
    return Connection.objects.latest("consented_at")


def test_connecting_and_checking(exact: Exact, client: Client, app: Application) -> None:
    connection = connect(exact, client, app)
    assert (connection.status, connection.exact_user_id, connection.division) == ("connected", exact.USER, exact.HOME)
    assert dict(Company.objects.values_list("division", "name")) == exact.COMPANIES
    assert connection.token_lifetime == exact.ways.lifetime
    check = checks.run(connection)
    assert check.ok, check.detail
    window = UsageWindow.objects.get()
    assert window.day_used == exact.counted[exact.HOME]
    assert (window.minute_limit, window.day_limit) == (exact.ways.minutely, exact.ways.daily)
    assert window.notes == []
    assert exact.complaints == []


@pytest.mark.parametrize("exact", ["as seen"], indirect=True)
def test_a_list_that_was_not_read_to_its_end_withdraws_nothing(exact: Exact, client: Client, app: Application) -> None:
    connection = connect(exact, client, app)
    assert exact.ways.page < len(exact.COMPANIES)
    assert checks.run(connection).calls == 1
    assert not connection.accesses.filter(withdrawn_at__isnull=False).exists()
