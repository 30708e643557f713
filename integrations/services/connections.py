"""Connections: from the code that Exact gave to a user, his tokens and his companies."""

from collections.abc import Sequence
from functools import partial

from django.db import transaction
from django.utils import timezone

from integrations.exact import errors, oauth, reads
from integrations.exact.reads import Division, Divisions, Me
from integrations.models import (
    Access,
    Application,
    AuditEvent,
    AuthorizationState,
    Company,
    Connection,
    Customer,
    LinkPage,
)
from integrations.rules.actors import PORTAL, Actor
from integrations.services import calls, secrets, tokens
from integrations.services.refusals import Refused

MAX_PAGES = 20
Status = Connection.Status


def connect(state: AuthorizationState, code: str) -> Connection:
    """Trade the code for tokens, find out whose they are, and keep which companies they reach.

    The tokens are saved on a pending connection before they are used for the first time; reading ``Me``
    turns it into the connection of that user. The first check falls due at once.

    Raises:
        ExactError: Exact did not give tokens, or did not say whose they are.
        Refused: the app has no secret that opens.
    """
    application = state.link.application
    candidates = secrets.in_use(application)
    if not candidates:
        raise Refused(["The app's Client secret is missing, or cannot be opened with the present keys."])
    answer, secret = secrets.first_accepted(candidates, partial(_exchange, application, code))
    pending = tokens.begin(application, answer, now=timezone.now())
    secrets.prove(secret)
    me = reads.me(partial(calls.send, pending, purpose="connect"))
    connection = identify(pending, me, link=state.link)
    _first_companies(connection, me, state.link.customer)
    return connection


def identify(pending: Connection, me: Me, *, link: LinkPage) -> Connection:
    """Make the pending connection that of its user; where he has one already, that one gets the tokens."""
    by = PORTAL if link.customer_id else Actor.parse(link.created_by)
    with transaction.atomic():
        # One at a time for an app: two consents of one user must not make two connections.
        Application.objects.select_for_update().get(pk=pending.application_id)
        known = Connection.objects.filter(application_id=pending.application_id, exact_user_id=me.user_id).first()
        if known is not None and known.pk != pending.pk:
            tokens.move(pending, known)
        connection = known or pending
        connection.refresh_from_db()
        _describe(connection, me)
        connection.status, connection.status_reason = Status.CONNECTED, ""
        connection.consented_at = connection.next_check_at = timezone.now()
        connection.save(update_fields=[*DESCRIBED, "status", "status_reason", "consented_at", "next_check_at"])
        LinkPage.objects.filter(pk=link.pk).update(connected_at=timezone.now())
        action = "connection.renewed" if known else "connection.made"
        AuditEvent.objects.record(action, connection, by=by, details={"link": str(link.pk)})
    return connection


DESCRIBED = ("exact_user_id", "user_name", "full_name", "email", "division")


def describe(connection: Connection, me: Me) -> None:
    """Keep how the user is called now; his id never changes.

    Raises:
        MalformedAnswer: the token belongs to another user than the connection.
    """
    if connection.exact_user_id != me.user_id:
        raise errors.MalformedAnswer(me.evidence, reason="the token belongs to another user")
    _describe(connection, me)
    connection.save(update_fields=[*DESCRIBED])


def keep_companies(
    connection: Connection, divisions: Sequence[Division], *, complete: bool, customer: Customer | None
) -> None:
    """Keep which companies the connection reaches: new ones are granted, absent ones withdrawn.

    Where the list was not read to its end nothing is withdrawn. A company that another connection reaches
    too keeps the one whose token it uses; who loses that gets another that still reaches it.
    """
    now = timezone.now()
    with transaction.atomic():
        companies = _companies(connection, divisions, customer)
        known = {access.company_id: access for access in connection.accesses.select_for_update()}
        Access.objects.bulk_create(
            Access(company=company, connection=connection, granted_at=now)
            for company in companies
            if company.pk not in known
        )
        seen = {company.pk for company in companies}
        again = [access.pk for pk, access in known.items() if pk in seen and access.withdrawn_at]
        Access.objects.filter(pk__in=again).update(withdrawn_at=None, granted_at=now)
        if complete:
            gone = [access.pk for pk, access in known.items() if pk not in seen and not access.withdrawn_at]
            Access.objects.filter(pk__in=gone).update(withdrawn_at=now)
        _choose_primary(connection)


def _exchange(application: Application, code: str, secret: str) -> oauth.TokenAnswer:
    return oauth.exchange_code(
        application.origin,
        client_id=str(application.client_id),
        client_secret=secret,
        redirect_uri=application.redirect_uri,
        code=code,
    )


def _describe(connection: Connection, me: Me) -> None:
    connection.exact_user_id = me.user_id
    connection.user_name, connection.full_name = me.user_name[:200], me.full_name[:200]
    connection.email = me.email[:254]
    connection.division = connection.division or me.current_division


def _first_companies(connection: Connection, me: Me, customer: Customer | None) -> None:
    """Read the companies now, so that the page after the consent shows them; the first check tries again."""
    try:
        found = read_companies(connection, max_pages=MAX_PAGES)
    except (errors.ExactError, calls.CallRefused):
        own = Division(
            me.current_division, me.division_customer_name or str(me.current_division), "", None, None, "", "", None
        )
        keep_companies(connection, [own], complete=False, customer=customer)
    else:
        keep_companies(connection, found.items, complete=found.complete, customer=customer)


def read_companies(connection: Connection, *, max_pages: int, send: reads.Send | None = None) -> Divisions:
    """Read the companies granted to the app; without the scope for that, those of the user's licence.

    Raises:
        ExactError: and what ``calls.send`` raises.
    """
    send = send or partial(calls.send, connection, purpose="connect")
    division = int(connection.division or 0)
    try:
        return reads.system_divisions(send, division, max_pages=max_pages)
    except errors.ScopeViolated:
        return reads.hrm_divisions(send, division, max_pages=max_pages)


def _companies(connection: Connection, divisions: Sequence[Division], customer: Customer | None) -> list[Company]:
    rows = [
        Company(
            application_id=connection.application_id,
            division=division.code,
            name=(division.description or division.customer_name or str(division.code))[:200],
            customer=customer,
        )
        for division in divisions
    ]
    # A company that is known keeps its customer; only its name follows Exact's.
    Company.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["application", "division"], update_fields=["name"]
    )
    codes = [division.code for division in divisions]
    return list(Company.objects.filter(application_id=connection.application_id, division__in=codes))


def _choose_primary(connection: Connection) -> None:
    reached = Company.objects.filter(accesses__connection=connection).select_related("primary_access__connection")
    for company in reached:
        primary = company.primary_access
        if primary and not primary.withdrawn_at and primary.connection.status != Status.RECONNECT:
            continue
        alive = company.accesses.filter(withdrawn_at__isnull=True).exclude(connection__status=Status.RECONNECT)
        company.primary_access = alive.order_by("granted_at").first()
        company.save(update_fields=["primary_access"])
