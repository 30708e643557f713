"""What is true of a link page: one state, and whether it can be withdrawn; and of an import, which has a page that
nobody can open."""

from datetime import datetime
from enum import StrEnum
from typing import Final


class LinkState(StrEnum):
    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


LABELS: Final = {
    LinkState.OPEN: ("Open", "info"),
    LinkState.USED: ("Used", "good"),
    LinkState.REVOKED: ("Revoked", "quiet"),
    LinkState.EXPIRED: ("Expired", "quiet"),
}
"""In words, with the tone of the chip."""


def state(
    *, connected_at: datetime | None, revoked_at: datetime | None, expires_at: datetime, now: datetime
) -> LinkState:
    """Return what ended it first: once used it stays used, whatever happened later."""
    if connected_at is not None:
        return LinkState.USED
    if revoked_at is not None:
        return LinkState.REVOKED
    return LinkState.EXPIRED if expires_at <= now else LinkState.OPEN


class ImportState(StrEnum):
    WAITING = "waiting"
    IMPORTED = "imported"
    ENDED = "ended"


IMPORT_LABELS: Final = {
    ImportState.WAITING: ("Waiting for Exact", "info"),
    ImportState.IMPORTED: ("Imported", "good"),
    ImportState.ENDED: ("Came to nothing", "bad"),
}


def import_state(*, connected_at: datetime | None, revoked_at: datetime | None, kept: bool) -> ImportState:
    """Return what is true of an import from a former system. ``kept``: its tokens are."""
    if connected_at is not None:
        return ImportState.IMPORTED
    return ImportState.WAITING if kept and revoked_at is None else ImportState.ENDED


def why_not_revoked(now: LinkState) -> tuple[str, ...]:
    """Return why there is nothing left to revoke."""
    return () if now is LinkState.OPEN else (_WHY_NOT[now],)


_WHY_NOT: Final = {
    LinkState.USED: "The link page was used: the connection is made. To end it, disconnect.",
    LinkState.REVOKED: "The link page was revoked already.",
    LinkState.EXPIRED: "The link page has expired: nobody can connect by it any more.",
}
