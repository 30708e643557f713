"""A test of an app's keys: what Exact was asked, and what came back."""

import uuid
from collections.abc import Iterable
from typing import Final

from django.db import models
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.utils import timezone

from integrations.exact.key_test import Verdict
from integrations.models.actors import ActorField
from integrations.models.application import Application
from integrations.models.client_secret import ClientSecret

VERDICTS: Final = ["", *(str(verdict) for verdict in Verdict)]


class KeyTestQuerySet(models.QuerySet["KeyTest"]):
    def of_present_keys(self) -> "KeyTestQuerySet":
        """Return those of the Client ID, the Redirect URL and the newest secret that stand now: what a test would ask
        about."""
        stored = ClientSecret.objects.stored().filter(application=OuterRef("application")).order_by()
        newest = stored.values("application").annotate(newest=Max("version")).values("newest")
        return self.filter(
            client_id=F("application__client_id"),
            redirect_uri=F("application__redirect_uri"),
            secret_version=Subquery(newest),
        )

    def latest_of(self, applications: Iterable[Application]) -> "KeyTestQuerySet":
        """Return of each app the latest among these, by one query; of some there is none."""
        last = self.filter(application=OuterRef("pk")).order_by("-asked_at", "-id").values("pk")[:1]
        apps = Application.objects.filter(pk__in=[application.pk for application in applications]).order_by()
        return self.filter(pk__in=apps.values_list(Subquery(last)))


class KeyTest(models.Model):
    """Two questions to Exact about the keys as they were at that moment: other keys are not tested by it.

    The row is written before anything is asked, so that a test which died counts among the few that an hour allows.
    A verdict is empty until there is one. Both are stored together: the second alone is empty where it was not asked.
    The rows stay as long as their app.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="key_tests")
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    asked_by = ActorField()
    client_id = models.CharField(max_length=36, editable=False)
    redirect_uri = models.CharField(max_length=500, editable=False)
    secret_version = models.PositiveIntegerField(editable=False)
    client_verdict = models.CharField(max_length=20, blank=True, editable=False)
    client_said = models.CharField(max_length=200, blank=True, editable=False)
    client_evidence = models.CharField(max_length=300, blank=True, editable=False)
    secret_verdict = models.CharField(max_length=20, blank=True, editable=False)
    secret_said = models.CharField(max_length=200, blank=True, editable=False)
    secret_evidence = models.CharField(max_length=300, blank=True, editable=False)

    objects = KeyTestQuerySet.as_manager()

    class Meta:
        verbose_name = "test of keys"
        verbose_name_plural = "tests of keys"
        ordering = ["-asked_at", "-id"]
        default_permissions = ()
        indexes = [models.Index(fields=["application", "-asked_at"], name="key_test_by_app")]
        constraints = [
            models.CheckConstraint(
                condition=Q(client_verdict__in=VERDICTS) & Q(secret_verdict__in=VERDICTS),
                name="key_test_verdict_is_known",
            ),
            models.CheckConstraint(condition=Q(secret_version__gte=1), name="key_test_of_a_secret"),
            models.CheckConstraint(condition=~Q(client_id="") & ~Q(redirect_uri=""), name="key_test_of_an_app"),
            models.CheckConstraint(condition=ActorField.well_formed("asked_by"), name="key_test_asked_by_is_known"),
        ]

    def __str__(self) -> str:
        return f"test of keys {self.asked_at:%F %T}"
