"""Exact's limits: the published numbers, and what an answer's headers say.

Source: Exact's page *API limits* (support.exactonline.com, topic DNO-Simulation-gen-apilimits).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from integrations.exact.redaction import visible

MINUTELY_LIMIT: Final = 60
"""Calls per clock minute of Exact's server, per app and company. Values differ by contract: headers win."""
DAILY_LIMIT: Final = 5_000
"""Calls per UTC day, per app and company. Values differ by contract: headers win."""
FAIR_USE_DAILY: Final = 20_000
"""Calls per UTC day of one contract, all apps together; premium contracts have 30,000."""
ERRORS_PER_HOUR: Final = 10
"""Answers with a status of ERROR_STATUSES per app, user, company and endpoint; the next one blocks the key
for an hour, longer when repeated."""
ERROR_STATUSES: Final = frozenset({400, 401, 403, 404})
TOKEN_REQUESTS_PER_DAY: Final = 200
"""Per app and user; announced in 2021, absent from later texts. Metered; beyond it what nobody needs now is put off."""
ACCESS_TOKEN_SECONDS: Final = 600
EARLIEST_REFRESH_SECONDS: Final = 570
"""After the previous token request of the chain: 95 % of the lifetime. Earlier is refused."""
REFRESH_TOKEN_DAYS: Final = 30
"""Unused for so long, a refresh token dies; each refresh gives another that lives as long. Source: Exact's page
*OAuth on Exact Online*, and the refusal of the token endpoint ("The refresh token expired at …")."""
MAINTENANCE_ZONE: Final = ZoneInfo("Europe/Amsterdam")
MAINTENANCE: Final = (time(4, 0), time(4, 30))
"""About when Exact is maintained each day, in that zone: token requests get lost then."""
PAGE_SIZE: Final = 60
"""Objects per page of an answer; bulk and sync endpoints give 1,000."""


def maintenance_until(now: datetime) -> datetime | None:
    """Return when today's maintenance ends, where it is under way at ``now`` (aware); else None."""
    there = now.astimezone(MAINTENANCE_ZONE)
    begins, ends = (datetime.combine(there.date(), at, MAINTENANCE_ZONE) for at in MAINTENANCE)
    return ends.astimezone(UTC) if begins <= there < ends else None


LARGEST: Final = 10_000_000
"""No contract comes near: a larger number in a header is taken for an error."""

_PREFIX = {"daily": "X-RateLimit-", "minutely": "X-RateLimit-Minutely-"}
_BACK = timedelta(minutes=10)
_AHEAD = {"daily": timedelta(hours=25), "minutely": timedelta(minutes=10)}
_DIGITS = re.compile(r"[0-9]{1,18}\Z")  # str.isdigit and int() accept ٥٩ and 5_9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Family(StrEnum):
    """Which of the two meters a header, or a 429, speaks of."""

    MINUTELY = "minutely"
    DAILY = "daily"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Window:
    """One meter as Exact reports it: calls allowed, calls left, and when it starts anew (UTC).
    None is unknown, never 0."""

    limit: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None

    @property
    def known(self) -> bool:
        return (self.limit, self.remaining, self.resets_at) != (None, None, None)


@dataclass(frozen=True, slots=True)
class LimitHeaders:
    """Both meters, and a note for every value that was there but could not be believed."""

    daily: Window = Window()
    minutely: Window = Window()
    notes: tuple[str, ...] = ()

    def hit(self) -> tuple[Family, Window]:
        """On a 429: the meter that is full. Exact sends only that family; if both came, the empty one."""
        present = {Family.MINUTELY: self.minutely, Family.DAILY: self.daily}
        candidates = [(family, window) for family, window in present.items() if window.known]
        if len(candidates) > 1:
            candidates = [(family, window) for family, window in candidates if window.remaining == 0]
        return candidates[0] if len(candidates) == 1 else (Family.UNKNOWN, Window())


def read(headers: Mapping[str, str] | Iterable[tuple[str, str]], *, now: datetime) -> LimitHeaders:
    """`X-RateLimit-*` and `X-RateLimit-Minutely-*` of an answer. Never raises.

    Numbers are plain ASCII digits, resets are epoch **milliseconds**, UTC. Absent: unknown, without a note.
    Negative, huge, text, given twice, in seconds, or too far from `now` (aware): ignored and noted.
    """
    reader = _Reader(headers, now)
    return LimitHeaders(daily=reader.window("daily"), minutely=reader.window("minutely"), notes=tuple(reader.notes))


class _Reader:
    def __init__(self, headers: Mapping[str, str] | Iterable[tuple[str, str]], now: datetime) -> None:
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        self.values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            self.values[key] = f"{self.values[key]}, {value}" if key in self.values else value
        self.now = now
        self.notes: list[str] = []

    def window(self, family: str) -> Window:
        prefix = _PREFIX[family]
        limit = self._count(prefix + "Limit", least=1)
        remaining = self._count(prefix + "Remaining", least=0)
        if limit is not None and remaining is not None and remaining > limit:
            self._note(prefix + "Remaining", "more than the limit")
            remaining = None
        return Window(limit, remaining, self._reset(prefix + "Reset", family))

    def _count(self, name: str, *, least: int) -> int | None:
        number = self._number(name)
        if number is None:
            return None
        if least <= number <= LARGEST:
            return number
        self._note(name, "too small" if number < least else "too large")
        return None

    def _reset(self, name: str, family: str) -> datetime | None:
        number = self._number(name)
        if number is None:
            return None
        if self._near(number, family):
            return _EPOCH + timedelta(milliseconds=number)
        self._note(name, "in seconds" if self._near(number * 1000, family) else "too far from now")
        return None

    def _near(self, milliseconds: int, family: str) -> bool:
        now = (self.now - _EPOCH) / timedelta(milliseconds=1)
        ahead = _AHEAD[family] / timedelta(milliseconds=1)
        return now - _BACK / timedelta(milliseconds=1) <= milliseconds <= now + ahead

    def _number(self, name: str) -> int | None:
        text = self.values.get(name.lower())
        if text is None:
            return None
        text = text.strip(" \t")
        if _DIGITS.match(text):
            return int(text)
        self._note(name, "given twice" if "," in text else "not a number")
        return None

    def _note(self, name: str, why: str) -> None:
        self.notes.append(f"{name} ignored, {why}: {visible(self.values[name.lower()], 40)}")
