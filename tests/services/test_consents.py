"""A consent whose tokens the disk, or the end of a process, would lose: nothing of it gets lost, and nothing else."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations import tasks
from integrations.exact import reads
from integrations.models import AuditEvent, AuthorizationState, Connection
from integrations.rules.actors import PORTAL
from integrations.services import (
    connections,
    customers,
    imports,
    links,
    row_failures,
    secrets,
    token_journal,
    token_lease,
    token_store,
    token_sweep,
    tokens,
)
from tests import customers as given
from tests.practice import Practice as Portal
from tests.practice import practising
from tests.services.practice import SOMEBODY, Practice

pytestmark = pytest.mark.django_db(transaction=True)  # files follow commits
Status = Connection.Status
FULL = OSError(28, os.strerror(28))
QUOTED = "a row, with the sealed tokens in it"
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


def nobody(world: Practice) -> None:
    """Nobody is connected yet."""
    token_journal.remove(world.connection.pk)
    Connection.objects.all().delete()


def killed(*_: Any, **__: Any) -> Any:
    """What follows does not happen: the process is gone."""
    raise KeyboardInterrupt


def unwritable(*_: Any) -> None:
    raise tokens.JournalUnwritable("The disk is full.")


def long_ago(minutes: float = 5) -> timedelta:
    """Let so much time have passed for what is unfinished."""
    past = timedelta(minutes=minutes)
    for row in Connection.objects.pending():
        Connection.objects.filter(pk=row.pk).update(consented_at=row.consented_at - past, claimed_until=None)
    for pk in token_journal.ids():
        entry = token_journal.read(pk)
        assert entry is not None
        token_journal.write(replace(entry, answered_at=entry.answered_at - past))
    return past


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
    nobody(world)
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


def test_where_there_is_no_room_nobody_is_led_to_exact(
    portal: Portal, annas: Client, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the consent would end what the same user had connected before."""
    ours = links.make(portal.application, by=PORTAL)
    theirs = links.make(portal.application, by=PORTAL, customer=given.add())
    monkeypatch.setattr(os, "posix_fallocate", failing(FULL))
    for browser, made, sees_why in ((annas, ours, True), (client, theirs, False)):
        told = browser.post(made.path)
        page = told.content.decode()
        assert told.status_code == 400
        assert "cannot keep Exact&#x27;s answer at the moment" in page
        assert ("No space left on device" in page) == sees_why
    assert not AuthorizationState.objects.exists()
    monkeypatch.undo()
    assert annas.post(ours.path).status_code == 302


