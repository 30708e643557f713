"""The sealed versions of an app's secret."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from integrations.crypto import Place
from integrations.models.actors import ActorField
from integrations.models.application import Application


class ClientSecretQuerySet(models.QuerySet["ClientSecret"]):
    def stored(self) -> "ClientSecretQuerySet":
        """Return the versions that still hold a secret, the one in use first."""
        return self.exclude(status=ClientSecret.Status.RETIRED).order_by("application", "status", "-version")


class ClientSecret(models.Model):
    """A sealed version of an app's secret. Only ``services.secrets`` opens it.

    The *current* one is used. A *newer* one waits beside a current one that Exact has proven to work: it is
    tried when Exact refuses the current one. A *retired* one holds no secret any more, only its history.
    """

    class Status(models.TextChoices):
        CURRENT = "current", "In use"
        NEWER = "newer", "Newer, not yet proven"
        RETIRED = "retired", "Replaced"

    PURPOSE = "client_secret.sealed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="secrets")
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices)
    sealed = models.TextField(editable=False)
    fingerprint = models.CharField(max_length=20, editable=False)
    set_at = models.DateTimeField(default=timezone.now, editable=False)
    set_by = ActorField()
    proven_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ClientSecretQuerySet.as_manager()

    class Meta:
        verbose_name = "Client secret"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint("application", "version", name="client_secret_version_once_an_app"),
            models.UniqueConstraint(
                "application", condition=Q(status="current"), name="client_secret_one_current_an_app"
            ),
            models.UniqueConstraint("application", condition=Q(status="newer"), name="client_secret_one_newer_an_app"),
            models.CheckConstraint(
                condition=Q(status__in=["current", "newer", "retired"]), name="client_secret_status_is_known"
            ),
            models.CheckConstraint(
                condition=(Q(status="retired") & Q(sealed="")) | (~Q(status="retired") & Q(sealed__startswith="v1.")),
                name="client_secret_sealed_until_retired",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="client_secret_version_counts_from_one"),
            models.CheckConstraint(condition=~Q(fingerprint=""), name="client_secret_has_a_fingerprint"),
            models.CheckConstraint(condition=ActorField.well_formed("set_by"), name="client_secret_set_by_is_known"),
            models.CheckConstraint(
                condition=Q(proven_at__isnull=True) | Q(proven_at__gte=F("set_at")),
                name="client_secret_proven_after_set",
            ),
        ]

    def __str__(self) -> str:
        return f"secret {self.fingerprint}"

    def __repr__(self) -> str:
        return f"<ClientSecret {self.pk} version {self.version} {self.status}>"

    def place(self) -> Place:
        return Place(self.PURPOSE, self.pk, self.version)
