"""The arithmetic of counted calls: what the row of an app and a company admits, and what an answer changes.

A *ring* is a text of one 13-digit stamp (epoch milliseconds) for each call of the minute's limit, oldest first,
zeros where unused. A *day* is a UTC day as a number (days since 1970). Moments are aware datetimes.
Exact's side: its page *API limits* (support.exactonline.com, topic DNO-Simulation-gen-apilimits).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from integrations.exact import limits
from integrations.exact.limits import Family, LimitHeaders

WINDOW: Final = timedelta(seconds=66)
"""Exact counts by the clock minute. Sliding over 66 s, with a call on the wire within WIRE_SECONDS of its
reservation, no 60 s of Exact's clock see more calls than the limit, wherever its minute begins."""
WIRE_SECONDS: Final = 5
"""A reservation that is older must be released and taken again."""
UNKNOWN_BLOCK: Final = timedelta(seconds=60)
"""How long a 429 holds that does not say until when."""
LARGEST_MINUTE_LIMIT: Final = 1_000
"""Contracts with 100 were seen. The ring holds a stamp for each call, so a wild header must not blow it up."""
NEARLY_FULL: Final = 0.8
"""Above this share of a limit a company is worth a look."""
STAMP_DIGITS: Final = 13
NO_STAMP: Final = "0" * STAMP_DIGITS

MINUTE: Final = "minute"
DAY: Final = "day"
EXACT: Final = "exact"
"""Which window is full; EXACT where Exact refused and did not say which."""

