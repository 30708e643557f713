"""``manage.py claim_installation``: make this installation the owner of the tokens."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from integrations.management.base import PortalCommand
from integrations.rules.installation import CONFIRMATION, is_confirmed
from integrations.services import installation
from integrations.services.refusals import Refused


class Command(PortalCommand):
    help = (
        "Make this installation the owner of the tokens: after the portal moved, or a backup was restored. "
        "The other portal has to be stopped before, and stands by from then on. "
        "Prints the owner's id and what became of the original."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--yes", action="store_true", help="The other portal is stopped, and does not start again; else it asks."
        )

    def handle(self, *args: Any, yes: bool, **options: Any) -> None:
        standing = installation.standing()
        if standing.why_not_claimed:
            raise Refused(standing.why_not_claimed)
        if standing.reasons and not yes:
            self._ask()
        claimed = installation.claim(by=self.actor)
        self.line(
            owner=claimed.owner,
            claimed_at=claimed.claimed_at.isoformat(),
            original=claimed.original.value,
            detail=claimed.original.sentence,
        )

    def _ask(self) -> None:
        if not sys.stdin.isatty():
            raise CommandError("Say --yes once the other portal is stopped, and does not start again.", returncode=2)
        self.stderr.write(
            "Two portals that use the same tokens end every connection. Is the other portal stopped, and does it "
            f"not start again? Type {CONFIRMATION} to say so: ",
            ending="",
        )
        self.stderr.flush()
        if not is_confirmed(sys.stdin.readline()):
            self.refuse("Nothing was claimed.")
