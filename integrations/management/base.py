"""What the portal's own commands share: JSON lines, exit codes, and who runs them."""

import getpass
import json
import os
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.rules.actors import Actor
from integrations.services.keyring import WrongKeyRing
from integrations.services.refusals import Refused
from integrations.services.token_errors import StandingBy


class PortalCommand(BaseCommand):
    """Prints JSON lines, or ``name: value`` with ``--text``; exits 1 where it refuses, 2 for a wrong call."""

    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.allow_abbrev = False  # --secret would be taken for --secret-file
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="JSON lines, for scripts (the default).")
        form.add_argument("--text", action="store_true", help="Lines for people.")
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.as_text = bool(options.get("text"))
        try:
            return super().execute(*args, **options)
        except (Refused, StandingBy, WrongKeyRing) as error:
            self.refuse(str(error))

    def line(self, **values: Any) -> None:
        """Print one line of the answer."""
        if self.as_text:
            self.stdout.write("  ".join(f"{name}: {value}" for name, value in values.items()))
        else:
            self.stdout.write(json.dumps(values, default=str, ensure_ascii=False))

    def refuse(self, reason: str) -> NoReturn:
        raise CommandError(reason, returncode=1)

    @property
    def actor(self) -> Actor:
        """Return who runs the command: the user of the operating system, by name or by number."""
        try:
            return Actor.command(getpass.getuser())
        except (OSError, KeyError):
            return Actor.command(str(os.getuid()))
