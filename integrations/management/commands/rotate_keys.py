"""``manage.py rotate_keys``: seal everything again under the first key of PORTAL_KEYS."""

from dataclasses import asdict
from typing import Any

from integrations.management.base import PortalCommand
from integrations.services import rotation


class Command(PortalCommand):
    help = (
        "Seal everything again under the first key of PORTAL_KEYS, in batches; may be stopped and run again. "
        "Then says which keys are still needed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        closed = 0
        for progress in rotation.rotate(by=self.actor):
            self.line(**asdict(progress))
            closed += len(progress.cannot_open)
        needed = rotation.keys_needed()
        self.line(keys_needed=list(needed.needed), keys_removable=list(needed.removable))
        if closed:
            self.refuse(f"{closed} rows cannot be opened with the present keys and were left as they are.")
