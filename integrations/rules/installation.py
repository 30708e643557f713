"""Which portal may use the tokens: exactly one installation, on exactly one database.

Two copies of a database that both ask Exact for new tokens end every connection: each refresh spends the token
that the other one holds. So the database remembers who owns its tokens; whoever is somebody else stands by.
"""

import re
from dataclasses import dataclass
from typing import Final

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""Of an installation, as a setting or in a file."""


@dataclass(frozen=True, slots=True)
class Here:
    """The portal that asks. ``installation`` and ``database`` are empty where they cannot be told."""

    installation: str
    database: str
    told_to_stand_by: bool
    address: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns the tokens, as the database remembers it."""

    installation: str
    database: str
    address: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a portal stands by, and what to do."""

    what: str
    mend: str


TOLD_TO: Final = Reason("STANDBY is on.", "Take STANDBY out of the settings and restart the portal.")
NO_ID: Final = Reason(
    "This installation has no id.", "Run `manage.py migrate`, which makes one, or set INSTALLATION_ID; then restart."
)
NO_OWNER: Final = Reason(
    "No installation owns the tokens in this database yet.",
    "Where no other portal uses a copy of this database, claim the tokens here.",
)
ANOTHER: Final = Reason(
    "The tokens belong to another installation.",
    "Stop the other portal for good, then claim the tokens here. "
    "A further host of the same installation needs the same INSTALLATION_ID instead.",
)
A_COPY: Final = Reason(
    "This database is a copy: the tokens belong to the one that it was copied, moved or restored from.",
    "Stop the portal on the other one for good, then claim the tokens here.",
)


def is_id(text: str) -> bool:
    return ID.fullmatch(text) is not None


def why_standing_by(here: Here, owner: Owner | None) -> tuple[Reason, ...]:
    """Return every reason why this portal may ask nothing of Exact; an empty tuple where it may."""
    conditions = (
        (here.told_to_stand_by, TOLD_TO),
        (not here.installation, NO_ID),
        (owner is None, NO_OWNER),
        (owner is not None and here.installation != "" and owner.installation != here.installation, ANOTHER),
        (
            owner is not None and owner.installation == here.installation and owner.database != here.database,
            A_COPY,
        ),
    )
    return tuple(reason for applies, reason in conditions if applies)


def why_not_claimed(here: Here, owner: Owner | None) -> tuple[str, ...]:
    """Return every reason why this portal cannot claim the tokens now; an empty tuple where it can.

    The owner may claim again only to note another address.
    """
    nothing_new = not why_standing_by(here, owner) and not address_changed(here, owner)
    conditions = (
        (here.told_to_stand_by, f"{TOLD_TO.what} {TOLD_TO.mend}"),
        (not here.installation, f"{NO_ID.what} {NO_ID.mend}"),
        (not here.database, "What tells this database from a copy cannot be read: `manage.py doctor` says more."),
        (nothing_new, "This installation owns the tokens already."),
    )
    return tuple(reason for applies, reason in conditions if applies)


def address_changed(here: Here, owner: Owner | None) -> bool:
    """Tell whether browsers reach the portal by another address than when it claimed: worth a warning."""
    return owner is not None and owner.address != here.address


def may_claim_by_itself(owner: Owner | None, *, ever_linked: bool, upgraded: bool) -> bool:
    """Tell whether a start may claim without being asked.

    Either nothing was ever linked, so that there are no tokens which a copy could spend. Or the database is
    being upgraded from a release that remembered no owner: that is done where it lives, and to stand by after
    every such upgrade would stop what works. An owner that is missing later beside tokens was taken away, and
    only a person can know by whom.
    """
    return owner is None and (upgraded or not ever_linked)


CONFIRMATION: Final = "stopped"
"""What a person types to say that the other portal is stopped for good."""


def is_confirmed(typed: str) -> bool:
    return typed.strip().lower() == CONFIRMATION
