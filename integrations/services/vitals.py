"""The portal as it runs: its processes and their versions, for whoever looks after it."""

import platform
from dataclasses import dataclass
from datetime import datetime

import celery
import django
from django.db import connection
from django.utils import timezone

from integrations import __version__
from integrations.models import Heartbeat
from integrations.rules import heartbeats as rule
from integrations.services import installation


@dataclass(frozen=True, slots=True)
class Process:
    """A process that nobody sees, and when it last said that it works."""

    name: str
    at: datetime | None
    silent: bool


def processes() -> list[Process]:
    """Return worker and scheduler. Those of a portal that stands by say nothing: an empty list."""
    if installation.standing().reasons:
        return []
    at = dict(Heartbeat.objects.values_list("process", "at"))
    now = timezone.now()
    return [
        Process(process.label, at.get(process), rule.is_silent(at.get(process), now)) for process in Heartbeat.Process
    ]


def versions() -> dict[str, str]:
    """Return what runs, and which release of it."""
    database = ".".join(str(part) for part in connection.get_database_version())
    return {
        "Portal": __version__,
        "Python": platform.python_version(),
        "Django": django.get_version(),
        "Celery": str(celery.__version__),
        connection.display_name: database,
    }
