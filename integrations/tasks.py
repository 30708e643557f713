"""The same verbs by the clock; thin."""

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string


@shared_task
def clear_expired_sessions() -> None:
    """Delete the sessions that ended; Django never does so by itself."""
    store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    store.clear_expired()
