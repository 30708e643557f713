"""Scopes of an app: what we want (a row a scope), and what Exact has approved (a row each time)."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.exact.scopes import Level
from integrations.models.actors import ActorField
from integrations.models.application import Application


class ScopeSelection(models.Model):
    """How far we want one scope, and why. A scope without a row is at None; at None a row only keeps the reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="scope_selections")
    scope = models.CharField(max_length=60, help_text="group.resource, as Exact's form has it.")
    level = models.CharField(max_length=6)
    reason = models.CharField(max_length=300, blank=True, help_text="What the app needs it for.")

    class Meta:
        verbose_name = "scope"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["application", "scope"], name="scope_selected_once"),
            models.CheckConstraint(condition=Q(level__in=[str(level) for level in Level]), name="scope_level_is_known"),
            models.CheckConstraint(condition=~Q(level="none") | ~Q(reason=""), name="scope_at_none_has_a_reason"),
            models.CheckConstraint(condition=Q(scope__contains="."), name="scope_is_of_a_group"),
        ]

    def __str__(self) -> str:
        return f"{self.scope}: {self.level}"


class ScopeApproval(models.Model):
    """What Exact has approved of an app, from one day to the next approval. The newest number is what holds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="scope_approvals")
    number = models.PositiveIntegerField(editable=False)
    scopes = models.JSONField(help_text="group.resource to read or manage; absent is None.")
    approved_on = models.DateField(null=True, blank=True, help_text="None where nobody knows the day.")
    review = models.OneToOneField(
        "integrations.Review",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="approval",
        help_text="The round that Exact approved; none where it was written down as it stood.",
    )
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    recorded_by = ActorField()

    class Meta:
        verbose_name = "approval of scopes"
        verbose_name_plural = "approvals of scopes"
        ordering = ["application", "-number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["application", "number"], name="scope_approval_numbered"),
            models.CheckConstraint(condition=Q(number__gte=1), name="scope_approval_counts_from_one"),
            models.CheckConstraint(
                condition=ActorField.well_formed("recorded_by"), name="scope_approval_recorded_by_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"approval {self.number}"
