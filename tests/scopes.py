"""Scopes of apps as the tests need them: chosen, called, and refused in a check."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.utils import timezone

from integrations.exact.scopes import SCOPES
from integrations.models import Application, Connection, ConnectionCheck, UsageCount
from integrations.services import scopes
from tests import customers
from tests.conftest import SOMEBODY

REFUSAL: Final = (
    "GET /api/v1/{division}/system/Divisions: 403 after 12 ms · The app lacks an approved scope. "
    "(Forbidden - Application Scope Violated. Cannot read '{scope}' scope.)"
)
ADMINISTRATION: Final = "organization.administration"


def selected(application: Application, grid: Mapping[str, str]) -> Application:
    """Let us want these scopes."""
    scopes.select(application, grid.items(), by=SOMEBODY)
    return application


def called(application: Application, *endpoints: str, days: float = 1, calls: int = 3) -> None:
    """Let calls to these have been counted so many days ago."""
    for endpoint in endpoints:
        at = timezone.now() - timedelta(days=days)
        UsageCount.objects.create(
            application=application, division=1, endpoint=endpoint, purpose="other", minute=at, calls=calls
        )


def refused(connection: Connection, *, scope: str = ADMINISTRATION, minutes: float = 4) -> ConnectionCheck:
    """Let a check have met a 403 for want of a scope, and gone well all the same."""
    check = customers.check(connection, minutes=minutes)
    check.evidence = ["GET /api/v1/current/Me: 200", REFUSAL.format(division=connection.division, scope=scope)]
    check.save(update_fields=["evidence"])
    return check


def form(application: Application, **levels: str) -> dict[str, str]:
    """Return what the grid's page sends: a level of every scope, given as ``crm__accounts``; the others are None."""
    application.refresh_from_db()
    chosen = {name.replace("__", "."): level for name, level in levels.items()}
    return {"version": str(application.version), **{f"level-{scope}": chosen.get(scope, "none") for scope in SCOPES}}
