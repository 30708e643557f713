"""``manage.py keys``: which keys there are, and whether each is stored elsewhere."""

from typing import Any

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.services import key_copies


class Command(PortalCommand):
    help = (
        "List the keys of PORTAL_KEYS by name and fingerprint, or confirm that one is stored at another place. "
        "Never keep the keys beside a backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--stored-elsewhere",
            metavar="KEY",
            help="Confirm that this key is stored at another place, never beside a backup.",
        )

    def handle(self, *args: Any, stored_elsewhere: str | None, **options: Any) -> None:
        if stored_elsewhere is not None:
            key_copies.confirm(stored_elsewhere, by=self.actor)
        for copy in key_copies.all_():
            self.line(
                key=copy.key_id,
                fingerprint=copy.fingerprint,
                seals=copy.seals,
                stored_elsewhere_at=copy.confirmed_at.isoformat() if copy.confirmed_at else None,
                stored_elsewhere_by=copy.confirmed_by or None,
            )
