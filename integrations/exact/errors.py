"""Everything that can go wrong between us and Exact.

Each class answers two questions: may the same request be made again later (`may_retry`), and who must
act (`who`). Instances say whether anything left the house (`sent`), and whether Exact may have acted on
a request whose answer we do not have (`outcome_unknown`): then a refresh token may have rotated.

Messages are ours. What Exact said is in `reason`, bounded and redacted; tokens, codes, secrets and bodies
are in no attribute. No error has a cause or a context: those of `requests` carry the request.

Sources: Exact's pages *Response codes and error handling* (topic DNO-Content-respcodeserrorhandling) and
*OAuth on Exact Online*; RFC 6749, sections 4.1.2.1 and 5.2.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from integrations.exact.evidence import Evidence
from integrations.exact.limits import Family, LimitHeaders


class Who(StrEnum):
    """Who must act before it can work again."""

    NOBODY = "nobody"
    """It passes by waiting."""
    CUSTOMER = "customer"
    """Consents again, grants a company, renews a licence."""
    APP_OWNER = "app owner"
    """We: keys, scopes, registration."""
    EXACT = "exact"
    OPERATOR = "operator"
    """Whoever runs this portal: network, configuration."""


class ExactError(Exception):
    """The root; raised only as one of its subclasses."""

    may_retry: ClassVar[bool] = False
    who: ClassVar[Who] = Who.EXACT
    answer_lost: ClassVar[bool] = False
    """What came back, if anything, does not tell whether Exact acted on the request."""
    message: ClassVar[str] = "Exact could not be used."

    def __init__(
        self,
        evidence: Evidence | None = None,
        *,
        reason: str = "",
        sent: bool = True,
        limits: LimitHeaders | None = None,
    ) -> None:
        super().__init__()  # no args: they end up in reprs, pickles and error reports
        self.evidence = evidence
        self.reason = reason
        """What the other side or the network said: visible, redacted, ≤ 200 characters, or empty."""
        self.sent = sent
        """False: provably nothing of the request left the house."""
        self.limits = limits
        """Of the answer's headers; None when there was no answer, or none that has limits."""

    @property
    def status(self) -> int | None:
        return self.evidence.status if self.evidence else None

    @property
    def outcome_unknown(self) -> bool:
        return self.sent and self.answer_lost

    def __str__(self) -> str:
        return f"{self.message} ({self.reason})" if self.reason else self.message

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {describe(self)}>"


def describe(error: ExactError) -> str:
    """The evidence as one line: what was asked, what came back, what was said about it."""
    parts = [str(error.evidence)] if error.evidence else []
    return " · ".join([*parts, str(error)])


# ── The token endpoint and the authorize page ────────────────────────────────────────────────────────


class TokenError(ExactError):
    """An answer of the token endpoint, or of the authorize page."""


class TooEarly(TokenError):
    """400 `access_denied` "… access_token not expired": the token on hand is still good."""

    may_retry = True
    who = Who.NOBODY
    message = "The access token is still valid; Exact gives no new one yet."


class ConsentNeeded(TokenError):
    """The chain of tokens has ended; only a new consent starts another. Also `invalid_grant` without a
    text that says more."""

    who = Who.CUSTOMER
    message = "The connection has ended; the customer must reconnect."


class OldRefreshToken(ConsentNeeded):
    """401 (older: 400) `unauthorized_client` "Old refresh token used."."""

    message = "This refresh token was already used; the customer must reconnect."


class RefreshTokenExpired(ConsentNeeded):
    """400 or 401 `invalid_request` "The refresh token expired at …": 30 days unused."""

    message = "The refresh token was unused for 30 days; the customer must reconnect."


class ChainReplaced(ConsentNeeded):
    """400 `invalid_grant` "Token is not allowed, because of invalid or empty chainId"."""

    message = "A later authorization replaced this connection; the customer must reconnect."


class BadCode(TokenError):
    """400 on an authorization code: used, older than 3 minutes, of another redirect URL, or no code."""

    who = Who.CUSTOMER
    message = "Exact did not accept the authorization code; start again."


class AccessDenied(TokenError):
    """`error=access_denied` on the callback: the person at the authorize page said no."""

    who = Who.CUSTOMER
    message = "Access was not granted on Exact's page."


class InvalidClient(TokenError):
    """400 `invalid_client`, or "Client with identifier … not found": wrong id or secret, wrong country, or
    the registration was deleted. The app is broken, not the customer."""

    who = Who.APP_OWNER
    message = "Exact does not accept the app's client id or secret."


class TokenRefused(TokenError):
    """Another definite refusal by the token endpoint or the authorize page."""

    who = Who.APP_OWNER
    message = "Exact refused the authorization."


# ── The API ──────────────────────────────────────────────────────────────────────────────────────────


class ApiError(ExactError):
    """A definite refusal by an API endpoint."""


