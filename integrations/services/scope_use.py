"""Which scopes and endpoints of an app were in use, as far as the calls that were counted tell.

Counts say where a call went, not by which method, nor what was asked beside the portal: what other programs ask
through the same app is counted here only where they call through the portal.
"""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from integrations.models import Application
from integrations.rules import reach
from integrations.rules.reach import Endpoints, Use
from integrations.rules.scope_grids import Grid

DAYS: Final = 30


def paths(application: Application) -> tuple[str, ...]:
    """Return what was called in the last 30 days, by one query: such as "crm/Accounts", without the company."""
    counted = application.usage_counts.filter(minute__gte=timezone.now() - timedelta(days=DAYS), calls__gt=0)
    return tuple(counted.exclude(endpoint="").order_by("endpoint").values_list("endpoint", flat=True).distinct())


def in_use(application: Application, endpoints: Endpoints) -> Endpoints:
    """Return those of the endpoints that were called in the last 30 days."""
    return reach.called(endpoints, paths(application))


def unused(application: Application, grid: Grid) -> Use:
    """Hold a grid of the app against what was called in the last 30 days."""
    return reach.use(grid, paths(application))
