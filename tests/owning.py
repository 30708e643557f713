"""Who owns the tokens in the database that a test uses."""

from typing import Any

from django.utils import timezone

from integrations.models import Installation
from integrations.rules.actors import PORTAL
from integrations.services import installation


def own(**columns: Any) -> None:
    """Make this process's installation the owner, without a word; ``columns`` make it somebody else."""
    values = installation._values(installation.standing().here, PORTAL, timezone.now())
    Installation.objects.update_or_create(defaults={**values, **columns})
