"""How an app stands, as three lamps: *Enabled by us*, *Permission by Exact*, *Connected by customers*.

A lamp says its state in a word and in a sentence; its tone only helps the eye.
"""

from dataclasses import dataclass
from typing import Final

from integrations.rules import gate
from integrations.rules.workflow import PermissionState


@dataclass(frozen=True, slots=True)
class Tally:
    """Connections of an app by how they stand. Those that never came about, or that we ended, are not among them."""

    well: int = 0
    failing: int = 0
    """They live, and their last check failed."""
    verifying: int = 0
    reconnect: int = 0

    @property
    def total(self) -> int:
        return self.well + self.failing + self.verifying + self.reconnect

    @property
    def living(self) -> int:
        return self.total - self.reconnect

    @property
    def ill(self) -> int:
        """Of these somebody has to look after; one that is being verified is the portal's own business."""
        return self.failing + self.reconnect

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.well + other.well,
            self.failing + other.failing,
            self.verifying + other.verifying,
            self.reconnect + other.reconnect,
        )


NOBODY: Final = Tally()


@dataclass(frozen=True, slots=True)
class AppStanding:
    """What the lamps look at."""

    state: str
    """As ``rules.app_states`` has it: enabled, disabled, stopped, archived."""
    is_testing: bool
    permission: PermissionState
    customers: Tally = NOBODY
    """Connections that reach a company of a customer."""
    own: Tally = NOBODY
    """The others: they reach our own companies only."""

    @property
    def connections(self) -> Tally:
        return self.customers + self.own


@dataclass(frozen=True, slots=True)
class Lamp:
    """One of the three: what it is about, its state in a word and in a sentence, and its tone."""

    label: str
    word: str
    tone: str
    sentence: str


Said = tuple[str, str, str]
"""The word, the tone, the sentence."""

BY_US: Final[dict[str, Said]] = {
    "enabled": ("Enabled", "good", "Staff and customers can connect through it, and calls are made."),
    "disabled": ("Disabled", "quiet", "Nobody can connect through it, and no calls are made; links are kept alive."),
    "stopped": ("Emergency stop", "bad", "The portal asks nothing of Exact through it, not even to keep links alive."),
    "archived": ("Archived", "quiet", "It is put away: nobody is connected through it."),
}
_WAITING: Final[Said] = (
    "Enabled",
    "good",
    "Enabled, waiting for permission: your own subscription can connect through it, and calls are made.",
)
BY_EXACT: Final[dict[PermissionState, Said]] = {
    PermissionState.GRANTED: ("Granted", "good", "Customers with their own Exact subscription can connect."),
    PermissionState.REQUESTED: (
        "With Exact",
        "info",
        "Exact reviews the request; so far only users of your own subscription can connect.",
    ),
    PermissionState.REFUSED: ("Refused", "bad", "Exact refused it: only users of your own subscription can connect."),
    PermissionState.WITHDRAWN: ("Withdrawn", "quiet", "We withdrew it: no further customer can connect."),
    PermissionState.TAKEN_BACK: ("Taken back", "bad", "Exact took it back: no further customer can connect."),
    PermissionState.NONE: (
        "Not requested",
        "quiet",
        "Without Exact's permission only users of your own subscription can connect.",
    ),
}
_TESTING: Final[Said] = (
    "Not needed",
    "quiet",
    "A testing app works for your own Exact subscription only, and needs no permission.",
)


def lamps(app: AppStanding) -> tuple[Lamp, Lamp, Lamp]:
    """Return the three lamps of an app, in their order."""
    permission = _TESTING if app.is_testing else BY_EXACT[app.permission]
    waits = app.state == "enabled" and gate.waits(is_testing=app.is_testing, permission=app.permission)
    connected = _connected(app.connections, "of your own") if app.is_testing else _by_customers(app)
    return (
        Lamp("Enabled by us", *(_WAITING if waits else BY_US[app.state])),
        Lamp("Permission by Exact", *permission),
        Lamp("Connected by us" if app.is_testing else "Connected by customers", *connected),
    )


def _by_customers(app: AppStanding) -> Said:
    word, tone, sentence = _connected(app.customers, "of customers")
    if number := app.own.total:
        word = word if app.customers.total else "Ours only"
        sentence += f" Beside these, {number} {'reaches' if number == 1 else 'reach'} your own companies only."
    return word, tone, sentence


def _connected(tally: Tally, whose: str) -> Said:
    """Say the worst that is true of some connections, and how many they are."""
    total = tally.total
    if not total:
        return "Nobody yet", "quiet", f"There is no connection {whose} through it yet."
    ill = (
        ("Reconnect needed", "bad", tally.reconnect, "must be connected again"),
        ("Being verified", "warn", tally.verifying, "being verified, which takes about ten minutes"),
        ("Needs a look", "warn", tally.failing, "failed the last check"),
    )
    present = [(word, tone, number, meaning) for word, tone, number, meaning in ill if number]
    whole = f"{tally.well} of {total} {'connection' if total == 1 else 'connections'} {whose} well"
    if not present:
        return f"{total} of {total} well", "good", f"{whole}."
    word, tone, number, _ = present[0]
    details = "; ".join(f"{number} {meaning}" for _, _, number, meaning in present)
    return f"{word}: {number} of {total}", tone, f"{whole}; {details}."
