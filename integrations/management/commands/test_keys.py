"""``manage.py test_keys``: ask Exact whether it knows an app and accepts its keys."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from integrations.exact.key_test import Verdict
from integrations.management.base import PortalCommand
from integrations.models import Application
from integrations.services import key_tests


class Command(PortalCommand):
    help = (
        "Ask Exact whether it knows an app and accepts its keys, three times an hour at most. Exit 0 when it does both."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", required=True, type=UUID, help="The id that add_app printed.")

    def handle(self, *args: Any, app: UUID, **options: Any) -> None:
        application = Application.objects.filter(pk=app).first()
        if application is None:
            self.refuse(f"There is no app {app}.")
        test = key_tests.run(application, by=self.actor)
        self.line(
            id=application.pk,
            client=test.client_verdict,
            secret=test.secret_verdict or None,
            tested_at=test.asked_at.isoformat(),
        )
        if key_tests.outcome(test) is not Verdict.ACCEPTED:
            not_good = [told for told in key_tests.told(test) if told.tone != "good"]
            self.refuse("\n".join(f"{told.question} {told.label}. {told.what_to_do}" for told in not_good))
