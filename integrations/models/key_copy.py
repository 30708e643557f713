"""What staff said about copies of the keys."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.actors import ActorField


class KeyStoredElsewhere(models.Model):
    """Somebody confirmed that a key of PORTAL_KEYS is kept at another place too.

    The key is known by its fingerprint, which tells nothing of it: another key of the same name is not confirmed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_id = models.CharField(max_length=20, editable=False, help_text="Its name in PORTAL_KEYS, such as k1.")
    fingerprint = models.CharField(max_length=20, unique=True, editable=False)
    confirmed_at = models.DateTimeField(default=timezone.now, editable=False)
    confirmed_by = ActorField()

    class Meta:
        verbose_name = "confirmed key"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=~Q(key_id="") & ~Q(fingerprint=""), name="key_stored_elsewhere_is_named"),
            models.CheckConstraint(
                condition=ActorField.well_formed("confirmed_by"), name="key_stored_elsewhere_by_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} ({self.fingerprint})"
