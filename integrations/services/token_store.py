"""The row of a connection: its tokens sealed and opened, the lease, and what became of a token request.

Nothing here reaches Exact. Each function is one statement or one transaction, and compares: new tokens on
``token_generation``, everything else on the lease too.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from integrations.crypto import CannotOpen
from integrations.exact.errors import AuthenticationRequired, ExactError
from integrations.exact.oauth import TokenAnswer
from integrations.models import AuditEvent, Connection
from integrations.rules import refresh
from integrations.rules.actors import PORTAL
from integrations.services import keyring
from integrations.services.token_errors import CannotOpenTokens

LEASE: Final = timedelta(seconds=30)
REASON_LENGTH: Final = 300
Status = Connection.Status
CHAIN: Final = (
    "status",
    "status_reason",
    "next_check_at",
    "refresh_token",
    "access_token",
    "token_generation",
    "token_lifetime",
    "token_answered_at",
    "refresh_asked_at",
    "lease_owner",
    "lease_until",
)
"""What the functions here change."""


@dataclass(slots=True)
class Lease:
    """The right to ask Exact for this connection's next token. ``asked_before``: the intent that stood in
    the row, whose outcome stays unknown when this request turns out to have done nothing."""

    connection_id: uuid.UUID
    generation: int
    owner: uuid.UUID | None
    asked_at: datetime | None
    asked_before: datetime | None

    @property
    def row(self) -> dict[str, Any]:
        return {"pk": self.connection_id, "token_generation": self.generation, "lease_owner": self.owner}


def state(row: Connection) -> refresh.TokenState:
    """Return what the rule looks at."""
    return refresh.TokenState(
        ended=row.status in Connection.ENDED,
        on_hand=bool(row.access_token),
        lifetime=_lifetime(row),
        answered_at=row.token_answered_at,
        asked_at=row.refresh_asked_at,
        leased_until=row.lease_until,
    )


def tells_at(row: Connection) -> datetime | None:
    """Return when Exact can tell what became of the tokens, where an answer of it was lost or a token refused."""
    seen = state(row)
    since = seen.outstanding or (None if seen.on_hand else seen.answered_at)
    return since and refresh.earliest(since, seen.lifetime)


# --- Opening and sealing ------------------------------------------------------------------------------------


def opened(row: Connection, column: str) -> str:
    """Open ``Connection.ACCESS_TOKEN`` or ``Connection.REFRESH_TOKEN``.

    Raises:
        CannotOpenTokens: also where there is none.
    """
    sealed = row.access_token if column == Connection.ACCESS_TOKEN else row.refresh_token
    try:
        return keyring.open_(sealed, row.place(column))
    except CannotOpen:
        raise CannotOpenTokens("The stored tokens cannot be opened with the present keys.") from None


def put(row: Connection, access_token: str, refresh_token: str) -> None:
    """Seal a new pair into the row, as its next generation; the lease and the intent end. Not saved.

    Raises:
        WrongKeyRing: the present keys are not this database's.
    """
    row.token_generation += 1
    row.access_token = keyring.seal(access_token, row.place(Connection.ACCESS_TOKEN))
    row.refresh_token = keyring.seal(refresh_token, row.place(Connection.REFRESH_TOKEN))
    row.refresh_asked_at = row.lease_owner = row.lease_until = None


# --- The lease ----------------------------------------------------------------------------------------------


def take(seen: Connection, now: datetime) -> Lease | None:
    """Take the lease and write the intent, where the row is still as the rule saw it; else None."""
    lease = Lease(seen.pk, seen.token_generation, uuid.uuid4(), now, seen.refresh_asked_at)
    unchanged = Connection.objects.filter(
        pk=seen.pk,
        status=seen.status,
        token_generation=seen.token_generation,
        lease_owner=seen.lease_owner,
        refresh_asked_at=seen.refresh_asked_at,
    )
    taken = unchanged.update(lease_owner=lease.owner, lease_until=now + LEASE, refresh_asked_at=now)
    return lease if taken else None


def hold(lease: Lease, now: datetime) -> bool:
    """Just before a request is sent: tell whether the lease is ours still, and count it and the intent from
    now on."""
    held = Connection.objects.filter(**lease.row, lease_until__gt=now)
    if not held.update(lease_until=now + LEASE, refresh_asked_at=now):
        return False
    lease.asked_at = now
    return True


def undo(lease: Lease) -> None:
    """The request was not sent, or was refused without effect: lease and intent as they were before."""
    Connection.objects.filter(**lease.row).update(
        lease_owner=None, lease_until=None, refresh_asked_at=lease.asked_before
    )


# --- What became of a request -------------------------------------------------------------------------------


def save(lease: Lease, answer: TokenAnswer, answered_at: datetime) -> bool:
    """Store new tokens; False where the row has others by now. Whoever holds the lease does not matter: the
    answer to the present refresh token is good, however late it comes."""
    with transaction.atomic():
        row = _locked(pk=lease.connection_id, token_generation=lease.generation)
        if row is None or row.status in Connection.ENDED:
            return False
        doubted = not row.access_token
        put(row, answer.access_token, answer.refresh_token)
        row.token_lifetime, row.token_answered_at = answer.expires_in, answered_at
        if row.status == Status.VERIFYING and not doubted:
            _verified(row)
        row.save(update_fields=CHAIN)
    return True


def unknown(lease: Lease, reason: str) -> datetime | None:
    """The outcome is unknown: being verified from now on. Return when it can be told; None where the row has
    changed meanwhile."""
    with transaction.atomic():
        row = _locked(**lease.row, refresh_asked_at=lease.asked_at)
        if row is None or row.refresh_asked_at is None:
            return None
        row.lease_owner = row.lease_until = None
        tells_at = refresh.earliest(row.refresh_asked_at, _lifetime(row))
        _verify(row, reason, tells_at)
        row.save(update_fields=CHAIN)
    return tells_at


def nobody_answered(seen: Connection) -> None:
    """Whoever held the lease is gone with the answer: the same, for a row as the rule saw it."""
    if seen.status == Status.CONNECTED:
        gone = Lease(seen.pk, seen.token_generation, seen.lease_owner, seen.refresh_asked_at, None)
        unknown(gone, "A request for a new token was not finished.")


def end(lease: Lease, error: ExactError) -> bool:
    """The chain is over; False where the row has other tokens by now."""
    with transaction.atomic():
        row = _locked(**lease.row)
        if row is None:
            return False
        _end(row, error)
        row.save(update_fields=CHAIN)
    return True


def forget(connection: Connection, token: str) -> None:
    """Exact refused an access token: forget it, unless the row has another one by now.

    The connection is being verified until a call works: the next token comes when Exact gives one, and when
    that is refused too, the chain is over.
    """
    refused = AuthenticationRequired()
    with transaction.atomic():
        row = _locked(pk=connection.pk)
        if row is None or not row.access_token or opened(row, Connection.ACCESS_TOKEN) != token:
            return
        if row.status == Status.VERIFYING and state(row).outstanding is None:
            _end(row, refused)
        else:
            row.access_token = ""
            since = state(row).outstanding or row.token_answered_at or timezone.now()
            _verify(row, str(refused), refresh.earliest(since, _lifetime(row)))
        row.save(update_fields=CHAIN)


def confirm(connection: Connection) -> None:
    """A call with the token on hand worked."""
    with transaction.atomic():
        row = _locked(pk=connection.pk, status=Status.VERIFYING, refresh_asked_at=None)
        if row is not None and row.access_token:
            _verified(row)
            row.save(update_fields=CHAIN)


def destroy(row: Connection, reason: str) -> None:
    """End the chain by our own decision: nothing of its tokens is left. ``row`` is locked by the caller, who
    records the event. An answer that is under way finds its lease gone."""
    row.status, row.status_reason, row.next_check_at = Status.DISCONNECTED, reason[:REASON_LENGTH], None
    row.access_token = row.refresh_token = ""
    row.refresh_asked_at = row.lease_owner = row.lease_until = None
    row.save(update_fields=CHAIN)


def _locked(**compare: Any) -> Connection | None:
    return Connection.objects.select_for_update().filter(**compare).first()


def _lifetime(row: Connection) -> timedelta:
    return timedelta(seconds=row.token_lifetime)


def _verified(row: Connection) -> None:
    row.status, row.status_reason = Status.CONNECTED, ""
    AuditEvent.objects.record("connection.verified", row, by=PORTAL)


def _verify(row: Connection, reason: str, check_at: datetime) -> None:
    """A pending connection stays pending: nobody knows yet whose it is."""
    if row.status == Status.PENDING:
        return
    if row.status != Status.VERIFYING:
        row.status = Status.VERIFYING
        AuditEvent.objects.record("connection.verifying", row, by=PORTAL, details={"until": check_at.isoformat()})
    row.status_reason, row.next_check_at = reason[:REASON_LENGTH], check_at


def _end(row: Connection, error: ExactError) -> None:
    row.refresh_asked_at = row.lease_owner = row.lease_until = None
    row.status_reason = str(error)[:REASON_LENGTH]
    row.access_token = ""
    if row.status == Status.PENDING:  # a row without a user is not shown, and keeps what it was made with
        return
    row.status, row.next_check_at, row.refresh_token = Status.RECONNECT, None, ""
    details = {"cause": type(error).__name__}
    AuditEvent.objects.record("connection.reconnect_needed", row, by=PORTAL, details=details)
