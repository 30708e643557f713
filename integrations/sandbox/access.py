"""Who calls the API, and what keeps him out. Source: Exact, "Response codes"."""

from dataclasses import dataclass

from integrations.sandbox import chains, people, registry
from integrations.sandbox.chains import Chain
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.odata import ApiError
from integrations.sandbox.people import Company, User
from integrations.sandbox.registry import App

AUTHENTICATION_REQUIRED = "Authentication Required"
OUTSIDE_SCOPE = "Forbidden - User division is not within division scope."
LICENCE_EXPIRED = "Forbidden - Customer's license expired."
NO_RIGHTS = "Forbidden - The user has no rights to this resource."
TOO_MANY = "Too many requests."


@dataclass(frozen=True)
class Caller:
    app: App
    user: User
    chain: Chain
    expired: bool

    def endpoint_key(self, division: int | None, endpoint: str) -> str:
        """What the error budget counts by."""
        return f"{self.app.client_id}/{self.user.id}/{division or 'current'}/{endpoint}"


def caller(exchange: Exchange) -> Caller | None:
    """Whose token this is, still good or not; None for a token that was never given out here."""
    scheme, _, value = exchange.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        return None
    exchange.entry.show(value)
    token = chains.token(exchange.db, value, "access")
    if token is None:
        return None
    app = registry.app(exchange.db, token.chain.client_id)
    user = people.user(exchange.db, token.chain.user_id)
    if app is None or user is None:
        return None
    exchange.known_app(app)
    exchange.known_user(user)
    return Caller(app, user, token.chain, expired=exchange.now >= token.expires_at)


def unauthenticated() -> ApiError:
    return ApiError(401, AUTHENTICATION_REQUIRED, "authentication_required")


def check_company(exchange: Exchange, by: Caller, company: Company | None) -> Company:
    """The company, when this user's consent covers it. Raises ApiError (403).

    A company that does not exist is answered like one that the user has no rights to.
    """
    if company is None or not people.has_rights(exchange.db, by.user.id, company.code):
        raise ApiError(403, NO_RIGHTS, "no_rights", reason=True)
    if company.code not in by.chain.divisions:
        raise ApiError(403, OUTSIDE_SCOPE, "division_scope", reason=True)
    if company.licence_expired:
        raise ApiError(403, LICENCE_EXPIRED, "licence_expired", reason=True)
    return company


def check_scope(by: Caller, scope: str, *, write: bool = False) -> None:
    """Raises ApiError (403) when the app was not given this scope, or not far enough to write.

    Exact's own wording says "read" of both.
    """
    if not (by.app.may_write(scope) if write else by.app.may_read(scope)):
        raise ApiError(403, scope_violated(scope), "scope", reason=True)


def scope_violated(scope: str) -> str:
    return f"Forbidden - Application Scope Violated. Cannot read '{scope}' scope."
