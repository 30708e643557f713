"""A connection is brought from a former system by its refresh token: used once, kept or dropped, and checked."""

import os
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from integrations import tasks
from integrations.models import AuditEvent, Connection, Customer, LinkPage, StatusChange
from integrations.rules.actors import PORTAL
from integrations.services import calls, connections, imports, keyring, timelines, token_journal, token_store, tokens
from integrations.services.refusals import Refused
from tests import customers as given
from tests.services.practice import SOMEBODY, Practice, turn

Status = Connection.Status


@pytest.fixture
def token(world: Practice) -> str:
    """What a former system holds: the token of a consent that this portal knows nothing of, some minutes old."""
    Connection.objects.all().delete()
    answer = world.answer()
    world.exact.clock.move(600)
    return answer.refresh_token


def test_it_becomes_the_connection_of_its_user(world: Practice, token: str) -> None:
    customer = given.add()
    made = imports.finish(imports.keep(world.application, token, by=SOMEBODY, customer=customer))
    assert (made.status, made.full_name) == (Status.CONNECTED, "Alex Accountant")
    assert customer.companies.count() > 0
    assert made.checks.get().ok
    entry = token_journal.read(made.pk)
    assert entry is not None
    assert entry.refresh_token != token
    assert [entry["status"] for entry in world.refreshes()] == [200]


def test_it_is_told_by_whom_and_shows_no_token(world: Practice, token: str) -> None:
    made = imports.finish(imports.keep(world.application, token, by=SOMEBODY))
    (event,) = AuditEvent.objects.filter(action="connection.imported")
    assert event.actor == str(SOMEBODY)
    assert token not in str(list(AuditEvent.objects.values())) + str(list(StatusChange.objects.values()))
    first = StatusChange.objects.filter(connection=made).earliest("at")
    assert (first.after, first.cause, first.by) == ("pending", imports.CAUSE, str(SOMEBODY))


def test_a_user_who_is_connected_keeps_one_connection(world: Practice, token: str) -> None:
    first = imports.finish(imports.keep(world.application, token, by=SOMEBODY))
    again = imports.finish(imports.keep(world.application, _token(world), by=SOMEBODY))
    assert again.pk == first.pk
    assert Connection.objects.count() == 1


def _token(world: Practice) -> str:
    answer = world.answer()
    world.exact.clock.move(600)
    return answer.refresh_token


def test_a_spent_token_is_refused_and_nothing_is_kept(world: Practice, token: str) -> None:
    imports.finish(imports.keep(world.application, token, by=SOMEBODY))
    LinkPage.objects.update(brought="AAAA-AAAA")  # as long ago as it is kept
    world.exact.clock.move(600)
    with pytest.raises(Refused, match="it was used already, and works once"):
        imports.finish(imports.keep(world.application, token, by=SOMEBODY))
    assert Connection.objects.pending().count() == 0
    assert LinkPage.objects.latest("created_at").revoked_by == str(PORTAL)


def test_a_mistyped_token_is_told_as_not_the_newest_with_what_to_do(world: Practice, token: str) -> None:
    customer = given.add()
    with pytest.raises(Refused) as refused:
        imports.finish(imports.keep(world.application, token + "x", by=SOMEBODY, customer=customer))
    what, how = refused.value.reasons
    assert "it does not know it as the newest one. It was mistyped or not copied whole" in what
    assert how.startswith("Stop the former system, copy the newest token")
    (entry,) = [entry for entry in told(customer) if entry.what.startswith("ended an import")]
    assert "cause: Exact does not know the refresh token as the newest one" in entry.details


# --- The same token again, and what the customer's timeline tells ------------------------------------------------


def told(customer: Customer) -> list[timelines.Entry]:
    rows = Connection.objects.filter(accesses__company__customer=customer)
    return timelines.of(customer, connections=list(rows.values_list("pk", flat=True)), companies=[])


def test_a_token_that_waits_is_not_brought_twice(world: Practice) -> None:
    Connection.objects.all().delete()
    fresh = world.answer().refresh_token
    imports.finish(imports.keep(world.application, fresh, by=SOMEBODY, customer=given.add("Jansen BV")))
    with pytest.raises(Refused, match=r"brought already, for Jansen BV on .*\. That import waits for Exact"):
        imports.keep(world.application, f" {fresh}\n", by=SOMEBODY, customer=given.add("Smit BV"))
    assert Connection.objects.count() == LinkPage.objects.count() == 1


def test_a_token_that_was_imported_is_not_sent_again_and_its_connection_is_named(world: Practice, token: str) -> None:
    imports.finish(imports.keep(world.application, token, by=SOMEBODY))
    world.exact.clock.move(600)
    sent = len(world.refreshes())
    with pytest.raises(Refused, match="It is spent: the connection of Alex Accountant came of it"):
        imports.keep(world.application, token, by=SOMEBODY)
    assert len(world.refreshes()) == sent
    assert Connection.objects.get().status == Status.CONNECTED


