"""The only door to Exact's API: a token, a place in the limits, the wire, and what it cost.

A call is reserved in both windows before it is sent, and settled from status and headers after. What provably
never left is given back; what may have arrived stays counted.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from django.utils import timezone

from integrations.exact import api, errors
from integrations.exact.api import Answer
from integrations.exact.errors import Who
from integrations.exact.limits import LimitHeaders
from integrations.models import Access, Company, Connection
from integrations.services import app_guard, installation, tokens, usage, wire_guard

# Nothing that a server could read as another company than we count: no escapes, no dot segments, no "//".
_PATH: Final = re.compile(
    r"/api/v1/(?P<division>current|[1-9][0-9]{0,9})/(?P<endpoint>[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)*)"
    r"(?:\([A-Za-z0-9_',=-]*\))?(?:\?[\x21-\x7e]*)?\Z",
    re.ASCII,
)


CONSENT: Final = "connect"
"""The purpose of the calls right after a consent, which may bring back what staff had withdrawn."""
CHECK: Final = "check"
"""The purpose of the calls of a check, which looks at what is granted although nothing of it be used."""
NOT_USED: Final = "The company is not one of those that we use. Use it first, on its page."
ROUNDS: Final = 3
ENDPOINT_LENGTH: Final = 120


class CallRefused(Exception):
    """The root: the call was not made, and nothing was asked of Exact. ``reason`` is a sentence."""

    who: ClassVar[Who] = Who.APP_OWNER

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotConnected(CallRefused):
    """No connection reaches the company, or the one that did was withdrawn."""

    who = Who.CUSTOMER


class NotUsed(CallRefused):
    """The company is granted, but not one of those that we use."""


class AppDisabled(CallRefused):
    """The app is disabled: its links are kept alive, and no call is made."""


class TooSlow(CallRefused):
    """Between counting a call and sending it too much time passed, again and again."""

    who = Who.OPERATOR


class WrongPath(CallRefused):
    """No path of Exact's API, or one of another company than the call is for: a programming mistake."""


@dataclass(frozen=True, slots=True)
class _Call:
    connection: Connection
    method: str
    path: str
    division: int | None
    endpoint: str
    purpose: str

    @property
    def saves_a_link(self) -> bool:
        """Tell whether it asks whose the tokens of a new consent are: these ended the chain before them, so that
        the link would be lost without an answer."""
        return self.purpose == CONSENT and self.division is None


def send(target: Company | Connection, method: str, path: str, *, purpose: str = "other") -> Answer:
    """Make one call and return Exact's answer. ``path`` absolute, with query.

    A company's call goes by its primary access; its path names the company's division. A connection's path
    may have no division (``/api/v1/current/Me``, which Exact counts to nobody), or one that it is counted to.

    Raises:
        CallRefused: `NotConnected`, `NotUsed`, `AppDisabled`, `WrongPath`, `TooSlow`.
        AppStopped: the app is under Emergency stop, or archived.
        TokenUnavailable: there is no token; see ``tokens.access_token``, whose other errors come, too.
        usage.LimitReached: the call would be one too many; with ``window`` and ``resets_at``.
        ExactError: what Exact or the wire said. After a 401 the token was replaced, or is distrusted.
        TransactionOpen: called within a transaction.
        ValueError: ``method`` is none of Exact's.
    """
    wire_guard.refuse_open_transaction()
    installation.refuse_standby()
    call = _call(target, method, path, purpose)
    _refuse_disabled(call)
    token = tokens.access_token(call.connection)
    try:
        answer = _sent(call, token)
    except errors.AuthenticationRequired:
        fresh = tokens.access_token(call.connection)
        if fresh == token:
            tokens.distrust(call.connection, token)
            raise
        answer = _retried(call, fresh)
    tokens.confirm(call.connection)
    return answer


def _retried(call: _Call, token: str) -> Answer:
    """Send again, with a token that nobody has refused yet."""
    try:
        return _sent(call, token)
    except errors.AuthenticationRequired:
        tokens.distrust(call.connection, token)
        raise


def _sent(call: _Call, token: str) -> Answer:
    reservation = _reserved(call)
    try:
        _refuse_disabled(call)  # again: the token and the place in the limits may have taken half a minute
        answer = api.send(call.connection.application.origin, token, call.method, call.path)
    except errors.ExactError as error:
        if reservation is not None:
            _settle_failed(reservation, error)
        raise
    except (ValueError, wire_guard.TransactionOpen, tokens.TokenUnavailable, CallRefused):
        if reservation is not None:
            usage.release(reservation)
        raise
    if reservation is not None:
        usage.settle(reservation, answer.limits, answer.status)
    return answer


def _reserved(call: _Call) -> usage.Reservation | None:
    """Take a place in both windows; one that grew old before the wire (5 s) is given back for a new one."""
    if call.division is None:
        return None
    for _ in range(ROUNDS):
        reservation = usage.reserve(
            application=call.connection.application,
            division=call.division,
            purpose=call.purpose,
            endpoint=call.endpoint,
            connection=call.connection,
        )
        if not usage.is_stale(reservation, timezone.now()):
            return reservation
        usage.release(reservation)
    raise TooSlow("The database takes too long to count a call.")


def _settle_failed(reservation: usage.Reservation, error: errors.ExactError) -> None:
    """Without an answer (status None) the call may have been made, and stays counted."""
    if error.sent:
        usage.settle(reservation, error.limits or LimitHeaders(), error.status)
    else:
        usage.release(reservation)


def _call(target: Company | Connection, method: str, path: str, purpose: str) -> _Call:
    parts = _PATH.match(path)
    if parts is None:
        raise WrongPath("This is no path of Exact's API.")
    division = None if parts["division"] == "current" else int(parts["division"])
    connection = target if isinstance(target, Connection) else _primary_connection(target, division)
    if connection is target and division is not None and purpose != CONSENT:
        _refuse_withdrawn(connection, division)
        if purpose != CHECK:
            _refuse_unused(connection, division)
    return _Call(connection, method, path, division, parts["endpoint"][:ENDPOINT_LENGTH], purpose)


def _primary_connection(target: Company, division: int | None) -> Connection:
    rows = Company.objects.select_related("application", "customer", "primary_access__connection__application")
    company = rows.get(pk=target.pk)
    access = company.primary_access
    if division != company.division:
        raise WrongPath("The path is not one of this company.")
    if company.customer is not None and company.customer.disconnected_at is not None:
        raise NotConnected("The company's customer is disconnected, and has to connect again first.")
    if company.use != Company.Use.USED:
        raise NotUsed(NOT_USED)
    if access is None or access.withdrawn_at is not None or access.company_id != company.pk:
        raise NotConnected("No connection reaches this company.")
    return access.connection


def _refuse_disabled(call: _Call) -> None:
    """Let an app that is disabled pass with what keeps links alive only, and one that is stopped with nothing."""
    now = app_guard.refuse_stopped(call.connection.application)
    if not now.is_enabled and not call.saves_a_link:
        raise AppDisabled("The app is disabled: no call is made through it until it is enabled.")


def _refuse_withdrawn(connection: Connection, division: int) -> None:
    ours = Access.objects.filter(connection=connection, company__division=division).exclude(withdrawn_by="")
    if ours.exists():
        raise NotConnected("Staff withdrew this company; its customer has to connect again first.")


def _refuse_unused(connection: Connection, division: int) -> None:
    rows = Company.objects.filter(application=connection.application_id, division=division)
    if rows.exclude(use=Company.Use.USED).exists():
        raise NotUsed(NOT_USED)
