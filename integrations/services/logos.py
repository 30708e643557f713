"""The organization's logo: one row, or none."""

import hashlib

from integrations.models import Organization, OrganizationLogo
from integrations.rules.images import Picture


def current() -> OrganizationLogo | None:
    """Return the logo without its content."""
    return OrganizationLogo.objects.defer("content").first()


def keep(organization: Organization, picture: Picture) -> OrganizationLogo:
    """Store the logo in place of the one before. Whoever calls records the event."""
    logo, _ = OrganizationLogo.objects.update_or_create(
        organization=organization,
        defaults={
            "content": picture.content,
            "media_type": picture.media_type,
            "width": picture.width,
            "height": picture.height,
            "digest": hashlib.sha256(picture.content).hexdigest(),
        },
    )
    return logo


def remove() -> None:
    OrganizationLogo.objects.all().delete()
