"""Calendars as RFC 5545 writes them."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from integrations.rules import icalendar
from integrations.rules.icalendar import Day

NOW = datetime(2026, 3, 1, 13, 5, 9, tzinfo=UTC)
DAY = Day(
    "a1@portal.example", date(2026, 3, 31), "Last possible day: customer K-7", "Why.\nHow.", "https://x/", (14, 1)
)


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_a_day_is_an_event_of_one_whole_day_with_its_alarms() -> None:
    assert unfolded(icalendar.calendar("Days", [DAY], now=NOW))[8:-1] == [
        "BEGIN:VEVENT",
        "UID:a1@portal.example",
        "DTSTAMP:20260301T130509Z",
        "DTSTART;VALUE=DATE:20260331",
        "DTEND;VALUE=DATE:20260401",
        "SUMMARY:Last possible day: customer K-7",
        "DESCRIPTION:Why.\\nHow.",
        "URL:https://x/",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Last possible day: customer K-7",
        "TRIGGER:-P14D",
        "END:VALARM",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Last possible day: customer K-7",
        "TRIGGER:-P1D",
        "END:VALARM",
        "END:VEVENT",
    ]


def test_a_calendar_without_days_is_one() -> None:
    lines = unfolded(icalendar.calendar("Days", [], now=NOW))
    assert (lines[0], lines[1], lines[-1]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    assert sum(line.startswith("PRODID:") for line in lines) == 1


def test_what_has_a_meaning_is_escaped() -> None:
    lines = unfolded(icalendar.calendar("a;b,c\\d\ne\r\x00", [], now=NOW))
    assert "X-WR-CALNAME:a\\;b\\,c\\\\d\\ne" in lines


@given(st.text(max_size=400))
def test_no_text_breaks_out_of_its_line_and_no_line_is_too_long(text: str) -> None:
    day = Day("u", date(2026, 3, 1), text, text)
    written = icalendar.calendar(text, [day], now=NOW)
    assert written.replace("\r\n", "").count("\n") == written.replace("\r\n", "").count("\r") == 0
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    assert len(unfolded(written)) == len(unfolded(icalendar.calendar("x", [Day("u", day.on, "x", text)], now=NOW)))
