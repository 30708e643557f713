"""Tests of an app's keys: when Exact may be asked, what its answers prove, and what they do not.

The two questions are no interface of Exact's (see ``exact.key_test``), so each answer is told with its limits. A test
is never repeated by itself, and there are three an hour of an app at most, whatever became of them, one at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from integrations.exact import regions
from integrations.exact.key_test import SECONDS, Verdict
from integrations.rules import moments

LIMIT: Final = 3
WINDOW: Final = timedelta(hours=1)
UNDER_WAY: Final = timedelta(seconds=2 * SECONDS + 10)
"""For how long a test without an answer is taken for one that still runs: both questions at their slowest, and some."""
WORKS_FOR_US: Final = "Works for your own Exact subscription; proves nothing about customers."
UNCLEAR: Final = "Exact gave no clear answer"
_GRAVITY: Final = (
    Verdict.UNKNOWN_CLIENT,
    Verdict.SECRET_REFUSED,
    Verdict.REDIRECT_REFUSED,
    Verdict.UNCLEAR,
    Verdict.ACCEPTED,
)
"""The worst first: what is certain, and an error to ``rules.lint``, before what is likely only."""


# --- Whether Exact may be asked -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule looks at."""

    has_client_id: bool
    has_secret: bool
    secret_opens: bool
    """Of the secret that was entered last: that one is tested."""
    asleep_for: str
    """The address of the Exact that the app was made for, where it is another one than now; else empty."""
    is_stopped: bool
    is_archived: bool
    asked: tuple[datetime, ...] = ()
    """When the app's keys were tested before, be they the same keys or others."""
    unanswered: tuple[datetime, ...] = ()
    """Those of them that have no answer: they run, or they died."""


def why_not(app: Facts, now: datetime, zone: tzinfo) -> tuple[str, ...]:
    """Return every reason why Exact cannot be asked now; times are said in ``zone``."""
    again = next_at(app.asked, now)
    conditions = (
        (app.is_archived, "The app is archived: nothing is asked of Exact through it."),
        (app.is_stopped, "The app is under Emergency stop: nothing is asked of Exact through it."),
        (
            bool(app.asleep_for),
            f"The app was made for another Exact ({app.asleep_for}) than the one in use here; it sleeps.",
        ),
        (not app.has_client_id, "The Client ID is missing. Copy it from Exact and save it here."),
        (not app.has_secret, "The Client secret is missing. Copy it from Exact and save it here."),
        (
            app.has_secret and not app.secret_opens,
            "The stored Client secret cannot be opened with the present keys. Enter it again, or bring back the key.",
        ),
        (
            is_under_way(app.unanswered, now),
            "A test of these keys is under way. Open this page again in half a minute.",
        ),
    )
    reasons = tuple(reason for unmet, reason in conditions if unmet)
    if again is None:
        return reasons
    when = f"{moments.until(again, now)}, at {moments.clock(again, zone, seconds=True)}"
    return (*reasons, f"The keys were tested three times within an hour. The next test is possible {when}.")


def is_under_way(unanswered: Iterable[datetime], now: datetime) -> bool:
    """Tell whether one may still be running: a second press asks Exact nothing, and spends no test.

    Whichever died holds nobody up for longer; nor does one that a clock which went wrong dated ahead.
    """
    return any(abs(at - now) < UNDER_WAY for at in unanswered)


def next_at(asked: Iterable[datetime], now: datetime) -> datetime | None:
    """Return when the limit allows the next test; None where it does now.

    What lies more than an hour ahead was written by a clock that went wrong, and holds nobody up.
    """
    counted = sorted(at for at in asked if abs(at - now) < WINDOW)
    return counted[-LIMIT] + WINDOW if len(counted) >= LIMIT else None


def left(asked: Iterable[datetime], now: datetime) -> int:
    """Return how many tests the limit allows from now on, until the oldest of the last ones is an hour ago."""
    return max(0, LIMIT - sum(abs(at - now) < WINDOW for at in asked))


