"""A worker process that asks for one connection's token, and can be stopped at a named point of it.

Forked from one parent that has imported everything, so that one costs some hundredths of a second. At its point it says
so and stops itself (SIGSTOP): whoever watches it kills it there, or lets it go on.
"""

import hashlib
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

import django
import time_machine
from django.conf import settings

if not settings.configured or not django.apps.apps.ready:
    django.setup()

from django.db import connection as database

from integrations.crypto import KeyRing
from integrations.exact import oauth
from integrations.exact.errors import ExactError
from integrations.models import AuthorizationState, Connection
from integrations.services import connections, keyring, token_journal, token_lease, token_store, tokens

TAKEN: Final = "the lease taken"
BEFORE_THE_REQUEST: Final = "before the request"
ANSWERED: Final = "with the answer in memory"
TRADED: Final = "with a consent's tokens in memory"
AFTER_THE_FILE: Final = "after the file"
BEFORE_THE_COMMIT: Final = "before the commit"
AFTER_THE_COMMIT: Final = "after the commit"
BEFORE_ITS_FILES: Final = "after the commit of a renewal, before its files"


@dataclass(frozen=True, slots=True)
class Job:
    """What one worker is told. ``ahead``: its clock, in seconds."""

    connection: str
    database: dict[str, Any]
    stop_at: str = ""
    ahead: float = 0.0
    keys: str = ""
    """Another key ring, as ``PORTAL_KEYS`` holds it."""
    settings: dict[str, Any] = field(default_factory=dict)
    consent: tuple[str, str] | None = None
    """Rather than ask: come back from Exact with this state, by its id, and this code."""


def work(pipe: Pipe, job: Job) -> None:
    """Ask, and say what came of it: the token's fingerprint, or the error by its name."""
    os.setsid()
    database.settings_dict.update(job.database)
    for name, value in job.settings.items():
        setattr(settings, name, value)
    if job.keys:
        settings.PORTAL_KEYS = KeyRing.parse(job.keys)
    keyring.forget()
    _arm(pipe, job.stop_at)
    there = datetime.now(UTC) + timedelta(seconds=job.ahead)
    with time_machine.travel(there, tick=True) if job.ahead else ExitStack():
        said = _said(partial(_connect, *job.consent) if job.consent else partial(_ask, job.connection))
    pipe.send(said)
    pipe.close()


def _ask(connection_id: str) -> str:
    return tokens.access_token(Connection.objects.select_related("application").get(pk=connection_id))


def _connect(state_id: str, code: str) -> str:
    states = AuthorizationState.objects.select_related("link__application")
    return tokens.access_token(connections.connect(states.get(pk=state_id), code))


def _said(work: Callable[[], str]) -> dict[str, Any]:
    try:
        token = work()
    except tokens.TokenUnavailable as error:
        until = getattr(error, "until", None)
        return {"error": type(error).__name__, "reason": str(error), "until": until and until.timestamp()}
    except ExactError as error:
        return {"error": type(error).__name__, "reason": str(error), "until": None}
    except Exception as error:  # noqa: BLE001 (whatever a fault leads to is what the test wants to know)
        return {"error": type(error).__name__, "reason": f"{type(error).__name__}: {error}", "until": None}
    return {"token": hashlib.sha256(token.encode()).hexdigest()}


# --- Points -------------------------------------------------------------------------------------------------


def _arm(pipe: Pipe, point: str) -> None:
    def stop() -> None:
        session = database.connection
        backend = session.info.backend_pid if session is not None and database.vendor == "postgresql" else None
        pipe.send({"reached": point, "backend": backend})
        os.kill(os.getpid(), signal.SIGSTOP)

    if point in COMMITS:
        then = {COMMITS[point]: stop}
        _wrap(token_store, "save", before=lambda: _wrap(database, "_commit", once=True, **then))
    elif point:
        owner, name, when = POINTS[point]
        _wrap(owner, name, **{when: stop})


POINTS: Final[dict[str, tuple[Any, str, str]]] = {
    TAKEN: (token_lease, "take", "after"),
    BEFORE_THE_REQUEST: (oauth, "refresh", "before"),
    ANSWERED: (oauth, "refresh", "after"),
    TRADED: (oauth, "exchange_code", "after"),
    AFTER_THE_FILE: (token_journal.Slot, "write", "after"),
    BEFORE_ITS_FILES: (tokens, "_move_file", "before"),
}
COMMITS: Final = {BEFORE_THE_COMMIT: "before", AFTER_THE_COMMIT: "after"}
"""Of the transaction that saves."""


def _wrap(
    owner: Any,
    name: str,
    *,
    before: Callable[[], None] = lambda: None,
    after: Callable[[], None] = lambda: None,
    once: bool = False,
) -> None:
    """Let something happen before a function of the portal, or once it has returned."""
    function = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if once:
            setattr(owner, name, function)
        before()
        result = function(*args, **kwargs)
        after()
        return result

    setattr(owner, name, wrapped)
