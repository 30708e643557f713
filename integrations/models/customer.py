"""Whom support phones."""

import uuid

from django.db import models
from django.utils import timezone

from integrations.models.actors import ActorField


class Customer(models.Model):
    """Somebody whom we serve; owns companies."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, db_index=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = ActorField()

    class Meta:
        verbose_name = "customer"
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="customer_has_a_name"),
            models.CheckConstraint(condition=ActorField.well_formed("created_by"), name="customer_created_by_is_known"),
        ]

    def __str__(self) -> str:
        return self.name
