"""What the home page shows: a card per region, with its apps, their lamps and next steps, and its busiest companies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from integrations.exact.regions import REGIONS, Region
from integrations.models import Application
from integrations.rules import home, lamps, next_steps, roles
from integrations.rules.customers import LABELS, State
from integrations.rules.lamps import Lamp
from integrations.rules.next_steps import AppNow, NextStep
from integrations.services import overview, practice
from integrations.services.busiest import Busiest

ADD: Final = "integrations.add_application"
CHANGE: Final = "integrations.change_application"
CONNECT: Final = "integrations.connect"
SEE_CUSTOMERS: Final = "integrations.view_customer"
SEE_COMPANIES: Final = "integrations.view_company"
TO_SEE_TO: Final = (State.RECONNECT, State.TROUBLE, State.VERIFYING, State.NOT_CONNECTED)
"""The states of customers that somebody looks for, the worst first."""


@dataclass(frozen=True, slots=True)
class AppRow:
    """One app in its card."""

    application: Application
    lamps: tuple[Lamp, ...]
    step: NextStep
    """Its button is left out where the step is not for whoever looks."""
    step_url: str
    health: str
    can_connect: bool
    """Beside the main button, where that is another one."""
    manages: bool
    """The main button leads to the settings page already."""


@dataclass(frozen=True, slots=True)
class RegionCard:
    """One region with its apps."""

    region: Region
    rows: list[AppRow]
    archived: list[Application]
    busiest: Busiest | None
    practice_url: str
    """Where the practice Exact of this region shows its apps; empty where there is none."""


def context(may: Callable[[str], bool]) -> dict[str, Any]:
    """Return the cards, in the order of the regions. ``may`` tells whether whoever looks has a right."""
    read = overview.read(customers=may(SEE_CUSTOMERS), companies=may(SEE_COMPANIES))
    now, practising = timezone.now(), practice.local_regions()
    used = [(app, what) for app, what in read.apps if not app.is_archived]
    cards = [
        RegionCard(
            region=region,
            rows=[_row(app, what, may, now) for app, what in used if app.region == region.code],
            archived=[app for app, _ in read.apps if app.is_archived and app.region == region.code],
            busiest=(read.busiest or {}).get(region.code),
            practice_url=f"{settings.EXACT_ORIGINS[region.code]}/apps/" if region in practising else "",
        )
        for region in REGIONS
    ]
    return {
        "cards": cards,
        "states": _states(read.customers or {}),
        "sentence": home.sentence(_apps(used, may), read.customers, connects=may(CONNECT)),
        "can_add": may(ADD) and may(CHANGE),
        "can_change": may(CHANGE),
        "who_may_add": roles.who_may(ADD),
    }


def _row(app: Application, what: AppNow, may: Callable[[str], bool], now: datetime) -> AppRow:
    step = next_steps.offered(next_steps.next_step(what), may)
    connects = app.is_enabled and app.is_awake and may(CONNECT)
    return AppRow(
        application=app,
        lamps=lamps.lamps(what.standing),
        step=step,
        step_url=reverse(f"admin:{step.page}", args=[app.pk]) if step.label else "",
        health=next_steps.health(what, now),
        can_connect=connects and step.page != "connect",
        manages=step.label == next_steps.MANAGE,
    )


def _states(customers: Mapping[State, int]) -> list[dict[str, Any]]:
    """Return how many customers are in which state; each leads to the list of them."""
    shown = [(state, *LABELS[state], customers[state]) for state in TO_SEE_TO if customers.get(state)]
    return [
        {"value": str(state), "label": label, "tone": tone, "number": number} for state, label, tone, number in shown
    ]


def _apps(used: Sequence[tuple[Application, AppNow]], may: Callable[[str], bool]) -> home.Apps:
    """Count the apps for the sentence: of how many whoever looks has something to do, of how many somebody else.

    Where it is customers who need somebody, the sentence counts those.
    """
    steps = [(next_steps.next_step(what), what.standing.own) for _, what in used]
    due = [step for step, own in steps if step.waits and (step.page != next_steps.CONNECTIONS or own.ill)]
    yours = sum(may(step.right) for step in due)
    enabled = sum(app.is_enabled for app, _ in used)
    return home.Apps(all=len(used), enabled=enabled, yours=yours, others=len(due) - yours)
