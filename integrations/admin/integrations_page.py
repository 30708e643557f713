"""What the home page shows: a card per region, with its apps and the next step of each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q

from integrations.exact.regions import REGIONS, Region
from integrations.models import Application, Connection
from integrations.rules import app_states, lint, roles
from integrations.services import app_facts, applications, people, practice, secrets

SHOWN: Final = 50
SET_KEYS: Final = "integrations.set_keys"
ENABLE: Final = "integrations.enable_application"
SEE_CONNECTIONS: Final = "integrations.view_connection"


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app in its card."""

    application: Application
    unmet: tuple[str, ...]
    """Why it cannot be enabled; empty where it can, or where it is."""
    enabled_by: str
    connections: list[Connection]
    may: Callable[[str], bool]

    @property
    def next_step(self) -> str:
        """Say what comes next; where it is not for whoever looks, also whose it is."""
        if self.application.is_enabled:
            return ""
        right = SET_KEYS if self.unmet else ENABLE
        step = self.unmet[0] if self.unmet else "It has its keys and can be enabled."
        return step if self.may(right) else f"{step} {roles.who_may(right)}"


@dataclass(frozen=True, slots=True)
class RegionCard:
    """One region with its apps."""

    region: Region
    rows: list[AppRow]
    practice_url: str
    """Where the practice Exact of this region shows its apps; empty where there is none."""


def context(may: Callable[[str], bool]) -> dict[str, Any]:
    """Return the cards, in the order of the regions, by a fixed number of queries whatever their number.

    ``may`` tells whether whoever looks has a right.
    """
    apps = list(secrets.loaded(Application.objects.all()))
    names = people.names({app.enabled_by for app in apps})
    reached = _connections() if may(SEE_CONNECTIONS) else {}
    facts = app_facts.of(apps)
    rows = [_row(app, facts[app.pk], names, reached.get(app.pk, []), may) for app in apps]
    practising = practice.local_regions()
    cards = [
        RegionCard(
            region,
            [row for row in rows if row.application.region == region.code],
            f"{settings.EXACT_ORIGINS[region.code]}/apps/" if region in practising else "",
        )
        for region in REGIONS
    ]
    return {
        "cards": cards,
        "sentence": _sentence(rows, for_you=may(SET_KEYS) or may(ENABLE)),
        "has_apps": bool(rows),
        "who_may_add": roles.who_may("integrations.add_application"),
    }


def _row(
    app: Application,
    facts: lint.AppFacts,
    names: dict[str, str],
    connections: list[Connection],
    may: Callable[[str], bool],
) -> AppRow:
    unmet = () if app.is_enabled else app_states.why_not_enabled(applications.state(app), lint.errors(facts))
    return AppRow(app, unmet, names.get(app.enabled_by, ""), connections, may)


def _connections() -> dict[UUID, list[Connection]]:
    """Return the newest connections of each app, with how many companies each reaches."""
    reach = Count("accesses", filter=Q(accesses__withdrawn_at__isnull=True))
    found: dict[UUID, list[Connection]] = {}
    rows = Connection.objects.exclude(status=Connection.Status.PENDING).annotate(reach=reach)
    for connection in rows.order_by("-consented_at")[:SHOWN]:
        found.setdefault(connection.application_id, []).append(connection)
    return found


def _sentence(rows: Iterable[AppRow], *, for_you: bool) -> str:
    rows = list(rows)
    enabled = sum(row.application.is_enabled for row in rows)
    waiting = len(rows) - enabled
    if not rows:
        return "No app is set up yet. An app is your company's registration at Exact; begin with one."
    apps = f"{enabled} of {len(rows)} {'app' if len(rows) == 1 else 'apps'} enabled"
    whom = "you" if for_you else "to be set up"
    return f"{apps}; {waiting} {'needs' if waiting == 1 else 'need'} {whom}." if waiting else f"{apps}."
