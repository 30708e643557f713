"""The same verbs by the clock; thin. A message says "look", or ids; rows say the rest."""

from typing import Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string

from integrations.services import checks, heartbeats, signing_in

CHUNK: Final = 100
CHUNK_EXPIRES: Final = 9 * 60
"""Seconds; below the ten minutes of a claim, so that no chunk runs after its ids fell due again."""


@shared_task
def look_for_due_checks() -> None:
    """Take the checks that are due, and give them out in messages of a hundred."""
    heartbeats.beat(heartbeats.Process.WORKER)
    ids = [str(pk) for pk in checks.claim()]
    for start in range(0, len(ids), CHUNK):
        run_checks.apply_async(args=[ids[start : start + CHUNK]], expires=CHUNK_EXPIRES)


@shared_task
def run_checks(ids: list[str]) -> None:
    """Run the checks of these connections in threads."""
    checks.run_many([UUID(pk) for pk in ids])


@shared_task
def clear_expired_sessions() -> None:
    """Delete the sessions that ended, which Django never does by itself, and what sign-ins left behind."""
    store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    store.clear_expired()
    signing_in.forget_old()
