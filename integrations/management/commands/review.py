"""``manage.py review``: where an app's Data & Security Review stands, and what is wrong with it."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.models import Application, Review
from integrations.services import drifts, reviews


class Command(PortalCommand):
    help = (
        "Where the newest round of an app's Data & Security Review stands: a line for the round, one for each finding "
        "about it, and one for each thing in which the app now differs from what Exact approved."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", type=UUID, required=True, help="The app's id.")

    def handle(self, *args: Any, app: UUID, **options: Any) -> None:
        application = Application.objects.filter(pk=app).first()
        if application is None:
            self.refuse(f"There is no app {app}.")
        round_ = reviews.newest(application)
        if round_ is None:
            self.line(app=app, round=None, state=None)
        else:
            self._round(app, round_)
        for difference in drifts.of([application])[application.pk]:
            self.line(drift=difference)

    def _round(self, app: UUID, review: Review) -> None:
        clock = reviews.clock(review)
        self.line(
            app=app,
            round=review.number,
            state=review.state,
            sha256=review.submitted_hash or None,
            concerned=review.concerned,
            stages=[asdict(stage) for stage in clock.stages],
            with_exact=clock.with_exact,
            earlier=list(clock.earlier),
            remind=clock.remind,
        )
        for finding in reviews.findings(review):
            self.line(**asdict(finding))
