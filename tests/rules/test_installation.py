"""Who owns the tokens, and why somebody else stands by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.rules import heartbeats
from integrations.rules.installation import (
    A_COPY,
    ANOTHER,
    NO_ID,
    NO_OWNER,
    TOLD_TO,
    Here,
    Owner,
    Reason,
    address_changed,
    is_confirmed,
    is_id,
    may_claim_by_itself,
    why_not_claimed,
    why_standing_by,
)

HERE = Here("meridian-production", "sqlite:1f:7", told_to_stand_by=False, address="https://portal.example.com")
OURS = Owner(HERE.installation, HERE.database, HERE.address)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def here(**changes: Any) -> Here:
    return replace(HERE, **changes)


@pytest.mark.parametrize(
    ("asks", "owner", "reasons"),
    [
        (HERE, OURS, ()),
        (here(address="https://elsewhere.example.com"), OURS, ()),
        (here(told_to_stand_by=True), OURS, (TOLD_TO,)),
        (here(installation="another-one"), OURS, (ANOTHER,)),
        (here(database="sqlite:1f:8"), OURS, (A_COPY,)),
        (here(database="sqlite:20:7"), OURS, (A_COPY,)),
        (here(database="postgresql:1:2"), OURS, (A_COPY,)),
        (here(database=""), OURS, (A_COPY,)),
        (here(installation="another-one", database="sqlite:1f:8"), OURS, (ANOTHER,)),
        (here(installation=""), OURS, (NO_ID,)),
        (HERE, None, (NO_OWNER,)),
        (here(told_to_stand_by=True, installation=""), None, (TOLD_TO, NO_ID, NO_OWNER)),
    ],
)
def test_only_the_owner_on_its_own_database_may_ask_exact(
    asks: Here, owner: Owner | None, reasons: tuple[Reason, ...]
) -> None:
    assert why_standing_by(asks, owner) == reasons
    assert all(reason.what.endswith(".") and reason.mend.endswith(".") for reason in reasons)


@pytest.mark.parametrize(
    ("asks", "owner", "words"),
    [
        (here(installation="another-one"), OURS, []),
        (here(database="sqlite:1f:8"), OURS, []),
        (here(address="https://elsewhere.example.com"), OURS, []),
        (HERE, None, []),
        (HERE, OURS, ["owns the tokens already"]),
        (here(told_to_stand_by=True), OURS, ["STANDBY is on"]),
        (here(told_to_stand_by=True, installation=""), None, ["STANDBY is on", "has no id"]),
        (here(database=""), None, ["cannot be read"]),
    ],
)
def test_a_claim_is_refused_with_every_reason(asks: Here, owner: Owner | None, words: list[str]) -> None:
    reasons = why_not_claimed(asks, owner)
    assert len(reasons) == len(words)
    assert all(word in reason for word, reason in zip(words, reasons, strict=True))


@pytest.mark.parametrize(
    ("owner", "ever_linked", "upgraded", "may"),
    [
        (None, False, False, True),
        (None, False, True, True),
        (None, True, True, True),
        (None, True, False, False),
        (OURS, False, True, False),
        (OURS, True, False, False),
    ],
)
def test_a_start_claims_what_has_no_tokens_or_no_past(
    owner: Owner | None, ever_linked: bool, upgraded: bool, may: bool
) -> None:
    assert may_claim_by_itself(owner, ever_linked=ever_linked, upgraded=upgraded) is may


def test_another_address_is_a_warning_only() -> None:
    moved = here(address="https://elsewhere.example.com")
    assert address_changed(moved, OURS)
    assert not why_standing_by(moved, OURS)
    assert not address_changed(HERE, OURS)
    assert not address_changed(HERE, None)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("meridian-production", True),
        ("0b1c2d3e-9c0f-4f55-8d2b-6a54c1f1a001", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("short", False),
        ("-leading-hyphen", False),
        ("with a space", False),
        ("with-a-line\n", False),
        ("naïve-portal", False),
        ("", False),
    ],
)
def test_an_id_is_a_plain_word(text: str, good: bool) -> None:
    assert is_id(text) is good


@pytest.mark.parametrize(("typed", "yes"), [("stopped", True), (" Stopped \n", True), ("yes", False), ("", False)])
def test_a_claim_is_confirmed_by_a_word(typed: str, yes: bool) -> None:
    assert is_confirmed(typed) is yes


@pytest.mark.parametrize(("minutes", "silent"), [(None, True), (0, False), (4.9, False), (5.1, True)])
def test_a_monitor_that_heard_nothing_for_five_minutes_is_silent(minutes: float | None, silent: bool) -> None:
    told_at = None if minutes is None else NOW - timedelta(minutes=minutes)
    assert heartbeats.monitor_is_silent(told_at, NOW) is silent


@pytest.mark.parametrize(("minutes", "overdue"), [(None, False), (14, False), (16, True)])
def test_a_check_that_waits_for_a_quarter_of_an_hour_is_overdue(minutes: float | None, overdue: bool) -> None:
    due_at = None if minutes is None else NOW - timedelta(minutes=minutes)
    assert heartbeats.is_overdue(due_at, NOW) is overdue
