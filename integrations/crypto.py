"""The key ring: seals secrets for the database and opens them again.

AES-256-GCM (NIST SP 800-38D). A token reads ``v1.<key id>.<nonce + ciphertext, URL-safe base64>``.
Its associated data binds it to one place (a purpose such as ``client_secret.sealed``, the row's UUID, the
row's generation): a token moved to another row, column or generation does not open.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = "v1"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FINGERPRINT_BYTES: Final = 5
_NO_SPARE_BITS: Final = (*(f"{last}==" for last in "AQgw"), *(f"{last}=" for last in "AEIMQUYcgkosw048"))
"""How base64 ends where it is filled up: its last character has four bits, or two, that belong to no byte."""
KEY_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,19}", re.ASCII)


class KeyRingError(ValueError):
    """``PORTAL_KEYS`` cannot be read. The message names the place, never a key."""


class CannotOpen(Exception):
    """The token cannot be opened with the present keys.

    One error for every cause, so that it tells an attacker nothing: altered, cut short, moved from another
    row, sealed with a key that is not in the ring, or not a token at all.
    """

    def __init__(self) -> None:
        super().__init__("cannot be opened with the present keys")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives; a token opens in its own place only."""

    purpose: str
    """Fixed name of the column, such as ``client_secret.sealed``."""
    row: UUID
    generation: int = 0
    """Grows when the value is replaced, stays when it is sealed again under another key."""

    def associated_data(self) -> bytes:
        return f"{VERSION}|{self.purpose}|{self.row!s}|{self.generation}".encode()


@dataclass(frozen=True, slots=True)
class Key:
    """One AES-256 key with its public name."""

    id: str
    material: bytes = field(repr=False)

    @classmethod
    def generate(cls, key_id: str) -> Self:
        return cls(key_id, secrets.token_bytes(KEY_BYTES))

    @property
    def fingerprint(self) -> str:
        """A short mark that tells this key from any other, and nothing of what it holds."""
        digest = hmac.digest(self.material, b"fingerprint of the key itself", hashlib.sha256)
        text = base64.b32encode(digest[:FINGERPRINT_BYTES]).decode("ascii")
        return f"{text[:4]}-{text[4:]}"

    def __str__(self) -> str:
        """Return ``id:base64``, the form that ``PORTAL_KEYS`` holds. It is a secret."""
        return f"{self.id}:{base64.b64encode(self.material).decode('ascii')}"


class KeyRing:
    """The keys in use: the first seals, every one opens."""

    def __init__(self, *keys: Key) -> None:
        """Make a ring.

        Raises:
            KeyRingError: no key, two keys of one name, one key under two names, or a key of a wrong length.
        """
        if not keys:
            raise KeyRingError("it holds no key")
        for place, key in enumerate(keys, start=1):
            _check_key(key, place=place, earlier=keys[: place - 1])
        self.first: Final = keys[0]
        self._keys: Final = {key.id: key for key in keys}
        self._ciphers: Final = {f"{VERSION}.{key.id}": AESGCM(key.material) for key in keys}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``id:base64[,id:base64 …]`` as ``PORTAL_KEYS`` holds it.

        Raises:
            KeyRingError: what is wrong with which entry, by its place in the list.
        """
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        return cls(*(_parse_key(entry, place) for place, entry in enumerate(entries, start=1)))

    def __repr__(self) -> str:
        return f"<KeyRing {', '.join(self.ids)}>"

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._keys)

    @property
    def keys(self) -> tuple[Key, ...]:
        return tuple(self._keys.values())

    def seal(self, plaintext: str, place: Place) -> str:
        """Return a token for ``plaintext`` that opens in ``place`` only."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        head = f"{VERSION}.{self.first.id}"
        sealed = self._ciphers[head].encrypt(nonce, plaintext.encode(), place.associated_data())
        return f"{head}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open(self, token: str, place: Place) -> str:
        """Return what ``token`` holds.

        Raises:
            CannotOpen: for every reason alike.
        """
        head, _, encoded = token.rpartition(".")
        cipher = self._ciphers.get(head)
        if cipher is None:
            raise CannotOpen
        try:
            body = _decode(encoded)
            return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], place.associated_data()).decode()
        except (InvalidTag, ValueError):
            raise CannotOpen from None

    def sealed_by_first(self, token: str) -> bool:
        """Tell whether ``token`` names the ring's first key."""
        return key_id(token) == self.first.id


def key_id(token: str) -> str | None:
    """Return the name of the key that ``token`` says it was sealed with, or None where it is no token."""
    version, _, rest = token.partition(".")
    name, dot, _ = rest.partition(".")
    return name if version == VERSION and dot and KEY_ID.fullmatch(name) else None


def _decode(encoded: str) -> bytes:
    """Decode the one canonical spelling; base64 has others for the same bytes, which are altered tokens.

    Spelled otherwise can be the alphabet, the filling, and the spare bits before it; what else is outside of the
    alphabet `binascii` refuses.
    """
    if "+" in encoded or "/" in encoded or len(encoded) % 4:
        raise ValueError
    if encoded.endswith("=") and not encoded.endswith(_NO_SPARE_BITS):
        raise ValueError
    return binascii.a2b_base64(encoded.replace("-", "+").replace("_", "/"), strict_mode=True)


def _parse_key(entry: str, place: int) -> Key:
    name, colon, encoded = entry.partition(":")
    if not colon:
        raise KeyRingError(f"entry {place} is not of the form id:base64")
    try:
        material = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise KeyRingError(f"entry {place} is not valid base64 after the colon") from None
    return Key(name, material)


def _check_key(key: Key, *, place: int, earlier: tuple[Key, ...]) -> None:
    if not KEY_ID.fullmatch(key.id):
        raise KeyRingError(
            f"entry {place} has no usable id: lower-case letters, digits and hyphens, 20 at most, before the colon"
        )
    if len(key.material) != KEY_BYTES:
        raise KeyRingError(f"entry {place} holds {len(key.material)} bytes where a key has {KEY_BYTES}")
    if len(set(key.material)) == 1:
        raise KeyRingError(f"entry {place} is one byte repeated, not a key")
    for other in earlier:
        if other.id == key.id:
            raise KeyRingError(f"entry {place} has the id of an earlier entry")
        if secrets.compare_digest(other.material, key.material):
            raise KeyRingError(f"entry {place} is the same key as an earlier entry under another id")
