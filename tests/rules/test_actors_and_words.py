"""Who did it, and what it was."""

import re
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from integrations.rules import wording
from integrations.rules.actors import PORTAL, Actor


def test_an_actor_is_read_back_as_it_was_written() -> None:
    user_id = uuid4()
    for actor in (Actor.person(user_id), Actor.command("root"), PORTAL):
        assert Actor.parse(str(actor)) == actor
    assert Actor.person(user_id).user_id == user_id
    assert PORTAL.user_id is None


def test_something_else_is_no_actor() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Actor.parse("nobody")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"name": ["A", "B"]}, "name: A → B"),
        ({"client_id": [None, "x"]}, "client id: nothing → x"),
        ({"superuser": True}, "superuser: yes"),
        ({"fields": ["name", "phone", "zone"]}, "fields: name, phone, zone"),
        ({"fields": ["name", "phone"]}, "fields: name, phone"),
        ({"concerned": ["scopes", "answer-7"]}, "concerned: Scopes, Question 7"),
        ({"step": "reject", "on": "2026-03-01"}, "step: Exact rejected it; on: 2026-03-01"),
        ({"step": "fly"}, "step: fly"),
        ({"is_active": [True, False]}, "is active: yes → no"),
        ({"groups": {"added": [1], "removed": [2, 3]}}, "groups: added 1, removed 2, 3"),
        ({"resealed": 3}, "resealed: 3"),
        ({"cause": "AuthenticationRequired"}, "cause: Exact does not accept the access token"),
        ({"cause": "ChainReplaced"}, "cause: A later authorization replaced this connection"),
        ({"cause": "OfAnOlderRelease"}, "cause: OfAnOlderRelease"),
        ({"until": "2026-11-27T09:20:47.295130+00:00"}, "until: 27 November 2026, 09:20"),
        ({"until": "2026-11-27"}, "until: 2026-11-27"),
        ({"until": "soon"}, "until: soon"),
        ({}, ""),
    ],
)
def test_details_read_as_words(values: dict[str, object], text: str) -> None:
    assert wording.details(values) == text


def test_moments_read_by_the_clock_of_who_reads() -> None:
    said = wording.details({"until": "2026-11-27T23:20:47+00:00"}, zone=ZoneInfo("Europe/Amsterdam"))
    assert said == "until: 28 November 2026, 00:20"


def test_ids_read_as_the_names_of_what_they_stand_for() -> None:
    values = {"groups": {"added": [1], "removed": [2]}, "customer": "c1", "link": "1", "app": None}
    assert set(wording.references(values)) == {("group", "1"), ("group", "2"), ("customer", "c1")}
    names = {("group", "1"): "Support", ("customer", "c1"): "Jansen BV"}
    said = "groups: added Support, removed 2; customer: Jansen BV; link: 1; app: nothing"
    assert wording.details(values, names) == said


def test_an_action_without_words_still_reads() -> None:
    assert wording.action("session.user_logged_in") == "session: user logged in"


def test_every_action_that_is_recorded_has_words() -> None:
    recorded = set()
    for path in Path(wording.__file__).parents[1].rglob("*.py"):
        recorded |= set(re.findall(r'record[^(]*\(\s*"([a-z]+\.[a-z_]+)"', path.read_text(encoding="utf-8")))
    assert {"user.signed_in", "user.sign_in_failed", "application.secret_set", "user.confirmed"} <= recorded
    linted = {"redirect.differs", "app.redirect_differs", "permission.not_recorded"}
    assert recorded - linted <= set(wording.ACTIONS), "what lint says of a redirect URL is no action"
    assert "user.password_set" in wording.ACTIONS