NOTHING_SAID: Final = "X-RateLimit headers absent: what Exact counts is unknown"
"""The note of an answer that should have had them."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_WINDOW_MS: Final = WINDOW // _MILLISECOND
_BLOCKS = {
    Family.MINUTELY: (MINUTE, timedelta(minutes=10)),
    Family.DAILY: (DAY, timedelta(hours=25)),
    Family.UNKNOWN: (EXACT, timedelta(minutes=10)),
}
"""By the family that a 429 spoke of: the window, and how long a block of it can last at most."""
_LONGEST = dict(_BLOCKS.values())


@dataclass(frozen=True, slots=True)
class Books:
    """The values of a UsageWindow row, under its names. What Exact's headers said is None where unknown."""

    minute_limit: int
    minute_ring: str
    day: int
    day_limit: int
    day_used: int
    blocked_until: datetime | None = None
    blocked_by: str = ""
    exact_minute_remaining: int | None = None
    exact_minute_resets_at: datetime | None = None
    exact_day_remaining: int | None = None
    exact_day_resets_at: datetime | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A window without room, and when it has room for the calls that were asked for."""

    window: str
    resets_at: datetime


def milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND


def moment(stamp: int) -> datetime:
    return _EPOCH + stamp * _MILLISECOND


def day_number(moment: datetime) -> int:
    return (moment - _EPOCH).days


def midnight(day: int) -> datetime:
    """Return the 00:00 UTC at which a day begins."""
    return _EPOCH + timedelta(days=day)


def stamps(ring: str) -> list[int]:
    return [int(ring[start : start + STAMP_DIGITS]) for start in range(0, len(ring), STAMP_DIGITS)]


def ring_of(stamps: list[int], limit: int) -> str:
    """Return the ring that holds the newest ``limit`` stamps, or all of them behind unused places."""
    kept = stamps[-limit:]
    return NO_STAMP * (limit - len(kept)) + "".join(f"{stamp:0{STAMP_DIGITS}}" for stamp in kept)


def counted_day(books: Books, now: datetime) -> int:
    """Return the day that a call counts in now: today, or tomorrow where the row is there already.

    The row is a day ahead where somebody waited for the lock across midnight, or where the clock was set back
    across it. Then counting goes on in that day: going back to today would forget what it holds.
    """
    today = day_number(now)
    return books.day if books.day == today + 1 else today


def used_in_day(books: Books, now: datetime) -> int:
    return books.day_used if books.day == counted_day(books, now) else 0


def obstacles(books: Books, calls: int, now: datetime) -> list[Obstacle]:
    """Return every window that has no room for so many calls now, the one that takes longest first."""
    found = []
    oldest = stamps(books.minute_ring)[calls - 1]
    if oldest > milliseconds(now) - _WINDOW_MS:
        found.append(Obstacle(MINUTE, moment(oldest + _WINDOW_MS)))
    if used_in_day(books, now) + calls > books.day_limit:
        found.append(Obstacle(DAY, midnight(counted_day(books, now) + 1)))
    if books.blocked_until is not None and books.blocked_until > now:
        found.append(Obstacle(books.blocked_by, books.blocked_until))
    return sorted(found, key=lambda obstacle: obstacle.resets_at, reverse=True)


def without(books: Books, *, stamp: int, calls: int) -> Books:
    """Take back a reservation: its stamps, and as many calls of the day if the day is still the same.

    Those that are gone from the ring take nothing away, so that nothing is given back twice. A stamp is unique to a
    reservation, but for one that ``mended`` has drawn back upon it: of equal ones no more go than were reserved.
    """
    kept = stamps(books.minute_ring)
    found = min(kept.count(stamp), calls)
    for _ in range(found):
        kept.remove(stamp)
    same_day = books.day == day_number(moment(stamp))
    return replace(
        books,
        minute_ring=ring_of(kept, books.minute_limit),
        day_used=max(books.day_used - found, 0) if same_day else books.day_used,
    )


def mended(books: Books, now: datetime) -> Books:
    """Undo what a clock that has been set back left in the future, where it would block for hours.

    The order of the stamps is the order of the calls. A stamp more than a window ahead of the clock was made by
    the older clock, no later than the next stamp of the present clock, and no later than now: that is what it
    becomes. So the calls are still counted for 66 s, and a minute never sees a 61st. Stamps less far ahead stay,
    they hold for two minutes at most. A block goes where no 429 can have set it: it is further ahead than its
    window is long.
    """
    present = milliseconds(now)
    every = stamps(books.minute_ring)
    latest = present
    for place in reversed(range(len(every))):
        if every[place] > present + _WINDOW_MS:
            every[place] = latest
        latest = min(latest, every[place])
    until, longest = books.blocked_until, _LONGEST[books.blocked_by or EXACT]
    if until is not None and until > now + longest:
        books = replace(books, blocked_until=None, blocked_by="")
    return replace(books, minute_ring=ring_of(every, len(every)))


def used_in_minute(books: Books, now: datetime) -> tuple[int, datetime | None]:
    """Return how many calls the last 66 s hold, and when they hold none any more (None where they hold none)."""
    since = milliseconds(now) - _WINDOW_MS
    recent = [stamp for stamp in stamps(mended(books, now).minute_ring) if stamp > since]
    return len(recent), moment(max(recent) + _WINDOW_MS) if recent else None


def settled(books: Books, said: LimitHeaders, *, status: int | None, now: datetime) -> Books:
    """Return the books after an answer (``status`` None: there was none).

    Absent headers leave what is known, and a success without any is noted. A changed limit is taken over, and the
    day is raised to what Exact has counted. A 429 blocks until the family that was hit starts anew.
    """
    if said == LimitHeaders():
        if status is None:
            return books
        if status // 100 == 2:
            said = replace(said, notes=(NOTHING_SAID,))
    books = _with_limits(books, said)
    books = _with_remaining(books, said)
    books = _with_day(books, said.daily, now)
    return _blocked(books, said, now) if status == 429 else books


def _with_limits(books: Books, said: LimitHeaders) -> Books:
    limit, notes = said.minutely.limit or books.minute_limit, said.notes
    if limit > LARGEST_MINUTE_LIMIT:
        notes = (*notes, f"X-RateLimit-Minutely-Limit ignored, too large: {limit}")
        limit = books.minute_limit
    return replace(
        books,
        minute_limit=limit,
        minute_ring=ring_of(stamps(books.minute_ring), limit),
        day_limit=said.daily.limit or books.day_limit,
        notes=notes,
    )


def _with_remaining(books: Books, said: LimitHeaders) -> Books:
    minute = _later(limits.Window(None, books.exact_minute_remaining, books.exact_minute_resets_at), said.minutely)
    day = _later(limits.Window(None, books.exact_day_remaining, books.exact_day_resets_at), said.daily)
    return replace(
        books,
        exact_minute_remaining=minute.remaining,
        exact_minute_resets_at=minute.resets_at,
        exact_day_remaining=day.remaining,
        exact_day_resets_at=day.resets_at,
    )


def _later(known: limits.Window, said: limits.Window) -> limits.Window:
    """Return the younger of two words of Exact: answers overtake one another, and what remains only falls."""
    if not said.known:
        return known
    if said.resets_at is None or known.resets_at is None or said.resets_at > known.resets_at:
        return limits.Window(None, said.remaining, said.resets_at)
    if said.resets_at < known.resets_at:
        return known
    both = [remaining for remaining in (known.remaining, said.remaining) if remaining is not None]
    return replace(known, remaining=min(both, default=None))


def _with_day(books: Books, said: limits.Window, now: datetime) -> Books:
    if said.limit is None or said.remaining is None:
        return books
    counted = said.limit - said.remaining
    day = day_number(now if said.resets_at is None else said.resets_at - _MILLISECOND)
    if day == books.day:
        return replace(books, day_used=max(books.day_used, counted))
    if books.day < day == day_number(now):  # reserved before midnight, counted by Exact after it
        return replace(books, day=day, day_used=counted)
    return books


def _blocked(books: Books, said: LimitHeaders, now: datetime) -> Books:
    family, window = said.hit()
    until = window.resets_at
    if until is None and family is Family.DAILY:
        until = midnight(day_number(now) + 1)
    if until is None or until <= now:
        until = now + UNKNOWN_BLOCK
    if books.blocked_until is not None and books.blocked_until >= until:
        return books
    return replace(books, blocked_until=until, blocked_by=_BLOCKS[family][0])
