"""Connections brought from a former system, by the refresh token that it held.

The token is spent by its first use here. Whoever goes on using it there ends the chain for both, so the former system
has to be stopped first; nobody can look whether it is.
"""

from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from integrations.exact import errors, token_answers
from integrations.models import Application, AuditEvent, Connection, Customer, LinkPage
from integrations.rules import imports as rules
from integrations.rules.actors import Actor
from integrations.services import (
    calls,
    checks,
    connection_statuses,
    connections,
    keyring,
    links,
    rights,
    standings,
    token_journal,
    token_store,
    tokens,
)
from integrations.services.refusals import Refused
from integrations.services.token_errors import CannotOpenTokens
from integrations.services.usage import LimitReached

CAUSE: Final = "Its refresh token was brought from a former system."
NO_TOKEN: Final = "That is no refresh token: it is empty, too long, or has blanks or signs that no token has."
LASTS: Final = 1
"""Days: for as long an import that could not be finished is tried again."""
AT_ONCE: Final = 500
_NAMED: Final = ("full_name", "user_name", "status")
GONE: Final = (errors.ConsentNeeded, errors.InvalidClient, errors.TokenRefused)


@dataclass(frozen=True, slots=True)
class Kept:
    """A token that was brought, sealed on a pending connection of a link page that nobody can open: that page says for
    whom it is."""

    connection: Connection
    link: LinkPage
    generation: int
    """Of the token that was brought: what Exact gives for it is above that."""


def keep(application: Application, refresh_token: str, *, by: Actor, customer: Customer | None = None) -> Kept:
    """Store a refresh token that was brought; ``finish`` uses it.

    Raises:
        Refused: nobody could connect now, it is no token, or was brought already; or no right to it.
        StandingBy, WrongKeyRing: nothing was stored.
    """
    rights.require(by, "integrations.connect")
    cleaned = refresh_token.strip()
    if not token_answers.is_token(cleaned):
        raise Refused([NO_TOKEN])
    mark = keyring.fingerprint(cleaned)
    if reasons := _why_brought(application, mark) or _why_kept(application, cleaned):
        raise Refused(reasons)
    with transaction.atomic():
        _claim(application, mark)
        link = links.make(application, by=by, customer=customer, days=LASTS, brought=mark).page
        row = Connection(application=application)
        token_store.put(row, "", cleaned)
        row.save(force_insert=True)
        connection_statuses.begun(row, cause=CAUSE, by=by)
        LinkPage.objects.filter(pk=link.pk).update(connection=row)
        details = {"link": str(link.pk), "app": application.name}
        AuditEvent.objects.record("connection.imported", customer or row, by=by, details=details)
    return Kept(row, link, row.token_generation)


def _claim(application: Application, mark: str) -> None:
    """One at a time for an app: of two who bring the same token at once, the second is refused. Whoever makes a link
    page of the app is not held up."""
    Application.objects.select_for_update(no_key=True).get(pk=application.pk)
    if reasons := _why_brought(application, mark):
        raise Refused(reasons)
    for cleared in _pages_of(application, mark):
        links.end_import(cleared, rules.RAN_OUT)


def _pages_of(application: Application, mark: str) -> QuerySet[LinkPage]:
    """Return the import of this token that has not come to nothing."""
    rows = LinkPage.objects.filter(application=application, brought=mark, revoked_at__isnull=True)
    return rows.select_related("application", "customer", "connection")


def _why_brought(application: Application, mark: str) -> tuple[str, ...]:
    page = _pages_of(application, mark).filter(connection__isnull=False).first()
    if page is None:
        return ()
    when = f"for {page.customer.name if page.customer else 'ourselves'} on {standings.say(page.created_at)}"
    if page.connected_at is None:
        return (f"This refresh token was brought already, {when}. That import waits for Exact, and goes on by itself.",)
    came = f"It is spent: the connection of {page.connection} came of it."
    return (f"This refresh token was imported already, {when}. {came}",)


def _why_kept(application: Application, token: str) -> tuple[str, ...]:
    """Return that a connection of the app has this token now. All of them are opened, which is a matter of a second
    for many thousands."""
    rows = application.connections.exclude(refresh_token="").only(*_NAMED, "refresh_token", "token_generation")
    for row in rows.iterator(chunk_size=AT_ONCE):
        with suppress(CannotOpenTokens):
            if compare_digest(token_store.opened(row, Connection.REFRESH_TOKEN).encode(), token.encode()):
                return (f"This refresh token is kept here already: it is that of the connection of {row}.",)
    return ()


def close_cleared() -> int:
    """Tell of the imports whose tokens were cleared, since Exact did not say in time whose they are; return how
    many."""
    pages = list(links.cleared_imports().select_related("application", "customer"))
    for page in pages:
        with transaction.atomic():
            links.end_import(page, rules.RAN_OUT)
    return len(pages)


def finish(kept: Kept) -> Connection:
    """Exchange the token, find out whose it is, keep which companies it reaches, and check the connection.

    Return the connection of that user; the pending one where Exact gives no token yet (too early, not there), or has
    given one and does not say whose it is: it is kept then, and the import goes on by itself for a day.

    Raises:
        Refused: Exact does not take the token, with the reason; it is not kept.
    """
    try:
        connection = _finished(kept)
    except (errors.ExactError, tokens.TokenUnavailable, calls.CallRefused, LimitReached) as failure:
        if (reasons := _why_gone(failure)) and _drop(kept, failure):
            raise Refused(reasons) from None
        kept.connection.refresh_from_db()
        return kept.connection
    checks.run(connection)
    connection.refresh_from_db()
    return connection


def _finished(kept: Kept) -> Connection:
    with suppress(tokens.JournalBehind):
        return connections.finish(kept.connection, kept.link)
    return connections.finish(kept.connection, kept.link)  # by the row, which has what the disk refused


def _has_spent(kept: Kept) -> bool:
    """Tell whether Exact has given tokens for the one that was brought, which are the only good ones now."""
    rows = Connection.objects.filter(pk=kept.connection.pk, token_generation__gt=kept.generation)
    return rows.exists() or token_journal.generation(kept.connection.pk) > kept.generation


def _why_gone(failure: Exception) -> tuple[str, ...]:
    """Return why the token is of no use; nothing where it may be, a little later."""
    error = _of_exact(failure)
    if isinstance(failure, tokens.ReconnectNeeded) or isinstance(error, GONE):
        return rules.why_not_taken(type(error).__name__, str(error or failure))
    if isinstance(failure, tokens.KeysRefused | tokens.KeysMissing | tokens.JournalUnwritable | calls.CallRefused):
        return (str(failure),)
    return ()


def _of_exact(failure: Exception) -> errors.ExactError | None:
    return failure if isinstance(failure, errors.ExactError) else getattr(failure, "error", None)


def _drop(kept: Kept, failure: Exception) -> bool:
    """Keep nothing of a token that leads nowhere; the event that it was brought stays. False where it has led to
    other tokens: those are kept."""
    with transaction.atomic():
        list(Connection.objects.select_for_update().filter(pk=kept.connection.pk))
        if _has_spent(kept):
            return False
        Connection.objects.pending().filter(pk=kept.connection.pk).delete()
        if LinkPage.objects.filter(pk=kept.link.pk, revoked_at__isnull=True).exists():
            links.end_import(kept.link, rules.cause(type(_of_exact(failure) or failure).__name__))
    return True
