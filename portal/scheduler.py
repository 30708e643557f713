"""Celery's scheduler, which also says that it is alive."""

import time
from typing import Any, Final

from celery.beat import PersistentScheduler
from celery.utils.log import get_logger
from django.db import Error as DatabaseError
from django.db import close_old_connections

from integrations.services import heartbeats

SECONDS: Final = 20
logger = get_logger(__name__)


class Scheduler(PersistentScheduler):
    """Writes a heartbeat from the loop that sends the messages: where the loop hangs, it falls silent."""

    _said_at = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() - self._said_at >= SECONDS:
            self._said_at = time.monotonic()
            self._say()
        return min(super().tick(*args, **kwargs), SECONDS)

    @staticmethod
    def _say() -> None:
        close_old_connections()
        try:
            heartbeats.beat(heartbeats.Process.BEAT)
        except DatabaseError as error:
            logger.warning("The heartbeat was not written: %s", type(error).__name__)
