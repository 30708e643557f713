"""Copies of the keys at another place: what staff confirmed about each key of the ring."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from integrations.models import AuditEvent, KeyRingCanary, KeyStoredElsewhere
from integrations.rules.actors import Actor
from integrations.services import keyring, rights
from integrations.services.refusals import Refused

NEVER_BESIDE = (
    "Never keep them beside a backup of the database: who has both has every secret. Without them no secret opens."
)


@dataclass(frozen=True, slots=True)
class KeyCopy:
    """One key of PORTAL_KEYS, and who confirmed when that it is stored elsewhere."""

    key_id: str
    fingerprint: str
    seals: bool
    confirmed_at: datetime | None
    confirmed_by: str


def all_() -> list[KeyCopy]:
    """Return every key of the ring, in its order, by one query."""
    keys = keyring.ring().keys
    rows = {
        row.fingerprint: row
        for row in KeyStoredElsewhere.objects.filter(fingerprint__in=[key.fingerprint for key in keys])
    }
    return [
        KeyCopy(
            key.id,
            key.fingerprint,
            key.id == keyring.ring().first.id,
            row.confirmed_at if row else None,
            row.confirmed_by if row else "",
        )
        for key in keys
        for row in [rows.get(key.fingerprint)]
    ]


def unconfirmed() -> list[str]:
    """Return the names of the keys of which nobody said that they are stored elsewhere."""
    return [copy.key_id for copy in all_() if copy.confirmed_at is None]


def confirm(key_id: str, *, by: Actor) -> KeyStoredElsewhere:
    """Write down that this key is stored elsewhere.

    Raises:
        Refused: PORTAL_KEYS holds no such key, or it was confirmed already; or no right to it.
    """
    rights.require(by, "integrations.operate_portal")
    copy = next((copy for copy in all_() if copy.key_id == key_id), None)
    if copy is None:
        raise Refused([f"PORTAL_KEYS holds no key “{key_id[:20]}”. It holds: {', '.join(keyring.ring().ids)}."])
    try:
        with transaction.atomic():
            row = KeyStoredElsewhere.objects.create(
                key_id=copy.key_id, fingerprint=copy.fingerprint, confirmed_by=str(by)
            )
            details = {"key": copy.key_id, "fingerprint": copy.fingerprint}
            AuditEvent.objects.record("keys.stored_elsewhere", KeyRingCanary(), by=by, details=details)
    except IntegrityError:
        raise Refused([f"The key {copy.key_id} was confirmed already."]) from None
    return row
