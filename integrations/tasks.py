"""The same verbs by the clock; thin. A message says "look", or ids; rows say the rest."""

from contextlib import suppress
from typing import Final
from uuid import UUID

from celery import shared_task

from integrations.rules.actors import PORTAL
from integrations.services import checks, connections, health, heartbeats, imports, monitor, retention, token_sweep
from integrations.services.refusals import Refused

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
def finish_token_requests() -> None:
    """Look after token requests and consents whose process ended half-way."""
    try:
        token_sweep.requests()
    finally:  # what is wrong with one is nothing to the other; the task fails all the same
        connections.finish_pending()


@shared_task
def look_into_token_files() -> None:
    """Take from the files what the database has missed."""
    token_sweep.files()


@shared_task
def tell_the_monitor() -> None:
    """Say outside that all is well, if it is."""
    monitor.tell(health.ready())


@shared_task
def clear_by_age() -> None:
    """Delete, and fold into sums, what is older than its retention."""
    with suppress(Refused):  # another one is at work
        retention.run(by=PORTAL)
    imports.close_cleared()
