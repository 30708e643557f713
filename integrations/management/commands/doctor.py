"""``manage.py doctor``: is all well with the portal itself?"""

from dataclasses import asdict
from typing import Any

from integrations.management.base import PortalCommand
from integrations.services import health


class Command(PortalCommand):
    help = "Look at database, broker, keys and files. A line each; exit 0 only when all is well."

    def handle(self, *args: Any, **options: Any) -> None:
        ill = 0
        for finding in health.doctor():
            self.line(**asdict(finding))
            ill += not finding.ok
        if ill:
            self.refuse(f"{ill} of these need you; “mend” says what to do.")
