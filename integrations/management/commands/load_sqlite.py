"""``manage.py load_sqlite``: moves everything from SQLite to PostgreSQL."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.services import moving


class Command(PortalCommand):
    help = (
        "Copy everything from a SQLite file (a backup) into the new PostgreSQL database of DATABASE_URL, "
        "and open every sealed value there. All or nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="file", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        self.line(**asdict(moving.move_in(file)))