def test_who_comes_back_to_a_full_disk_reads_what_happened_and_starts_again(
    portal: Portal, annas: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    way_back = portal.consent(portal.begin(annas))
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", failing(FULL))
        page = annas.get(way_back, follow=True).content.decode()
    assert "so we did not ask for it, and nothing was connected" in page
    assert "No space left on device" in page
    assert ">Start again<" in page
    assert portal.sandbox.ledger("token") == []
    assert portal.connect(annas).status == Status.CONNECTED


# --- Processes that end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept_in", ["row", "file"])
def test_a_consent_whose_process_was_killed_is_finished_for_its_customer(
    world: Practice, monkeypatch: pytest.MonkeyPatch, kept_in: str
) -> None:
    nobody(world)
    customer = given.add()
    state, code = a_state(world, customer=customer), world.client.consent()
    with monkeypatch.context() as patch:
        if kept_in == "row":
            patch.setattr(secrets, "prove", killed)
        else:
            patch.setattr(Connection, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            connections.connect(state, code)
    long_ago()
    assert token_sweep.files().found_again == (kept_in == "file")
    long_ago()
    assert connections.finish_pending() == 1
    made = Connection.objects.get()
    assert (made.status, customer.links.get().connection) == (Status.CONNECTED, made)
    assert customer.companies.count() > 0


@pytest.mark.parametrize("refreshed", [False, True])
def test_a_renewal_whose_process_was_killed_before_its_files_leaves_no_twin(
    world: Practice, monkeypatch: pytest.MonkeyPatch, refreshed: bool
) -> None:
    Connection.objects.update(exact_user_id=world.exact.ledger("token")[-1]["user_id"])
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "_move_file", killed)
        with pytest.raises(KeyboardInterrupt):
            connections.connect(a_state(world), world.client.consent())
    if refreshed:
        world.later(601)
        world.ask()
    long_ago(11)
    assert token_sweep.files().found_again == 0
    assert [token_journal.generation(pk) for pk in token_journal.ids()] == [world.row().token_generation]
    assert connections.finish_pending() == 0
    world.later(601)
    world.ask()
    assert {entry["status"] for entry in world.refreshes()} == {200}


def test_an_import_whose_process_was_killed_before_its_files_leaves_no_twin(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He is connected here already: his connection gets the tokens that were brought."""
    Connection.objects.update(exact_user_id=world.exact.ledger("token")[-1]["user_id"])
    kept = imports.keep(world.application, world.answer().refresh_token, by=SOMEBODY)
    world.later(601)
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "_move_file", killed)
        with pytest.raises(KeyboardInterrupt):
            imports.finish(kept)
    long_ago(11)
    assert token_sweep.files().found_again == 0
    assert list(token_journal.ids()) == [world.connection.pk]
    assert connections.finish_pending() == 0


@pytest.mark.parametrize("end", ["disconnect", "erase", "revoke"])
def test_a_consent_that_nobody_finished_ends_with_its_customer_or_page(
    world: Practice, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Else the sweep would bring back whom staff have just cut off."""
    nobody(world)
    customer = given.add()
    state, code = a_state(world, customer=customer), world.client.consent()
    with monkeypatch.context() as patch:
        patch.setattr(reads, "me", killed)
        with pytest.raises(KeyboardInterrupt):
            connections.connect(state, code)
    assert Connection.objects.pending().count() == 1
    if end == "revoke":
        links.revoke(state.link, by=SOMEBODY)
    else:
        getattr(customers, end)(customer, by=SOMEBODY)
    long_ago()
    token_sweep.files()
    assert connections.finish_pending() == 0
    assert not Connection.objects.exists()
    assert list(token_journal.ids()) == []
    assert customer.links.get().connected_at is None


def test_the_file_of_a_renewal_stays_until_the_disk_takes_the_other(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.update(exact_user_id=world.exact.ledger("token")[-1]["user_id"])
    state = a_state(world)
    with monkeypatch.context() as patch:
        patch.setattr(token_journal, "bring_up", unwritable)
        connections.connect(state, world.client.consent())
    long_ago()
    with monkeypatch.context() as patch:
        patch.setattr(token_journal, "bring_up", unwritable)
        assert token_sweep.files() == token_sweep.Swept()
    assert token_journal.path(state.pk).exists()
    assert token_sweep.files().removed == 1
    entry = token_journal.read(world.connection.pk)
    assert entry is not None
    assert entry.generation == world.row().token_generation


def test_a_backup_older_than_the_renewal_finds_its_tokens_again(
    world: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing tells then that they moved, and it may be that only this file has them."""
    Connection.objects.update(exact_user_id=world.exact.ledger("token")[-1]["user_id"])
    before = Connection.objects.filter(pk=world.connection.pk).values(*token_store.CHAIN).get()
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "_move_file", killed)
        with pytest.raises(KeyboardInterrupt):
            connections.connect(a_state(world), world.client.consent())
    Connection.objects.filter(pk=world.connection.pk).update(**before)
    AuditEvent.objects.all().delete()
    long_ago()
    assert token_sweep.files().found_again == 1
    old = timezone.now() - timedelta(hours=2)
    Connection.objects.filter(pk=world.connection.pk).update(token_answered_at=old, consented_at=old)
    assert connections.finish_pending() == 1
    world.later(601)
    world.ask()
    assert world.row().status == Status.CONNECTED


# --- Chains that are over ----------------------------------------------------------------------------------------


def overtaken(world: Practice, **link: Any) -> Connection:
    """Tokens of a consent that nobody finished, and that a later one ended."""
    nobody(world)
    state = a_state(world, **link)
    with token_journal.reserve(state.pk) as slot:
        world.connection = tokens.begin(
            world.application, world.answer(), now=timezone.now(), slot=slot, link=state.link
        )
    world.answer()
    world.later(601)
    return world.connection


def given_up() -> list[dict[str, Any]]:
    return list(AuditEvent.objects.filter(action="connection.given_up").values_list("details", flat=True))


def test_a_consent_whose_tokens_exact_no_longer_takes_is_asked_for_once(world: Practice) -> None:
    lost = overtaken(world)
    for _ in range(3):
        long_ago(11)
        assert connections.finish_pending() == 0
    assert len(world.refreshes()) == 1
    assert not Connection.objects.exists()
    assert not token_journal.path(lost.pk).exists()
    assert token_sweep.files() == token_sweep.Swept()


def test_why_it_was_given_up_is_kept_and_its_page_can_be_used_again(world: Practice) -> None:
    customer = given.add()
    overtaken(world, customer=customer)
    long_ago()
    connections.finish_pending()
    page = customer.links.get()
    (why,) = given_up()
    assert why["link"] == str(page.pk)
    assert "A later authorization replaced this connection" in why["cause"]
    assert (page.connection, links.why_not_open(page)) == (None, ())


def test_tokens_found_again_that_exact_no_longer_takes_are_given_up(world: Practice) -> None:
    lost = overtaken(world)
    Connection.objects.all().delete()
    long_ago(11)
    assert token_sweep.files().found_again == 1
    long_ago()
    connections.finish_pending()
    assert len(given_up()) == 1
    assert not token_journal.path(lost.pk).exists()
    assert token_sweep.files().found_again == 0


def test_tokens_that_came_meanwhile_are_not_given_up(world: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    row = overtaken(world)

    def refused(*_: Any, **__: Any) -> None:
        Connection.objects.filter(pk=row.pk).update(token_generation=row.token_generation + 1)
        raise tokens.ReconnectNeeded("Exact takes them no more.")

    monkeypatch.setattr(reads, "me", refused)
    with pytest.raises(tokens.ReconnectNeeded):
        connections.finish(row, None)
    assert Connection.objects.get().pk == row.pk


# --- One that goes wrong among others ----------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, Any], None]:
    """Let a function fail as nobody foresaw, where it is about one connection."""

    def arrange(module: Any, name: str, pk: Any) -> None:
        original = getattr(module, name)

        def run(subject: Any, *args: Any, **kwargs: Any) -> Any:
            if pk in (subject, getattr(subject, "pk", None), getattr(subject, "connection_id", None)):
                raise RuntimeError(QUOTED)
            return original(subject, *args, **kwargs)

        monkeypatch.setattr(module, name, run)

    return arrange


def behind(row: Connection) -> None:
    """Let the row miss what its file has."""
    entry = token_journal.read(row.pk)
    assert entry is not None
    token_journal.write(replace(entry, generation=entry.generation + 1))


def test_a_file_that_goes_wrong_keeps_no_other_waiting_and_is_told(
    world: Practice, broken: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    others = [tokens.begin(world.application, world.answer(), now=timezone.now()) for _ in range(2)]
    for row in (world.row(), *others):
        behind(row)
    broken(token_store, "adopt", others[0].pk)
    with pytest.raises(row_failures.Incomplete, match="1 connections could not be looked after"):
        tasks.look_into_token_files()
    generations = dict(Connection.objects.values_list("pk", "token_generation"))
    assert generations == {world.connection.pk: 2, others[0].pk: 1, others[1].pk: 2}
    assert str(others[0].pk) in caplog.text
    assert "RuntimeError" in caplog.text
    assert QUOTED not in caplog.text


def test_a_consent_that_goes_wrong_keeps_no_other_waiting(world: Practice, broken: Callable[..., None]) -> None:
    nobody(world)
    wrong, right = (
        tokens.begin(world.application, world.answer(), now=timezone.now() - timedelta(minutes=minutes))
        for minutes in (3, 2)
    )
    broken(connections, "finish", wrong.pk)
    with pytest.raises(row_failures.Incomplete):
        tasks.finish_token_requests()
    right.refresh_from_db()
    assert right.status == Status.CONNECTED


def test_a_request_that_goes_wrong_keeps_no_other_and_no_consent_waiting(
    world: Practice, broken: Callable[..., None]
) -> None:
    other = another_connection(world)
    for row in (world.row(), other):
        assert token_lease.take(row, timezone.now()) is not None
    Connection.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    waiting = tokens.begin(world.application, world.answer(), now=timezone.now() - timedelta(minutes=2))
    broken(token_store, "abandon", other.pk)
    with pytest.raises(row_failures.Incomplete):
        tasks.finish_token_requests()
    assert world.row().status == Status.VERIFYING
    assert not Connection.objects.filter(pk=waiting.pk, status=Status.PENDING).exists()


def another_connection(world: Practice) -> Connection:
    row = tokens.begin(world.application, world.answer(), now=timezone.now())
    row.status, row.exact_user_id = Status.CONNECTED, "another-user"
    row.save(update_fields=["status", "exact_user_id"])
    return row
