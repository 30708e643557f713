"""``manage.py retention``: clear what is older than its retention, or say what would go."""

from typing import Any

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.models import RetentionRun
from integrations.services import retention


class Command(PortalCommand):
    help = (
        "Clear what is older than its retention, as the scheduler does once a day; may be stopped and run again. "
        "A line for each kind; with --dry-run what would go, counted no further than 10,001."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Delete nothing; say what would go.")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if dry_run:
            for line in retention.outlook():
                self.line(kind=line.kind.name, days=line.kind.age.days, rows=line.rows, would_go=line.going)
            return
        run = retention.run(by=self.actor)
        for kind, rows in run.went.items():
            self.line(kind=kind, went=rows)
        self.line(run=run.pk, state=run.state, rows=run.rows)
        if run.state != RetentionRun.State.DONE:
            self.refuse("It was stopped before it was finished. Run it again to go on.")
