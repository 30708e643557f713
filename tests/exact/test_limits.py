"""Headers → limits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.exact import limits
from integrations.exact.limits import Family, LimitHeaders, Window

NOW = datetime(2026, 11, 22, 17, 31, 40, tzinfo=UTC)
MINUTE = datetime(2026, 11, 22, 17, 32, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


def ms(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


FULL = {
    "X-RateLimit-Limit": "5000",
    "X-RateLimit-Remaining": "4990",
    "X-RateLimit-Reset": ms(MIDNIGHT),
    "X-RateLimit-Minutely-Limit": "60",
    "X-RateLimit-Minutely-Remaining": "0",
    "X-RateLimit-Minutely-Reset": ms(MINUTE),
}


def read(headers, now=NOW) -> LimitHeaders:
    return limits.read(headers, now=now)


def test_all_six_are_read():
    assert read(FULL) == LimitHeaders(daily=Window(5000, 4990, MIDNIGHT), minutely=Window(60, 0, MINUTE), notes=())


def test_names_are_read_in_any_case_and_blanks_are_no_matter():
    assert read({name.lower(): f" {value}\t" for name, value in FULL.items()}) == read(FULL)
    assert read(list(FULL.items())) == read(FULL)


def test_absent_is_unknown_and_needs_no_note():
    found = read({"Content-Type": "application/json"})
    assert found == LimitHeaders()
    assert not found.daily.known
    assert not found.minutely.known
    assert found.hit() == (Family.UNKNOWN, Window())


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("-1", "not a number"),
        ("", "not a number"),
        ("sixty", "not a number"),
        ("5_9", "not a number"),
        ("٥٩", "not a number"),
        ("60.0", "not a number"),
        ("+60", "not a number"),
        ("0x3c", "not a number"),
        ("6\x000", "not a number"),
        ("60, 60", "given twice"),
        ("60, 61", "given twice"),
        ("9" * 5000, "not a number"),
        ("10000001", "too large"),
        ("999999999999999999", "too large"),
    ],
)
@pytest.mark.parametrize("name", ["Limit", "Remaining", "Minutely-Limit", "Minutely-Remaining"])
def test_what_is_no_number_is_ignored_and_noted(name, value, why):
    full = f"X-RateLimit-{name}"
    found = read(FULL | {full: value})
    assert len(found.notes) == 1
    note = found.notes[0]
    assert note.startswith(f"{full} ignored, {why}")
    assert len(note) < 120
    assert note.isprintable()
    window = found.minutely if "Minutely" in name else found.daily
    assert getattr(window, name.rpartition("-")[2].lower()) is None


def test_a_limit_of_zero_is_no_limit():
    found = read(FULL | {"X-RateLimit-Limit": "0"})
    assert found.daily.limit is None
    assert "too small" in found.notes[0]


def test_more_remaining_than_the_limit_is_ignored():
    found = read(FULL | {"X-RateLimit-Remaining": "5001"})
    assert (found.daily.limit, found.daily.remaining) == (5000, None)
    assert "more than the limit" in found.notes[0]


def test_other_contracts_are_believed():
    found = read(FULL | {"X-RateLimit-Limit": "30000", "X-RateLimit-Minutely-Limit": "100"})
    assert (found.daily.limit, found.minutely.limit, found.notes) == (30000, 100, ())


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (str(int(MIDNIGHT.timestamp())), "in seconds"),
        (ms(NOW + timedelta(hours=26)), "too far from now"),
        (ms(NOW - timedelta(minutes=11)), "too far from now"),
        ("0", "too far from now"),
        ("9" * 18, "too far from now"),
        ("-5", "not a number"),
        ("2026-11-23T00:00:00Z", "not a number"),
        (f"{ms(MIDNIGHT)}, {ms(MIDNIGHT)}", "given twice"),
    ],
)
def test_resets_that_cannot_be_are_ignored_and_noted(value, why):
    found = read(FULL | {"X-RateLimit-Reset": value})
    assert found.daily == Window(5000, 4990, None)
    assert found.notes[0].startswith(f"X-RateLimit-Reset ignored, {why}")


def test_a_minute_does_not_end_in_an_hour():
    found = read(FULL | {"X-RateLimit-Minutely-Reset": ms(NOW + timedelta(hours=1))})
    assert found.minutely.resets_at is None


def test_a_name_given_twice_in_two_cases():
    found = read([("X-RateLimit-Limit", "5000"), ("x-ratelimit-limit", "5000")])
    assert found.daily.limit is None
    assert "given twice" in found.notes[0]


def part(prefix: str) -> dict[str, str]:
    minutely = {name: value for name, value in FULL.items() if "Minutely" in name}
    return minutely if prefix == "minutely" else {k: v for k, v in FULL.items() if k not in minutely}


@pytest.mark.parametrize(
    ("headers", "family", "resets_at"),
    [
        (part("minutely"), Family.MINUTELY, MINUTE),
        (part("daily"), Family.DAILY, MIDNIGHT),
        (FULL, Family.MINUTELY, MINUTE),
        (FULL | {"X-RateLimit-Remaining": "0"}, Family.UNKNOWN, None),
        (FULL | {"X-RateLimit-Minutely-Remaining": "1"}, Family.UNKNOWN, None),
        ({"Retry-After": "60"}, Family.UNKNOWN, None),
    ],
)
def test_which_limit_was_hit(headers, family, resets_at):
    found, window = read(headers).hit()
    assert (found, window.resets_at) == (family, resets_at)


NAMES = st.one_of(st.sampled_from(list(FULL)), st.text(max_size=30))
VALUES = st.one_of(st.text(), st.integers().map(str), st.sampled_from(list(FULL.values())))
TIMES = st.datetimes(timezones=st.just(UTC))


@settings(deadline=None)
@given(headers=st.dictionaries(NAMES, VALUES), now=TIMES)
def test_any_headers_are_limits(headers, now):
    found = read(headers, now)
    for window in (found.daily, found.minutely):
        assert window.limit is None or 1 <= window.limit <= limits.LARGEST
        assert window.remaining is None or 0 <= window.remaining <= limits.LARGEST
        assert window.resets_at is None or abs(window.resets_at - now) <= timedelta(hours=25)
    assert all(note.isprintable() and len(note) < 120 for note in found.notes)
    assert found.hit()[0] in Family
