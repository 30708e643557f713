"""Twenty processes, and an Exact of someone else's making."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection as database
from django.utils import timezone

from integrations.exact import oauth
from integrations.models import Application, Connection, Kind
from integrations.rules.actors import PORTAL
from integrations.services import applications, secrets, tokens
from tests.faults.crew import Crew, crew
from tests.faults.worker import Job
from tests.foreign.exact import App, Exact, serving

CROWD = 20
CONSENTED = ("client_id", "redirect_uri", "response_type", "state", "force_login")


@pytest.fixture
def exact(settings: Any) -> Iterator[Exact]:
    with serving() as one:
        settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": one.url}
        yield one


@pytest.fixture
def workers() -> Iterator[Crew]:
    with crew() as made:
        yield made


def code(exact: Exact, app: App) -> str:
    """What Exact gives for a consent."""
    values = (app.client_id, app.redirect_uri, "code", "a state of some length", "1")
    exact.ask(list(zip(CONSENTED, values, strict=True)))
    (ticket,) = exact.tickets
    address = exact.consent({"ticket": ticket, "answer": "yes"})
    return dict(parse_qsl(urlsplit(address).query))["code"]


@pytest.fixture
def connection(exact: Exact, transactional_db: None) -> Connection:
    """One that is connected, and whose next token is due here and there."""
    row = Application(region="nl", kind=Kind.PRODUCT, name="Meridian Bookings")
    row.redirect_uri = row.default_redirect_uri()
    app = exact.register(row.name, row.redirect_uri)
    row.client_id = app.client_id
    applications.add(row, by=PORTAL)
    secrets.set(row, app.secret, by=PORTAL)
    applications.enable(row, by=PORTAL)
    answer = oauth.exchange_code(
        exact.url,
        client_id=app.client_id,
        client_secret=app.secret,
        redirect_uri=app.redirect_uri,
        code=code(exact, app),
    )
    made = tokens.begin(row, answer, now=timezone.now())
    made.status, made.exact_user_id = Connection.Status.CONNECTED, exact.USER
    made.token_answered_at -= timedelta(seconds=exact.ways.lifetime)
    made.save(update_fields=["status", "exact_user_id", "token_answered_at"])
    exact.alive.issued_at -= exact.ways.lifetime
    return made


@pytest.mark.usefixtures("everywhere")
def test_twenty_processes_make_one_request(exact: Exact, connection: Connection, workers: Crew) -> None:
    job = Job(
        str(connection.pk), dict(database.settings_dict), settings={"EXACT_ORIGINS": django_settings.EXACT_ORIGINS}
    )
    asked = exact.requests.count("POST /api/oauth2/token")
    crowd = [workers.start(job) for _ in range(CROWD)]
    answers = [each.answer() for each in crowd]
    assert [set(answer) for answer in answers] == [{"token"}] * CROWD
    assert len({answer["token"] for answer in answers}) == 1
    assert exact.requests.count("POST /api/oauth2/token") == asked + 1
    assert (exact.alive.rotations, exact.complaints) == (1, [])
