"""When Exact may be asked about keys, and what is said of every answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact import regions
from integrations.exact.key_test import SECONDS, Verdict
from integrations.rules import key_tests
from integrations.rules.key_tests import LIMIT, UNDER_WAY, WINDOW, WORKS_FOR_US, Answered, Asked, Facts, Told

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
READY = Facts(
    has_client_id=True, has_secret=True, secret_opens=True, asleep_for="", is_stopped=False, is_archived=False
)
STORED = ["", *Verdict]
PAIRS = list(product(STORED, STORED))
SIGN = timedelta(microseconds=1)


def asked(client: str = Verdict.ACCEPTED, secret: str = Verdict.ACCEPTED, **fields: object) -> Asked:
    values = {"region": "nl", "is_testing": False, "is_practice": False, "asked_at": NOW, **fields}
    return Asked(client=Answered(client, "said", "GET"), secret=Answered(secret, "", "POST"), **values)


def everything(told: Told) -> str:
    return " ".join([told.question, told.label, told.proves, told.does_not_prove, told.what_to_do])


# --- Whether Exact may be asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"has_client_id": False}, "The Client ID is missing"),
        ({"has_secret": False, "secret_opens": False}, "The Client secret is missing"),
        ({"secret_opens": False}, "cannot be opened with the present keys"),
        ({"asleep_for": "http://127.0.0.1:8101"}, "made for another Exact (http://127.0.0.1:8101)"),
        ({"is_stopped": True}, "under Emergency stop"),
        ({"is_archived": True}, "is archived"),
    ],
)
def test_each_condition_keeps_exact_from_being_asked(changes, reason):
    assert key_tests.why_not(READY, NOW, UTC) == ()
    (said,) = key_tests.why_not(replace(READY, **changes), NOW, UTC)
    assert reason in said


def test_every_unmet_condition_is_listed():
    worst = Facts(
        has_client_id=False,
        has_secret=False,
        secret_opens=False,
        asleep_for="http://x",
        is_stopped=False,
        is_archived=True,
        asked=(NOW,) * 3,
    )
    assert len(key_tests.why_not(worst, NOW, UTC)) == 5


@pytest.mark.parametrize("begun", [NOW, NOW - UNDER_WAY + SIGN, NOW + UNDER_WAY - SIGN])
def test_a_test_without_an_answer_is_taken_for_under_way(begun):
    assert key_tests.why_not(replace(READY, asked=(begun,), unanswered=(begun,)), NOW, UTC) == (
        "A test of these keys is under way. Open this page again in half a minute.",
    )


@pytest.mark.parametrize("begun", [NOW - UNDER_WAY, NOW + UNDER_WAY])
def test_a_test_that_died_holds_nobody_up_for_longer_than_one_takes(begun):
    assert key_tests.why_not(replace(READY, asked=(begun,), unanswered=(begun,)), NOW, UTC) == ()


def test_a_test_is_under_way_for_as_long_as_both_questions_may_take():
    assert timedelta(seconds=2 * SECONDS) < UNDER_WAY < timedelta(minutes=1)


def test_the_limit_says_when_the_next_is_possible_in_the_organizations_time():
    times = tuple(NOW - timedelta(minutes=minutes) for minutes in (50, 20, 10))
    assert key_tests.why_not(replace(READY, asked=times[:2]), NOW, AMSTERDAM) == ()
    assert key_tests.why_not(replace(READY, asked=times), NOW, AMSTERDAM) == (
        "The keys were tested three times within an hour. The next test is possible in 10 min, at 13:10:00.",
    )


@given(st.lists(st.integers(0, 5400), min_size=1, max_size=40))
def test_no_hour_ever_has_more_than_three(waits):
    """Whoever presses the button as he likes: what is let through is never more, and the promised moment holds."""
    let: list[datetime] = []
    now = NOW
    for seconds in waits:
        now += timedelta(seconds=seconds)
        again = key_tests.next_at(let, now)
        if again is None:
            let.append(now)
        else:
            assert now < again <= now + WINDOW
            assert key_tests.next_at(let, again) is None
            assert key_tests.next_at(let, again - SIGN) == again
    for first, fourth in zip(let, let[LIMIT:], strict=False):
        assert fourth - first >= WINDOW


def test_a_clock_that_was_set_back_holds_nobody_up_for_longer_than_two_hours():
    assert key_tests.next_at([NOW + timedelta(days=300)] * 3, NOW) is None
    assert key_tests.next_at([NOW + timedelta(minutes=59)] * 3, NOW) == NOW + timedelta(minutes=119)


# --- What is said of the answers ------------------------------------------------------------------------------


@pytest.mark.parametrize(("client", "secret"), PAIRS)
@pytest.mark.parametrize("kind", [{}, {"is_testing": True}, {"is_practice": True}])
def test_every_pair_of_verdicts_has_words_with_their_limits(client, secret, kind):
    told = key_tests.told(asked(client, secret, **kind))
    assert [one.question for one in told] == [
        "Does Exact (Netherlands) know this Client ID with this Redirect URL?",
        "Does Exact (Netherlands) accept the Client secret?",
    ]
    for one, verdict in zip(told, (client, secret), strict=True):
        assert one.tone in {"good", "bad", "warn", "quiet"}
        assert (one.tone == "good") == (verdict == Verdict.ACCEPTED)
        assert one.label
        assert all(text.endswith(".") for text in (one.proves, one.does_not_prove))
        assert one.what_to_do.endswith(".") or verdict == Verdict.ACCEPTED
        assert (one.label == "Exact gave no clear answer") == (one.tone == "warn")
        assert one.asked_at == NOW
    assert [one.said for one in told] == ["said", ""]
    assert [one.evidence for one in told] == ["GET", "POST"]


@pytest.mark.parametrize("region", [region.code for region in regions.REGIONS])
def test_an_unknown_client_names_the_other_countries(region):
    client, secret = key_tests.told(asked(Verdict.UNKNOWN_CLIENT, "", region=region))
    assert client.tone == "bad"
    for other in regions.REGIONS:
        assert other.title in everything(client)
    assert f"is unknown at {regions.by_code(region).title}" in client.does_not_prove
    assert (secret.label, secret.tone) == ("Not asked", "quiet")


def test_a_refused_redirect_url_is_to_be_compared_letter_by_letter():
    client, _ = key_tests.told(asked(Verdict.REDIRECT_REFUSED))
    assert "letter by letter" in client.what_to_do


def test_a_refused_secret_says_that_exact_does_not_tell_which_of_the_two_is_wrong():
    _, secret = key_tests.told(asked(secret=Verdict.SECRET_REFUSED))
    assert "Which of the two is wrong" in secret.does_not_prove
    assert "copy the Client secret again" in secret.what_to_do


@pytest.mark.parametrize(("client", "secret"), PAIRS)
@pytest.mark.parametrize("is_testing", [True, False])
def test_only_a_testing_app_of_which_all_is_accepted_works_for_ourselves(client, secret, is_testing):
    told = key_tests.told(asked(client, secret, is_testing=is_testing))
    success = is_testing and client == secret == Verdict.ACCEPTED
    assert any(WORKS_FOR_US in one.proves for one in told) is success
    assert WORKS_FOR_US == "Works for your own Exact subscription; proves nothing about customers."


def test_an_accepted_product_app_is_not_yet_for_customers():
    for one in key_tests.told(asked()):
        assert "granted permission" in one.does_not_prove


def test_what_practice_accepts_tells_nothing_about_the_real_exact():
    for one in key_tests.told(asked(is_practice=True)):
        assert "nothing about an app at the real Exact" in one.does_not_prove


def test_a_test_without_an_answer_is_told_as_such():
    assert [(one.label, one.tone) for one in key_tests.told(asked("", ""))] == [("No answer yet", "quiet")] * 2


@pytest.mark.parametrize(
    ("client", "secret", "outcome"),
    [
        (Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.ACCEPTED),
        (Verdict.ACCEPTED, Verdict.UNCLEAR, Verdict.UNCLEAR),
        (Verdict.UNCLEAR, Verdict.ACCEPTED, Verdict.UNCLEAR),
        (Verdict.ACCEPTED, "", Verdict.UNCLEAR),
        (Verdict.UNCLEAR, Verdict.SECRET_REFUSED, Verdict.SECRET_REFUSED),
        (Verdict.REDIRECT_REFUSED, Verdict.SECRET_REFUSED, Verdict.SECRET_REFUSED),
        (Verdict.REDIRECT_REFUSED, Verdict.UNCLEAR, Verdict.REDIRECT_REFUSED),
        (Verdict.UNKNOWN_CLIENT, "", Verdict.UNKNOWN_CLIENT),
        ("", "", None),
    ],
)
def test_the_outcome_is_the_worse_of_the_two(client, secret, outcome):
    assert key_tests.outcome(client, secret) is outcome


def test_every_verdict_has_its_place_among_the_outcomes():
    assert {key_tests.outcome(verdict, Verdict.ACCEPTED) for verdict in Verdict} == set(Verdict)
