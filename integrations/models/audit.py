"""Who did what: events that are written once and never changed."""

import uuid
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.actors import ActorField
from integrations.rules.activity import Filter, Place
from integrations.rules.actors import Actor


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def about(self, subject: models.Model) -> "AuditEventQuerySet":
        return self.filter(object_type=subject._meta.model_name, object_id=str(subject.pk))

    def matching(self, wanted: Filter) -> "AuditEventQuerySet":
        """Return what a filter means."""
        conditions = {
            "actor": wanted.actor,
            "action": wanted.action,
            "object_type": wanted.object_type,
            "object_id": wanted.object_id,
            "at__gte": wanted.since,
            "at__lt": wanted.until,
        }
        return self.filter(**{name: value for name, value in conditions.items() if value})

    def older_than(self, place: Place | None) -> "AuditEventQuerySet":
        """Return what stands behind ``place`` in the list; everything where that is None.

        The first condition alone is what an index can follow.
        """
        if place is None:
            return self
        return self.filter(at__lte=place.at).filter(Q(at__lt=place.at) | Q(id__lt=place.id))

    def record(
        self, action: str, subject: models.Model, *, by: Actor, details: dict[str, Any] | None = None
    ) -> "AuditEvent":
        """Add one event; call it inside the transaction of the change that it tells of."""
        return self.create(
            action=action,
            object_type=subject._meta.model_name or "",
            object_id=str(subject.pk),
            actor=str(by),
            details=details or {},
        )


class AuditEvent(models.Model):
    """One thing that a person did, or one change of a status. Names people and customers by id only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False)
    actor = ActorField()
    action = models.CharField(max_length=60, help_text="Such as application.enabled.")
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=40)
    details = models.JSONField(default=dict, blank=True, help_text="What changed; never a secret or a name.")

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = "event"
        verbose_name_plural = "events"
        ordering = ["-at", "-id"]
        default_permissions = ("view",)
        permissions = [("export_auditevent", "Can export events")]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_by_object"),
            models.Index(fields=["actor", "-at"], name="audit_by_actor"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
        ]
        constraints = [
            models.CheckConstraint(condition=ActorField.well_formed("actor"), name="audit_actor_is_known"),
            models.CheckConstraint(
                condition=~Q(action="") & ~Q(object_type="") & ~Q(object_id=""),
                name="audit_says_what_to_which",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self._refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    @property
    def place(self) -> Place:
        return Place(self.at, self.pk)

    def _refuse(self) -> NoReturn:
        raise TypeError("An event is written once: it is neither changed nor deleted.")
