"""Calls: the one row that admits a call, and what was called."""

import uuid
from typing import Final

from django.db import models
from django.db.models import Q

from integrations.exact.limits import DAILY_LIMIT, MINUTELY_LIMIT
from integrations.models.application import Application
from integrations.rules.usage import NO_STAMP


def empty_ring() -> str:
    return NO_STAMP * MINUTELY_LIMIT


class UsageWindow(models.Model):
    """The one row of an app and a company that admits a call.

    ``minute_ring`` holds one 13-digit stamp (epoch milliseconds) for each call of the limit, oldest first: a
    call is admitted where the oldest stamp is 66 s old. ``day`` is the UTC day as a number (days since 1970).
    What Exact's own headers said stands beside it; null is unknown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="usage_windows")
    division = models.PositiveIntegerField()
    minute_limit = models.PositiveIntegerField(default=MINUTELY_LIMIT)
    minute_ring = models.TextField(default=empty_ring)
    day = models.PositiveIntegerField(default=0)
    day_limit = models.PositiveIntegerField(default=DAILY_LIMIT)
    day_used = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True, blank=True, help_text="Exact refused with 429 until then.")
    blocked_by = models.CharField(max_length=10, blank=True)
    exact_minute_remaining = models.PositiveIntegerField(null=True, blank=True)
    exact_minute_resets_at = models.DateTimeField(null=True, blank=True)
    exact_day_remaining = models.PositiveIntegerField(null=True, blank=True)
    exact_day_resets_at = models.DateTimeField(null=True, blank=True)
    notes = models.JSONField(default=list, help_text="Headers that could not be believed, of the last answer.")

    class Meta:
        verbose_name = "usage window"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint("application", "division", name="usage_window_once_an_app_and_company"),
            models.CheckConstraint(
                condition=Q(minute_limit__gte=1) & Q(day_limit__gte=1), name="usage_window_limits_are_counts"
            ),
            models.CheckConstraint(
                condition=Q(blocked_until__isnull=True, blocked_by="")
                | (Q(blocked_until__isnull=False) & ~Q(blocked_by="")),
                name="usage_window_blocked_until_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"usage of {self.division}"


class UsageCount(models.Model):
    """What was called: per app, company, connection, endpoint and purpose, in one minute (UTC).

    Older minutes are folded into hours, and those into days: ``span`` says which one begins at ``minute``.
    """

    class Span(models.TextChoices):
        MINUTE = "minute", "Minute"
        HOUR = "hour", "Hour"
        DAY = "day", "Day"

    NO_CONNECTION: Final = uuid.UUID(int=0)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="usage_counts")
    division = models.PositiveIntegerField()
    # No foreign key: a null would not collide with a null in the unique constraint, and counts outlive rows.
    connection_id = models.UUIDField(default=NO_CONNECTION)
    endpoint = models.CharField(max_length=120, blank=True)
    purpose = models.CharField(max_length=30)
    span = models.CharField(max_length=6, choices=Span.choices, default=Span.MINUTE)
    minute = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "usage count"
        default_permissions = ()
        indexes = [models.Index(fields=["span", "minute"], name="usage_count_by_span")]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "division", "span", "minute", "purpose", "endpoint", "connection_id"],
                name="usage_count_once_a_minute_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(errors__lte=models.F("calls")) & Q(refusals__lte=models.F("calls")),
                name="usage_count_errors_are_calls",
            ),
            models.CheckConstraint(condition=Q(span__in=["minute", "hour", "day"]), name="usage_count_span_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.calls} calls in {self.division}"