def test_a_token_that_a_connection_has_now_is_not_brought_beside_it(world: Practice) -> None:
    kept = token_store.opened(world.row(), Connection.REFRESH_TOKEN)
    with pytest.raises(Refused, match="kept here already: it is that of the connection of Alex Accountant"):
        imports.keep(world.application, kept, by=SOMEBODY)
    assert not LinkPage.objects.exists()
    assert Connection.objects.count() == 1


def test_tokens_that_do_not_open_with_the_present_keys_are_passed_over(world: Practice, token: str) -> None:
    given.connect(world.application)
    assert imports.keep(world.application, token, by=SOMEBODY).link.brought


def test_a_token_whose_import_was_cleared_may_be_brought_again_at_once(world: Practice, token: str) -> None:
    first = imports.keep(world.application, token, by=SOMEBODY)
    first.connection.delete()
    assert imports.finish(imports.keep(world.application, token, by=SOMEBODY)).status == Status.CONNECTED
    first.link.refresh_from_db()
    assert first.link.revoked_by == str(PORTAL)


def test_a_token_whose_import_came_to_nothing_may_be_tried_again(world: Practice, token: str) -> None:
    for _ in range(2):
        with pytest.raises(Refused, match="it does not know it as the newest one"):
            imports.finish(imports.keep(world.application, token + "x", by=SOMEBODY))


def test_what_is_kept_to_compare_by_tells_nothing_of_the_token(world: Practice, token: str) -> None:
    mark = imports.keep(world.application, token, by=SOMEBODY).link.brought
    assert mark == keyring.fingerprint(token)
    assert mark not in str(list(AuditEvent.objects.values()))


def test_the_timeline_tells_who_brought_it_and_that_it_was_finished(world: Practice, token: str) -> None:
    customer = given.add()
    imports.finish(imports.keep(world.application, token, by=SOMEBODY, customer=customer))
    said = [(entry.who, entry.what) for entry in reversed(told(customer))]
    assert ("tests (terminal)", "brought a connection from a former system") in said
    assert ("the portal", "finished the import of a connection from a former system") in said
    assert not {"made a link page", "connected"} & {what for _, what in said}


def test_the_timeline_tells_that_an_import_died_later(world: Practice, token: str) -> None:
    customer = given.add()
    world.exact.order("error_500", "token", processed=True)
    kept = imports.keep(world.application, token, by=SOMEBODY, customer=customer)
    assert imports.finish(kept).status == Status.PENDING
    world.exact.clock.move(600)
    past = timezone.now() - timedelta(minutes=11)
    Connection.objects.update(consented_at=past, refresh_asked_at=past)
    assert connections.finish_pending() == 0
    (entry,) = [entry for entry in told(customer) if entry.what.startswith("ended an import")]
    assert "cause: This refresh token was already used" in entry.details
    kept.link.refresh_from_db()
    assert kept.link.revoked_by == str(PORTAL)


def test_the_timeline_tells_that_an_import_ran_out(world: Practice) -> None:
    Connection.objects.all().delete()
    customer = given.add()
    imports.finish(imports.keep(world.application, world.answer().refresh_token, by=SOMEBODY, customer=customer))
    assert imports.close_cleared() == 0
    Connection.objects.update(consented_at=timezone.now() - timedelta(days=2))
    tasks.clear_by_age()
    (entry,) = [entry for entry in told(customer) if entry.what.startswith("ended an import")]
    assert "cause: Exact did not say within a day whose the connection is" in entry.details
    assert imports.close_cleared() == 0


@pytest.mark.parametrize("text", ["", "   ", "two words", "x" * 8193, "tökén", "a\nb"])
def test_what_is_no_token_is_refused_before_anything(world: Practice, text: str) -> None:
    before = Connection.objects.count(), LinkPage.objects.count()
    with pytest.raises(Refused, match="That is no refresh token"):
        imports.keep(world.application, text, by=SOMEBODY)
    assert (Connection.objects.count(), LinkPage.objects.count()) == before
    assert world.refreshes() == []


@pytest.mark.parametrize("fault", ["error_500", "dropped", "html_200"])
def test_where_exact_is_away_it_goes_on_by_itself(world: Practice, token: str, fault: str) -> None:
    world.exact.order(fault, "token", processed=False)
    made = imports.finish(imports.keep(world.application, token, by=SOMEBODY))
    assert made.status == Status.PENDING
    world.exact.clock.move(600)
    past = timezone.now() - timedelta(minutes=11)
    Connection.objects.update(consented_at=past, refresh_asked_at=past)
    assert connections.finish_pending() == 1
    made.refresh_from_db()
    assert made.status == Status.CONNECTED


