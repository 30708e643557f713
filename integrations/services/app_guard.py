"""What an app's state lets pass to Exact: everything, what keeps links alive, or nothing.

Asked where a token is handed out, and once more just before each request leaves. It reads the row anew each time, by
one query by primary key, and believes no object that somebody holds: a stop that is pressed in another process holds
from the next request on.

What is left is a request that is on its way at the very moment of a stop. Its answer is saved, so that no link is
lost by it, and whatever would follow it finds the stop.
"""

from typing import Final

from integrations.models import Application
from integrations.services.token_errors import AppStopped

STOPPED: Final = "The app is under Emergency stop: nothing is asked of Exact through it until the stop is lifted."
ARCHIVED: Final = "The app is archived: nothing is asked of Exact through it. Bring it back first."
DELETED: Final = "The app was deleted: nothing is asked of Exact through it."
STATE: Final = ("enabled_at", "stopped_at", "archived_at")
"""The columns that this is read from."""


def refuse_stopped(application: Application) -> Application:
    """Let an app pass that is enabled or disabled; return its state as it is now, and no other column.

    Raises:
        AppStopped: no request may leave through it.
    """
    row = Application.objects.only(*STATE).filter(pk=application.pk).first()
    if row is None:
        raise AppStopped(DELETED)
    refuse(row)
    return row


def refuse(row: Application) -> None:
    """The same of an app that was read just now.

    Raises:
        AppStopped: no request may leave through it.
    """
    if row.is_stopped:
        raise AppStopped(STOPPED)
    if row.is_archived:
        raise AppStopped(ARCHIVED)
