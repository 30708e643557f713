"""``manage.py migrate``: Django's own, with the SQLite file copied aside before it is changed."""

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS

from integrations.services import database


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        ours = options.get("database") in {None, DEFAULT_DB_ALIAS} and not options.get("plan")
        if ours and database.pending_migrations() and (copy := database.copy_aside()):
            self.stdout.write(f"The database was copied to {copy} before the migration.")
        super().handle(*args, **options)
        if ours:
            call_command("createcachetable", verbosity=0)
