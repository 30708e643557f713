"""What the doctor says of apps: the same list as on their pages, as far as somebody has to act on it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from integrations.models import Application, Connection
from integrations.rules import lint
from integrations.rules.findings import Finding, ill, warning, well
from integrations.rules.lint import Severity
from integrations.services import app_facts, secrets

NAME: Final = "apps"


def check_apps() -> list[Finding]:
    """Return a finding for each app that has an error or a warning, by a fixed number of queries.

    An error is ill where the app is in use: enabled, or with links that live. Elsewhere it is in nobody's way yet.
    An app of another Exact sleeps, and an archived one is put away: neither raises an alarm, and no note does.
    """
    apps = _looked_at()
    found = _alarming(apps)
    if not found:
        return [well(NAME, f"Nothing is wrong with {_number(len(apps))}." if apps else "None is set up yet.")]
    used = _used([app.pk for app, _ in found])
    return [_finding(app, findings, used=app.is_enabled or app.pk in used) for app, findings in found]


def moved() -> list[Application]:
    """Return the apps whose Redirect URL is this portal's at an earlier address."""
    apps = _looked_at()
    facts = app_facts.of(apps)
    return [app for app in apps if any(finding.code == lint.MOVED for finding in lint.lint(facts[app.pk]))]


def _looked_at() -> list[Application]:
    return list(secrets.loaded(Application.objects.awake().filter(archived_at=None)))


def _alarming(apps: Sequence[Application]) -> list[tuple[Application, list[lint.Finding]]]:
    facts = app_facts.of(apps)
    told = ((app, [one for one in lint.lint(facts[app.pk]) if one.severity is not Severity.NOTE]) for app in apps)
    return [(app, findings) for app, findings in told if findings]


def _used(ids: list[UUID]) -> set[UUID]:
    living = Connection.objects.linked().filter(application__in=ids, application__stopped_at=None)
    return set(living.order_by().values_list("application_id", flat=True).distinct())


def _finding(app: Application, findings: list[lint.Finding], *, used: bool) -> Finding:
    is_ill = used and any(finding.severity is Severity.ERROR for finding in findings)
    said = " ".join(f"{finding.text} ({finding.code})" for finding in findings)
    say = ill if is_ill else warning
    return say(
        NAME,
        f"“{app.name}”, {app.region_title}: {said}",
        "Open the app under Integrations: its first page leads to where each of these is mended.",
    )


def _number(apps: int) -> str:
    return "the one app" if apps == 1 else f"the {apps} apps"
