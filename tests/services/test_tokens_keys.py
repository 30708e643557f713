"""The keys that a token request needs, the app's and the portal's; and that none of them is shown."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from integrations.crypto import Key, KeyRing
from integrations.exact import errors
from integrations.models import AuditEvent, ClientSecret, Connection
from integrations.services import secrets, tokens, wire_guard
from integrations.services.keyring import WrongKeyRing
from tests.services.practice import SOMEBODY, Practice, newer_secret

pytestmark = pytest.mark.django_db


def secret_rows(world: Practice) -> dict[int, str]:
    return dict(world.application.secrets.values_list("version", "status"))


# --- The app's --------------------------------------------------------------------------------------------


def test_a_wrong_secret_breaks_the_app_and_no_connection(world: Practice) -> None:
    secrets.set(world.application, "another1secret", by=SOMEBODY)
    world.later(601)
    before = world.stored()
    with pytest.raises(errors.InvalidClient):
        world.ask()
    assert world.stored() == before
    assert (world.row().lease_owner, world.row().refresh_asked_at) == (None, None)
    assert world.events() == []
    assert len([entry for entry in world.exact.ledger("token") if entry["error"] == "invalid_client"]) == 1


def test_a_newer_secret_is_tried_once_and_promoted(world: Practice) -> None:
    right = world.client.app.client_secret
    world.application.secrets.all().delete()
    secrets.set(world.application, "another1secret", by=SOMEBODY)
    newer_secret(world, right)
    assert secret_rows(world) == {1: "current", 2: "newer"}
    world.later(601)
    world.ask()
    assert secret_rows(world) == {1: "retired", 2: "current"}
    assert world.application.secrets.get(version=1).sealed == ""
    assert world.application.secrets.get(version=2).proven_at is not None
    assert [opened.plaintext for opened in secrets.in_use(world.application)] == [right]
    (event,) = AuditEvent.objects.filter(action="application.secret_proven")
    assert (event.details["promoted"], event.actor) == (True, "portal")
    assert world.row().token_generation == 2
    world.later(601)
    world.ask()
    assert AuditEvent.objects.filter(action="application.secret_proven").count() == 1


def test_two_wrong_secrets_stay_as_they_are(world: Practice) -> None:
    secrets.set(world.application, "another1secret", by=SOMEBODY)
    newer_secret(world, "a3third3secret")
    rows = secret_rows(world)
    world.later(601)
    before = world.stored()
    with pytest.raises(errors.InvalidClient):
        world.ask()
    assert (secret_rows(world), world.stored()) == (rows, before)
    assert len([entry for entry in world.exact.ledger("token") if entry["error"] == "invalid_client"]) == 2


def test_a_newer_secret_waits_while_the_current_one_works(world: Practice) -> None:
    newer_secret(world, "another1secret")
    world.later(601)
    world.ask()
    assert secret_rows(world) == {1: "current", 2: "newer"}


def test_the_first_success_proves_the_current_secret(world: Practice) -> None:
    assert world.application.secrets.get().proven_at is None
    world.later(601)
    world.ask()
    assert world.application.secrets.get().proven_at is not None
    (event,) = AuditEvent.objects.filter(action="application.secret_proven")
    assert event.details["promoted"] is False


def test_a_secret_that_was_replaced_meanwhile_is_not_proven(world: Practice) -> None:
    (opened,) = secrets.in_use(world.application)
    secrets.set(world.application, "another1secret", by=SOMEBODY)
    before = list(ClientSecret.objects.order_by("pk").values())
    secrets.prove(opened)
    assert list(ClientSecret.objects.order_by("pk").values()) == before


def test_two_who_prove_the_same_secret_tell_it_once(world: Practice) -> None:
    newer_secret(world, "another1secret")
    _, opened = secrets.in_use(world.application)
    _, the_same = secrets.in_use(world.application)
    secrets.prove(opened)
    secrets.prove(the_same)
    assert secret_rows(world) == {1: "retired", 2: "current"}
    assert AuditEvent.objects.filter(action="application.secret_proven").count() == 1


def test_a_newer_secret_steps_in_for_one_that_does_not_open(world: Practice) -> None:
    newer_secret(world, "another1secret")
    world.application.secrets.filter(version=1).update(sealed="v1.gone.AAAA")
    (opened,) = secrets.in_use(world.application)
    assert opened.row.version == 2


@pytest.mark.parametrize("missing", ["secret", "client_id"])
def test_an_app_without_its_keys_asks_nothing(world: Practice, missing: str) -> None:
    if missing == "secret":
        world.application.secrets.all().delete()
    else:
        world.application.client_id = world.application.enabled_at = None
        world.application.enabled_by = ""
        world.application.save(update_fields=["client_id", "enabled_at", "enabled_by"])
    world.later(601)
    before = world.stored()
    with pytest.raises(tokens.KeysMissing):
        world.ask()
    assert (world.stored(), world.refreshes()) == (before, [])


# --- The portal's -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, 601])
def test_tokens_that_do_not_open_are_left_alone(world: Practice, seconds: float) -> None:
    """Those of another row, say."""
    world.later(seconds)
    other = tokens.begin(world.application, world.answer(), now=timezone.now())
    Connection.objects.filter(pk=world.connection.pk).update(
        refresh_token=other.refresh_token, access_token=other.access_token
    )
    before = world.stored()
    with pytest.raises(tokens.CannotOpenTokens):
        world.ask()
    assert (world.stored(), world.refreshes()) == (before, [])
    assert (world.row().lease_owner, world.row().refresh_asked_at) == (None, None)


def test_a_wrong_ring_asks_nothing(world: Practice, ring: Callable[..., KeyRing]) -> None:
    world.later(601)
    before = world.stored()
    ring(Key.generate("other"))
    with pytest.raises(WrongKeyRing):
        world.ask()
    assert (world.stored(), world.refreshes()) == (before, [])


def test_an_app_of_another_exact_sleeps(world: Practice, settings: Any) -> None:
    settings.EXACT_ORIGINS = {**settings.EXACT_ORIGINS, "nl": "https://start.exactonline.nl"}
    with pytest.raises(tokens.AppAsleep):
        world.ask()


# --- The wire -----------------------------------------------------------------------------------------------


def test_no_transaction_is_open_while_exact_is_asked(world: Practice, guarded: Mock) -> None:
    world.later(601)
    with pytest.raises(wire_guard.TransactionOpen), transaction.atomic():
        world.ask()
    assert world.refreshes() == []
    before = guarded.call_count
    world.ask()
    assert guarded.call_count == before + 1


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_open_transaction_is_seen() -> None:
    wire_guard.refuse_open_transaction()
    with transaction.atomic(), pytest.raises(wire_guard.TransactionOpen):
        wire_guard.refuse_open_transaction()
    database.ensure_connection()
    database.set_autocommit(False)
    try:
        with pytest.raises(wire_guard.TransactionOpen):
            wire_guard.refuse_open_transaction()
    finally:
        database.rollback()
        database.set_autocommit(True)
    wire_guard.refuse_open_transaction()


# --- Secrets stay secret ------------------------------------------------------------------------------------


def test_no_token_or_secret_is_shown_anywhere(world: Practice, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    known = [world.ask(), world.client.app.client_secret]
    world.later(571)
    known.append(world.ask())
    raised: list[BaseException] = []
    for fault, seconds in (("error_500", 601), ("dropped", 571), ("lost_answer", 571), ("", 571)):
        world.later(seconds)
        if fault:
            world.exact.order(fault, "token")
        with pytest.raises(tokens.TokenUnavailable) as failure:
            world.ask()
        assert failure.value.error is not None
        raised += [failure.value, failure.value.error]
    (opened,) = secrets.in_use(world.application)
    shown = [f"{error!r} {error} {error.args} {vars(error)}" for error in raised]
    shown += [repr(opened), str(opened), repr(world.row()), repr(Connection.objects.values().first()), caplog.text]
    shown += [repr(list(AuditEvent.objects.values()))]
    for text in shown:
        assert not any(value in text for value in known)


def test_proof_is_never_older_than_the_secret(world: Practice) -> None:
    """A clock that was set back: the constraint of the row holds all the same."""
    world.application.secrets.update(set_at=timezone.now() + timedelta(hours=1))
    (opened,) = secrets.in_use(world.application)
    secrets.prove(opened)
    row = world.application.secrets.get()
    assert row.proven_at == row.set_at