# --- What came of it ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """One question of a stored test. The verdict is empty where it was not asked, or the answer was never stored."""

    verdict: str
    said: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A stored test, and of what kind of app."""

    region: str
    is_testing: bool
    is_practice: bool
    asked_at: datetime
    client: Answered
    secret: Answered


@dataclass(frozen=True, slots=True)
class Told:
    """One question and its answer in words: sentences, or empty. ``tone`` is that of a chip."""

    question: str
    label: str
    tone: str
    proves: str
    does_not_prove: str
    what_to_do: str
    said: str
    """What Exact said itself; or the portal, where no answer came."""
    evidence: str
    asked_at: datetime


def outcome(client: str, secret: str) -> Verdict | None:
    """Return the worse of two stored verdicts; None where the test never came to any."""
    if not client:
        return None
    found = {client, secret or Verdict.UNCLEAR}
    return next((verdict for verdict in _GRAVITY if verdict in found), Verdict.UNCLEAR)


def told(test: Asked) -> list[Told]:
    """Return both questions in words, in the order in which they were asked."""
    title = regions.by_code(test.region).title
    questions = (
        (f"Does {title} know this Client ID with this Redirect URL?", test.client, _client(test, title)),
        (f"Does {title} accept the Client secret?", test.secret, _secret(test, title)),
    )
    return [
        Told(
            question=question,
            label=words.label,
            tone=words.tone,
            proves=words.proves,
            does_not_prove=words.does_not_prove,
            what_to_do=words.what_to_do,
            said=answered.said,
            evidence=answered.evidence,
            asked_at=test.asked_at,
        )
        for question, answered, words in questions
    ]


@dataclass(frozen=True, slots=True)
class _Words:
    label: str
    tone: str
    proves: str
    does_not_prove: str
    what_to_do: str = ""


_NEVER_STORED: Final = _Words(
    "No answer yet",
    "quiet",
    "Nothing: the test is under way, or it ended before the answer was stored.",
    "Whether Exact was asked: so it counts among the three of an hour.",
    "Open this page again in half a minute. Where there is no answer then, test again.",
)
_NOT_ASKED: Final = _Words(
    "Not asked",
    "quiet",
    "Nothing: Exact was not asked.",
    "Whether the Client secret is right. Of a Client ID that it does not know, Exact accepts no secret.",
    "Mend the Client ID first, then test again.",
)
_STOPPED: Final = _Words(
    "Not asked",
    "quiet",
    "Nothing: the app came under Emergency stop before it was asked.",
    "Whether the Client secret is right.",
    "Lift the stop first, then test again.",
)
_LATER: Final = (
    "Test again later; the portal does not do it by itself. Around 04:00 in Amsterdam Exact is under maintenance. "
    "Where the answer stays the same, compare the keys with those at Exact."
)


def _client(test: Asked, title: str) -> _Words:
    match test.client.verdict:
        case "":
            return _NEVER_STORED
        case Verdict.ACCEPTED:
            return _Words(
                "Known",
                "good",
                f"{title} knows this Client ID, and did not object to the Redirect URL.",
                "Whether the Redirect URL is right to the letter: Exact does not publish whether it compares it before "
                f"somebody has signed in, or after. {_about_customers(test)}",
            )
        case Verdict.UNKNOWN_CLIENT:
            return _Words(
                "Client ID unknown",
                "bad",
                f"{title} does not know this Client ID.",
                "Which of two mistakes it is: the Client ID was copied wrongly, or it belongs to an app of another "
                f"country. An app that is registered at {_others(test.region)} is unknown at {title}.",
                f"Compare the Client ID with Manage my apps of {title}. Where the app is not there but in another "
                "country, add it here as an app of that country.",
            )
        case Verdict.REDIRECT_REFUSED:
            return _Words(
                "Redirect URL refused",
                "bad",
                f"{title} knows this Client ID, and does not accept this Redirect URL with it.",
                "In what the two differ: Exact does not show what was entered there.",
                "Compare the Redirect URL here with the one at Exact letter by letter, with capitals and the last "
                "“/”: Exact compares them so. Enter this one at Exact, then test again.",
            )
        case _:
            return _Words(
                UNCLEAR,
                "warn",
                "Nothing.",
                "That the Client ID or the Redirect URL is wrong; nor that they are right.",
                _LATER,
            )


def _secret(test: Asked, title: str) -> _Words:
    match test.secret.verdict:
        case "":
            return _unasked(test.client.verdict)
        case Verdict.ACCEPTED:
            ours = f" {WORKS_FOR_US}" if test.is_testing and test.client.verdict == Verdict.ACCEPTED else ""
            return _Words(
                "Accepted",
                "good",
                f"{title} refused only the code that came with the Client secret, which the portal had made up: it "
                f"accepts the secret.{ours}",
                "That Exact gives tokens for it. Until it has given some, a secret that was in use before stays in use "
                f"beside this one. {_about_customers(test)}",
                "Once the app is enabled, connect a company of your own: that proves the keys for certain.",
            )
        case Verdict.SECRET_REFUSED:
            return _Words(
                "Client secret refused",
                "bad",
                f"{title} does not accept this Client secret with this Client ID.",
                "Which of the two is wrong: Exact says the same of either. Where it knows the Client ID, it is the "
                "secret.",
                "Press Show at Exact, copy the Client secret again, save it here, then test again.",
            )
        case _:
            return _Words(
                UNCLEAR,
                "warn",
                "Nothing.",
                "That the Client secret is wrong; nor that it is right.",
                _LATER,
            )


def _unasked(client_verdict: str) -> _Words:
    if not client_verdict:
        return _NEVER_STORED
    return _NOT_ASKED if client_verdict == Verdict.UNKNOWN_CLIENT else _STOPPED


def _about_customers(test: Asked) -> str:
    if test.is_practice:
        return "It was asked of practice, and tells nothing about an app at the real Exact."
    if test.is_testing:
        return "Nor anything about customers: a testing app is for your own Exact subscription."
    return "Nor whether customers can connect: for that Exact has to have granted permission."


def _others(code: str) -> str:
    *first, last = (region.title for region in regions.REGIONS if region.code != code)
    return f"{', '.join(first)} or {last}" if first else last
