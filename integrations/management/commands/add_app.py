"""``manage.py add_app``: an app from a terminal, by the same verbs as the pages."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from integrations.exact.regions import REGIONS
from integrations.management.base import PortalCommand
from integrations.management.key_options import add_key_options, read_secret
from integrations.models import Application, Kind
from integrations.services import applications, secrets


class Command(PortalCommand):
    help = "Add an app that is registered at Exact. Prints its id and the Redirect URL to enter at Exact."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", required=True, choices=[region.code for region in REGIONS])
        parser.add_argument("--kind", required=True, choices=Kind.values)
        parser.add_argument("--name", required=True, help="The App name as registered; customers see it.")
        add_key_options(parser)
        parser.add_argument("--enable", action="store_true", help="Enable it; needs both keys.")

    def handle(
        self,
        *args: Any,
        region: str,
        kind: str,
        name: str,
        client_id: str | None,
        secret_file: Path | None,
        enable: bool,
        **options: Any,
    ) -> None:
        secret = read_secret(secret_file)
        with transaction.atomic():
            application = Application(region=region, kind=kind, name=name, client_id=client_id)
            applications.add(application, by=self.actor)
            if secret is not None:
                secrets.set(application, secret, by=self.actor)
            if enable:
                applications.enable(application, by=self.actor)
        self.line(id=application.pk, redirect_url=application.redirect_uri)
