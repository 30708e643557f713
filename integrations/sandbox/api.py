"""The REST API: `current/Me` and both lists of divisions; of a few others, whether the app's scopes open them.

Source: Exact, REST API reference, "Me", "hrm/Divisions", "system/Divisions", and the scopes it names.
"""

from collections.abc import Callable, Sequence

from werkzeug.wrappers import Response

from integrations.sandbox import access, budget, limits, odata, people
from integrations.sandbox.access import Caller
from integrations.sandbox.exchange import Exchange
from integrations.sandbox.odata import ApiError, Record
from integrations.sandbox.people import Company

ADMINISTRATION = "organization.administration"

RESOURCES = {
    "crm/accounts": "crm.accounts",
    "documents/documents": "organization.documents",
    "financial/glaccounts": "financial.generalledgers",
    "logistics/items": "logistics.items",
    "purchaseorder/purchaseorders": "purchase.orders",
    "salesentry/salesentries": "financial.accounting",
    "salesinvoice/salesinvoices": "sales.invoices",
    "salesorder/salesorders": "sales.orders",
    "webhooks/webhooksubscriptions": ADMINISTRATION,
}
"""Resources that can be asked for, in lower case, with the scope each needs; none of them holds anything here."""

Listing = Callable[[Exchange, Caller, Company], Sequence[Record]]


def me(exchange: Exchange) -> Response:
    """`GET /api/v1/current/Me`: no division, no scope, no rate-limit headers, counted to no company."""

    def answer(by: Caller) -> Response:
        _only_reads(exchange)
        return odata.answer(exchange.request, [_me(exchange, by)], key="UserID", entity="Me")

    return _served(exchange, None, "current/Me", answer)


def hrm_divisions(exchange: Exchange, division: int) -> Response:
    """`GET /api/v1/{division}/hrm/Divisions`: companies the user may open, within one licence; no scope."""

    def companies(exchange: Exchange, by: Caller, company: Company) -> Sequence[Record]:
        reachable = people.companies_of(exchange.db, by.user.id)
        return [_company(one) for one in reachable if one.subscription == company.subscription]

    return _division_list(exchange, division, "hrm/Divisions", companies)


def system_divisions(exchange: Exchange, division: int) -> Response:
    """`GET /api/v1/{division}/system/Divisions`: companies the user may open and granted to the app."""

    def companies(exchange: Exchange, by: Caller, company: Company) -> Sequence[Record]:
        del company
        access.check_scope(by, ADMINISTRATION)
        reachable = people.companies_of(exchange.db, by.user.id)
        return [_company(one) for one in reachable if one.code in by.chain.divisions]

    return _division_list(exchange, division, "system/Divisions", companies)


def other(exchange: Exchange, division: int, resource: str) -> Response:
    """Any other resource of a company: checked and counted, then 404, for the sandbox has no more."""

    def nothing(exchange: Exchange, by: Caller, company: Company) -> Sequence[Record]:
        del company
        scope = RESOURCES.get(resource.partition("(")[0].lower())
        if scope is not None:
            access.check_scope(by, scope, write=_writes(exchange))
        _only_reads(exchange)
        raise ApiError(404, f"The sandbox has no resource '{resource[:80]}'.", "not_found")

    return _division_list(exchange, division, resource, nothing)


def unknown(exchange: Exchange, **_: object) -> Response:
    """A URL below /api that Exact does not have."""
    return _refused(exchange, ApiError(404, "Resource not found.", "not_found"))


def _division_list(exchange: Exchange, division: int, endpoint: str, listing: Listing) -> Response:
    def answer(by: Caller) -> Response:
        company = people.company(exchange.db, division)
        if company is not None:
            _count(exchange, by, company)
        company = access.check_company(exchange, by, company)
        records = listing(exchange, by, company)
        _only_reads(exchange)
        return odata.answer(exchange.request, records, key="Code", entity="Division")

    exchange.entry.division = division
    response = _served(exchange, division, endpoint, answer)
    response.headers.extend(exchange.limit_headers)
    return response


def _served(exchange: Exchange, division: int | None, endpoint: str, answer: Callable[[Caller], Response]) -> Response:
    """Authenticate, keep to the error budget, answer, and count the answer when it is an error."""
    by = access.caller(exchange)
    if by is None:
        return _refused(exchange, access.unauthenticated())
    key = by.endpoint_key(division, endpoint)
    if budget.blocked(exchange.db, key, exchange.now):
        return _refused(exchange, ApiError(429, "Blocked after too many errors.", "error_budget"))
    try:
        response = _checked(exchange, by, answer)
    except ApiError as error:
        response = _refused(exchange, error)
    budget.note(exchange.db, key, response.status_code, exchange.now)
    return response


def _checked(exchange: Exchange, by: Caller, answer: Callable[[Caller], Response]) -> Response:
    if by.expired:
        raise access.unauthenticated()
    return answer(by)


def _writes(exchange: Exchange) -> bool:
    return exchange.request.method not in {"GET", "HEAD"}


def _only_reads(exchange: Exchange) -> None:
    """Raises ApiError (405) on what would write; asked after the scope, which refuses first."""
    if _writes(exchange):
        raise ApiError(405, "The sandbox only reads.", "method")


def _count(exchange: Exchange, by: Caller, company: Company) -> None:
    """Count the call in both windows. Raises ApiError (429) when one is full, the day before the minute."""
    counted, now = f"{by.app.client_id}/{company.code}", exchange.now
    minute_calls = limits.count(exchange.db, counted, limits.MINUTE, now)
    day_calls = limits.count(exchange.db, counted, limits.DAY, now)
    exchange.entry.minute, exchange.entry.day = minute_calls, day_calls
    minute = limits.minute_window(by.app.minutely_limit, minute_calls, now)
    day = limits.day_window(by.app.daily_limit, day_calls, now)
    for window, error in ((day, "daily_limit"), (minute, "minutely_limit")):
        if window.exceeded:
            exchange.limit_headers = window.headers
            raise ApiError(429, access.TOO_MANY, error)
    exchange.limit_headers = day.headers + minute.headers


def _refused(exchange: Exchange, error: ApiError) -> Response:
    exchange.entry.error = error.error
    return odata.refusal(exchange.request, error)


def _me(exchange: Exchange, by: Caller) -> Record:
    user = by.user
    current = people.company(exchange.db, user.current_division)
    first_name, _, last_name = user.full_name.partition(" ")
    return {
        "CurrentDivision": user.current_division,
        "AccountingDivision": user.current_division,
        "DivisionCustomerName": current.customer_name if current else "",
        "Email": user.email,
        "FirstName": first_name,
        "LastName": last_name,
        "FullName": user.full_name,
        "Language": "en",
        "LanguageCode": "EN",
        "Legislation": 0,
        "ServerTime": odata.date(exchange.now),
        "ServerUtcOffset": 0,
        "UserID": user.id,
        "UserName": user.user_name,
    }


def _company(company: Company) -> Record:
    return {
        "Code": company.code,
        "HID": company.code,
        "Description": company.description,
        "CustomerName": company.customer_name,
        "Status": company.status,
        "BlockingStatus": company.blocking_status,
        "Country": company.country,
        "Currency": company.currency,
        "IsMainDivision": company.is_main,
    }
