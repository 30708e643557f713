"""Access tokens: used, refreshed once for all who ask, stored before they are used.

One process asks Exact, under a lease on the row, and writes its intent before the request leaves. A crash,
or a lost answer, therefore leaves a trace: whoever comes next waits until Exact can tell what happened.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from time import monotonic, sleep
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Min
from django.utils import timezone

from integrations.exact import errors, oauth
from integrations.models import Application, Connection, LinkPage
from integrations.rules import lifetimes, refresh
from integrations.rules.actors import PORTAL
from integrations.services import (
    app_guard,
    connection_statuses,
    installation,
    keyring,
    refused_keys,
    secrets,
    token_journal,
    token_lease,
    token_store,
    wire_guard,
)
from integrations.services.token_errors import (
    AppAsleep,
    AppStopped,
    CannotOpenTokens,
    JournalBehind,
    JournalUnwritable,
    KeysMissing,
    KeysRefused,
    NotYet,
    OutcomeUnknown,
    ReconnectNeeded,
    StandingBy,
    TokenUnavailable,
)
from integrations.services.token_journal import Entry, Slot
from integrations.services.token_lease import Lease

__all__ = [
    "AppAsleep",
    "AppStopped",
    "CannotOpenTokens",
    "JournalBehind",
    "JournalUnwritable",
    "KeysMissing",
    "KeysRefused",
    "NotYet",
    "OutcomeUnknown",
    "ReconnectNeeded",
    "StandingBy",
    "TokenUnavailable",
    "access_token",
    "begin",
    "confirm",
    "distrust",
    "move",
    "name",
    "read",
    "reconnect_from",
]

DEADLINE_SECONDS: float = settings.TOKEN_DEADLINE_SECONDS
"""Of a token request; the lease outlives it."""
POLL_SECONDS: Final = 0.1
AFTER_A_REFUSAL: Final = timedelta(minutes=10)
RETRY: Final = timedelta(seconds=60)
"""Exact says "not expired" before we expect it: its clock, or ours, is off."""


def access_token(connection: Connection, *, may_wait: bool = False) -> str:
    """Return a token that Exact takes, asking for a new one where it is due; ``connection`` is read again.

    Where another process is asking, its answer is waited for, as long as its lease lasts. ``may_wait``: nobody needs
    the token now, so that Exact's maintenance window is waited for.

    Raises:
        ReconnectNeeded: only a new consent helps; the row says so, too.
        NotYet: not before ``until``; as `OutcomeUnknown` after a lost answer.
        KeysRefused: Exact refused the app's keys, and is asked again in an hour, or with other keys.
        CannotOpenTokens, JournalUnwritable, KeysMissing, AppAsleep, AppStopped, StandingBy: nothing was asked, and
            nothing changed.
        JournalBehind: Exact answered, and the row has the token; the next one who asks gets it.
        ExactError: what Exact or the wire said to the token request, where that changed nothing:
            `InvalidClient`, `TokenRefused`, `LimitReached`, and every error that was not ``sent``.
        WrongKeyRing: the present keys are not this database's; nothing was asked.
        TransactionOpen: called within a transaction.
    """
    wire_guard.refuse_open_transaction()
    installation.refuse_standby()
    patience = monotonic() + token_lease.LEASE.total_seconds()
    while True:
        application = read(connection)
        _refuse_asleep(application)
        app_guard.refuse(application)
        decision = refresh.decide(token_store.state(connection), timezone.now(), may_wait=may_wait)
        match decision:
            case refresh.Use():
                return token_store.opened(connection, Connection.ACCESS_TOKEN)
            case refresh.Refuse(reason):
                raise ReconnectNeeded(_why_ended(connection) or reason)
            case refresh.Refresh(probe):
                token = _refreshed(connection, application, probe=probe)
                if token is not None:
                    return token
                decision = refresh.WaitUntil(timezone.now() + RETRY, refresh.Why.UNDER_WAY)
        if decision.why is not refresh.Why.UNDER_WAY or monotonic() >= patience:
            raise _not_now(connection, decision)
        sleep(POLL_SECONDS)


def distrust(connection: Connection, token: str) -> None:
    """Forget an access token that Exact refused (401) although it is young, unless there is a newer one.

    The next one is asked for when Exact gives one; when that is refused too, the connection has ended.
    """
    token_store.forget(connection, token)


def confirm(connection: Connection) -> None:
    """Note that a call worked: a connection that was being verified because of a refused token is alive."""
    if connection.status == Connection.Status.VERIFYING:
        token_store.confirm(connection)


def reconnect_from(application: Application) -> datetime | None:
    """Return the first moment at which a customer of the app has to connect again when nothing is refreshed any
    more, as under Emergency stop; None where nobody is connected."""
    first = application.connections.linked().aggregate(first=Min("token_answered_at"))["first"]
    return lifetimes.reconnect_from([first] if first else [])


def begin(
    application: Application,
    answer: oauth.TokenAnswer,
    *,
    now: datetime,
    slot: Slot | None = None,
    link: LinkPage | None = None,
) -> Connection:
    """Store the tokens of a new consent on a new pending connection; ``now`` (UTC) is when they came.

    ``link``: by which page, which leads to the connection from then on: whoever finishes it has to know.
    ``slot``: the room that was taken for them before they were asked for; the connection has its id. Exact has spent
    the code by now: where the disk refuses after all, the row is what is left.

    Raises:
        WrongKeyRing: the present keys are not this database's; nothing was stored.
    """
    row = Connection(application=application, consented_at=now, created_at=now)
    if slot is not None:
        row.pk = slot.connection_id
    row.token_lifetime, row.token_answered_at = answer.expires_in, now
    token_store.put(row, answer.access_token, answer.refresh_token)
    entry = Entry.of(row, answer.access_token, answer.refresh_token)
    with suppress(JournalUnwritable):  # the next refresh needs the room, and refuses without it
        slot.write(entry) if slot is not None else token_journal.write(entry)
    with transaction.atomic():
        row.save(force_insert=True)
        connection_statuses.begun(row, cause="Exact gave tokens after a consent.", by=PORTAL)
        if link is not None:
            LinkPage.objects.filter(pk=link.pk).update(connection=row)
    return row


def move(source: Connection, target: Connection) -> bool:
    """Give the tokens of a pending connection to another row of the same app, which is connected from then
    on, and delete the pending row: a chain lives in one place. Both objects are read again.

    False where the other row has later tokens, which a later consent or a refresh gave: it keeps them as they are.
    The caller records the event, with the id of the pending row, in the same transaction: until its file is gone,
    that event is what tells that its tokens live elsewhere.

    Raises:
        CannotOpenTokens: nothing was changed.
        ValueError: ``source`` is not pending, or of another app.
    """
    with transaction.atomic():
        token_store.adopt(Connection.objects.get(pk=target.pk))
        rows = Connection.objects.select_for_update().order_by("pk").in_bulk([source.pk, target.pk])
        old, new = rows[source.pk], rows[target.pk]
        if old.status != Connection.Status.PENDING or old.application_id != new.application_id or old == new:
            raise ValueError("tokens move from a pending connection to another one of the same app")
        pair = [token_store.opened(old, column) for column in (Connection.ACCESS_TOKEN, Connection.REFRESH_TOKEN)]
        moves = not _is_later(new, old)
        if moves:
            token_store.put(new, *pair)
            new.token_lifetime, new.token_answered_at = old.token_lifetime, old.token_answered_at
            new.refresh_asked_at = old.refresh_asked_at  # an answer that was lost is lost here, too
            new.consented_at = old.consented_at
            cause = "The same user consented again: the connection has his new tokens."
            connection_statuses.change(new, Connection.Status.CONNECTED, cause=cause, by=PORTAL, keep=False)
            new.save(update_fields=[*token_store.CHAIN, "consented_at"])
        old.delete()
        # After the row, not before it: while both rows are there, each chain lives in one place only.
        transaction.on_commit(partial(_move_file, old_id=source.pk, entry=Entry.of(new, *pair) if moves else None))
    target.refresh_from_db()
    return moves


def _is_later(row: Connection, than: Connection) -> bool:
    """Tell whether a row has tokens of a later consent than another one; a time that lies ahead tells nothing.

    Where it was restored from a backup, only its tokens are later. A refresh of the chain before may have been under
    way when the user consented, and be stored a moment later: that is none.
    """
    if not row.refresh_token or row.token_answered_at is None or than.token_answered_at is None:
        return False
    latest = timezone.now() + token_store.CLOCKS_DIFFER
    under_way = timedelta(seconds=DEADLINE_SECONDS)
    return (than.consented_at < row.consented_at <= latest) or (
        than.token_answered_at + under_way < row.token_answered_at <= latest
    )


def _move_file(*, old_id: UUID, entry: Entry | None) -> None:
    with suppress(JournalUnwritable):  # the row has them; the next refresh needs the room, and refuses without it
        if entry is not None:
            token_journal.bring_up(entry)
        token_journal.remove(old_id)


def name(connection: Connection) -> None:
    """Keep with the tokens, in their file, whose they are."""
    pair = [token_store.opened(connection, column) for column in (Connection.ACCESS_TOKEN, Connection.REFRESH_TOKEN)]
    with suppress(JournalUnwritable):  # the row says it too
        token_journal.bring_up(Entry.of(connection, *pair))


# --- Asking Exact -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Request:
    """All that a token request needs, opened before anything is written."""

    application: Application
    """As it was read just now."""
    client_id: str
    candidates: list[secrets.Opened]
    refresh_token: str = field(repr=False)


class _LeaseLost(Exception):
    """Somebody else's turn: nothing was sent."""


