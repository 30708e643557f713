"""Everything that the Integrations page says, by a fixed number of queries whatever there is of apps, connections,
companies and customers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Subquery

from integrations.models import Access, Application, Connection, ConnectionCheck, Customer, Review, WorkflowStep
from integrations.rules import journey, lint
from integrations.rules.customers import State
from integrations.rules.lamps import NOBODY, AppStanding, Tally
from integrations.rules.lint import Severity
from integrations.rules.next_steps import NO_ROUND, AppNow, Round
from integrations.rules.workflow import PermissionState
from integrations.services import app_facts, applications, busiest, permissions, secrets
from integrations.services.busiest import Busiest

Status = Connection.Status
COUNTED: Final = (Status.CONNECTED, Status.VERIFYING, Status.RECONNECT)
"""The others never came about, or we ended them."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The connections of one app: those that reach customers, the others, and when one was last checked."""

    customers: Tally = NOBODY
    own: Tally = NOBODY
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows. ``customers`` and ``busiest`` are None where they were not asked for."""

    apps: tuple[tuple[Application, AppNow], ...]
    """In the order of their regions and names."""
    customers: Mapping[State, int] | None
    busiest: Mapping[str, Busiest] | None
    """By the code of the region."""


def read(*, customers: bool, companies: bool) -> Overview:
    """Read it; ``customers`` and ``companies`` tell whether whoever looks may see those."""
    return Overview(
        apps=tuple(standing(list(secrets.loaded(Application.objects.all())))),
        customers=Customer.objects.counted_by_state() if customers else None,
        busiest=busiest.by_region() if companies else None,
    )


def standing(apps: Sequence[Application]) -> list[tuple[Application, AppNow]]:
    """Return what is true of each app, as the lamps and the next step look at it."""
    facts, connected, rounds = app_facts.of(apps), connections(apps), _rounds(apps)
    return [
        (app, _now(app, facts[app.pk], connected.get(app.pk, Connected()), rounds.get(app.pk, NO_ROUND)))
        for app in apps
    ]


def of(application: Application) -> AppStanding:
    """Return how one app stands."""
    connected = connections([application]).get(application.pk, Connected())
    return _standing(application, connected, permissions.state(application))


def connections(apps: Sequence[Application]) -> dict[UUID, Connected]:
    """Return how the connections of each app stand, by one query."""
    live = Access.objects.filter(connection=OuterRef("pk"), withdrawn_at__isnull=True)
    last = ConnectionCheck.objects.filter(connection=OuterRef("pk")).order_by("-checked_at", "-id")
    rows = (
        Connection.objects.filter(application__in=[app.pk for app in apps], status__in=COUNTED)
        .order_by()
        .annotate(
            serves=Exists(live.filter(company__customer__isnull=False)),
            ok=Subquery(last.values("ok")[:1]),
            looked=Subquery(last.values("checked_at")[:1]),
        )
        .values("application_id", "status", "serves", "ok")
        .annotate(number=Count("pk"), last=Max("looked"))
    )
    found: dict[UUID, Connected] = {}
    for row in rows:
        found[row["application_id"]] = _added(found.get(row["application_id"], Connected()), row)
    return found


def _added(before: Connected, row: Mapping[str, Any]) -> Connected:
    number = row["number"]
    match row["status"], row["ok"]:
        case Status.RECONNECT, _:
            tally = Tally(reconnect=number)
        case Status.VERIFYING, _:
            tally = Tally(verifying=number)
        case _, False:
            tally = Tally(failing=number)
        case _:
            tally = Tally(well=number)
    looked = [moment for moment in (before.checked_at, row["last"]) if moment]
    return Connected(
        customers=before.customers + tally if row["serves"] else before.customers,
        own=before.own if row["serves"] else before.own + tally,
        checked_at=max(looked, default=None),
    )


def _rounds(apps: Sequence[Application]) -> dict[UUID, Round]:
    """Return the newest round of each app's review, by one query."""
    last = WorkflowStep.objects.filter(review=OuterRef("pk")).order_by("-at", "-id")
    rows = Review.objects.filter(application__in=[app.pk for app in apps]).order_by("number")
    told = rows.annotate(since=Subquery(last.values("on")[:1])).values_list("application_id", "state", "since")
    return {pk: Round(state, since) for pk, state, since in told}


def _now(app: Application, facts: lint.AppFacts, connected: Connected, newest: Round) -> AppNow:
    found = lint.lint(facts)
    return AppNow(
        review=newest,
        has_approval=facts.has_approval,
        permission_since=facts.permission_since,
        standing=_standing(app, connected, facts.permission),
        asleep_for="" if app.is_awake else app.origin,
        faults=tuple(finding.text for finding in found if finding.severity is Severity.ERROR),
        continue_at=_left_at(app, facts),
        checked_at=connected.checked_at,
    )


def _left_at(app: Application, facts: lint.AppFacts) -> str:
    """Return the step at which the set-up goes on, as its page calls it."""
    stands = journey.facts_of(facts, existed_before=app.existed_before, enabled=app.is_enabled)
    return journey.title(journey.next_step(stands), stands)


def _standing(app: Application, connected: Connected, permission: PermissionState) -> AppStanding:
    return AppStanding(
        state=applications.state(app),
        is_testing=app.is_testing,
        permission=permission,
        customers=connected.customers,
        own=connected.own,
    )
