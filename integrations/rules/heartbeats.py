"""When silence is more than a pause."""

from datetime import datetime, timedelta
from typing import Final

SILENT_AFTER: Final = timedelta(seconds=90)


def what_is_silent(beat: datetime | None, worker: datetime | None, now: datetime) -> tuple[str, datetime | None] | None:
    """Return what does not run, in words, and since when (None: never ran); None where all is well.

    Without the scheduler the worker has nothing to do: it is the scheduler that is named then.
    """
    for name, at in (("the scheduler is stopped", beat), ("the worker is stopped, or does not get on", worker)):
        if at is None or now - at > SILENT_AFTER:
            return name, at
    return None
