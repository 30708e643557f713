"""What the Activity page may be asked: a filter, read strictly, and where a page of the list begins."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from uuid import UUID

from integrations.rules import wording
from integrations.rules.actors import Actor, ActorKind

NAMES: Final = ("person", "what", "about", "which", "from", "to")
OLDER: Final = "older"
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_ID: Final = re.compile(r"[0-9A-Za-z-]{1,40}")
_COMMAND: Final = re.compile(r"[^\x00-\x1f]{1,60}")
_MOMENT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Place:
    """An event in the list, which is ordered by time and then by id: the next page begins behind it."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC).strftime(_MOMENT)}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read what ``str(place)`` wrote.

        Raises:
            ValueError: it is something else.
        """
        moment, _, row = text.partition("_")
        place = cls(datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC), UUID(row))
        if str(place) != text:
            raise ValueError(text)
        return place


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are meant; what is empty does not restrict. ``since`` is included, ``until`` is not."""

    actor: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Asked:
    """What was asked: ``values`` as they were given, and every reason why they cannot be followed."""

    values: dict[str, str]
    filter: Filter = field(default_factory=Filter)
    older: Place | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def is_filtered(self) -> bool:
        return any(self.values[name] for name in NAMES)


def read(parameters: Mapping[str, Sequence[str]], zone: tzinfo) -> Asked:
    """Read the filter of a query string or a form; days are days in ``zone``.

    Whoever calls sees to it that there are no other names than NAMES and OLDER.
    """
    asked = Asked(dict.fromkeys((*NAMES, OLDER), ""))
    for name in asked.values:
        given = parameters.get(name, ())
        if len(given) > 1:
            asked.reasons.append(f"“{name}” was given more than once.")
        asked.values[name] = given[0].strip() if given else ""
    values, refuse = asked.values, asked.reasons.append
    first, last = (_day(values[name], name, refuse) for name in ("from", "to"))
    if first and last and first > last:
        refuse("The period ends before it begins.")
    asked.filter = Filter(
        actor=_actor(values["person"], refuse),
        action=_action(values["what"], refuse),
        object_type=_object_type(values["about"], values["which"], refuse),
        object_id=_object_id(values["about"], values["which"], refuse),
        since=_midnight(first, zone) if first else None,
        until=_midnight(last + timedelta(days=1), zone) if last else None,
    )
    if values[OLDER]:
        try:
            asked.older = Place.parse(values[OLDER])
        except ValueError:
            refuse("There is no such page of the list. Begin again with the newest events.")
    return asked


Refuse = Callable[[str], None]


def _actor(text: str, refuse: Refuse) -> str:
    if not text:
        return ""
    try:
        actor = Actor.parse(text)
        well_formed = {
            ActorKind.PERSON: lambda: str(actor.user_id) == actor.name,
            ActorKind.COMMAND: lambda: _COMMAND.fullmatch(actor.name) is not None,
            ActorKind.PORTAL: lambda: text == str(ActorKind.PORTAL),
        }[actor.kind]()
    except ValueError:
        well_formed = False
    if not well_formed:
        refuse("There is no such person. Choose one of the list.")
        return ""
    return text


def _action(text: str, refuse: Refuse) -> str:
    if text and text not in wording.ACTIONS:
        refuse("There is no such action. Choose one of the list.")
        return ""
    return text


def _object_type(kind: str, row: str, refuse: Refuse) -> str:
    if kind and kind not in wording.KINDS:
        refuse("There is no such kind of thing. Choose one of the list.")
        return ""
    if kind and not row:
        refuse(f"Say which {wording.KINDS[kind].lower()} by its id. The History of a thing leads here with it.")
    return kind


def _object_id(kind: str, row: str, refuse: Refuse) -> str:
    if row and not kind:
        refuse("Choose the kind of thing that the id belongs to.")
    if row and not _ID.fullmatch(row):
        refuse("This is no id: an id has letters, digits and hyphens, 40 at most.")
        return ""
    return row


def _day(text: str, name: str, refuse: Refuse) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        refuse(f"“{name.capitalize()}” is no day. Write it as 2026-11-30, from the year {FIRST_YEAR} to {LAST_YEAR}.")
        return None
    return day


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)
