"""When silence is more than a pause."""

from datetime import datetime, timedelta
from typing import Final

SILENT_AFTER: Final = timedelta(seconds=90)
MONITOR_SILENT_AFTER: Final = timedelta(minutes=5)
OVERDUE_AFTER: Final = timedelta(minutes=15)
"""A check that a dead worker had taken falls due again after ten."""


def what_is_silent(beat: datetime | None, worker: datetime | None, now: datetime) -> tuple[str, datetime | None] | None:
    """Return what does not run, in words, and since when (None: never ran); None where all is well.

    Without the scheduler the worker has nothing to do: it is the scheduler that is named then.
    """
    for name, at in (("the scheduler is stopped", beat), ("the worker is stopped, or does not get on", worker)):
        if is_silent(at, now):
            return name, at
    return None


def is_silent(at: datetime | None, now: datetime) -> bool:
    return at is None or now - at > SILENT_AFTER


def monitor_is_silent(told_at: datetime | None, now: datetime) -> bool:
    """Tell whether the monitor outside, which is told each minute, has not heard us for longer than a pause."""
    return told_at is None or now - told_at > MONITOR_SILENT_AFTER


def is_overdue(due_at: datetime | None, now: datetime) -> bool:
    """Tell whether the oldest check that is due has waited for longer than a busy worker explains."""
    return due_at is not None and now - due_at > OVERDUE_AFTER
