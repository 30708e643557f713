"""How long each kind of row is kept, and why: the one table.

A kind that is folded becomes sums of a coarser period before its rows go. What is not here is named in KEPT.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from integrations.rules import signing_in

DAY: Final = timedelta(days=1)
YEAR: Final = timedelta(days=365)
ACTIVITY: Final = timedelta(days=2557)
"""Seven years with their leap days. The trigger of the database holds the same number, by its own clock."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one kind: how old they get, since when that is counted, why, and what stays of them."""

    name: str
    model: str
    title: str
    age: timedelta
    since: str
    why: str
    stays: str = ""
    period: timedelta | None = None
    """Rows are folded by whole periods of this length (UTC); None where they simply go."""
    guarded: bool = False
    """The database itself refuses to delete younger rows, by its own clock."""


KINDS: Final = (
    Kind(
        "states",
        "integrations.AuthorizationState",
        "Ways to Exact that were begun",
        DAY,
        "they were begun",
        "They are good for an hour at most.",
    ),
    Kind(
        "sessions",
        "sessions.Session",
        "Sessions",
        timedelta(0),
        "they ended",
        "Nobody is signed in by them any longer.",
    ),
    Kind(
        "sign_in_tallies",
        "integrations.SignInTally",
        "Counts of failed sign-ins",
        signing_in.WINDOW + signing_in.CLOCK_SKEW,
        "the first failure",
        "They hold up whoever guesses passwords, for a quarter of an hour.",
    ),
    Kind(
        "familiar_networks",
        "integrations.FamiliarNetwork",
        "Networks that staff signed in from",
        signing_in.NETWORK_FAMILIAR,
        "the last sign-in there",
        "Failures elsewhere do not hold anybody up there.",
    ),
    Kind(
        "pending_connections",
        "integrations.Connection",
        "Connections that were never finished",
        DAY,
        "Exact gave the tokens",
        "Nobody knows whose they are. Connecting again makes a new one.",
    ),
    Kind(
        "links",
        "integrations.LinkPage",
        "Link pages",
        90 * DAY,
        "they were used or expired",
        "Whoever opens an old one reads why it does not work.",
    ),
    Kind(
        "checks",
        "integrations.ConnectionCheck",
        "Checks",
        30 * DAY,
        "they ran",
        "Their evidence answers why a connection failed.",
        stays="a line for each connection and day",
        period=DAY,
    ),
    Kind(
        "check_days",
        "integrations.CheckDay",
        "Checks by day",
        2 * YEAR,
        "the day",
        "They show how a connection has been over two years.",
    ),
    Kind(
        "usage_minutes",
        "integrations.UsageCount",
        "Calls by minute",
        7 * DAY,
        "the minute",
        "A burst of calls is asked about within days.",
        stays="sums by hour",
        period=timedelta(hours=1),
    ),
    Kind(
        "usage_hours",
        "integrations.UsageCount",
        "Calls by hour",
        92 * DAY,
        "the hour",
        "They show at which hours of the day the calls are spent.",
        stays="sums by day",
        period=DAY,
    ),
    Kind(
        "usage_days",
        "integrations.UsageCount",
        "Calls by day",
        2 * YEAR,
        "the day",
        "A year is compared with the one before.",
    ),
    Kind(
        "retention_runs",
        "integrations.RetentionRun",
        "Runs of this clearing",
        YEAR,
        "they ended",
        "They show that it ran.",
    ),
    Kind(
        "activity",
        "integrations.AuditEvent",
        "Activity",
        ACTIVITY,
        "it happened",
        "Seven years, as books are kept. The database itself refuses to delete it earlier.",
        guarded=True,
    ),
)

KEPT: Final = {
    "integrations.Application": ("Apps", "Deleted by hand only."),
    "integrations.ClientSecret": ("Client secrets", "A replaced one loses its content at once; its fingerprint stays."),
    "integrations.KeyTest": ("Tests of keys", "They belong to their app; three an hour at most."),
    "integrations.ScopeSelection": ("Selected scopes", "They belong to their app; one row for each scope."),
    "integrations.ScopeApproval": (
        "Approved scopes",
        "They show what Exact had approved when; they belong to their app.",
    ),
    "integrations.Review": ("Rounds of the review", "What was submitted is evidence; they belong to their app."),
    "integrations.PermissionRequest": ("Permissions", "They belong to their app."),
    "integrations.WorkflowStep": ("Steps of review and permission", "They belong to their app."),
    "integrations.ReviewerQuestion": ("Questions of reviewers", "They belong to their round."),
    "integrations.LibraryAnswer": ("Answers to use again", "Deleted by hand only."),
    "integrations.Customer": ("Customers", "Erased by hand only."),
    "integrations.Connection": ("Connections", "Finished ones stay as long as their app."),
    "integrations.StatusChange": ("Changes of connections' status", "They belong to their connection."),
    "integrations.CalendarFeed": ("Calendar feeds", "One live one for each person; a revoked one opens nothing."),
    "integrations.Company": ("Companies", "They stay as long as their app."),
    "integrations.Access": ("Which connection reaches a company", "It belongs to both."),
    "integrations.UsageWindow": ("Calls of this minute and day", "One row for each app and company."),
    "integrations.User": ("Staff", "Deactivated rather than deleted: events name them by id."),
    "auth.Group": ("Groups", "Deleted by hand only."),
    "auth.Permission": ("Rights", "They come with the software."),
    "contenttypes.ContentType": ("Tables", "Their names come with the software."),
    "integrations.Organization": ("Organization", "One row: ourselves."),
    "integrations.OrganizationLogo": ("Logo", "One row, replaced and removed by hand."),
    "integrations.KeyStoredElsewhere": ("Confirmed keys", "One row for each key of the ring."),
    "integrations.Heartbeat": ("Signs of life", "One row for each process."),
    "integrations.Installation": ("The installation", "One row, which says who owns the tokens."),
    "integrations.MonitorCall": ("Calls of the monitor outside", "One row, the latest."),
    "integrations.KeyRingCanary": ("Proof of the keys", "One row."),
    "admin.LogEntry": ("Django's own log", "Nothing is written into it: the activity stands in its place."),
}
"""What does not go by its age: in words, and why."""


def by_name(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def before(kind: Kind, now: datetime) -> datetime:
    """Return the moment before which rows of the kind go; where they are folded it is the end of a whole period.

    A guarded kind waits a day longer: the database's clock may be behind ours.
    """
    moment = now - kind.age - (DAY if kind.guarded else timedelta(0))
    return start_of(moment, kind.period) if kind.period else moment


def start_of(moment: datetime, period: timedelta) -> datetime:
    """Return the beginning of the hour or day (UTC) that the moment is in."""
    midnight = datetime.combine(moment.astimezone(UTC), time.min, UTC)
    return midnight + (moment - midnight) // period * period


def age_in_words(age: timedelta) -> str:
    """Say an age as people do, such as "30 days" or "7 years"."""
    if not age:
        return "at once"
    years, days = round(age / (365.25 * DAY)), age.days
    if age < DAY:
        return f"{age // timedelta(minutes=1)} minutes"
    if age >= YEAR and abs(age - years * 365.25 * DAY) < 2 * DAY:
        return f"{years} year{'' if years == 1 else 's'}"
    return f"{days} day{'' if days == 1 else 's'}"
