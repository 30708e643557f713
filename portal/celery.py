"""The Celery app and the one schedule table.

Only beat puts messages on the broker, and a message says no more than "look": what is due stands in rows.
"""

import os
from importlib import import_module
from typing import Any, Final

from celery import Celery
from celery.signals import worker_ready
from django.conf import settings
from django.db import connections

from portal import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
broker.register()

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
REDIS_SCHEMES: Final = ("redis://", "rediss://", "sentinel://")

LOOK_SECONDS: Final = 20
SWEEP_SECONDS: Final = 15

SCHEDULE: Final[dict[str, dict[str, Any]]] = {
    "look-for-due-checks": {
        "task": "integrations.tasks.look_for_due_checks",
        "schedule": float(LOOK_SECONDS),
        "options": {"expires": LOOK_SECONDS},
    },
    "finish-token-requests": {
        "task": "integrations.tasks.finish_token_requests",
        "schedule": float(SWEEP_SECONDS),
        "options": {"expires": SWEEP_SECONDS},
    },
    "look-into-token-files": {
        "task": "integrations.tasks.look_into_token_files",
        "schedule": 10.0 * MINUTE,
        "options": {"expires": 10 * MINUTE},
    },
    "tell-the-monitor": {
        "task": "integrations.tasks.tell_the_monitor",
        "schedule": float(MINUTE),
        "options": {"expires": MINUTE},
    },
    "clear-by-age": {
        "task": "integrations.tasks.clear_by_age",
        "schedule": 24.0 * HOUR,
        "options": {"expires": 12 * HOUR},
    },
}


def transport_options(url: str) -> dict[str, Any]:
    """Return what the broker at ``url`` needs beside its address."""
    if url.startswith("atomicfs"):
        return broker.options(settings.BROKER_DIR)
    if url.startswith(REDIS_SCHEMES):
        # Longer than any task may run, or a second worker starts it again meanwhile.
        return {"visibility_timeout": HOUR, "unacked_restore_interval": 10}
    return {}


app = Celery("portal")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=transport_options(settings.CELERY_BROKER_URL),
    broker_connection_retry_on_startup=True,
    beat_schedule=SCHEDULE,
    beat_scheduler="portal.scheduler:Scheduler",
    beat_schedule_filename=str(settings.VAR_DIR / "beat"),
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=10 * 60,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
)
app.autodiscover_tasks(["integrations"])


@worker_ready.connect
def say_so(**_: Any) -> None:
    """Write the first sign of life at once; from then on the work itself does."""
    heartbeats = import_module("integrations.services.heartbeats")  # needs the models, which Celery loads late
    try:
        heartbeats.beat(heartbeats.Process.WORKER)
    finally:
        connections.close_all()
