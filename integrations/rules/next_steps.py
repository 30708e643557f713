"""The one thing to do next about an app, whose it is; and how well its connections are, in a sentence."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from integrations.rules import gate, moments, roles, workflow
from integrations.rules.customers import ago
from integrations.rules.lamps import AppStanding, Tally
from integrations.rules.workflow import PermissionState, ReviewState

SEE: Final = "integrations.view_application"
CHANGE: Final = "integrations.change_application"
ENABLE: Final = "integrations.enable_application"
CONNECT: Final = "integrations.connect"
SEE_CONNECTIONS: Final = "integrations.view_connection"

PREPARE: Final = "integrations.prepare_review"
RECORD: Final = workflow.RECORD

OVERVIEW: Final = "integrations_application_change"
PERMISSION: Final = "app-permission"
REVIEW: Final = "app-review"
CONNECTIONS: Final = "app-connections"
MANAGE: Final = "Manage"


@dataclass(frozen=True, slots=True)
class Round:
    """The newest round of an app's review: its state, and the day since when; none was begun where it is empty."""

    state: str = ""
    since: date | None = None


NO_ROUND: Final = Round()


@dataclass(frozen=True, slots=True)
class AppNow:
    """What the rules look at."""

    standing: AppStanding
    asleep_for: str = ""
    """The address of the Exact that it was made for, where this portal talks to another; else empty."""
    faults: tuple[str, ...] = ()
    """What keeps it from being enabled, or from working, in words (rules.lint)."""
    continue_at: str = ""
    """The step of Set up at which it was left, as its page is called."""
    checked_at: datetime | None = None
    """When a connection of it was last checked."""
    review: Round = NO_ROUND
    has_approval: bool = False
    """Exact approved scopes of it, as far as somebody wrote that down."""
    permission_since: date | None = None
    """The day on which the permission came to stand as it does; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What comes next, in a sentence, and the button that leads there: what it says and the page of the admin."""

    sentence: str
    label: str = ""
    page: str = ""
    right: str = SEE
    sends: bool = False
    """It does something at once, and so is sent as a form."""
    waits: bool = False
    """Somebody has to act; otherwise it is an offer."""


def next_step(app: AppNow) -> NextStep:
    """Return the first of the steps that are due."""
    state = app.standing.state
    if state == "archived":
        return NextStep("")
    if state == "stopped":
        return _stopped()
    if app.asleep_for:
        return NextStep(f"It sleeps: it was made for {app.asleep_for}, and this portal talks to another Exact.")
    if state == "disabled":
        return _disabled(app)
    return _faulty(app) if app.faults else _enabled(app)


def offered(step: NextStep, may: Callable[[str], bool]) -> NextStep:
    """Return the step as whoever looks is shown it: without its button, and with whose it is, where it is not his."""
    if not step.label or may(step.right):
        return step
    whose = f"{step.sentence} {roles.who_may(step.right)}" if step.sentence else ""
    return NextStep(whose, right=step.right, waits=step.waits)


def health(app: AppNow, now: datetime) -> str:
    """Return in a sentence how well its connections are, and how lately somebody looked."""
    tally = app.standing.connections
    if not tally.total:
        return ""
    live = _count(tally.living, "connection")
    match app.standing.state:
        case "archived":
            return ""
        case "stopped":
            return f"{live} {_are(tally.living)} not refreshed and not checked."
        case "disabled":
            return f"{live} {_are(tally.living)} kept alive; nothing is read or written."
    if app.asleep_for or not tally.living:
        return ""
    if app.checked_at is None:
        return "The first check follows within a minute."
    if tally.failing:
        return f"Last checked {ago(app.checked_at, now)}: {tally.failing} of {live} failed."
    doubt = f"; {tally.verifying} being verified" if tally.verifying else ": all well"
    return f"Last checked {ago(app.checked_at, now)}{doubt}."