def _refreshed(connection: Connection, application: Application, *, probe: bool) -> str | None:
    """Ask Exact; None where somebody else was faster. ``application``: as it was read just now."""
    refused_keys.refuse(application)
    request = _request(connection, application)
    with token_journal.reserve(connection.pk) as slot:
        lease = token_lease.take(connection, timezone.now())
        return None if lease is None else _asked(connection, request, lease, slot, probe=probe)


def _asked(connection: Connection, request: _Request, lease: Lease, slot: Slot, *, probe: bool) -> str | None:
    try:
        answer, secret = secrets.first_accepted(request.candidates, partial(_ask, request, lease))
    except errors.ExactError as error:
        return _failed(connection, request, lease, error, probe=probe)
    except Exception as reason:
        if not lease.used or isinstance(reason, _NOT_SENT):
            with suppress(DatabaseError):  # which may be the reason
                token_lease.undo(lease)
        if isinstance(reason, _LeaseLost):
            return None
        raise
    try:
        saved = token_store.save(lease, answer, _answered_at(lease, timezone.now()), slot, before=connection)
    finally:
        secrets.prove(secret)
        refused_keys.accepted(request.application)
    return answer.access_token if saved else None


def _answered_at(lease: Lease, now: datetime) -> datetime:
    """Return when an answer that is here now came at the latest: the process may have stood still with it."""
    return min(now, lease.asked_at + timedelta(seconds=DEADLINE_SECONDS)) if lease.asked_at else now


