"""What an app can be turned into, in the words of the page that asks first: what stops, what goes on, until when it
can be undone. ``rules.app_states`` says whether it may be done at all.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Turn(StrEnum):
    """Each is the name of its page, too."""

    ENABLE = "enable"
    DISABLE = "disable"
    STOP = "stop"
    LIFT = "lift"
    ARCHIVE = "archive"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Words:
    """How a turn is asked about and told. ``{name}`` stands for the app's name."""

    title: str
    lead: str
    action: str
    done: str
    tone: str = ""


WORDS: Final = {
    Turn.ENABLE: Words(
        "Enable “{name}”?",
        "The portal will use the app: staff and customers can connect through it, and calls are made.",
        "Enable",
        "The app “{name}” is enabled.",
    ),
    Turn.DISABLE: Words(
        "Disable “{name}”?",
        "Nobody can connect through the app, and nothing is read or written, until it is enabled again. "
        "Its keys stay; nothing is lost.",
        "Disable",
        "The app “{name}” is disabled.",
        "bad",
    ),
    Turn.STOP: Words(
        "Emergency stop for “{name}”?",
        "From this moment no request goes to Exact through the app, not even one that keeps a link alive.",
        "Emergency stop",
        "The app “{name}” is under Emergency stop: nothing is asked of Exact through it.",
        "bad",
    ),
    Turn.LIFT: Words(
        "Lift the Emergency stop of “{name}”?",
        "The app is disabled then: its links are kept alive again. Nobody can connect, and no calls are made, until "
        "it is enabled.",
        "Lift the stop",
        "The stop is lifted. The app “{name}” is disabled; its links are kept alive again.",
    ),
    Turn.ARCHIVE: Words(
        "Archive “{name}”?",
        "The app is put away. It stands folded under Archived on the Integrations page, and is offered nowhere.",
        "Archive",
        "The app “{name}” is archived.",
    ),
    Turn.RESTORE: Words(
        "Bring “{name}” back?",
        "The app is disabled then, with the keys that it had.",
        "Bring it back",
        "The app “{name}” is back. It is disabled.",
    ),
}
WAITING: Final = replace(
    WORDS[Turn.ENABLE],
    lead="The portal will use the app: users of your own Exact subscription can connect through it, and calls are "
    "made. Customers wait until Exact has granted permission.",
    done="The app “{name}” is enabled, waiting for permission: until Exact grants it, only users of your own Exact "
    "subscription can connect.",
)
"""Of enabling a product app without permission."""
CUTS_OFF: Final = {Turn.DISABLE: "Every call", Turn.STOP: "Every request"}
"""What whoever is connected misses at once."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Who depends on the app now."""

    connections: int = 0
    """That live."""
    open_links: int = 0
    reconnect_from: str = ""
    """The first day on which somebody has to connect again where nothing is refreshed, in words; "" for never."""
    overdue: bool = False
    """That day is past."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """Sentences for the page; who is cut off comes beside them."""

    stops: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    goes_on: tuple[str, ...] = ()
    undone: str = ""


def words(turn: Turn, *, waits: bool) -> Words:
    """Return how a turn of an app is asked about and told. ``waits``: it has not Exact's permission that it needs."""
    return WAITING if turn is Turn.ENABLE and waits else WORDS[turn]


def consequences(turn: Turn, reach: Reach) -> Consequences:
    """Return what the page says below the question."""
    connecting = ("Connecting, by staff and by customers", *_link_pages(reach))
    kept = "Keys, companies and history stay in the portal"
    match turn:
        case Turn.ENABLE:
            return Consequences(begins=_begins(reach), undone="At any time: disable it, and nothing is lost.")
        case Turn.DISABLE:
            again = "enable it again, and all goes on with the same connections. Nobody has to connect again"
            return Consequences(connecting, goes_on=(*_kept_alive(reach), kept), undone=f"At any time: {again}.")
        case Turn.STOP:
            stops = (*connecting, "Checks, and the refreshing that keeps links alive")
            at_exact = "At Exact nothing changes: consents stand until whoever gave them takes them away"
            return Consequences(stops, goes_on=(kept, at_exact), undone=_in_time(reach))
        case Turn.LIFT:
            late = ("Some links were not refreshed in time: who gave them has to connect again",)
            begins = (*_kept_alive(reach), *(late if reach.overdue else ()))
            return Consequences(begins=begins, undone="At any time: stop it once more.")
        case Turn.ARCHIVE:
            at_exact = "At Exact it stays registered, until you delete it there under Manage my apps"
            return Consequences(goes_on=(kept, at_exact), undone="At any time: bring it back. It is disabled then.")
        case Turn.RESTORE:
            return Consequences(undone="At any time: archive it again.")


def _begins(reach: Reach) -> tuple[str, ...]:
    calls = (f"Calls and checks through {_count(reach.connections, 'connection')}",) if reach.connections else ()
    return (*calls, *_link_pages(reach))


def _kept_alive(reach: Reach) -> tuple[str, ...]:
    if not reach.connections:
        return ()
    whole = _count(reach.connections, "connection")
    return (f"{whole} {'is' if reach.connections == 1 else 'are'} kept alive: refreshed once a week at least",)


def _link_pages(reach: Reach) -> tuple[str, ...]:
    return (_count(reach.open_links, "open link page"),) if reach.open_links else ()


def _in_time(reach: Reach) -> str:
    if not reach.reconnect_from:
        return "At any time: there is no connection that could be lost."
    return (
        f"Until {reach.reconnect_from}: lift the stop before that day. From then on somebody has to connect again, "
        "since Exact forgets a link that nobody refreshed for 30 days."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
