"""Who did something: a member of staff, somebody at a terminal, or the portal by itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self
from uuid import UUID


class ActorKind(StrEnum):
    PERSON = "person"
    COMMAND = "command"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True)
class Actor:
    """Written into rows as ``person:<uuid>``, ``command:<user of the operating system>`` or ``portal``.

    People stand there by id, so that erasing a name touches no row that tells what was done.
    """

    kind: ActorKind
    name: str = ""

    @classmethod
    def person(cls, user_id: UUID) -> Self:
        return cls(ActorKind.PERSON, str(user_id))

    @classmethod
    def command(cls, system_user: str) -> Self:
        return cls(ActorKind.COMMAND, system_user[:60])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str(actor)`` wrote.

        Raises:
            ValueError: it names no kind of actor.
        """
        kind, _, name = text.partition(":")
        return cls(ActorKind(kind), name)

    @property
    def user_id(self) -> UUID | None:
        return UUID(self.name) if self.kind is ActorKind.PERSON else None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)


PORTAL: Final = Actor(ActorKind.PORTAL)
