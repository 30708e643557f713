"""Connections brought from a former system, by the refresh token that it held.

The token is spent by its first use here. Whoever goes on using it there ends the chain for both, so the former system
has to be stopped first; nobody can look whether it is.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

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
    token_sweep,
    tokens,
)
from integrations.services.refusals import Refused
from integrations.services.usage import LimitReached

CAUSE: Final = "Its refresh token was brought from a former system."
NO_TOKEN: Final = "That is no refresh token: it is empty, too long, or has blanks or signs that no token has."
LASTS: Final = 1
"""Days: for as long an import that could not be finished is tried again."""
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
    with transaction.atomic():
        mark = _mark_of(application, cleaned)
        link = links.make(application, by=by, customer=customer, days=LASTS, brought=mark).page
        row = Connection(application=application)
        token_store.put(row, "", cleaned)
        row.save(force_insert=True)
        connection_statuses.begun(row, cause=CAUSE, by=by)
        LinkPage.objects.filter(pk=link.pk).update(connection=row)
        details = {"link": str(link.pk), "app": application.name}
        AuditEvent.objects.record("connection.imported", customer or row, by=by, details=details)
    return Kept(row, link, row.token_generation)


def _mark_of(application: Application, token: str) -> str:
    """Return the keyed mark of a token that was not brought yet; one at a time for an app."""
    mark = keyring.fingerprint(token)
    Application.objects.select_for_update().get(pk=application.pk)
    pages = LinkPage.objects.filter(application=application, brought=mark, revoked_at__isnull=True)
    page = pages.select_related("application", "customer", "connection").first()
    if page is not None and page.connection is None:
        links.end_import(page, rules.RAN_OUT)
    elif page is not None:
        raise Refused([_brought_already(page)])
    return mark


def _brought_already(page: LinkPage) -> str:
    whose = page.customer.name if page.customer else "ourselves"
    on = f"on {standings.say(page.created_at)} for {whose}"
    if page.connected_at is None:
        return f"This refresh token was brought already, {on}: that import waits for Exact, and goes on by itself."
    return (
        f"This refresh token was imported already, {on}. It is spent: the connection of {page.connection} came of it."
    )


def close_cleared() -> int:
    """Tell of the imports whose tokens were cleared, since Exact did not say in time whose they are; return how
    many."""
    pages = list(links.cleared_imports().select_related("application", "customer"))
    for page in pages:
        with transaction.atomic():
            links.end_import(page, rules.RAN_OUT)
    return len(pages)


def stop(pages: Iterable[LinkPage], *, by: Actor) -> None:
    """Destroy the tokens of imports that wait, in the transaction of whoever disconnects or erases the customer, who
    records the event."""
    ids = [page.connection_id for page in pages if page.connection_id is not None]
    closed = {"connection": None, "revoked_at": timezone.now(), "revoked_by": str(by)}
    LinkPage.objects.filter(pk__in=[page.pk for page in pages]).update(**closed)
    Connection.objects.pending().filter(pk__in=ids).delete()
    token_sweep.forget(ids)


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
