"""``manage.py usage``: how much of Exact's limits is spent, a line for each app and company."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.models import Application
from integrations.services import usage
from integrations.services.usage import Meter


class Command(PortalCommand):
    help = "Print how many calls each company has used: of our minute (66 s, sliding) and of the UTC day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", type=UUID, help="Only this app; the id that add_app printed.")

    def handle(self, *args: Any, app: UUID | None, **options: Any) -> None:
        application = Application.objects.filter(pk=app).first() if app else None
        if app and application is None:
            self.refuse(f"There is no app {app}.")
        form = _in_words if self.as_text else _in_json
        for meters in usage.meters(application):
            self.line(
                app=meters.application, division=meters.division, minute=form(meters.minute), day=form(meters.day)
            )


def _in_json(meter: Meter) -> dict[str, Any]:
    return asdict(meter) | {"resets_at": _written(meter.resets_at)}


def _in_words(meter: Meter) -> str:
    empty = f", all free at {_written(meter.resets_at)}" if meter.resets_at else ""
    return f"{meter.used} of {meter.limit}{empty}"


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
