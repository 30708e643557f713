"""The row of a connection: its tokens sealed and opened, and what became of a token request.

Nothing here reaches Exact. Each function is one statement or one transaction, and compares: new tokens on
``token_generation``, everything else on the lease too.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import Error, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from integrations.crypto import CannotOpen
from integrations.exact.errors import AuthenticationRequired, ExactError
from integrations.exact.oauth import TokenAnswer
from integrations.models import Application, AuditEvent, Connection
from integrations.rules import refresh
from integrations.rules.actors import PORTAL, Actor
from integrations.services import app_guard, connection_statuses, keyring, refused_keys, token_journal, token_lease
from integrations.services.token_errors import CannotOpenTokens, JournalBehind
from integrations.services.token_journal import Entry, Slot
from integrations.services.token_lease import Lease

HELD_OFF: Final = timedelta(hours=1)
"""At most, after Exact refused a token request."""
CLOCKS_DIFFER: Final = timedelta(seconds=5)
"""By how much the clocks of two machines may differ before a time counts as one of the future."""
ANSWERED: Final = "Exact answered; its new tokens are stored."
CAME_BACK: Final = "The file beside the database had tokens that the database had missed."
LONGEST_REASON: Final = connection_statuses.LONGEST
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
    "token_not_before",
    "token_calls",
    "token_calls_on",
)
"""What the functions here change."""
_PAIR: Final = CHAIN[CHAIN.index("refresh_token") : CHAIN.index("token_calls")]
_QUIET: Final = (Status.CONNECTED, Status.PENDING)
"""What new tokens do not change."""
_APPLICATION: Final = tuple(
    f"application__{name}" for name in ("region", "origin", "client_id", *app_guard.STATE, *refused_keys.STATE)
)


def read(row: Connection, now: datetime) -> Application:
    """Read the chain again, its lease by our own clock ``now``; return what else decides, of its app as it is now.

    Raises:
        Connection.DoesNotExist: it was removed.
    """
    found = Connection.objects.select_related("application").only(*CHAIN, *_APPLICATION)
    if isinstance(clock := token_lease.clock(now), Now):
        found = found.annotate(lease_clock=clock)
    fresh = found.get(pk=row.pk)
    for name in CHAIN:
        setattr(row, name, getattr(fresh, name))
    if row.lease_until is not None:
        row.lease_until += now - getattr(fresh, "lease_clock", now)
    return fresh.application


def state(row: Connection) -> refresh.TokenState:
    """Return what the rule looks at."""
    return refresh.TokenState(
        ended=row.status in Connection.ENDED,
        on_hand=bool(row.access_token),
        lifetime=_lifetime(row),
        answered_at=row.token_answered_at,
        asked_at=row.refresh_asked_at,
        leased_until=row.lease_until,
        not_before=row.token_not_before,
        calls_today=token_lease.calls_today(row, timezone.now()),
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


def put(row: Connection, access_token: str, refresh_token: str, *, generation: int = 0) -> None:
    """Seal a new pair into the row, as its next generation; the lease and the intent end. Not saved.

    ``generation``: what the pair is in its file already; else it is above whatever the row and its file have had, so
    that a file which was left behind is never taken for newer.

    Raises:
        WrongKeyRing: the present keys are not this database's.
    """
    row.token_generation = generation or max(row.token_generation, token_journal.generation(row.pk)) + 1
    row.access_token = keyring.seal(access_token, row.place(Connection.ACCESS_TOKEN)) if access_token else ""
    row.refresh_token = keyring.seal(refresh_token, row.place(Connection.REFRESH_TOKEN))
    row.refresh_asked_at = row.lease_owner = row.lease_until = row.token_not_before = None


# --- What became of a request -------------------------------------------------------------------------------


def save(lease: Lease, answer: TokenAnswer, answered_at: datetime, slot: Slot, *, before: Connection) -> bool:
    """Store new tokens, in their file and then in the row; False where the row has others by now. Whoever holds the
    lease does not matter: the answer to the present refresh token is good, however late it comes.

    ``before``: the row as it was read when the lease was taken; where the database is gone the file is written by it,
    and the error raised then.

    Raises:
        JournalBehind: the row has them, their file has not.
    """
    if _has_others(lease):
        return False
    # Above a file that did not open, too: the key that opens it may come back, and its tokens not be taken for newer.
    generation = max(lease.generation, token_journal.generation(lease.connection_id)) + 1
    entry = Entry.next_of(before, generation, answer, answered_at)
    try:
        slot.write(entry)
    except JournalBehind:  # the row is what is left
        if _save(entry, after=lease.generation, cause=ANSWERED):
            raise
        return False
    return _save(entry, after=lease.generation, cause=ANSWERED)


def _has_others(lease: Lease) -> bool:
    """Tell whether row or file have other tokens than those that were asked with, or are to have none."""
    if token_journal.ahead_of(lease.connection_id, lease.generation) is not None:
        return True
    row = Connection.objects.filter(pk=lease.connection_id, token_generation=lease.generation)
    with suppress(Error):  # the row cannot be asked: what it is to have is in the file soon
        return not row.exclude(status=Status.DISCONNECTED).exists()
    return False


def _save(entry: Entry, *, after: int, cause: str) -> bool:
    """Take what a file holds into the row that had generation ``after``."""
    new = Connection(pk=entry.connection_id, token_lifetime=entry.lifetime, token_answered_at=entry.answered_at)
    put(new, entry.access_token, entry.refresh_token, generation=entry.generation)
    pair = {name: getattr(new, name) for name in _PAIR}
    with transaction.atomic():
        row = Connection.objects.filter(pk=new.pk, token_generation=after)
        return bool(row.filter(status__in=_QUIET).update(**pair)) or _save_and_tell(pair, row, cause)


def _save_and_tell(pair: dict[str, Any], of: QuerySet[Connection], cause: str) -> bool:
    row = of.select_for_update().first()
    if row is None:
        return False
    if row.status == Status.DISCONNECTED:  # since the file was written, or was looked at: its tokens live
        token_journal.remove(row.pk)
        return False
    doubted = not row.access_token
    for name, value in pair.items():
        setattr(row, name, value)
    if row.status == Status.VERIFYING and not doubted:
        _verified(row, cause)
    elif row.status == Status.RECONNECT:
        _verified(row, cause)
        row.next_check_at = timezone.now()
    row.save(update_fields=CHAIN)
    return True


def adopt(seen: Connection) -> bool:
    """Take the tokens from the file, where it is ahead of the row; tell whether it was. ``seen`` is not changed.

    A connection that staff disconnected stays so: nobody takes its tokens back.
    """
    if seen.status == Status.DISCONNECTED:
        return False
    entry = token_journal.ahead_of(seen.pk, seen.token_generation)
    return entry is not None and _save(entry, after=seen.token_generation, cause=CAME_BACK)


def correct(seen: Connection, now: datetime) -> bool:
    """A time that lies ahead of us was written by a clock that has been set back since: count from now instead.

    Times of requests and answers keep their distance, which tells what is outstanding. Tell whether one did.
    """
    times = {name: getattr(seen, name) for name in ("refresh_asked_at", "token_answered_at")}
    ahead = {name: at for name, at in times.items() if at and at > now + CLOCKS_DIFFER}
    back = max(ahead.values(), default=now) - now
    new: dict[str, Any] = {name: at - back for name, at in ahead.items()}
    if seen.lease_until and seen.lease_until > now + CLOCKS_DIFFER + token_lease.LEASE:
        new["lease_until"] = token_lease.clock(now)
    if seen.token_not_before and seen.token_not_before > now + CLOCKS_DIFFER + HELD_OFF:
        new["token_not_before"] = None
    if not new:
        return False
    row = Connection.objects.filter(pk=seen.pk, token_generation=seen.token_generation, lease_owner=seen.lease_owner)
    return bool(row.filter(**times).update(**new))


def unknown(lease: Lease, reason: str, evidence: str = "") -> datetime | None:
    """The outcome is unknown: being verified from now on. Return when it can be told; None where the row has
    changed meanwhile."""
    with transaction.atomic():
        row = _locked(**lease.row, refresh_asked_at=lease.asked_at)
        if row is None or row.refresh_asked_at is None:
            return None
        row.lease_owner = row.lease_until = None
        tells_at = refresh.earliest(row.refresh_asked_at, _lifetime(row))
        _verify(row, reason, tells_at, evidence)
        row.save(update_fields=CHAIN)
    return tells_at


def nobody_answered(seen: Connection) -> None:
    """Whoever held the lease is gone with the answer: the same, for a row as the rule saw it."""
    if seen.status == Status.CONNECTED:
        abandon(seen)


def abandon(seen: Connection) -> bool:
    """Take the lease from who is gone with the answer; tell whether the row was still as it was seen.

    One who took the lease and had not yet asked wrote its intent with it: nobody can tell the two apart.
    """
    gone = Lease(seen.pk, seen.token_generation, seen.lease_owner, seen.refresh_asked_at, None, seen.token_calls)
    return unknown(gone, "A request for a new token was not finished.") is not None


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
            tells_at = refresh.earliest(since, _lifetime(row))
            _verify(row, str(refused), tells_at, "a call with the token on hand", refused=True)
        row.save(update_fields=CHAIN)


def confirm(connection: Connection) -> None:
    """A call with the token on hand worked."""
    with transaction.atomic():
        row = _locked(pk=connection.pk, status=Status.VERIFYING, refresh_asked_at=None)
        if row is not None and row.access_token:
            _verified(row, "A call with the token on hand worked.")
            row.save(update_fields=CHAIN)


def destroy(row: Connection, reason: str, *, by: Actor) -> None:
    """End the chain by our own decision: nothing of its tokens is left, once the caller's transaction is. ``row`` is
    locked by the caller, who records the event. An answer that is under way finds its lease gone."""
    connection_statuses.change(row, Status.DISCONNECTED, cause=reason, by=by)
    row.next_check_at = None
    row.access_token = row.refresh_token = ""
    row.refresh_asked_at = row.lease_owner = row.lease_until = None
    row.save(update_fields=CHAIN)
    transaction.on_commit(partial(token_journal.remove, row.pk))


def early(connection: Connection, now: datetime, again: timedelta) -> None:
    """Exact says that the token on hand is good still: its clock, or ours, is off. Believe it for ``again``."""
    row = Connection.objects.filter(pk=connection.pk, token_generation=connection.token_generation)
    row.update(token_answered_at=now + again - refresh.earliest_after(_lifetime(connection)))


def _locked(**compare: Any) -> Connection | None:
    return Connection.objects.select_for_update().filter(**compare).first()


def _lifetime(row: Connection) -> timedelta:
    return timedelta(seconds=row.token_lifetime)


def _verified(row: Connection, cause: str) -> None:
    connection_statuses.change(row, Status.CONNECTED, cause=cause, by=PORTAL, keep=False)
    AuditEvent.objects.record("connection.verified", row, by=PORTAL)


def _verify(row: Connection, reason: str, check_at: datetime, evidence: str, *, refused: bool = False) -> None:
    """A pending connection stays pending: nobody knows yet whose it is. ``refused``: Exact answered, and did not take
    the access token; else an answer of it was lost."""
    if row.status == Status.PENDING:
        return
    if connection_statuses.change(row, Status.VERIFYING, cause=reason, by=PORTAL, evidence=evidence):
        action = "connection.token_refused" if refused else "connection.verifying"
        AuditEvent.objects.record(action, row, by=PORTAL, details={"until": check_at.isoformat()})
    row.next_check_at = check_at


def _end(row: Connection, error: ExactError) -> None:
    row.refresh_asked_at = row.lease_owner = row.lease_until = None
    row.access_token = ""
    if row.status == Status.PENDING:  # a row without a user is not shown, and keeps what it was made with
        row.status_reason = str(error)[:LONGEST_REASON]
        return
    connection_statuses.change(row, Status.RECONNECT, cause=str(error), by=PORTAL, evidence=str(error.evidence or ""))
    row.next_check_at, row.refresh_token = None, ""
    details = {"cause": type(error).__name__}
    AuditEvent.objects.record("connection.reconnect_needed", row, by=PORTAL, details=details)
