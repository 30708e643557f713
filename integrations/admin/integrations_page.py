"""What the home page shows: a card per region, with its apps and the next step of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from integrations.exact.regions import REGIONS, Region
from integrations.models import Application
from integrations.services import applications, people


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app in its card."""

    application: Application
    unmet: tuple[str, ...]
    """Why it cannot be enabled; empty where it can, or where it is."""
    enabled_by: str

    @property
    def next_step(self) -> str:
        if self.application.is_enabled:
            return ""
        return self.unmet[0] if self.unmet else "It has its keys and can be enabled."


@dataclass(frozen=True, slots=True)
class RegionCard:
    """One region with its apps."""

    region: Region
    rows: list[AppRow]


def context() -> dict[str, Any]:
    """Return the cards, in the order of the regions, by three queries whatever their number."""
    apps = list(Application.objects.with_secrets())
    names = people.names({app.enabled_by for app in apps})
    rows = [_row(app, names) for app in apps]
    cards = [RegionCard(region, [row for row in rows if row.application.region == region.code]) for region in REGIONS]
    return {"cards": cards, "sentence": _sentence(rows), "has_apps": bool(rows)}


def _row(app: Application, names: dict[str, str]) -> AppRow:
    unmet = () if app.is_enabled else applications.why_not_enabled(app)
    return AppRow(app, unmet, names.get(app.enabled_by, ""))


def _sentence(rows: Iterable[AppRow]) -> str:
    rows = list(rows)
    enabled = sum(row.application.is_enabled for row in rows)
    waiting = len(rows) - enabled
    if not rows:
        return "No app is set up yet. An app is your company's registration at Exact; begin with one."
    apps = f"{enabled} of {len(rows)} {'app' if len(rows) == 1 else 'apps'} enabled"
    return f"{apps}; {waiting} {'needs' if waiting == 1 else 'need'} you." if waiting else f"{apps}."
