"""Connections: from the code that Exact gave to a user, his tokens and his companies."""

from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.utils import timezone

from integrations.exact import errors, oauth, reads
from integrations.exact.reads import Division, Divisions, Me
from integrations.models import Application, AuditEvent, AuthorizationState, Connection, Customer, LinkPage
from integrations.rules import imports
from integrations.rules.actors import PORTAL, Actor
from integrations.services import (
    applications,
    calls,
    companies,
    connection_statuses,
    installation,
    keyring,
    links,
    replacements,
    scope_approvals,
    secrets,
    token_journal,
    token_sweep,
    tokens,
)
from integrations.services.refusals import Refused
from integrations.services.row_failures import Failures
from integrations.services.usage import LimitReached

MAX_PAGES: Final = 20
UNDER_WAY: Final = timedelta(minutes=1)
"""For as long a browser's request may still be finishing what it began."""
CLAIM: Final = timedelta(minutes=10)
AT_ONCE: Final = 20
LATER: Final = (errors.ExactError, calls.CallRefused, tokens.TokenUnavailable, Refused)
"""Why a consent cannot be finished now."""
Status = Connection.Status


def connect(state: AuthorizationState, code: str) -> Connection:
    """Trade the code for tokens, find out whose they are, and keep which companies they reach.

    The tokens are saved on a pending connection before they are used for the first time; reading ``Me``
    turns it into the connection of that user. The first check falls due at once.

    Raises:
        ExactError: Exact did not give tokens, or did not say whose they are.
        Refused: the app has no secret that opens; or staff disabled or stopped it, or disconnected the customer,
            meanwhile. The code was not traded.
        AppStopped: staff stopped the app after the code was traded; the tokens are nobody's.
        JournalUnwritable: there is no room for the tokens; the code was not traded.
        StandingBy, WrongKeyRing: another portal owns the tokens, or they could not be sealed; the code was not traded.
    """
    installation.refuse_standby()
    keyring.fingerprint_key()
    application = state.link.application
    if reasons := links.why_not_finished(state):
        raise Refused(reasons)
    candidates = secrets.in_use(application)
    if not candidates:
        raise Refused(["The app's Client secret is missing, or cannot be opened with the present keys."])
    with token_journal.reserve(state.pk) as slot:  # a code is traded once
        answer, secret = secrets.first_accepted(candidates, partial(_exchange, state.link, code))
        pending = tokens.begin(application, answer, now=timezone.now(), slot=slot, link=state.link)
    secrets.prove(secret)
    return finish(pending, state.link)


def finish_pending() -> int:
    """Go on where the process that traded a code ended before it knew whose the tokens are; return how many are known
    now. One at a time has each; what fails is tried again ten minutes later, until the clearing takes it.

    Raises:
        Incomplete: with some something unexpected went wrong; the others had their turn.
    """
    finished, failures = 0, Failures()
    now = timezone.now()
    waiting = Connection.objects.pending().filter(consented_at__lt=now - UNDER_WAY).filter(Connection.unclaimed(now))
    for pending in waiting.select_related("application").order_by("consented_at")[:AT_ONCE]:
        if not Connection.objects.filter(Connection.unclaimed(now), pk=pending.pk).update(claimed_until=now + CLAIM):
            continue
        link = LinkPage.objects.filter(connection=pending).select_related("customer", "application").first()
        with failures.apart(pending.pk), suppress(*LATER):
            finish(pending, link)
            finished += 1
    failures.tell()
    return finished


def finish(pending: Connection, link: LinkPage | None) -> Connection:
    """Find out whose the tokens are, and which companies they reach.

    Raises:
        ReconnectNeeded: nobody's: Exact takes them no more, and nothing of them is kept.
        ExactError, TokenUnavailable, CallRefused: not now.
        Refused: see ``identify``.
    """
    try:
        me = reads.me(partial(calls.send, pending, purpose=calls.CONSENT))
    except tokens.ReconnectNeeded as over:
        _give_up(pending, link, over)
        raise
    connection = identify(pending, me, link=link)
    _first_companies(connection, me, link)
    replacements.follow(connection, link=link)
    return connection


def _give_up(pending: Connection, link: LinkPage | None, over: tokens.ReconnectNeeded) -> None:
    """The chain ended before anybody knew whose it was: asking again would send a spent token, every ten minutes.

    The event keeps why. By the page another consent can be given, unless it was an import's, which nobody can open.
    """
    with transaction.atomic():
        rows = Connection.objects.pending().select_for_update().filter(token_generation=pending.token_generation)
        row = rows.filter(pk=pending.pk).first()
        if row is None or token_journal.generation(row.pk) > row.token_generation:
            return
        for page in (
            LinkPage.objects.filter(connection=row).exclude(brought="").select_related("application", "customer")
        ):
            links.end_import(page, imports.cause(type(over.error or over).__name__))
        details = {"cause": over.reason} | ({"link": str(link.pk)} if link else {})
        AuditEvent.objects.record("connection.given_up", row, by=PORTAL, details=details)
        token_sweep.forget([row.pk])
        row.delete()


