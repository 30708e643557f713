"""Ourselves: the company whose staff use the portal."""

import zoneinfo
from typing import Final

from django.core.exceptions import ValidationError
from django.db import models

from integrations.exact.regions import REGIONS

ONLY_ID: Final = 1


def default_time_zone() -> str:
    return REGIONS[0].time_zone


def validate_time_zone(name: str) -> None:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValidationError("There is no time zone of this name. An example: Europe/Amsterdam.") from None


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def ours(self) -> "Organization":
        """Return the one row, or an unsaved one with the defaults before anybody filled it in."""
        return self.first() or Organization()


class Organization(models.Model):
    """Ourselves, one row: what customers and pages say about us."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    name = models.CharField(max_length=120, help_text="As customers know you. Link pages and letters will say it.")
    support_email = models.EmailField("support e-mail", blank=True)
    support_phone = models.CharField(max_length=40, blank=True)
    privacy_policy_url = models.URLField("privacy policy URL", blank=True)
    time_zone = models.CharField(
        max_length=60,
        default=default_time_zone,
        validators=[validate_time_zone],
        help_text="Pages show times in this zone.",
    )

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "organization"
        permissions = [("view_portal", "Can see the portal's own health")]
        constraints = [
            models.CheckConstraint(condition=models.Q(id=ONLY_ID), name="organization_is_one_row"),
            models.CheckConstraint(condition=~models.Q(name=""), name="organization_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name or "Organization"