def _request(connection: Connection, application: Application) -> _Request:
    keyring.fingerprint_key()  # a wrong ring could not store the answer
    candidates = secrets.in_use(application)
    if not application.client_id or not candidates:
        raise KeysMissing("The app has no Client ID, or no Client secret that opens with the present keys.")
    token = token_store.opened(connection, Connection.REFRESH_TOKEN)
    return _Request(application, application.client_id, candidates, token)


_NOT_SENT: Final = (_LeaseLost, StandingBy, AppStopped, KeysRefused)
"""Somebody else's turn, or somebody claimed the tokens, stopped the app, or tried its keys, in the last moment."""


def _ask(request: _Request, lease: Lease, client_secret: str) -> oauth.TokenAnswer:
    if not lease.fresh and not token_lease.hold(lease, timezone.now()):
        raise _LeaseLost
    app_guard.refuse_stopped(request.application)
    if not lease.lasts_for(DEADLINE_SECONDS):
        raise _LeaseLost
    if not lease.used:
        refused_keys.claim(request.application)
    lease.used = True
    return oauth.refresh(
        request.application.origin,
        client_id=request.client_id,
        client_secret=client_secret,
        refresh_token=request.refresh_token,
        seconds=DEADLINE_SECONDS,
    )


def _failed(
    connection: Connection, request: _Request, lease: Lease, error: errors.ExactError, *, probe: bool
) -> str | None:
    """Write what the error means into the row, and raise it; or answer like ``_refreshed``.

    "Not expired" in answer to a probe: somebody was served since our last answer, so the lost one was ours.
    """
    if error.outcome_unknown:
        until = token_store.unknown(lease, str(error), str(error.evidence or ""))
        if until is None:
            return None
        raise OutcomeUnknown(refresh.Why.OUTCOME_UNKNOWN, until=until, error=error) from None
    early = isinstance(error, errors.TooEarly)
    if isinstance(error, errors.ConsentNeeded) or (probe and early):
        if token_store.end(lease, error):
            raise ReconnectNeeded(str(error), error=error) from None
        return None
    token_lease.undo(lease, not_before=_not_before(error, timezone.now()))
    if isinstance(error, errors.InvalidClient) and error.sent:
        refused_keys.note(request.application, [secret.row for secret in request.candidates])
    if not early:
        raise error
    if connection.access_token:
        token_store.early(connection, timezone.now(), RETRY)
        return token_store.opened(connection, Connection.ACCESS_TOKEN)
    raise NotYet(refresh.Why.TOO_EARLY, until=timezone.now() + RETRY, error=error) from None


def _not_before(error: errors.ExactError, now: datetime) -> datetime | None:
    """Return until when the same request would be refused again, for no reason that staff could do away with."""
    if not isinstance(error, errors.TokenRefused | errors.LimitReached) or not error.sent:
        return None
    resets_at = error.resets_at if isinstance(error, errors.LimitReached) else None
    return min(max(resets_at or now + AFTER_A_REFUSAL, now), now + token_store.HELD_OFF)


def read(connection: Connection) -> Application:
    """Read the chain again, with what its file has and the row has missed; return the app as it is now."""
    application = token_store.read(connection, timezone.now())
    corrected, adopted = token_store.correct(connection, timezone.now()), token_store.adopt(connection)
    return token_store.read(connection, timezone.now()) if corrected or adopted else application


def _why_ended(connection: Connection) -> str:
    """Return what staff did, where it was they who ended the connection."""
    if connection.status != Connection.Status.DISCONNECTED:
        return ""
    return f"{connection.status_reason} It works again after a new consent."


def _not_now(connection: Connection, decision: refresh.WaitUntil) -> NotYet:
    if decision.why is not refresh.Why.OUTCOME_UNKNOWN:
        return NotYet(decision.why, until=decision.at)
    token_store.nobody_answered(connection)
    return OutcomeUnknown(decision.why, until=decision.at)


def _refuse_asleep(application: Application) -> None:
    if application.origin != settings.EXACT_ORIGINS.get(application.region):
        raise AppAsleep("The app was made for another Exact than the one in use here; it sleeps.")