def identify(pending: Connection, me: Me, *, link: LinkPage | None) -> Connection:
    """Make the pending connection that of its user; where he has one already, that one gets the tokens.

    ``link``: by which page he consented; None where nobody knows any more.

    Raises:
        Refused: somebody else finished it meanwhile, and nothing is left of it.
    """
    by = PORTAL if link is None or link.customer_id else Actor.parse(link.created_by)
    with transaction.atomic():
        # One at a time for an app: two consents of one user must not make two connections.
        application = Application.objects.select_for_update().get(pk=pending.application_id)
        known = Connection.objects.filter(application_id=pending.application_id, exact_user_id=me.user_id).first()
        if not Connection.objects.filter(pk=pending.pk).exists():
            raise Refused(["This connection was finished by another process."])
        has_later = known is not None and known.pk != pending.pk and not tokens.move(pending, known)
        connection = known or pending
        connection.refresh_from_db()
        _describe(connection, me)
        if not has_later:
            cause = "Exact named the user whose tokens these are."
            connection_statuses.change(connection, Status.CONNECTED, cause=cause, by=by, keep=False)
        connection.next_check_at = timezone.now()
        connection.claimed_until = None
        connection.scope_approval = scope_approvals.latest([application]).get(application.pk)
        connection.save(update_fields=[*DESCRIBED, *CONSENTED])
        if link is not None:
            LinkPage.objects.filter(pk=link.pk).update(connected_at=timezone.now(), connection=connection)
            links.close_tries(link)
            Customer.objects.filter(links=link, erased_at__isnull=True).update(disconnected_at=None)
        action = "connection.renewed" if known else "connection.made"
        if link is not None and link.brought:
            action = "connection.import_finished"
        details = {"link": str(link.pk)} if link else {}
        if connection.pk != pending.pk:
            details[token_sweep.CONSENT] = str(pending.pk)
        AuditEvent.objects.record(action, connection, by=by, details=details)
        transaction.on_commit(partial(tokens.name, connection))
    return connection


DESCRIBED = ("exact_user_id", "user_name", "full_name", "email", "email_key", "division")
CONSENTED = ("status", "status_reason", "next_check_at", "claimed_until", "scope_approval")


def describe(connection: Connection, me: Me) -> None:
    """Keep how the user is called now; his id never changes.

    Raises:
        MalformedAnswer: the token belongs to another user than the connection.
    """
    if connection.exact_user_id != me.user_id:
        raise errors.MalformedAnswer(me.evidence, reason="the token belongs to another user")
    _describe(connection, me)
    connection.save(update_fields=[*DESCRIBED])


def _exchange(link: LinkPage, code: str, secret: str) -> oauth.TokenAnswer:
    application = link.application
    _refuse_unusable(link)
    return oauth.exchange_code(
        application.origin,
        client_id=str(application.client_id),
        client_secret=secret,
        redirect_uri=application.redirect_uri,
        code=code,
    )


def _refuse_unusable(link: LinkPage) -> None:
    """Just before a code leaves: somebody may have disabled or stopped the app since the browser came back, or
    recorded that its permission ended.

    Whoever is told stands before a browser, and may be a customer: he cannot mend it, and staff see what it is.
    """
    now = Application.objects.filter(pk=link.application_id).first()
    if now is None or applications.why_not_usable(now):
        raise Refused([links.NOT_NOW])
    if reasons := links.why_not_permitted(link):
        raise Refused(reasons)


def _describe(connection: Connection, me: Me) -> None:
    connection.exact_user_id = me.user_id
    connection.user_name, connection.full_name = me.user_name[:200], me.full_name[:200]
    connection.email = me.email[:254]
    connection.division = connection.division or me.current_division


def _first_companies(connection: Connection, me: Me, link: LinkPage | None) -> None:
    """Read the companies now, so that the page after the consent shows them; the first check tries again."""
    try:
        found = read_companies(connection, max_pages=MAX_PAGES)
    except (errors.ExactError, calls.CallRefused, tokens.TokenUnavailable, LimitReached):
        own = Division(
            me.current_division, me.division_customer_name or str(me.current_division), "", None, None, "", "", None
        )
        companies.keep(connection, [own], complete=False, link=link, current=me.current_division)
    else:
        companies.keep(connection, found.items, complete=found.complete, link=link, current=me.current_division)


def read_companies(connection: Connection, *, max_pages: int, send: reads.Send | None = None) -> Divisions:
    """Read the companies granted to the app; without the scope for that, those of the user's licence.

    Raises:
        ExactError: and what ``calls.send`` raises.
    """
    send = send or partial(calls.send, connection, purpose=calls.CONSENT)
    division = int(connection.division or 0)
    try:
        return reads.system_divisions(send, division, max_pages=max_pages)
    except errors.ScopeViolated:
        return reads.hrm_divisions(send, division, max_pages=max_pages)
