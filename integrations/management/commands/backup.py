"""``manage.py backup``: a consistent copy of the database while the portal runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.services import backups
from integrations.services.key_copies import NEVER_BESIDE


class Command(PortalCommand):
    help = (
        "Write a backup of the database to a new file, for this user only, and look whether it is sound. "
        "The keys (PORTAL_KEYS) are not in it: keep them elsewhere, never beside a backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", type=Path, metavar="PATH", help="A new file, or a folder; VAR_DIR/backups unless set."
        )

    def handle(self, *args: Any, to: Path | None, **options: Any) -> None:
        made = backups.back_up(to)
        backups.record(made, by=self.actor)
        self.line(
            path=str(made.path),
            bytes=made.bytes,
            database=made.database,
            version=made.version,
            keys=f"The keys (PORTAL_KEYS) are not in it. {NEVER_BESIDE}",
        )
        if backups.beside_the_keys(made.path):
            self.stderr.write("This backup lies beside the keys of var/env: take it to another machine.")
