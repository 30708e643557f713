"""Refresh now: a new token where Exact gives one, and else the reason why it does not yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from integrations.exact.errors import ExactError
from integrations.models import AuditEvent, Connection
from integrations.rules import moments, refresh, refresh_now
from integrations.rules.actors import Actor
from integrations.services import rights, token_store, tokens
from integrations.services.refusals import Refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: a new token, or a sentence that says why there is none."""

    refreshed: bool
    said: str
    failed: bool = False
    """Exact was asked, or could not be, or its answer is not where it should be; it is not merely too early."""


def run(connection: Connection, *, by: Actor) -> Outcome:
    """Ask Exact for a new token where that is due; ``connection`` is read again.

    Raises:
        Refused: it has ended; or no right to it.
        StandingBy, WrongKeyRing: as ``tokens.access_token``; nothing was asked.
    """
    rights.require(by, "integrations.check_connection")
    outcome = _asked(connection)
    AuditEvent.objects.record("connection.refresh_asked", connection, by=by, details={"refreshed": outcome.refreshed})
    return outcome


def _asked(connection: Connection) -> Outcome:
    connection.refresh_from_db()
    tokens.read(connection)
    before = connection.token_answered_at
    decision = refresh.decide(token_store.state(connection), timezone.now())
    if isinstance(decision, refresh.Refuse):
        raise Refused([decision.reason])
    if not_yet := _why_not_yet(connection, decision):
        return Outcome(refreshed=False, said=not_yet)
    try:
        tokens.access_token(connection)
    except tokens.StandingBy:
        raise
    except tokens.JournalBehind as behind:
        return Outcome(refreshed=True, said=str(behind), failed=True)
    except (ExactError, tokens.TokenUnavailable) as error:
        return Outcome(refreshed=False, said=str(error), failed=True)
    connection.refresh_from_db()
    if connection.token_answered_at == before:  # Exact said that it is too early, and the token on hand serves
        return Outcome(refreshed=False, said="Exact gives no new token yet; the one on hand is still good.")
    return Outcome(refreshed=True, said="Exact gave a new token. The 30 days begin anew.")


def _why_not_yet(row: Connection, decision: refresh.Decision) -> str:
    answered_at, lifetime = row.token_answered_at, timedelta(seconds=row.token_lifetime)
    next_at = token_store.tells_at(row) or (answered_at and refresh.earliest(answered_at, lifetime))
    good_until = answered_at and answered_at + lifetime
    return refresh_now.why_not_yet(decision, next_at=next_at, good_until=good_until, say=_say)


def _say(at: datetime) -> str:
    return moments.clock(at, timezone.get_current_timezone(), seconds=True)
