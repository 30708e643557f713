"""The ring of this installation: seals for rows, opens late, and refuses to write with a wrong ring."""

import hashlib
import hmac
import secrets
from base64 import b32encode
from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.db import transaction

from integrations.crypto import CannotOpen, KeyRing, Place
from integrations.models import KeyRingCanary
from integrations.services import sealed_rows

FINGERPRINT_BYTES: Final = 5


class WrongKeyRing(Exception):
    """The present keys are not those that this database was written with; nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            "PORTAL_KEYS does not hold the key that this database was sealed with. "
            "Bring that key back; `manage.py doctor` says more."
        )


class _Opened:
    """What this process knows of the canary: opened once, then kept."""

    fingerprint_key: str | None = None


def ring() -> KeyRing:
    keys: KeyRing = settings.PORTAL_KEYS
    return keys


def seal(plaintext: str, place: Place) -> str:
    """Seal for one place in the database.

    Raises:
        WrongKeyRing: the canary does not open.
    """
    fingerprint_key()
    return ring().seal(plaintext, place)


def open_(token: str, place: Place) -> str:
    """Open what ``seal`` returned for the same place.

    Raises:
        CannotOpen: for every reason alike; the row is left as it is.
    """
    return ring().open(token, place)


def opens(token: str, place: Place) -> bool:
    try:
        open_(token, place)
    except CannotOpen:
        return False
    return True


def fingerprint(plaintext: str) -> str:
    """Return a short mark such as ``K7QF-2MXA``: the same for the same secret, here only.

    It is keyed, so that it tells nothing of the secret to somebody who has the database without the keys.

    Raises:
        WrongKeyRing: the canary does not open.
    """
    return fingerprints([plaintext])[plaintext]


def fingerprints(plaintexts: Iterable[str]) -> dict[str, str]:
    """Return the mark of each; one look at the canary for all of them.

    Raises:
        WrongKeyRing: the canary does not open.
    """
    key = fingerprint_key().encode()
    return {plaintext: _mark(key, plaintext) for plaintext in plaintexts}


def _mark(key: bytes, plaintext: str) -> str:
    digest = hmac.digest(key, plaintext.encode(), hashlib.sha256)
    text = b32encode(digest[:FINGERPRINT_BYTES]).decode("ascii")
    return f"{text[:4]}-{text[4:]}"


def fingerprint_key() -> str:
    """Open the canary, which holds the key of the fingerprints; at the first call of a process.

    Raises:
        WrongKeyRing: it does not open, or is missing beside sealed rows.
    """
    if _Opened.fingerprint_key is None:
        key = _open_canary()
        # Kept only once it is certain that the row stays: this transaction may have made it.
        transaction.on_commit(lambda: setattr(_Opened, "fingerprint_key", key))
        return key
    return _Opened.fingerprint_key


def forget() -> None:
    """Open the canary anew at the next call; for a process whose ring or database is exchanged."""
    _Opened.fingerprint_key = None


def make_canary() -> str:
    """Seal a new canary under the first key and return what it holds."""
    content = secrets.token_urlsafe(32)
    canary = KeyRingCanary()
    sealed = ring().seal(content, canary.place())
    KeyRingCanary.objects.update_or_create(pk=canary.pk, defaults={"sealed": sealed})
    return content


def _first_canary() -> KeyRingCanary:
    """Return the first one; of two processes that start at once both use the same."""
    canary = KeyRingCanary()
    sealed = ring().seal(secrets.token_urlsafe(32), canary.place())
    return KeyRingCanary.objects.get_or_create(pk=canary.pk, defaults={"sealed": sealed})[0]


def _open_canary() -> str:
    canary = KeyRingCanary.objects.first()
    if canary is None and sealed_rows.exist():
        canary = KeyRingCanary.objects.first()  # another process may have made it, and sealed, between the two looks
        if canary is None:
            raise WrongKeyRing
    if canary is None:
        canary = _first_canary()
    try:
        return open_(canary.sealed, canary.place())
    except CannotOpen:
        raise WrongKeyRing from None
