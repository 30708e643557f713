"""An app: one registration at Exact, and the sealed versions of its secret."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import Exact
from django.utils import timezone

from integrations.crypto import Place
from integrations.exact import regions
from integrations.models.actors import ActorField

GUID_LENGTH = 36


class Kind(models.TextChoices):
    PRODUCT = "product", "Product app"
    TESTING = "testing", "Testing app"


class ApplicationQuerySet(models.QuerySet["Application"]):
    def enabled(self) -> "ApplicationQuerySet":
        return self.filter(enabled_at__isnull=False)

    def awake(self) -> "ApplicationQuerySet":
        """Return those that were made for the Exact which this portal talks to; the others sleep."""
        here = Q(pk__in=[])
        for code, origin in settings.EXACT_ORIGINS.items():
            here |= Q(region=code, origin=origin)
        return self.filter(here)

    def with_secrets(self) -> "ApplicationQuerySet":
        """Load the secrets in use with one query, as ``stored_secrets``."""
        stored = ClientSecret.objects.stored()
        return self.prefetch_related(models.Prefetch("secrets", queryset=stored, to_attr="stored_secrets"))


def region_choices() -> list[tuple[str, str]]:
    return [(region.code, region.title) for region in regions.REGIONS]


class Application(models.Model):
    """One registration at Exact: in one region, as a product or a testing app."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # No choices on the column: a further region is a release of exact/, not a migration.
    region = models.CharField(max_length=10, help_text="The country whose Exact Online the app is registered at.")
    kind = models.CharField(
        max_length=10,
        choices=Kind.choices,
        default=Kind.PRODUCT,
        help_text="A product app serves customers, after Exact's review and permission. "
        "A testing app works for your own Exact subscription only.",
    )
    name = models.CharField(
        max_length=100,
        help_text="As registered at Exact. Customers see it while they connect: let it name your organization.",
    )
    origin = models.CharField(
        max_length=200, editable=False, help_text="Scheme, host and port of the Exact it was made for; fixed."
    )
    client_id = models.CharField(
        "Client ID",
        max_length=GUID_LENGTH,
        null=True,
        blank=True,
        help_text="A GUID, from Manage my apps at Exact.",
    )
    redirect_uri = models.CharField("redirect URL", max_length=500, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = ActorField()
    enabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    enabled_by = ActorField(blank=True)

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "app"
        verbose_name_plural = "apps"
        ordering = ["region", "name", "id"]
        permissions = [
            ("enable_application", "Can enable and disable an app"),
            ("set_keys", "Can enter and replace an app's keys"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("client_id"),
                "region",
                name="application_client_id_once_a_region",
                violation_error_message="Another app of this region has this Client ID already.",
            ),
            models.CheckConstraint(
                condition=Q(client_id__isnull=True) | Q(Exact(Length("client_id"), GUID_LENGTH)),
                name="application_client_id_is_a_guid",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="application_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(region="") & ~Q(name="") & ~Q(redirect_uri=""),
                name="application_is_named_and_placed",
            ),
            models.CheckConstraint(
                condition=Q(origin__startswith="https://") | Q(origin__startswith="http://"),
                name="application_origin_is_a_url",
            ),
            models.CheckConstraint(
                condition=Q(enabled_at__isnull=True, enabled_by="")
                | (Q(enabled_at__isnull=False) & ActorField.well_formed("enabled_by")),
                name="application_enabled_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(enabled_at__isnull=True) | Q(client_id__isnull=False),
                name="application_enabled_has_a_client_id",
                violation_error_message="An enabled app needs its Client ID. Disable it first.",
            ),
            models.CheckConstraint(
                condition=ActorField.well_formed("created_by"), name="application_created_by_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def region_title(self) -> str:
        return regions.by_code(self.region).title

    @property
    def is_enabled(self) -> bool:
        return self.enabled_at is not None

    @property
    def is_awake(self) -> bool:
        """Tell whether the app was made for the Exact which this portal talks to now."""
        return bool(self.origin == settings.EXACT_ORIGINS.get(self.region))

    @property
    def is_practice(self) -> bool:
        """Tell whether the app was made for another Exact than the published one."""
        return self.origin != regions.by_code(self.region).origin

    @property
    def comes_back_here(self) -> bool:
        """Tell whether Exact sends browsers to this portal; elsewhere people paste the address at which they ended."""
        return self.redirect_uri == self.default_redirect_uri()

    def default_redirect_uri(self) -> str:
        return f"{settings.PUBLIC_URL}/oauth/callback/{self.pk}/"


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
