"""Link pages, and the way to Exact and back: made, opened, used once."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from integrations.exact import oauth
from integrations.models import (
    Application,
    AuditEvent,
    AuthorizationState,
    Connection,
    Customer,
    LinkPage,
    Organization,
)
from integrations.rules import gate, link_states, lint, moments
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.link_states import LinkState
from integrations.rules.link_words import Reason
from integrations.rules.lint import Finding, Severity
from integrations.services import (
    app_facts,
    applications,
    installation,
    permissions,
    rights,
    token_journal,
    token_sweep,
)
from integrations.services.refusals import Refused
from integrations.services.token_errors import JournalUnwritable

DAYS: Final = 14
STATE_MINUTES_STAFF: Final = 10
STATE_MINUTES_CUSTOMER: Final = 60
LONGEST_STATE: Final = 100
LONGEST_REASON: Final = 300
TRY: Final = "integrations.link_without_permission"
TRY_DAYS: Final = 3
"""A try is made while somebody waits for it: its page closes soon, whatever was asked for."""
NOT_NOW: Final = Reason("not_now")


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link page with the token that opens it, which is kept nowhere."""

    page: LinkPage
    token: str = field(repr=False)

    @property
    def path(self) -> str:
        return reverse("connect", args=[self.token])

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_URL}{self.path}"


def make(
    application: Application,
    *,
    by: Actor,
    customer: Customer | None = None,
    days: int = DAYS,
    tried_because: str = "",
    brought: str = "",
) -> MadeLink:
    """Make a page on which somebody connects: ``customer``, or, where that is None, ourselves.

    ``tried_because``: why the customer tries although no permission is recorded, by whoever has the right to that;
    one try at a time, of a few days. The reason stays on the page's row, and is in no event: it may name people.
    ``brought``: the mark of a token, of an import; whoever imports records the event then.

    Raises:
        Refused: the app cannot be used now, or not by customers; with every reason. Or no right to it.
        StandingBy: nobody can connect here, because another portal owns the tokens.
    """
    rights.require(by, "integrations.connect")
    tried_because = " ".join(tried_because.split())
    if tried_because:
        rights.require(by, TRY)
        days = min(days, TRY_DAYS)
    installation.refuse_standby()
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        # One at a time: of two who let the same customer try at once, the second is refused.
        if customer is not None:
            Customer.objects.select_for_update().get(pk=customer.pk)
        if reasons := why_not_made(application, customer, tried_because=tried_because):
            raise Refused(reasons)
        is_try = bool(tried_because) and customer is not None and not permissions.is_granted(application)
        page = LinkPage.objects.create(
            application=application,
            customer=customer,
            tried_because=tried_because if is_try else "",
            brought=brought,
            token_hash=digest(token),
            created_by=str(by),
            expires_at=timezone.now() + timedelta(days=days),
        )
        details: dict[str, Any] = {"link": str(page.pk), "app": application.name}
        if is_try:
            details["tried_without_permission"] = True
        if not brought:
            AuditEvent.objects.record("link.made", customer or application, by=by, details=details)
    return MadeLink(page, token)


def why_not_made(application: Application, customer: Customer | None, *, tried_because: str = "") -> tuple[str, ...]:
    """Return every reason why no link page can be made now."""
    reasons = list(applications.why_not_usable(application))
    if customer is not None and customer.erased_at:
        reasons.append("The customer is erased. Add a new one.")
    if tried_because:
        reasons += _why_not_tried(customer, tried_because)
    refused = foretold(application, for_customer=customer is not None, tried_because=tried_because)
    return (*reasons, *(finding.text for finding in refused if finding.severity is Severity.ERROR))


def _why_not_tried(customer: Customer | None, because: str) -> Iterator[str]:
    if customer is None:
        yield "A try is for a customer: for yourselves no permission is needed."
    elif (other := open_for([customer]).exclude(tried_because="").first()) is not None:
        until = timezone.localtime(other.expires_at)
        yield f"One try at a time: the one that was begun before is open until {moments.day(until)}, {until:%H:%M}."
    if len(because) > LONGEST_REASON:
        yield f"Say in at most {LONGEST_REASON} characters why the customer is to try."


def tries(application: Application) -> QuerySet[LinkPage]:
    """Return the link pages by which customers tried although no permission was recorded, the newest first."""
    rows = application.links.exclude(tried_because="").select_related("customer", "connection")
    return rows.order_by("-created_at", "id")


def close_tries(used: LinkPage) -> None:
    """Revoke what is open of the same customer's tries through the same app: he has just connected by ``used``, and
    there is nothing left to try. The caller's transaction is around it."""
    if used.customer is None:
        return
    now = timezone.now()
    for row in open_for([used.customer]).filter(application=used.application_id).exclude(tried_because=""):
        if row.pk != used.pk:
            LinkPage.objects.filter(pk=row.pk).update(revoked_at=now, revoked_by=str(PORTAL))
            details = {"link": str(row.pk), "app": used.application.name}
            AuditEvent.objects.record("link.revoked", used.customer, by=PORTAL, details=details)


