"""The ring of an installation: the canary, wrong rings, rotation."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from integrations.crypto import CannotOpen, Key, KeyRing
from integrations.models import Application, AuditEvent, ClientSecret, KeyRingCanary
from integrations.services import keyring, rotation, sealed_rows, secrets
from integrations.services.keyring import WrongKeyRing
from tests.conftest import SECRET, SOMEBODY

pytestmark = pytest.mark.django_db
Ring = Callable[..., KeyRing]
MakeApp = Callable[..., Application]
OLD, NEW = Key.generate("old"), Key.generate("new")


def opened(application: Application) -> str:
    row = application.secrets.get(status="current")
    return keyring.open_(row.sealed, row.place())


def rotate() -> list[rotation.Progress]:
    return list(rotation.rotate(by=SOMEBODY))


def test_the_first_seal_makes_the_canary(make_app: MakeApp) -> None:
    make_app()
    assert KeyRingCanary.objects.count() == 1


def test_a_wrong_ring_refuses_to_write_and_changes_nothing(make_app: MakeApp, ring: Ring) -> None:
    ring(OLD)
    application = make_app()
    before = list(ClientSecret.objects.values())
    for wrong in (Key.generate("other"), Key.generate("old")):
        ring(wrong)
        with pytest.raises(WrongKeyRing, match="Bring that key back"):
            secrets.set(application, "another1secret", by=SOMEBODY)
    assert list(ClientSecret.objects.values()) == before


def test_a_lost_canary_beside_sealed_rows_refuses_to_write(make_app: MakeApp) -> None:
    application = make_app()
    KeyRingCanary.objects.all().delete()
    keyring.forget()
    with pytest.raises(WrongKeyRing):
        secrets.set(application, "another1secret", by=SOMEBODY)


def test_a_lost_canary_is_made_anew_once_every_row_opens(make_app: MakeApp) -> None:
    application = make_app()
    KeyRingCanary.objects.all().delete()
    rotate()
    secrets.set(application, "another1secret", by=SOMEBODY)
    assert opened(application) == "another1secret"


def test_a_lost_canary_is_not_made_with_a_ring_that_opens_nothing(make_app: MakeApp, ring: Ring) -> None:
    make_app()
    KeyRingCanary.objects.all().delete()
    ring(NEW)
    rotate()
    assert not KeyRingCanary.objects.exists()


def test_a_fingerprint_stays_when_keys_are_rotated_and_differs_elsewhere(make_app: MakeApp, ring: Ring) -> None:
    ring(OLD)
    make_app()
    mark = keyring.fingerprint(SECRET)
    assert mark == ClientSecret.objects.get().fingerprint
    ring(NEW, OLD)
    rotate()
    ring(NEW)
    assert keyring.fingerprint(SECRET) == mark
    ClientSecret.objects.all().delete()
    KeyRingCanary.objects.all().delete()
    keyring.forget()
    assert keyring.fingerprint(SECRET) != mark


@pytest.mark.django_db(transaction=True)
def test_the_canary_is_opened_once_a_process(django_assert_num_queries: Callable[[int], Iterator[None]]) -> None:
    keyring.fingerprint_key()
    with django_assert_num_queries(0):
        keyring.fingerprint("again")


@pytest.mark.django_db(transaction=True)
def test_a_canary_that_is_rolled_back_is_forgotten() -> None:
    def make_and_fail() -> None:
        with transaction.atomic():
            keyring.fingerprint_key()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        make_and_fail()
    key = keyring.fingerprint_key()
    assert keyring.open_(KeyRingCanary.objects.get().sealed, KeyRingCanary().place()) == key


def test_one_damaged_row_leaves_the_others_working(make_app: MakeApp) -> None:
    damaged, whole = make_app(), make_app(region="uk")
    row = damaged.secrets.get()
    ClientSecret.objects.filter(pk=row.pk).update(sealed=row.sealed[:-4] + "AAAA")
    assert [stored.opens for stored in secrets.stored(damaged)] == [False]
    assert [stored.opens for stored in secrets.stored(whole)] == [True]
    with pytest.raises(CannotOpen):
        opened(damaged)


def test_two_rows_that_were_swapped_do_not_open(make_app: MakeApp) -> None:
    one, two = make_app().secrets.get(), make_app(region="uk").secrets.get()
    ClientSecret.objects.filter(pk=one.pk).update(sealed=two.sealed)
    ClientSecret.objects.filter(pk=two.pk).update(sealed=one.sealed)
    assert not any(stored.opens for app in Application.objects.all() for stored in secrets.stored(app))


def test_rotation_seals_everything_with_the_first_key(make_app: MakeApp, ring: Ring) -> None:
    ring(OLD)
    application = make_app()
    ring(NEW, OLD)
    assert rotation.keys_needed() == rotation.KeysNeeded(needed=("old",), removable=(), unreadable=0)
    assert {progress.column: progress.resealed for progress in rotate()} == {
        "client_secret.sealed": 1,
        "connection.refresh_token": 0,
        "connection.access_token": 0,
        "connection.journal": 0,
        "key_ring_canary.sealed": 1,
    }
    assert rotation.keys_needed() == rotation.KeysNeeded(needed=("new",), removable=("old",), unreadable=0)
    ring(NEW)
    assert opened(application) == SECRET
    assert AuditEvent.objects.filter(action="keys.rotated", details={"resealed": 1}).exists()


def test_rotation_keeps_the_generation(make_app: MakeApp, ring: Ring) -> None:
    ring(OLD)
    make_app()
    before = ClientSecret.objects.values_list("version", "fingerprint", "set_at").get()
    ring(NEW, OLD)
    rotate()
    assert ClientSecret.objects.values_list("version", "fingerprint", "set_at").get() == before


def test_rotation_that_was_stopped_goes_on_where_it_was(
    make_app: MakeApp, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring(OLD)
    for number in range(7):
        make_app(client_id=f"1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a{number:03}")
    ring(NEW, OLD)
    batches = sealed_rows.SealedColumn.in_batches

    def stop_after_two(self: sealed_rows.SealedColumn, rows: object, size: int) -> Iterator[object]:
        for number, batch in enumerate(batches(self, rows, size)):  # type: ignore[arg-type]
            if number == 2:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(sealed_rows.SealedColumn, "in_batches", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        list(rotation.rotate(by=SOMEBODY, batch=2))
    assert sealed_rows.COLUMNS[0].sealed_by("new").count() == 4
    monkeypatch.undo()
    ring(NEW, OLD)
    assert next(rotation.rotate(by=SOMEBODY, batch=2)).resealed == 3
    assert all(secrets.stored(application)[0].opens for application in Application.objects.all())


def test_rotation_leaves_a_row_that_somebody_changed_meanwhile(
    make_app: MakeApp, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring(OLD)
    application = make_app()
    ring(NEW, OLD)
    row = application.secrets.get()
    newer = keyring.ring().seal("meanwhile1set", row.place())
    open_ = keyring.open_

    def somebody_is_faster(token: str, place: object) -> str:
        ClientSecret.objects.filter(pk=row.pk).update(sealed=newer)
        return open_(token, place)  # type: ignore[arg-type]

    monkeypatch.setattr(keyring, "open_", somebody_is_faster)
    progress = next(rotation.rotate(by=SOMEBODY))
    monkeypatch.undo()
    assert (progress.resealed, progress.changed_meanwhile) == (0, 1)
    ring(NEW, OLD)
    assert opened(application) == "meanwhile1set"


def test_rotation_leaves_what_it_cannot_open_and_says_which(make_app: MakeApp, ring: Ring) -> None:
    ring(OLD)
    application = make_app()
    row = application.secrets.get()
    foreign = KeyRing(Key.generate("lost")).seal(SECRET, row.place())
    ClientSecret.objects.filter(pk=row.pk).update(sealed=foreign)
    ring(NEW, OLD)
    assert next(rotation.rotate(by=SOMEBODY)).cannot_open == [str(row.pk)]
    assert ClientSecret.objects.get().sealed == foreign
    assert rotation.keys_needed().unreadable == 1


def test_rotation_reads_as_many_queries_a_batch_whatever_the_number_of_batches(make_app: MakeApp, ring: Ring) -> None:
    ring(OLD)
    for number in range(4):
        make_app(client_id=f"1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a{number:03}")
    ring(NEW, OLD)
    connection.force_debug_cursor = True
    try:
        connection.queries_log.clear()
        list(rotation.rotate(by=SOMEBODY, batch=100))
        reads = [query for query in connection.queries if query["sql"].startswith("SELECT")]
    finally:
        connection.force_debug_cursor = False
    assert len(reads) <= 8
