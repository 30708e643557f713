"""Calendars as RFC 5545 writes them: whole days with alarms, in lines of 75 octets that end in CRLF."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

CONTENT_TYPE: Final = "text/calendar; charset=utf-8"
LINE: Final = 75
"""Octets, without the end of the line (RFC 5545 §3.1)."""
_ESCAPES: Final = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


@dataclass(frozen=True, slots=True)
class Day:
    """An entry of one whole day. ``uid`` stays the same each time the calendar is read."""

    uid: str
    on: date
    summary: str
    description: str = ""
    url: str = ""
    alarms: tuple[int, ...] = ()
    """How many days before, each."""


def calendar(name: str, days: Iterable[Day], *, now: datetime) -> str:
    """Return the calendar; ``now`` (aware) is when it was written."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Exact Online portal//Last possible days//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escaped(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H",
        *(line for day in days for line in _event(day, now)),
        "END:VCALENDAR",
    ]
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(day: Day, now: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{day.uid}"
    yield f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{day.on:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day.on + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_escaped(day.summary)}"
    if day.description:
        yield f"DESCRIPTION:{_escaped(day.description)}"
    if day.url:
        yield f"URL:{day.url}"
    yield "TRANSP:TRANSPARENT"
    for before in day.alarms:
        yield from (
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{_escaped(day.summary)}",
            f"TRIGGER:-P{before}D",
            "END:VALARM",
        )
    yield "END:VEVENT"


def _escaped(text: str) -> str:
    """Return a text as a value (RFC 5545 §3.3.11); what no text may hold is left out."""
    return "".join(sign for sign in text.translate(_ESCAPES) if sign >= " " and sign != "\x7f")


def _folded(line: str) -> Iterator[str]:
    """Yield the line in parts, none of which splits a character; each but the first begins with a blank."""
    part, octets = "", 0
    for sign in line:
        size = len(sign.encode())
        if octets + size > LINE:
            yield part
            part, octets = " ", 1
        part, octets = part + sign, octets + size
    yield part