def find(token: str) -> LinkPage | None:
    """Return the page that the token opens; None where there is none."""
    pages = LinkPage.objects.select_related("application", "customer")
    return pages.filter(token_hash=digest(token)).first()


def why_not_open(page: LinkPage) -> tuple[str, ...]:
    """Return why nobody can connect by this page now."""
    if installation.standing().reasons:
        return (NOT_NOW,)
    reasons = list(applications.why_not_usable(page.application))
    if not reasons and _refused_by_exact(page):
        reasons.append(NOT_NOW)  # whoever is asked to connect cannot mend it; staff see what it is
    if page.customer is not None and page.customer.erased_at:
        reasons.append(Reason("closed"))
    if (ended := state(page)) is not LinkState.OPEN:
        reasons.append(Reason(ended))
    return tuple(reasons) or why_not_permitted(page)


def state(page: LinkPage) -> LinkState:
    """Return what is true of the page itself; whether its app can be used is another matter."""
    return link_states.state(
        connected_at=page.connected_at,
        revoked_at=page.revoked_at,
        expires_at=page.expires_at,
        now=timezone.now(),
    )


def revoke(page: LinkPage, *, by: Actor) -> None:
    """Withdraw a page by which somebody could still connect; who is at Exact by it comes back to nothing.

    Raises:
        Refused: it was used, revoked, or has expired; or no right to it.
    """
    rights.require(by, "integrations.connect")
    with transaction.atomic():
        row = LinkPage.objects.select_for_update(of=("self",)).select_related("application", "customer").get(pk=page.pk)
        if row.brought:
            raise Refused(["This is an import from a former system, and no link page: nobody can connect by it."])
        if reasons := link_states.why_not_revoked(state(row)):
            raise Refused(reasons)
        row.revoked_at, row.revoked_by = timezone.now(), str(by)
        row.save(update_fields=["revoked_at", "revoked_by"])
        stop(LinkPage.objects.filter(pk=row.pk, connection__isnull=False), by=by)
        details = {"link": str(row.pk), "app": row.application.name}
        AuditEvent.objects.record("link.revoked", row.customer or row.application, by=by, details=details)
    page.refresh_from_db()


def why_not_permitted(page: LinkPage) -> tuple[Reason, ...]:
    """Return, in the words that customers read, why Exact's permission keeps whoever has this page from connecting."""
    standing = permissions.of(page.application)
    one = gate.Passing(
        is_testing=page.application.is_testing,
        permission=standing.state,
        for_customer=page.customer_id is not None,
        since=standing.since,
        tried_because=page.tried_because,
    )
    return gate.explanation(one, organization=Organization.objects.ours().name)


def foretold(application: Application, *, for_customer: bool, tried_because: str = "") -> tuple[Finding, ...]:
    """Return what Exact would refuse when somebody connects now."""
    facts = app_facts.of([application])[application.pk]
    return lint.linking(facts, for_customer=for_customer, tried_because=tried_because)


def _refused_by_exact(page: LinkPage) -> bool:
    """Tell whether something of the app itself is wrong; its permission is the gate's."""
    found = lint.lint(app_facts.of([page.application])[page.application_id])
    return any(finding.severity is Severity.ERROR for finding in found)


def why_not_finished(begun: AuthorizationState) -> tuple[str, ...]:
    """Return why nothing may come of a consent that was begun in time: staff closed its page meanwhile, or somebody
    else connected by it.

    That its time is over does not matter: whoever is at Exact may come back.
    """
    customer = begun.link.customer
    closed_at = (customer.erased_at or customer.disconnected_at) if customer is not None else None
    if closed_at is not None and begun.created_at < closed_at:
        return (Reason("closed"),)
    now = LinkPage.objects.filter(pk=begun.link_id).first()
    if now is not None and (ended := state(now)) in (LinkState.USED, LinkState.REVOKED):
        return (Reason(ended),)
    return ()


def open_for(customers: Iterable[Customer]) -> QuerySet[LinkPage]:
    """Return the link pages of these customers by which somebody can still connect."""
    return _open().filter(customer__in=customers)


def open_through(application: Application) -> QuerySet[LinkPage]:
    """Return the link pages of the app by which somebody could still connect."""
    return _open().filter(application=application)


def open_replacing(connection: Connection) -> QuerySet[LinkPage]:
    """Return the link pages by which another user can still take the place of a connection's."""
    return _open().filter(replaces=connection)


def _open() -> QuerySet[LinkPage]:
    return _unfinished().filter(brought="", expires_at__gt=timezone.now())


