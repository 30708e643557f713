"""Runs of the clearing that retention asks for."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from integrations.models.actors import ActorField


class RetentionRunQuerySet(models.QuerySet["RetentionRun"]):
    def running(self) -> "RetentionRunQuerySet":
        return self.filter(state=RetentionRun.State.RUNNING)


class RetentionRun(models.Model):
    """One run: what went. Its counts are written with each chunk, so that they are true wherever it was stopped.

    One runs at a time. Whoever finds one that has not said ``alive_at`` for long ends it and takes its place.
    """

    class State(models.TextChoices):
        RUNNING = "running", "At work"
        DONE = "done", "Finished"
        STOPPED = "stopped", "Stopped before it was finished"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    by = ActorField()
    started_at = models.DateTimeField(default=timezone.now)
    alive_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    went = models.JSONField(default=dict, help_text="How many rows of each kind went.")

    objects = RetentionRunQuerySet.as_manager()

    class Meta:
        verbose_name = "clearing"
        ordering = ["-started_at", "-id"]
        default_permissions = ()
        indexes = [models.Index(fields=["ended_at"], name="retention_run_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="retention_one_run_at_a_time"),
            models.CheckConstraint(
                condition=Q(state="running", ended_at__isnull=True)
                | Q(state__in=["done", "stopped"], ended_at__isnull=False),
                name="retention_run_ended_or_running",
            ),
            models.CheckConstraint(
                condition=Q(alive_at__gte=F("started_at"))
                & (Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at"))),
                name="retention_run_goes_forward",
            ),
            models.CheckConstraint(condition=ActorField.well_formed("by"), name="retention_run_by_is_known"),
        ]

    def __str__(self) -> str:
        return f"clearing of {self.started_at:%F}"

    @property
    def rows(self) -> int:
        return sum(self.went.values())
