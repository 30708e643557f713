"""``manage.py link``: a link page from a terminal."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser
from django.db import transaction

from integrations.management.base import PortalCommand
from integrations.management.customer_options import add_whom, whom
from integrations.models import Application
from integrations.services import links


class Command(PortalCommand):
    help = "Make a link page on which somebody connects: for us, or for a customer. Prints its url and expires_at."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", required=True, type=UUID, help="The id that add_app printed.")
        add_whom(parser)
        parser.add_argument(
            "--try-because",
            default="",
            metavar="TEXT",
            help="Let the customer try although no permission by Exact is recorded, and say why. One try at a time.",
        )

    def handle(
        self, *args: Any, app: UUID, customer: str | None, customer_id: UUID | None, try_because: str, **options: Any
    ) -> None:
        application = Application.objects.filter(pk=app).first()
        if application is None:
            self.refuse(f"There is no app {app}.")
        with transaction.atomic():
            found = whom(customer, customer_id, by=self.actor)
            made = links.make(application, by=self.actor, customer=found, tried_because=try_because)
        self.line(url=made.url, expires_at=made.page.expires_at.isoformat())
