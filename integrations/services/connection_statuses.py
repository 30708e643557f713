"""The one place that changes a connection's status: each change is a row, with its cause and its evidence."""

from typing import Final

from integrations.models import Connection, StatusChange
from integrations.rules.actors import Actor

LONGEST: Final = 300


def change(
    row: Connection, to: Connection.Status, *, cause: str, by: Actor, evidence: str = "", keep: bool = True
) -> bool:
    """Set the status of a row that the caller has locked and saves, and write down why; return whether it changed.

    ``cause``: a sentence, which pages show beside the status while it lasts, unless ``keep`` is false: of a connection
    that is well nothing needs to be said. ``evidence``: what was asked of Exact and what came back.
    """
    row.status_reason = cause[:LONGEST] if keep else ""
    before = row.status
    if before == to:
        return False
    row.status = to
    StatusChange.objects.create(
        connection=row, before=before, after=to, cause=cause[:LONGEST], evidence=evidence[:LONGEST], by=str(by)
    )
    return True


def begun(row: Connection, *, cause: str, by: Actor) -> None:
    """Write down how a new row came to be; it is saved already."""
    StatusChange.objects.create(connection=row, before="", after=row.status, cause=cause[:LONGEST], by=str(by))