def test_an_import_that_goes_on_by_itself_ends_where_exact_no_longer_takes_its_token(
    world: Practice, token: str
) -> None:
    world.exact.order("error_500", "token", processed=False)
    kept = imports.keep(world.application, token, by=SOMEBODY)
    assert imports.finish(kept).status == Status.PENDING
    world.answer()  # somebody consents elsewhere
    world.exact.clock.move(600)
    for _ in range(3):
        past = timezone.now() - timedelta(minutes=11)
        Connection.objects.pending().update(consented_at=past, refresh_asked_at=past, claimed_until=None)
        assert connections.finish_pending() == 0
    assert len(world.refreshes()) == 2
    kept.link.refresh_from_db()
    assert (kept.link.connection, kept.link.revoked_by) == (None, str(PORTAL))
    (event,) = AuditEvent.objects.filter(action="connection.given_up")
    assert event.details["link"] == str(kept.link.pk)


def test_a_token_that_was_just_used_waits(world: Practice) -> None:
    Connection.objects.all().delete()
    fresh = world.answer().refresh_token
    made = imports.finish(imports.keep(world.application, fresh, by=SOMEBODY))
    assert made.status == Status.PENDING
    with pytest.raises(tokens.NotYet):
        tokens.access_token(made)


def test_through_a_disabled_app_nobody_is_imported(world: Practice, token: str) -> None:
    turn(world.application, "disabled")
    world.application.refresh_from_db()
    with pytest.raises(Refused, match="not enabled"):
        imports.keep(world.application, token, by=SOMEBODY)
    assert not Connection.objects.exists()


# --- The disk ----------------------------------------------------------------------------------------------------


def failing(*_: Any) -> None:
    raise OSError(5, os.strerror(5))


def test_where_the_disk_refuses_what_exact_gave_the_row_keeps_it(
    world: Practice, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = imports.keep(world.application, token, by=SOMEBODY)
    monkeypatch.setattr(token_journal.os, "fsync", failing)
    made = imports.finish(kept)
    assert (made.status, made.checks.get().ok) == (Status.CONNECTED, True)
    assert [entry["status"] for entry in world.refreshes()] == [200]


def test_what_exact_gave_is_never_dropped_for_a_failure_after_it(
    world: Practice, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = imports.keep(world.application, token, by=SOMEBODY)
    monkeypatch.setattr(token_journal.os, "fsync", failing)
    monkeypatch.setattr(imports, "_finished", partial(_refused_after, connections.finish))
    assert imports.finish(kept).status == Status.PENDING
    assert LinkPage.objects.get(pk=kept.link.pk).revoked_at is None


def _refused_after(finish: Any, kept: imports.Kept) -> None:
    with pytest.raises(tokens.JournalUnwritable):
        finish(kept.connection, kept.link)
    raise calls.CallRefused("The call was not made.")


def test_where_there_is_no_room_exact_is_not_asked_and_nothing_is_kept(
    world: Practice, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = imports.keep(world.application, token, by=SOMEBODY)
    monkeypatch.setattr(token_journal.os, "posix_fallocate", failing)
    with pytest.raises(Refused, match="so Exact was not asked"):
        imports.finish(kept)
    assert (world.refreshes(), Connection.objects.count()) == ([], 0)


# --- By command and by page --------------------------------------------------------------------------------------


def test_the_command_imports_for_a_customer(world: Practice, token: str, tmp_path: Any) -> None:
    file = tmp_path / "token"
    file.write_text(token + "\n", encoding="utf-8")
    out = StringIO()
    call_command("import_connection", app=world.application.pk, customer="Jansen BV", token_file=file, stdout=out)
    assert '"status": "connected"' in out.getvalue()
    assert token not in out.getvalue()
    assert Customer.objects.get().companies.exists()


def test_the_command_leaves_no_customer_of_a_refused_import(world: Practice, tmp_path: Any) -> None:
    file = tmp_path / "token"
    file.write_text("no token", encoding="utf-8")
    with pytest.raises(CommandError, match="That is no refresh token"):
        call_command("import_connection", app=world.application.pk, customer="Jansen BV", token_file=file)
    assert not Customer.objects.exists()


def test_the_page_imports_and_never_shows_the_token(world: Practice, token: str, annas: Client) -> None:
    customer = given.add()
    address = f"/admin/integrations/customer/{customer.pk}/import/"
    asked = annas.post(address, {"app": world.application.pk, "refresh_token": token})
    assert asked.status_code == 400
    assert "Stop the former system first" in asked.content.decode()
    assert token not in asked.content.decode()
    assert not Connection.objects.exists()
    done: Any = annas.post(address, {"app": world.application.pk, "refresh_token": token, "stopped": "on"}, follow=True)
    assert "Imported as Alex Accountant" in done.content.decode()
    assert Connection.objects.get().status == Status.CONNECTED


def test_the_page_says_why_exact_does_not_take_it(world: Practice, token: str, annas: Client) -> None:
    address = f"/admin/integrations/customer/{given.add().pk}/import/"
    answer = annas.post(address, {"app": world.application.pk, "refresh_token": token + "x", "stopped": "on"})
    assert answer.status_code == 400
    assert "it does not know it as the newest one" in answer.content.decode()
    assert "copy the newest token that it holds, whole" in answer.content.decode()
    assert token not in answer.content.decode()
