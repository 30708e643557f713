"""When a connection is checked next."""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

EVERY: Final = timedelta(hours=6)
SPREAD: Final = timedelta(minutes=20)
SOON: Final = timedelta(minutes=15)
LATEST: Final = timedelta(days=7)
"""A linked connection is never left longer, so that its refresh token stays alive (it dies after 30 days)."""
KEEP_ALIVE: Final = timedelta(days=3)
KEEP_ALIVE_SPREAD: Final = timedelta(days=1)


def after_success(connection: UUID, now: datetime) -> datetime:
    """Return six hours from now, spread by up to 20 minutes: connections made together are not checked together.

    The spread is taken from the id, so that it is the same each time and needs no dice.
    """
    return now + EVERY + SPREAD * _share(connection)


def keep_alive(connection: UUID, now: datetime) -> datetime:
    """Return when to ask for a token again where nothing else is asked: in three to four days.

    Below ``LATEST``, though a refresh token lives 30 days: so a portal that stands still for 26 of them loses no
    link, and a consent that the customer took back is noticed within days. More often would only be more token
    requests. Spread over a day by the id, since an app is disabled with all its connections at once.
    """
    return now + KEEP_ALIVE + KEEP_ALIVE_SPREAD * _share(connection)


def after_failure(connection: UUID, now: datetime, *, may_retry: bool, not_before: datetime | None) -> datetime:
    """Return when to look again: soon where waiting can help, as usual where somebody must act first."""
    usual = now + SOON if may_retry else after_success(connection, now)
    return min(max(not_before or usual, now + timedelta(seconds=1)), now + LATEST)


def _share(connection: UUID) -> float:
    """Return a number from 0 up to 1 that belongs to this connection."""
    return int.from_bytes(hashlib.sha256(connection.bytes).digest()[:4], "big") / 2**32
