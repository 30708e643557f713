"""Exact refuses an app's keys: one event, connections as they were, one request an hour, and back at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.exact import errors
from integrations.models import Application, AuditEvent, ClientSecret, Connection
from integrations.services import checks, refused_keys, secrets, tokens
from tests.services.practice import SOMEBODY, Practice, newer_secret

Status = Connection.Status
WRONG = "wrongSecret1234"


@pytest.fixture
def refused(world: Practice) -> Practice:
    """Ours is not the secret that Exact knows."""
    ClientSecret.objects.all().delete()
    secrets.set(world.application, WRONG, by=SOMEBODY)
    world.later(601)
    with pytest.raises(errors.InvalidClient):
        world.ask()
    return world


def refusals(world: Practice) -> int:
    return sum(entry["error"] == "invalid_client" for entry in world.exact.ledger("token"))


def events(application: Application) -> list[str]:
    about = AuditEvent.objects.about(application).filter(action__startswith="application.keys_")
    return list(about.order_by("at", "id").values_list("action", flat=True))


def test_the_app_is_told_once_and_its_connections_stay(refused: Practice) -> None:
    app = Application.objects.get()
    assert app.keys_refused_at is not None
    assert events(app) == ["application.keys_refused"]
    assert refused.row().status == Status.CONNECTED
    for _ in range(3):
        with pytest.raises(tokens.KeysRefused, match="Its connections stay as they are"):
            refused.ask()
    assert refusals(refused) == 1
    assert events(app) == ["application.keys_refused"]


def test_a_check_says_so_and_comes_back_in_an_hour(refused: Practice) -> None:
    check = checks.run(refused.row())
    assert (check.cause, check.who) == ("KeysRefused", "app owner")
    due = refused.row().next_check_at
    assert due is not None
    assert timedelta(minutes=59) < due - timezone.now() <= timedelta(minutes=60)
    assert refused.row().status == Status.CONNECTED


def test_it_is_asked_once_an_hour(refused: Practice) -> None:
    Application.objects.update(
        keys_refused_at=timezone.now() - timedelta(hours=2), keys_tried_at=timezone.now() - timedelta(minutes=61)
    )
    with pytest.raises(errors.InvalidClient):
        refused.ask()
    with pytest.raises(tokens.KeysRefused):
        refused.ask()
    assert refusals(refused) == 2


def test_a_token_that_is_still_good_is_used(refused: Practice) -> None:
    Connection.objects.update(token_answered_at=timezone.now())
    assert refused.ask()


def test_other_keys_are_tried_at_once(refused: Practice) -> None:
    secrets.set(refused.application, refused.client.app.client_secret, by=SOMEBODY)
    app = Application.objects.get()
    assert (app.keys_refused_at, app.keys_tried_at) == (None, None)
    due = refused.row().next_check_at
    assert due is not None
    assert due <= timezone.now()
    assert refused.ask()


def test_a_newer_secret_is_tried_that_once(world: Practice) -> None:
    ClientSecret.objects.all().delete()
    secrets.set(world.application, WRONG, by=SOMEBODY)
    newer_secret(world, world.client.app.client_secret)
    world.later(601)
    assert world.ask()
    assert Application.objects.get().keys_refused_at is None
    assert (refusals(world), len(world.refreshes())) == (1, 1)


def test_exact_that_takes_them_again_ends_it(refused: Practice) -> None:
    """Its refusal was its own mistake."""
    Application.objects.update(
        keys_refused_at=timezone.now() - timedelta(hours=2), keys_tried_at=timezone.now() - timedelta(minutes=61)
    )
    ClientSecret.objects.all().delete()
    secrets.set(refused.application, refused.client.app.client_secret, by=SOMEBODY)
    now = timezone.now() - timedelta(minutes=61)
    Application.objects.update(keys_refused_at=now, keys_tried_at=now)
    assert refused.ask()
    app = Application.objects.get()
    assert app.keys_refused_at is None
    assert events(app)[-1] == "application.keys_accepted"


def test_an_answer_that_came_after_a_refusal_says_that_the_keys_are_good(refused: Practice) -> None:
    """It was under way when another connection's request was refused."""
    Connection.objects.update(token_answered_at=timezone.now() + timedelta(seconds=1))
    refused_keys.refuse(Application.objects.get())
    app = Application.objects.get()
    assert app.keys_refused_at is None
    assert events(app)[-1] == "application.keys_accepted"


def test_of_many_who_come_after_an_hour_one_asks(refused: Practice) -> None:
    hour_ago = timezone.now() - timedelta(minutes=61)
    Connection.objects.update(token_answered_at=hour_ago)
    Application.objects.update(keys_refused_at=hour_ago, keys_tried_at=hour_ago)
    one, other = Application.objects.get(), Application.objects.get()
    for each in (one, other):
        refused_keys.refuse(each)
    refused_keys.claim(one)
    with pytest.raises(tokens.KeysRefused) as told:
        refused_keys.claim(other)
    assert told.value.until is not None
    assert told.value.until > timezone.now()
