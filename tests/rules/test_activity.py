"""The filter of the Activity page is read strictly; cells of a spreadsheet never calculate."""

from datetime import UTC, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules import activity, spreadsheets, wording
from integrations.rules.activity import Place

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SOMEBODY = f"person:{uuid4()}"


def read(**values: str) -> activity.Asked:
    return activity.read({name: [value] for name, value in values.items()}, AMSTERDAM)


def test_nothing_asked_is_everything() -> None:
    asked = read()
    assert (asked.reasons, asked.filter, asked.is_filtered) == ([], activity.Filter(), False)
    assert read(person=" ", what="", **{"from": ""}).filter == activity.Filter()


def test_everything_at_once() -> None:
    row = str(uuid4())
    asked = read(
        person=SOMEBODY, what="application.added", about="application", which=row, **{"from": "2026-03-28"},
        to="2026-03-29",
    )  # fmt: skip
    assert asked.reasons == []
    assert asked.is_filtered
    assert asked.filter == activity.Filter(
        actor=SOMEBODY,
        action="application.added",
        object_type="application",
        object_id=row,
        since=datetime(2026, 3, 27, 23, tzinfo=UTC),
        until=datetime(2026, 3, 29, 22, tzinfo=UTC),  # the clock went forward on that day
    )


@pytest.mark.parametrize("person", ["portal", "command:root", "command:Jan de Vries", SOMEBODY])
def test_whoever_can_act_can_be_asked_for(person: str) -> None:
    assert read(person=person).filter.actor == person


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("person", "anna", "no such person"),
        ("person", "person:", "no such person"),
        ("person", "person:1", "no such person"),
        ("person", f"person:{uuid4().hex}", "no such person"),
        ("person", "portal:x", "no such person"),
        ("person", "command:", "no such person"),
        ("person", "command:a\x00b", "no such person"),
        ("person", f"command:{'x' * 61}", "no such person"),
        ("what", "application", "no such action"),
        ("what", "application.added' OR 1=1", "no such action"),
        ("about", "application", "Say which app"),
        ("about", "clientsecret", "no such kind"),
        ("which", "1", "Choose the kind"),
        ("which", "a\x00", "no id"),
        ("which", "x" * 41, "no id"),
        ("which", "%", "no id"),
        ("from", "yesterday", "“From” is no day"),
        ("from", "20260101", "no day"),
        ("from", "2026-W01-1", "no day"),
        ("from", "2026-02-30", "no day"),
        ("from", "1999-12-31", "no day"),
        ("to", "9999-12-31", "“To” is no day"),
        ("to", "2026-01-01T00:00", "no day"),
        ("older", "x", "no such page"),
        ("older", "2026-11-22T20:37:11.000005Z", "no such page"),
        ("older", f"2026-11-22T20:37:11Z_{uuid4()}", "no such page"),
        ("older", f"2026-13-22T20:37:11.000005Z_{uuid4()}", "no such page"),
        ("older", f"2026-11-22T20:37:11.000005Z_{uuid4().hex}", "no such page"),
    ],
)
def test_what_is_wrong_is_said(name: str, value: str, reason: str) -> None:
    asked = read(**{name: value})
    assert any(reason in said for said in asked.reasons), asked.reasons
    assert asked.values[name] == value.strip()


def test_a_period_goes_forward_and_every_reason_is_named() -> None:
    assert read(**{"from": "2026-02-02"}, to="2026-02-01").reasons == ["The period ends before it begins."]
    assert len(read(person="x", what="y", about="z", to="w", older="v").reasons) == 5


def test_a_name_that_is_given_twice_is_refused() -> None:
    asked = activity.read({"what": ["application.added", "link.made"]}, UTC)
    assert asked.reasons == ["“what” was given more than once."]


@given(st.dictionaries(st.sampled_from([*activity.NAMES, activity.OLDER]), st.lists(st.text(), max_size=2)))
def test_no_text_whatever_breaks_it(values: dict[str, list[str]]) -> None:
    asked = activity.read(values, AMSTERDAM)
    if not asked.reasons:
        assert set(asked.values) == {*activity.NAMES, activity.OLDER}


@given(st.datetimes(min_value=datetime(1000, 1, 1)), st.uuids())  # noqa: DTZ001 (hypothesis asks for naive bounds)
def test_a_place_is_read_back_as_it_was_written(at: datetime, row: UUID) -> None:
    place = Place(at.replace(tzinfo=UTC), row)
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_would_calculate_gets_an_apostrophe(start: str) -> None:
    assert spreadsheets.safe(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["", "a=1", "1+1", "Jansen - BV", "'=1", "{}"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert spreadsheets.safe(text) == text


def test_every_action_stands_under_a_heading_and_is_offered_once() -> None:
    offered = [code for _, choices in wording.action_choices() for code, _ in choices]
    assert sorted(offered) == sorted(wording.ACTIONS)
    assert all(words[0].isupper() for _, choices in wording.action_choices() for _, words in choices)
    assert {code.partition(".")[0] for code in wording.ACTIONS} == set(wording.GROUPS)