# --- The steps ------------------------------------------------------------------------------------------------


def _stopped() -> NextStep:
    sentence = "Nothing is asked of Exact. Lift the stop in time, before somebody has to connect again."
    return NextStep(sentence, "Lift the stop", "lift", ENABLE, waits=True)


def _disabled(app: AppNow) -> NextStep:
    if not app.faults:
        return NextStep("It has its keys and can be enabled.", "Enable", "enable", ENABLE, waits=True)
    sentence = f"Continue at “{app.continue_at}”{_keep(app.faults)}"
    return NextStep(sentence, "Set up", "set-up-app", CHANGE, waits=True)


def _faulty(app: AppNow) -> NextStep:
    more = f" And {_count(len(app.faults) - 1, 'more thing')}." if len(app.faults) > 1 else ""
    return NextStep(f"{app.faults[0]}{more}", "Mend", OVERVIEW, CHANGE, waits=True)


def _enabled(now: AppNow) -> NextStep:
    app = now.standing
    tally = app.connections
    if tally.ill:
        return NextStep(_ill(tally), "Look at connections", CONNECTIONS, SEE_CONNECTIONS, waits=True)
    if gate.waits(is_testing=app.is_testing, permission=app.permission):
        return _waiting(now)
    if not tally.total:
        whose = "your own Exact subscription" if app.is_testing else "your own, or send customers a link page"
        return NextStep(f"Nobody is connected yet. Connect {whose}.", "Connect", "connect", CONNECT, sends=True)
    return NextStep("", MANAGE, OVERVIEW, CHANGE)


def _waiting(now: AppNow) -> NextStep:
    """Return the next step on the way to Exact's permission: the review comes first."""
    permission = now.standing.permission
    if permission is PermissionState.REQUESTED:
        said = f"The request for permission {_is_with_exact(now.permission_since)}. Record here what it answers."
        return NextStep(said, "Permission", PERMISSION, RECORD)
    if not now.has_approval and permission is PermissionState.NONE:
        return _reviewing(now.review)
    return NextStep(_PERMISSION[permission], "Permission", PERMISSION, RECORD, waits=True)


def _reviewing(newest: Round) -> NextStep:
    if newest.state in workflow.WITH_EXACT:
        said = f"The review {_is_with_exact(newest.since)}. Record here what it answers."
        return NextStep(said, "Review", REVIEW, RECORD)
    return NextStep(_REVIEW[newest.state], "Review", REVIEW, PREPARE, waits=True)


_REVIEW: Final[dict[str, str]] = {
    "": "Fill in the review, so that Exact can grant permission for customers.",
    ReviewState.DRAFT: "The review is a draft: finish it, and submit it at Exact.",
    ReviewState.REJECTED: "Exact rejected the review: mend what it names, in the next round.",
    ReviewState.APPROVED: "Exact approved the review. Request permission, so that customers can connect.",
}
_PERMISSION: Final = {
    PermissionState.NONE: "Request permission at Exact, so that customers can connect, and record it here.",
    PermissionState.REFUSED: "Exact refused permission: read why, mend it and request it again.",
    PermissionState.WITHDRAWN: "We withdrew the permission. Request it again where customers shall connect.",
    PermissionState.TAKEN_BACK: "Exact took the permission back: read why, mend it and request it again.",
}


def _is_with_exact(since: date | None) -> str:
    return f"has been with Exact since {moments.day(since)}" if since else "is with Exact"


def _ill(tally: Tally) -> str:
    if tally.reconnect:
        return f"{_count(tally.reconnect, 'connection')} must be made again by whoever gave the consent."
    return f"{_count(tally.failing, 'connection')} failed the last check; each says why, and who can mend it."


def _keep(faults: tuple[str, ...]) -> str:
    """Say the one fault, or how many there are: a row is no place for a list."""
    return f". {faults[0]}" if len(faults) == 1 else f": {len(faults)} things keep it from being enabled."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
