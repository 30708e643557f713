"""``manage.py new_password``: what `make password` calls."""

from typing import Any

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.services import accounts


class Command(PortalCommand):
    help = "Set a new random password for an account, and print it once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", help="The account; the first administrator unless given.")

    def handle(self, *args: Any, user: str | None, **options: Any) -> None:
        login = accounts.new_password(user, by=self.actor)
        self.line(user=login.username, password=login.password)
