"""A consent whose tokens the disk, or the end of a process, would lose: nothing of it gets lost, and nothing else."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import AuthorizationState, Connection
from integrations.services import checks, connections, links, token_journal, tokens
from tests.practice import Practice as Portal
from tests.practice import practising
from tests.services.practice import SOMEBODY, Practice

pytestmark = pytest.mark.django_db
Status = Connection.Status
FULL = OSError(28, os.strerror(28))
BROKEN = OSError(5, os.strerror(5))


def failing(error: OSError) -> Any:
    def fail(*_: Any) -> None:
        raise error

    return fail


def a_state(world: Practice, **link: Any) -> AuthorizationState:
    """A way to Exact and back by a link page, as the browser comes back."""
    page = links.make(world.application, by=SOMEBODY, **link).page
    until = timezone.now() + timedelta(minutes=10)
    return AuthorizationState.objects.create(
        link=page, state_hash=str(page.pk), browser_hash="x", expires_at=until, used_at=timezone.now()
    )


@pytest.fixture
def portal(tmp_path: Path, settings: Any) -> Iterator[Portal]:
    with practising(tmp_path, settings) as one:
        yield one


def traded(world: Practice) -> int:
    return sum(entry["grant_type"] == "authorization_code" for entry in world.exact.ledger("token"))


# --- The room for the tokens -------------------------------------------------------------------------------------


def test_where_there_is_no_room_the_code_is_not_traded(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    state, code, before = a_state(world), world.client.consent(), traded(world)
    monkeypatch.setattr(os, "posix_fallocate", failing(FULL))
    with pytest.raises(tokens.JournalUnwritable, match="No space left on device"):
        connections.connect(state, code)
    assert traded(world) == before
    assert not Connection.objects.pending().exists()


def test_the_same_code_is_good_once_there_is_room(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    state, code = a_state(world), world.client.consent()
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", failing(FULL))
        with pytest.raises(tokens.JournalUnwritable):
            connections.connect(state, code)
    assert connections.connect(state, code).status == Status.CONNECTED


def test_where_the_disk_refuses_after_all_the_row_has_the_tokens(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.all().delete()
    state, code = a_state(world), world.client.consent()
    monkeypatch.setattr(os, "fsync", failing(BROKEN))
    made = connections.connect(state, code)
    assert token_journal.generation(made.pk) == 0
    assert (made.status, made.full_name) == (Status.CONNECTED, "Alex Accountant")
    monkeypatch.undo()
    world.connection = made
    world.later(601)
    world.ask()
    assert token_journal.generation(made.pk) == world.row().token_generation


def test_whoever_is_connected_stays_so_while_the_disk_is_full(
    portal: Portal, annas: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = portal.connect(annas)
    way_back = portal.consent(portal.begin(annas))
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", failing(FULL))
        told = annas.get(way_back, follow=True)
    page = told.content.decode()
    assert "Exact was not asked for it" in page
    assert "No space left on device" in page
    assert ">Start again<" in page
    assert portal.connect(annas) == live
    Connection.objects.update(token_answered_at=timezone.now() - timedelta(seconds=601))
    portal.sandbox.clock.move(601)
    assert checks.run(Connection.objects.select_related("application").get()).ok
