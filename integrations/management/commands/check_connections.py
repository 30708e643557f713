"""``manage.py check_connections``: run checks now, in this process."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.models import Application, Connection
from integrations.services import checks, installation


class Command(PortalCommand):
    help = "Run checks now, in this process. A line each; exit 0 when all ran, whatever they found."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", type=UUID, help="Only the connections of this app.")
        parser.add_argument("--connection", type=UUID, help="Only this connection.")

    def handle(self, *args: Any, app: UUID | None, connection: UUID | None, **options: Any) -> None:
        installation.refuse_standby()
        rows = Connection.objects.linked().select_related("application").order_by("created_at")
        if app is not None:
            if not Application.objects.filter(pk=app).exists():
                self.refuse(f"There is no app {app}.")
            rows = rows.filter(application_id=app)
        if connection is not None:
            rows = Connection.objects.select_related("application").filter(pk=connection)
            if not rows.exists():
                self.refuse(f"There is no connection {connection}.")
        for row in rows.iterator(chunk_size=100):
            check = checks.run(row, by=self.actor)
            self.line(
                connection=row.pk,
                app=row.application_id,
                ok=check.ok,
                cause=check.cause or None,
                calls=check.calls,
                checked_at=check.checked_at.isoformat(),
            )
