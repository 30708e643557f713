"""Looks at what keeps itself in order: the guards of the activity and of reviews, and the clearing."""

from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from integrations.models import RetentionRun, Review
from integrations.rules import moments, submissions
from integrations.rules.findings import Finding, ill, well
from integrations.services import token_journal, token_sweep

LATE: Final = timedelta(days=3)
_TRIGGERS: Final = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass "
    "AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
}
_ACTIVITY: Final = {
    "sqlite": {"activity_is_not_changed", "activity_is_kept", "activity_is_not_replaced"},
    "postgresql": {"activity_is_kept", "activity_is_not_emptied"},
}
_REVIEWS: Final = {"sqlite": {"review_is_frozen"}, "postgresql": {"review_is_frozen"}}


def check_activity_guard() -> Finding:
    """Look whether the database itself would refuse to change an event."""
    missing = _missing("integrations_auditevent", _ACTIVITY[connection.vendor])
    if missing:
        return ill(
            "activity",
            f"The database would let events be changed: {', '.join(missing)} is missing or disabled.",
            "Find out who did that. docs/operations.md says how to make it anew.",
        )
    return well("activity", "The database refuses to change an event, or to delete one within seven years.")


def check_review_guard() -> Finding:
    """Look whether the database itself would refuse to change what was submitted."""
    missing = _missing("integrations_review", _REVIEWS[connection.vendor])
    if missing:
        return ill(
            "submitted reviews",
            f"The database would let a submitted review be changed: {', '.join(missing)} is missing or disabled.",
            "Find out who did that. docs/operations.md says how to make it anew.",
        )
    return well("submitted reviews", "The database refuses to change what was submitted.")


def check_frozen_reviews() -> Finding:
    """Look whether what was submitted still has the hash that it got: a trigger holds nobody who owns the database."""
    rows = Review.objects.exclude(submitted_hash="").order_by("application", "number").select_related("application")
    changed = [
        f"round {row.number} of “{row.application.name}”"
        for row in rows.iterator(200)
        if submissions.digest_of(row.submitted or {}) != row.submitted_hash
    ]
    if changed:
        return ill(
            "frozen reviews",
            f"{len(changed)} were changed after they were submitted: {', '.join(changed[:5])}.",
            "Find out who did that. A backup, or an evidence pack from before, has what was sent.",
        )
    return well("frozen reviews", "What was submitted is as it was, by its SHA-256.")


def check_token_files() -> Finding:
    """Look whether the files beside the database have anything that it has missed, and whether they open."""
    closed = token_journal.sealed_by().get("", 0)
    if closed:
        return ill(
            "token files",
            f"{closed} of them do not open with the present keys.",
            "Bring the older key back into PORTAL_KEYS, and run `manage.py rotate_keys`. If none is missing, they are "
            "damaged: the next token of each connection replaces its file.",
        )
    behind = sum(1 for _ in token_sweep.ahead())
    if behind:
        return ill(
            "token files",
            f"{behind} hold newer tokens than the database, as after a backup was brought back.",
            "Start the worker: it takes them within ten minutes.",
        )
    return well("token files", "The database has all that they have.")


def _missing(table: str, needed: set[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS[connection.vendor], [table])
        found = {name for (name,) in cursor.fetchall()}
    return sorted(needed - found)


def check_retention() -> Finding:
    """Look whether the clearing gets done."""
    last = RetentionRun.objects.filter(state=RetentionRun.State.DONE).first()
    if last is None:
        return well("retention", "Nothing has been cleared yet; the scheduler does it once a day.")
    at = moments.dated(last.started_at, timezone.get_current_timezone())
    if timezone.now() - last.started_at > LATE:
        return ill("retention", f"Last finished on {at}.", "Run `manage.py retention`, or press Run now on its page.")
    return well("retention", f"Last finished on {at}.")
