"""``manage.py review_evidence``: the evidence of one round of the review, as a ZIP."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from integrations.management.base import PortalCommand
from integrations.models import Review
from integrations.services import review_evidence


class Command(PortalCommand):
    help = (
        "Write the evidence of one round of an app's Data & Security Review to a new file, for this user only: a page, "
        "JSON and tables of answers, scopes, findings and history. No secret is in it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", type=UUID, required=True, help="The app's id.")
        parser.add_argument("--round", type=int, metavar="N", help="Which round; the newest unless set.")
        parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="A new file, or a folder.")

    def handle(self, *args: Any, app: UUID, round: int | None, output: Path, **options: Any) -> None:  # noqa: A002
        rows = Review.objects.filter(application=app).select_related("application").order_by("-number")
        review = rows.first() if round is None else rows.filter(number=round).first()
        if review is None:
            self.refuse(f"App {app} has no round{'' if round is None else f' {round}'} of the review.")
        path = (output / review_evidence.name(review) if output.is_dir() else output).absolute()
        if path.exists():
            self.refuse(f"{path} is there already; nothing was overwritten.")
        content = review_evidence.pack(review, by=self.actor)
        self._write(path, content)
        self.line(path=str(path), bytes=len(content), round=review.number, state=review.state)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            self.refuse(f"{path} is there already; nothing was overwritten.")
        except OSError as error:
            self.refuse(f"{path} cannot be written ({error.strerror}).")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except OSError as error:
            path.unlink(missing_ok=True)
            self.refuse(f"{path} cannot be written ({error.strerror}). Nothing was left there.")
