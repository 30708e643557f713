"""Ourselves: the company whose staff use the portal."""

import zoneinfo
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from integrations.exact.regions import REGIONS

ONLY_ID: Final = 1
NO_ZONES: Final = frozenset({"Factory", "localtime"})
"""Files beside the zones, which say what this machine is set to."""


def default_time_zone() -> str:
    return REGIONS[0].time_zone


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones() - NO_ZONES:
        raise ValidationError("There is no time zone of this name. An example: Europe/Amsterdam.")


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def ours(self) -> "Organization":
        """Return the one row, or an unsaved one with the defaults before anybody filled it in."""
        return self.first() or Organization()


class Organization(models.Model):
    """Ourselves, one row: what customers and pages say about us."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    name = models.CharField(max_length=120, help_text="As customers know you. Link pages and letters will say it.")
    support_name = models.CharField("support contact", max_length=120, blank=True, help_text="A person or a desk.")
    support_email = models.EmailField("support e-mail", blank=True)
    support_phone = models.CharField(max_length=40, blank=True)
    privacy_policy_url = models.URLField("privacy policy URL", blank=True)
    time_zone = models.CharField(
        max_length=60,
        default=default_time_zone,
        validators=[validate_time_zone],
        help_text="Pages show times in this zone.",
    )
    remind_after_days = models.PositiveSmallIntegerField(
        "remind after",
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text="Days that a review or a request may be with Exact before pages remind of it.",
    )

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "organization"
        default_permissions = ("add", "change", "view")
        permissions = [
            ("view_portal", "Can see the portal's own health"),
            ("operate_portal", "Can operate the portal: retention, notices, confirmations"),
            ("claim_installation", "Can claim the installation"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(id=ONLY_ID), name="organization_is_one_row"),
            models.CheckConstraint(condition=~models.Q(name=""), name="organization_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(remind_after_days__gte=1, remind_after_days__lte=90),
                name="organization_reminds_in_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name or "Organization"


class OrganizationLogo(models.Model):
    """The logo, in the database because several hosts show it. Only what ``rules.images`` cleaned stands here."""

    organization = models.OneToOneField(
        Organization, primary_key=True, on_delete=models.CASCADE, related_name="logo", editable=False
    )
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content; stands in its address.")

    class Meta:
        verbose_name = "logo"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(media_type__in=["image/png", "image/jpeg"]), name="logo_is_an_image"
            ),
            models.CheckConstraint(
                condition=models.Q(width__gte=1, height__gte=1) & models.Q(Exact(Length("digest"), 64)),
                name="logo_has_size_and_digest",
            ),
        ]

    def __str__(self) -> str:
        return f"logo, {self.width} × {self.height}"
