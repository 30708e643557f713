"""The three read calls of the portal.

Each takes a `send`, called once per page with method and path: the caller's door, behind which it counts
the call before it goes out. Bound to an origin and a token, `api.send` is such a door that counts nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from integrations.exact import errors, fields
from integrations.exact.api import Answer
from integrations.exact.evidence import Evidence

Send = Callable[[str, str], Answer]

ME_PATH: Final = "/api/v1/current/Me"
HRM_DIVISIONS_PATH: Final = "/api/v1/{division}/hrm/Divisions"
SYSTEM_DIVISIONS_PATH: Final = "/api/v1/{division}/system/Divisions"
MAX_PAGES: Final = 100
"""Of 60 companies each. The next page's path is given, so nothing is lost by a lower bound."""


@dataclass(frozen=True, slots=True)
class Me:
    """The Exact user behind a token. `current_division` is where he last worked, and moves with him."""

    user_id: str
    user_name: str
    full_name: str
    email: str = field(repr=False)
    current_division: int
    accounting_division: int | None
    division_customer_name: str
    server_time: datetime | None
    evidence: Evidence

    @classmethod
    def read(cls, values: fields.Fields, evidence: Evidence) -> Self:
        return cls(
            user_id=values.text("UserID", needed=True),
            user_name=values.text("UserName"),
            full_name=values.text("FullName"),
            email=values.text("Email"),
            current_division=values.division("CurrentDivision"),
            accounting_division=values.integer("AccountingDivision"),
            division_customer_name=values.text("DivisionCustomerName"),
            server_time=values.date("ServerTime"),
            evidence=evidence,
        )


@dataclass(frozen=True, slots=True)
class Division:
    """A company. What an endpoint does not tell is empty or None.

    `status`: 0 inactive, 1 active, 2 archived; `blocking_status`: 0 none, 1 backup or restore, 2 conversion,
    higher ones as Exact adds them; `country` and `currency` as Exact's codes (ISO 3166, ISO 4217).
    """

    code: int
    description: str
    customer_name: str
    status: int | None
    blocking_status: int | None
    country: str
    currency: str
    is_main: bool | None

    @classmethod
    def read(cls, values: fields.Fields) -> Self:
        return cls(
            code=values.division("Code"),
            description=values.text("Description"),
            customer_name=values.text("CustomerName"),
            status=values.integer("Status"),
            blocking_status=values.integer("BlockingStatus"),
            country=values.text("Country"),
            currency=values.text("Currency"),
            is_main=values.flag("IsMainDivision"),
        )


@dataclass(frozen=True, slots=True)
class Divisions:
    """Companies in Exact's order, each once. `next_path` is None when these are all; `answers` has one
    entry per page. None at all can also mean missing rights of the user: say "nothing visible"."""

    items: tuple[Division, ...]
    next_path: str | None
    answers: tuple[Answer, ...] = field(repr=False)

    @property
    def complete(self) -> bool:
        return self.next_path is None


def me(send: Send) -> Me:
    """GET /api/v1/current/Me (reference: *System – Me*): who the token belongs to. No scope, no division in
    the URL, no limit headers, not counted to a company: the best probe.

    Raises what `send` raises (`AuthenticationRequired` above all) and `MalformedAnswer`.
    """
    answer = send("GET", ME_PATH)
    found, _ = fields.results(answer.document, answer.evidence)
    if len(found) != 1:
        raise errors.MalformedAnswer(answer.evidence, reason="not one user", limits=answer.limits)
    return Me.read(found[0], answer.evidence)


def hrm_divisions(send: Send, division: int, *, max_pages: int = MAX_PAGES, start: str | None = None) -> Divisions:
    """GET /api/v1/{division}/hrm/Divisions (reference: *HRM – Divisions*): the companies of one licence that
    this user may access. No scope. `start`: the `next_path` of an earlier answer.

    Raises what `send` raises (`DivisionNotGranted`, `LicenceExpired`, `LimitReached`, …), `MalformedAnswer`,
    and `WrongHost` for a next page elsewhere.
    """
    return _divisions(send, HRM_DIVISIONS_PATH.format(division=int(division)), max_pages, start)


def system_divisions(send: Send, division: int, *, max_pages: int = MAX_PAGES, start: str | None = None) -> Divisions:
    """GET /api/v1/{division}/system/Divisions (reference: *System – Divisions*): the companies this user may
    access and granted to the app. Scope: organization.administration Read; without it `ScopeViolated`.

    Otherwise as `hrm_divisions`.
    """
    return _divisions(send, SYSTEM_DIVISIONS_PATH.format(division=int(division)), max_pages, start)


def _divisions(send: Send, path: str, max_pages: int, start: str | None) -> Divisions:
    items: dict[int, Division] = {}
    answers: list[Answer] = []
    seen: set[str] = set()
    target: str | None = start or path
    while target is not None and len(answers) < max_pages:
        seen.add(target)
        answer = send("GET", target)
        answers.append(answer)
        found, link = fields.results(answer.document, answer.evidence)
        items.update({one.code: one for one in map(Division.read, found)})
        target = None if link is None else _next(link, path, seen, answer)
    return Divisions(tuple(items.values()), target, tuple(answers))


def _next(link: str, path: str, seen: set[str], answer: Answer) -> str:
    """The path of `__next`, a URL that the server chose: followed only to another page of the same list."""
    target = answer.origin.path_of(link)
    if target is None:
        raise errors.WrongHost(answer.evidence, reason="the next page is elsewhere")
    if target.partition("?")[0].lower() != path.lower() or target in seen:
        raise errors.MalformedAnswer(answer.evidence, reason="__next leads astray", limits=answer.limits)
    return target
