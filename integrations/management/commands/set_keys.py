"""``manage.py set_keys``: enter or replace an app's keys from a terminal."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db import transaction

from integrations.management.base import PortalCommand
from integrations.management.key_options import add_key_options, read_secret
from integrations.models import Application
from integrations.services import applications, secrets


class Command(PortalCommand):
    help = "Enter or replace the keys of an app. Prints its id and the fingerprints of its stored secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", required=True, type=UUID, help="The id that add_app printed.")
        add_key_options(parser)
        parser.add_argument("--enable", action="store_true", help="Enable it, too; needs both keys.")

    def handle(
        self,
        *args: Any,
        app: UUID,
        client_id: str | None,
        secret_file: Path | None,
        enable: bool,
        **options: Any,
    ) -> None:
        secret = read_secret(secret_file)
        application = Application.objects.filter(pk=app).first()
        if application is None:
            self.refuse(f"There is no app {app}.")
        with transaction.atomic():
            if client_id is not None:
                application.client_id = client_id
                applications.change(application, by=self.actor)
            if secret is not None:
                secrets.set(application, secret, by=self.actor)
            if enable and not application.is_enabled:
                applications.enable(application, by=self.actor)
        fingerprints = [stored.fingerprint for stored in secrets.stored(application)]
        self.line(id=application.pk, client_id=application.client_id, fingerprints=fingerprints)
