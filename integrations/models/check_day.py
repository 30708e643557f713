"""What stays of checks: a line for each connection and day."""

import uuid

from django.db import models
from django.db.models import F, Q

from integrations.models.connection import Connection


class CheckDay(models.Model):
    """The checks of a connection on one day (UTC), in sums."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="check_days")
    day = models.DateField()
    checks = models.PositiveIntegerField()
    failed = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0, help_text="Calls that Exact counts.")
    median_milliseconds = models.PositiveIntegerField()
    slowest_milliseconds = models.PositiveIntegerField()

    class Meta:
        verbose_name = "day of checks"
        verbose_name_plural = "days of checks"
        ordering = ["-day", "-id"]
        default_permissions = ()
        indexes = [models.Index(fields=["day"], name="check_day_by_day")]
        constraints = [
            models.UniqueConstraint(fields=["connection", "day"], name="check_day_once_a_connection"),
            models.CheckConstraint(
                condition=Q(checks__gte=1) & Q(failed__lte=F("checks")), name="check_day_failed_are_checks"
            ),
            models.CheckConstraint(
                condition=Q(median_milliseconds__lte=F("slowest_milliseconds")), name="check_day_median_is_not_slowest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checks} checks on {self.day}"
