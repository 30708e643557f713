"""The monitor outside: told each minute that all is well, so that it notices when nobody tells it any more.

It hears nothing while anything is wrong that ``/health/ready`` would say, and nothing of ours but the address
that it gave us itself, which is kept like a password: no page and no log shows more of it than the host.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from integrations.exact import errors, origin, wire
from integrations.models import MonitorCall
from integrations.rules import heartbeats as rule
from integrations.rules.findings import Finding
from integrations.services import installation
from integrations.services.token_errors import StandingBy

DEADLINE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the monitor; ``host`` is empty where none is set."""

    host: str
    told_at: datetime | None
    problem: str
    silent: bool
    """It is set, and has not heard us for longer than a pause."""


def tell(failing: Sequence[Finding]) -> None:
    """Tell the monitor that all is well, where nothing is failing (``health.ready``), and write down what became
    of it.

    A portal that stands by tells and writes nothing: on a shared database the row is the owner's.
    """
    if not settings.HEARTBEAT_URL or installation.standing().reasons:
        return
    now = timezone.now()
    names = ", ".join(finding.check for finding in failing)
    problem = f"Not all is well here: {names}." if failing else _fetch(settings.HEARTBEAT_URL)
    values = {"tried_at": now, "problem": problem} | ({} if problem else {"told_at": now})
    MonitorCall.objects.update_or_create(defaults=values)


def seen() -> Seen:
    """Return what pages and the doctor say of it."""
    row = MonitorCall.objects.first()
    told_at = row.told_at if row else None
    host = urlsplit(settings.HEARTBEAT_URL).hostname or ""
    silent = bool(host) and rule.monitor_is_silent(told_at, timezone.now())
    return Seen(host, told_at, row.problem if row else "", silent)


def _fetch(url: str) -> str:
    """Fetch the address, following nothing; return what went wrong, without the address, or nothing."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        there = origin.parse(f"{parts.scheme}://{parts.netloc}")
        status = wire.request(there, "GET", path, headers={}, seconds=DEADLINE_SECONDS).status
    except errors.ExactError as error:  # the wire's own, whose words are about Exact
        return _PROBLEMS.get(type(error), "It did not answer.")
    except StandingBy:
        return "This portal stands by."
    return "" if 200 <= status < 300 else f"It answered {status}."


_PROBLEMS: Final[dict[type[errors.ExactError], str]] = {
    errors.TimedOut: f"It did not answer within {DEADLINE_SECONDS:.0f} seconds.",
    errors.RedirectRefused: "It leads to another address. Set HEARTBEAT_URL to that one.",
    errors.NameNotResolved: "Its name is not known to the name servers.",
    errors.Unreachable: "It cannot be reached.",
    errors.TlsFailed: "Its certificate is not valid.",
}