class AuthenticationRequired(ApiError):
    """401: the token expired or was revoked. Refresh once, then consent."""

    who = Who.CUSTOMER
    message = "Exact does not accept the access token."


class Forbidden(ApiError):
    """403: the user lacks rights, or the module is not in the licence."""

    who = Who.CUSTOMER
    message = "The Exact user has no right to this."


class ScopeViolated(Forbidden):
    """403 "Application Scope Violated. Cannot read 'organization.administration' scope."."""

    who = Who.APP_OWNER
    message = "The app lacks an approved scope."

    def __init__(
        self,
        evidence: Evidence | None = None,
        *,
        reason: str = "",
        sent: bool = True,
        limits: LimitHeaders | None = None,
        scope: str = "",
        access: str = "",
    ) -> None:
        super().__init__(evidence, reason=reason, sent=sent, limits=limits)
        self.scope = scope
        """`group.resource`, lower case; empty when Exact did not say."""
        self.access = access
        """Exact's word for what was tried, lower case: "read", …; empty when it did not say."""


class DivisionNotGranted(Forbidden):
    """403 "User division is not within division scope.": the company was not ticked at the consent."""

    message = "The customer did not grant this company to the app."


class LicenceExpired(Forbidden):
    """403 "Customer's license expired."."""

    message = "The customer's subscription at Exact has ended."


class NotFound(ApiError):
    """404: no such path, or no such company."""

    who = Who.APP_OWNER
    message = "Exact knows no such path."


class BadRequest(ApiError):
    """400, and every 4xx that has no class of its own."""

    who = Who.APP_OWNER
    message = "Exact did not understand the request."


class QueryTooLong(ApiError):
    """408: the query took too long; ask for less."""

    may_retry = True
    who = Who.APP_OWNER
    message = "Exact took too long over the query."


class LimitReached(ExactError):
    """429. `family` unknown while no meter of ours is full: a limit of the customer's contract."""

    may_retry = True
    who = Who.NOBODY
    message = "A limit of Exact is reached."

    def __init__(
        self,
        evidence: Evidence | None = None,
        *,
        reason: str = "",
        sent: bool = True,
        limits: LimitHeaders | None = None,
    ) -> None:
        super().__init__(evidence, reason=reason, sent=sent, limits=limits)
        family, window = (limits or LimitHeaders()).hit()
        self.family: Family = family
        self.resets_at: datetime | None = window.resets_at
        """UTC, as the headers said; None is unknown."""


class ServerError(ExactError):
    """500 and other 5xx: theirs, or a request they stumble over."""

    may_retry = True
    answer_lost = True
    message = "Exact reports a problem of its own."


class Unavailable(ServerError):
    """502, 503, 504, an empty body, HTML in place of JSON: maintenance, or a front end."""

    message = "Exact is not available; it may be under maintenance."


# ── The wire ─────────────────────────────────────────────────────────────────────────────────────────


class WireError(ExactError):
    """There was no answer that could be read."""

    answer_lost = True


class NetworkFailure(WireError):
    """The connection could not be made, or was lost."""

    may_retry = True
    who = Who.OPERATOR
    message = "The connection to Exact failed."


class NameNotResolved(NetworkFailure):
    message = "Exact's host name could not be resolved."


class Unreachable(NetworkFailure):
    """Refused, no route, or the like."""

    message = "Exact's host could not be reached."


class TlsFailed(NetworkFailure):
    """The certificate could not be verified, or the handshake failed."""

    message = "No trusted connection to Exact could be made."


class ConnectionLost(NetworkFailure):
    """Closed before the answer or within it."""

    message = "The connection to Exact broke off."


class TimedOut(WireError):
    """Name, connection, headers and body were not all there by the deadline."""

    may_retry = True
    message = "Exact did not answer in time."


class MalformedAnswer(WireError):
    """Not HTTP, not JSON, or with values that Exact's pages do not allow."""

    may_retry = True
    message = "Exact's answer could not be understood."


class AnswerTooLarge(WireError):
    """More than the cap, counted after decompression."""

    message = "Exact's answer was too large."


class RedirectRefused(WireError):
    """3xx: following it would hand token and secret to whoever it names."""

    who = Who.OPERATOR
    message = "Exact answered with a redirect, which was not followed."

    def __init__(self, evidence: Evidence | None = None, *, location: str = "") -> None:
        super().__init__(evidence)
        self.location = location
        """Where it led, as it stood in the header, ≤ 4,096 characters. For comparing; never shown or kept."""


class WrongHost(WireError):
    """A URL outside the application's origin, or an origin that may not be used. Nothing was sent."""

    who = Who.OPERATOR
    message = "The address is not the one this app was made for."

    def __init__(self, evidence: Evidence | None = None, *, reason: str = "") -> None:
        super().__init__(evidence, reason=reason, sent=False)
