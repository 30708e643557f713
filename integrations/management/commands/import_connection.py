"""``manage.py import_connection``: take a connection over from a former system."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db import transaction

from integrations.exact import token_answers
from integrations.management.base import PortalCommand
from integrations.management.customer_options import add_whom, whom
from integrations.management.key_options import read_secret
from integrations.models import Application, Connection
from integrations.services import imports


class Command(PortalCommand):
    help = (
        "Take a connection over by the refresh token of a former system, which has to be stopped first: whoever uses "
        "the token next ends it for the other. Prints its connection, status and user."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", required=True, type=UUID, help="The id that add_app printed.")
        add_whom(parser)
        parser.add_argument("--token-file", required=True, type=Path, metavar="F", help="- for standard input.")

    def handle(
        self, *args: Any, app: UUID, customer: str | None, customer_id: UUID | None, token_file: Path, **options: Any
    ) -> None:
        token = read_secret(token_file, longest=token_answers.LONGEST_TOKEN) or ""
        application = Application.objects.filter(pk=app).first()
        if application is None:
            self.refuse(f"There is no app {app}.")
        with transaction.atomic():
            found = whom(customer, customer_id, by=self.actor)
            kept = imports.keep(application, token, by=self.actor, customer=found)
        made = imports.finish(kept)
        self.line(connection=made.pk, status=made.status, user=made.full_name)
        if made.status == Connection.Status.PENDING:
            self.stderr.write("Exact gave no token yet. The import is kept, and goes on by itself for a day.")
