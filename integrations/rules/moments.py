"""Moments in words: the organization's time first, and UTC beside it where Exact counts in UTC.

Moments are aware datetimes. Where clocks are set back, an hour comes twice: then the zone's own name is said, too.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def moment(at: datetime, zone: tzinfo, *, seconds: bool = False, short: bool = False) -> str:
    """Return day and time, such as ``5 March 2026, 13:05``; ``5 Mar 2026, 13:05`` where it is short."""
    local = at.astimezone(zone)
    return f"{local.day} {local:{'%b' if short else '%B'} %Y}, {clock(at, zone, seconds=seconds)}"


def day(on: date) -> str:
    """Return a day in words, such as ``5 March 2026``."""
    return f"{on.day} {on:%B %Y}"


def dated(at: datetime, zone: tzinfo) -> str:
    """Return a moment that reads the same on a page and in a terminal, such as ``2026-03-05 13:05 CET``."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def clock(at: datetime, zone: tzinfo, *, seconds: bool = False) -> str:
    """Return the time of the day, such as ``13:05``; ``02:30 CET`` where that hour comes twice."""
    local = at.astimezone(zone)
    text = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return f"{text} {local:%Z}" if _comes_twice(local) else text


def until(at: datetime, now: datetime) -> str:
    """Return how long it takes, such as ``in 9 h 48 min``; never less than there is left."""
    left = at - now
    if left <= timedelta():
        return "now"
    if left < 2 * MINUTE:  # of 66 s “in 2 min” would be nearly the double
        return f"in {-(-left // timedelta(seconds=1))} s"
    minutes = -(-left // MINUTE)
    if minutes < 60:
        return f"in {minutes} min"
    if minutes < 48 * 60:
        return f"in {minutes // 60} h {minutes % 60} min"
    return f"in {left // DAY} days"


def resets(at: datetime, now: datetime, zone: tzinfo) -> str:
    """Return when something of Exact's begins anew: ``in 9 h 48 min, at 01:00 (00:00 UTC)``.

    The day is said where it is not today's, there or in UTC; seconds where it is a matter of minutes.
    """
    seconds = at - now < 2 * MINUTE
    here = _said(at, now, zone, seconds=seconds)
    there = _said(at, now, UTC, seconds=seconds)
    if at.astimezone(zone).utcoffset() == timedelta():
        return f"{until(at, now)}, at {here} UTC"
    return f"{until(at, now)}, at {here} ({there} UTC)"


def _said(at: datetime, now: datetime, zone: tzinfo, *, seconds: bool) -> str:
    text = clock(at, zone, seconds=seconds)
    local, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    if at - now < DAY:  # the next time that the clock says so
        return text
    return text if local == today else f"{text} on {local.day} {local:%B}"


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() and _exists(local)


def _exists(local: datetime) -> bool:
    """Tell whether the time is one that clocks show: in spring an hour is left out."""
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)
