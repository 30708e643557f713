"""Calendar feeds: the last possible days of connections, in somebody's own calendar program."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class CalendarFeed(models.Model):
    """The address of somebody's feed. Its token is kept as a hash only; one live feed a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    read_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "calendar feed"
        ordering = ["-created_at", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint("user", condition=Q(revoked_at__isnull=True), name="calendar_feed_one_live_a_user"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("created_at")),
                name="calendar_feed_revoked_after_it_was_made",
            ),
        ]

    def __str__(self) -> str:
        return f"calendar feed {self.pk}"
