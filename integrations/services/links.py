"""Link pages, and the way to Exact and back: made, opened, used once."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from integrations.exact import oauth
from integrations.models import Application, AuditEvent, AuthorizationState, Customer, LinkPage
from integrations.rules import lint
from integrations.rules.actors import Actor
from integrations.rules.lint import Finding, Severity
from integrations.services import app_facts, applications, installation, rights
from integrations.services.refusals import Refused

DAYS: Final = 14
STATE_MINUTES_STAFF: Final = 10
STATE_MINUTES_CUSTOMER: Final = 60
LONGEST_STATE: Final = 100
_CLOSED: Final = "This link is no longer good. Ask whoever sent it for a new one."
NOT_NOW: Final = "Nobody can connect here at the moment. Try again later, or ask whoever sent you the link."


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


def make(application: Application, *, by: Actor, customer: Customer | None = None, days: int = DAYS) -> MadeLink:
    """Make a page on which somebody connects: ``customer``, or, where that is None, ourselves.

    Raises:
        Refused: the app cannot be used now; with every reason. Or no right to it.
        StandingBy: nobody can connect here, because another portal owns the tokens.
    """
    rights.require(by, "integrations.connect")
    installation.refuse_standby()
    reasons = applications.why_not_usable(application)
    if customer is not None and customer.erased_at:
        reasons = (*reasons, "The customer is erased. Add a new one.")
    reasons = (*reasons, *_refused_by_exact(application, customer))
    if reasons:
        raise Refused(reasons)
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        page = LinkPage.objects.create(
            application=application,
            customer=customer,
            token_hash=digest(token),
            created_by=str(by),
            expires_at=timezone.now() + timedelta(days=days),
        )
        details = {"link": str(page.pk), "app": application.name}
        AuditEvent.objects.record("link.made", customer or application, by=by, details=details)
    return MadeLink(page, token)


def find(token: str) -> LinkPage | None:
    """Return the page that the token opens; None where there is none."""
    pages = LinkPage.objects.select_related("application", "customer")
    return pages.filter(token_hash=digest(token)).first()


def why_not_open(page: LinkPage) -> tuple[str, ...]:
    """Return why nobody can connect by this page now."""
    if installation.standing().reasons:
        return (NOT_NOW,)
    reasons = list(applications.why_not_usable(page.application))
    if not reasons and _refused_by_exact(page.application, page.customer):
        reasons.append(NOT_NOW)  # whoever is asked to connect cannot mend it; staff see what it is
    if page.customer is not None and page.customer.erased_at:
        reasons.append(_CLOSED)
    if page.expires_at <= timezone.now():
        reasons.append("This link has expired. Ask whoever sent it for a new one.")
    if page.connected_at:
        reasons.append("This link has been used: the connection is made.")
    return tuple(reasons)


def foretold(application: Application, *, for_customer: bool) -> tuple[Finding, ...]:
    """Return what Exact would refuse, or may, when somebody connects now."""
    return lint.linking(app_facts.of([application])[application.pk], for_customer=for_customer)


def _refused_by_exact(application: Application, customer: Customer | None) -> tuple[str, ...]:
    found = foretold(application, for_customer=customer is not None)
    return tuple(finding.text for finding in found if finding.severity is Severity.ERROR)


def why_not_finished(state: AuthorizationState) -> tuple[str, ...]:
    """Return why nothing may come of a consent that was begun in time: staff closed its page meanwhile."""
    customer = state.link.customer
    closed_at = (customer.erased_at or customer.disconnected_at) if customer is not None else None
    return (_CLOSED,) if closed_at is not None and state.created_at < closed_at else ()


def open_for(customers: Iterable[Customer]) -> QuerySet[LinkPage]:
    """Return the link pages of these customers by which somebody can still connect."""
    return _open().filter(customer__in=customers)


def open_through(application: Application) -> QuerySet[LinkPage]:
    """Return the link pages of the app by which somebody could still connect."""
    return _open().filter(application=application)


def _open() -> QuerySet[LinkPage]:
    return LinkPage.objects.filter(connected_at__isnull=True, expires_at__gt=timezone.now())


def start(page: LinkPage, *, browser: str) -> str:
    """Write a state for one way to Exact, bound to this browser, and return the address to go to.

    Raises:
        Refused: nobody can connect by this page now.
    """
    if reasons := why_not_open(page):
        raise Refused(reasons)
    state = secrets.token_urlsafe(32)
    minutes = STATE_MINUTES_CUSTOMER if page.customer_id else STATE_MINUTES_STAFF
    AuthorizationState.objects.create(
        link=page,
        state_hash=digest(state),
        browser_hash=digest(browser),
        expires_at=timezone.now() + timedelta(minutes=minutes),
    )
    application = page.application
    return oauth.authorization_url(
        application.origin,
        client_id=str(application.client_id),
        redirect_uri=application.redirect_uri,
        state=state,
        force_login=True,
    )


def take(application_id: UUID, state: str, *, browser: str) -> AuthorizationState:
    """Use a state: once, in time, for the app and by the browser that it was made for, while the app is usable.

    Raises:
        Refused: it is none of these; the reason is for the person at the browser. Nothing was changed, and
            the state can still be used by whom it belongs to.
    """
    row = _state(state)
    if row is None or row.link.application_id != application_id:
        raise Refused(["This answer does not belong to a connection that was begun here. Start again."])
    if not browser or not hmac.compare_digest(row.browser_hash, digest(browser)):
        raise Refused(["This connection was begun in another browser. Start again in this one."])
    if reasons := applications.why_not_usable(row.link.application):
        raise Refused(reasons)
    if row.expires_at <= timezone.now():
        raise Refused(["It took too long to come back from Exact. Start again."])
    unused = AuthorizationState.objects.filter(pk=row.pk, used_at__isnull=True)
    if not unused.update(used_at=timezone.now()):
        raise Refused(["This answer of Exact was used already. If nothing is connected, start again."])
    return row


def digest(value: str) -> str:
    """Return the hash under which a random value is kept; it needs no salt, being random and long."""
    return hashlib.sha256(value.encode()).hexdigest()


def _state(state: str) -> AuthorizationState | None:
    if not state or len(state) > LONGEST_STATE:
        return None
    rows = AuthorizationState.objects.select_related("link__application", "link__customer")
    return rows.filter(state_hash=digest(state)).first()