def _unfinished() -> QuerySet[LinkPage]:
    return LinkPage.objects.filter(connected_at__isnull=True, revoked_at__isnull=True)


def unfinished_for(customer: Customer) -> QuerySet[LinkPage]:
    """Return the pages by which tokens for a customer came of which nobody knows yet whose they are."""
    return _unfinished().filter(customer=customer, connection__isnull=False)


def stop(pages: QuerySet[LinkPage], *, by: Actor) -> None:
    """Destroy the tokens that came by these pages and were not finished, and close the pages, in the transaction of
    whoever records the event. Who is finishing one at this moment finds nothing of it."""
    found = list(pages.select_for_update(of=("self",)).filter(connected_at__isnull=True))
    ids = [page.connection_id for page in found if page.connection_id is not None]
    closed = {"connection": None, "revoked_at": timezone.now(), "revoked_by": str(by)}
    LinkPage.objects.filter(pk__in=[page.pk for page in found]).update(**closed)
    Connection.objects.pending().filter(pk__in=ids).delete()
    token_sweep.forget(ids)


# --- Imports ------------------------------------------------------------------------------------------------


def importing(customers: Iterable[Customer]) -> QuerySet[LinkPage]:
    """Return the imports for these customers that wait for Exact."""
    return _unfinished().filter(customer__in=customers, connection__isnull=False).exclude(brought="")


def cleared_imports() -> QuerySet[LinkPage]:
    """Return the imports whose tokens were cleared, since Exact did not say in time whose they are."""
    return _unfinished().filter(connection__isnull=True).exclude(brought="")


def end_import(page: LinkPage, cause: str) -> None:
    """Close the page of an import that came to nothing, and tell of it; ``cause``: the name of why, for
    ``rules.causes``. In the caller's transaction, which sees to the tokens."""
    LinkPage.objects.filter(pk=page.pk).update(connection=None, revoked_at=timezone.now(), revoked_by=str(PORTAL))
    details = {"cause": cause, "link": str(page.pk), "app": page.application.name}
    AuditEvent.objects.record("connection.import_ended", page.customer or page.application, by=PORTAL, details=details)


def start(page: LinkPage, *, browser: str) -> str:
    """Write a state for one way to Exact, bound to this browser, and return the address to go to.

    Raises:
        Refused: nobody can connect by this page now, or what Exact would give could not be kept.
    """
    if reasons := why_not_open(page):
        raise Refused(reasons)
    _refuse_without_room(page)
    value = secrets.token_urlsafe(32)
    minutes = STATE_MINUTES_CUSTOMER if page.customer_id else STATE_MINUTES_STAFF
    AuthorizationState.objects.create(
        link=page,
        state_hash=digest(value),
        browser_hash=digest(browser),
        expires_at=timezone.now() + timedelta(minutes=minutes),
    )
    application = page.application
    return oauth.authorization_url(
        application.origin,
        client_id=str(application.client_id),
        redirect_uri=application.redirect_uri,
        state=value,
        force_login=True,
    )


def _refuse_without_room(page: LinkPage) -> None:
    """Before anybody consents, since a consent ends the chain that the same user had before."""
    try:
        with token_journal.reserve(uuid4()):
            return
    except JournalUnwritable as error:
        raise Refused([Reason("no_room"), *([] if page.customer_id else [str(error)])]) from None


def take(application_id: UUID, value: str, *, browser: str) -> AuthorizationState:
    """Use a state: once, in time, for the app and by the browser that it was made for, while the app is usable and
    Exact permits it.

    Raises:
        Refused: it is none of these; the reason is for the person at the browser. Nothing was changed, and
            the state can still be used by whom it belongs to.
    """
    row = _state(value)
    if row is None or row.link.application_id != application_id:
        raise Refused([Reason("not_ours")])
    if not browser or not hmac.compare_digest(row.browser_hash, digest(browser)):
        raise Refused([Reason("other_browser")])
    if reasons := applications.why_not_usable(row.link.application) or why_not_permitted(row.link):
        raise Refused(reasons)
    if row.expires_at <= timezone.now():
        raise Refused([Reason("too_late")])
    unused = AuthorizationState.objects.filter(pk=row.pk, used_at__isnull=True)
    if not unused.update(used_at=timezone.now()):
        raise Refused([Reason("answer_used")])
    return row


def digest(value: str) -> str:
    """Return the hash under which a random value is kept; it needs no salt, being random and long."""
    return hashlib.sha256(value.encode()).hexdigest()


def _state(value: str) -> AuthorizationState | None:
    if not value or len(value) > LONGEST_STATE:
        return None
    rows = AuthorizationState.objects.select_related("link__application", "link__customer")
    return rows.filter(state_hash=digest(value)).first()
