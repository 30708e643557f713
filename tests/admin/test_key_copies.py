"""The page, the command and the doctor on keys that are stored elsewhere."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from integrations.crypto import Key, KeyRing
from integrations.models import AuditEvent, KeyStoredElsewhere, User
from integrations.services import health, key_copies
from integrations.services.refusals import Refused
from tests.conftest import SOMEBODY

pytestmark = pytest.mark.django_db
URL = "/admin/portal/keys/"
OLD, NEW = Key.generate("old"), Key.generate("new")


@pytest.fixture(autouse=True)
def two_keys(ring: Callable[..., KeyRing]) -> None:
    ring(NEW, OLD)


def lines(*arguments: str) -> list[dict[str, Any]]:
    said = StringIO()
    call_command("keys", *arguments, stdout=said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def test_a_fingerprint_tells_keys_apart_and_nothing_of_the_key() -> None:
    assert Key("other-name", OLD.material).fingerprint == OLD.fingerprint != NEW.fingerprint
    assert len(OLD.fingerprint) == 9
    assert OLD.fingerprint not in str(OLD)


def test_the_button_confirms_a_key_and_says_who_and_when(annas: Client, anna: User) -> None:
    page = annas.get(URL).content.decode()
    assert "2 of 2 keys are not known" in page
    assert str(OLD).partition(":")[2] not in page
    response = annas.post(URL, {"key": "new"}, follow=True)
    assert response.redirect_chain == [(URL, 302)]
    page = response.content.decode()
    assert "by Anna Smit." in page
    assert "1 of 2 keys is not known" in page
    row = KeyStoredElsewhere.objects.get()
    assert (row.key_id, row.fingerprint, row.confirmed_by) == ("new", NEW.fingerprint, f"person:{anna.pk}")
    event = AuditEvent.objects.get()
    assert (event.action, event.details) == ("keys.stored_elsewhere", {"key": "new", "fingerprint": NEW.fingerprint})


@pytest.mark.parametrize("key", ["", "k9", "new\x00", "x" * 5000])
def test_what_is_no_key_is_refused_and_changes_nothing(annas: Client, key: str) -> None:
    assert "holds no key" in annas.post(URL, {"key": key}, follow=True).content.decode()
    assert not KeyStoredElsewhere.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_key_is_confirmed_once(annas: Client) -> None:
    for _ in range(2):
        response = annas.post(URL, {"key": "new"}, follow=True)
    assert "was confirmed already" in response.content.decode()
    assert (KeyStoredElsewhere.objects.count(), AuditEvent.objects.count()) == (1, 1)


def test_looking_and_confirming_need_their_rights(staff: Callable[..., Client], client: Client) -> None:
    assert client.get(URL).status_code == 302
    assert staff("operate_portal").get(URL).status_code == 403
    viewer = staff("view_portal")
    assert "at another place</button>" not in viewer.get(URL).content.decode()
    assert viewer.post(URL, {"key": "new"}).status_code == 403
    assert not KeyStoredElsewhere.objects.exists()
    operator = staff("view_portal", "operate_portal")
    assert operator.post(URL, {"key": "new"}).status_code == 302
    assert operator.put(URL).status_code == 405
    assert KeyStoredElsewhere.objects.count() == 1


def test_another_key_of_the_same_name_is_not_confirmed(ring: Callable[..., KeyRing]) -> None:
    key_copies.confirm("new", by=SOMEBODY)
    assert key_copies.unconfirmed() == ["old"]
    ring(Key.generate("new"))
    assert key_copies.unconfirmed() == ["new"]


def test_the_command_lists_and_confirms() -> None:
    assert [(line["key"], line["seals"], line["stored_elsewhere_at"]) for line in lines()] == [
        ("new", True, None),
        ("old", False, None),
    ]
    after = lines("--stored-elsewhere", "old")
    assert after[1]["stored_elsewhere_at"]
    assert after[1]["stored_elsewhere_by"].startswith("command:")
    with pytest.raises(CommandError, match="confirmed already"):
        lines("--stored-elsewhere", "old")
    with pytest.raises(Refused):
        key_copies.confirm("lost", by=SOMEBODY)


def test_the_doctor_warns_in_practice_and_insists_with_a_real_account(settings: Any) -> None:
    found = health.check_key_copies()
    assert (found.ok, found.warns) == (True, True)
    assert "new, old" in found.detail
    assert "Never keep them beside a backup" in found.mend
    settings.SANDBOX = False
    assert not health.check_key_copies().ok
    for key in ("new", "old"):
        key_copies.confirm(key, by=SOMEBODY)
    found = health.check_key_copies()
    assert (found.ok, found.warns) == (True, False)
