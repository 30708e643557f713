"""``manage.py migrate``: Django's own, with the SQLite file copied aside before it is changed."""

from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS

from integrations.models import Installation
from integrations.rules.actors import PORTAL
from integrations.services import backups, database, installation
from integrations.services.refusals import Refused


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        looks = options.get("plan") or options.get("check_unapplied")
        ours = options.get("database") in {None, DEFAULT_DB_ALIAS} and not looks
        upgraded = ours and not database.has_table(Installation)
        changes = options.get("app_label") or database.pending_migrations()  # a named app may go back, too
        if ours and changes:
            self._copy_aside()
        super().handle(*args, **options)
        if ours:
            call_command("createcachetable", verbosity=0)
        if ours and not database.pending_migrations():
            installation.settle(by=PORTAL, upgraded=upgraded)

    def _copy_aside(self) -> None:
        """Copy the database first; without a copy nothing is migrated."""
        try:
            copy = backups.copy_aside()
        except Refused as refusal:
            raise CommandError(f"Nothing was migrated, for no copy could be made first. {refusal}") from None
        if copy:
            self.stdout.write(f"The database was copied to {copy} before the migration.")
