"""Signs of life of worker and scheduler, in the database, where every process sees them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from integrations.models import Heartbeat
from integrations.rules import heartbeats as rule
from integrations.services import installation

Process = Heartbeat.Process


@dataclass(frozen=True, slots=True)
class Silence:
    """What does not run, and since when nothing has been checked."""

    what: str
    since: datetime | None


def beat(process: Process) -> None:
    """Say that a process did its work just now.

    One that stands by says nothing: on a shared database it would hide that those of the owner are silent.
    """
    if installation.standing().reasons:
        return
    Heartbeat.objects.update_or_create(process=process, defaults={"at": timezone.now()})


def silence() -> Silence | None:
    """Return what every page warns of; None where worker and scheduler are at work."""
    at = dict(Heartbeat.objects.values_list("process", "at"))
    found = rule.what_is_silent(at.get(Process.BEAT), at.get(Process.WORKER), timezone.now())
    return Silence(*found) if found else None
