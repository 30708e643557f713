"""An app: one registration at Exact, and how it stands here and there."""

import uuid

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length, Lower
from django.db.models.lookups import Exact
from django.utils import timezone

from integrations.exact import regions
from integrations.models.actors import ActorField
from integrations.models.checked import CheckedTogether

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

    def in_use(self) -> "ApplicationQuerySet":
        """Return those whose links are kept alive: enabled or disabled, neither stopped nor archived."""
        return self.filter(stopped_at__isnull=True, archived_at__isnull=True)


def region_choices() -> list[tuple[str, str]]:
    return [(region.code, region.title) for region in regions.REGIONS]


class Application(CheckedTogether):
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
    version = models.PositiveIntegerField(
        default=1, editable=False, help_text="Grows with each change: a form filled in from an older one is refused."
    )

    # One of the three at most; none of them is "disabled".
    enabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    enabled_by = ActorField(blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Under Emergency stop since.")
    stopped_by = ActorField(blank=True)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    archived_by = ActorField(blank=True)

    # Exact said invalid_client to every secret: nobody asks it for tokens, but once an hour, until the keys change.
    keys_refused_at = models.DateTimeField(null=True, blank=True, editable=False)
    keys_tried_at = models.DateTimeField(null=True, blank=True, editable=False)

    # How it stands at Exact, which offers no interface to that: kept by hand.
    owner = models.CharField(
        "Exact subscription",
        max_length=120,
        blank=True,
        help_text="Whose subscription at Exact the app is registered under.",
    )
    caretakers = models.TextField(
        "colleagues who can sign in to Manage my apps",
        max_length=1000,
        blank=True,
        validators=[MaxLengthValidator(1000)],
        help_text="A name on each line. Two at least, so that one may leave.",
    )
    registered_redirect_uri = models.CharField("registered redirect URL", max_length=500, blank=True, editable=False)
    registered_at = models.DateTimeField(null=True, blank=True, editable=False)
    registered_by = ActorField(blank=True)
    existed_before = models.BooleanField(
        default=False, editable=False, help_text="It was registered at Exact before it was added here."
    )

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        verbose_name = "app"
        verbose_name_plural = "apps"
        ordering = ["region", "name", "id"]
        permissions = [
            ("enable_application", "Can enable and disable an app"),
            ("set_keys", "Can enter and replace an app's keys"),
            ("select_scopes", "Can choose an app's scopes"),
            ("prepare_review", "Can fill in a review"),
            ("record_review", "Can record the steps of a review and of permission"),
            ("link_without_permission", "Can try to connect a customer without recorded permission"),
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
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{done}_at__isnull": True, f"{done}_by": ""})
                    | (Q(**{f"{done}_at__isnull": False}) & ActorField.well_formed(f"{done}_by")),
                    name=f"application_{done}_at_and_by",
                )
                for done in ("enabled", "stopped", "archived", "registered")
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True, archived_at__isnull=True)
                | Q(enabled_at__isnull=True, archived_at__isnull=True)
                | Q(enabled_at__isnull=True, stopped_at__isnull=True),
                name="application_in_one_state",
            ),
            models.CheckConstraint(
                condition=Q(registered_at__isnull=True, registered_redirect_uri="")
                | (Q(registered_at__isnull=False) & ~Q(registered_redirect_uri="")),
                name="application_registered_with_a_url",
            ),
            models.CheckConstraint(
                condition=Q(keys_refused_at__isnull=True, keys_tried_at__isnull=True)
                | Q(
                    keys_refused_at__isnull=False,
                    keys_tried_at__isnull=False,
                    keys_tried_at__gte=F("keys_refused_at"),
                ),
                name="application_keys_refused_then_tried",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="application_version_counts_from_one"),
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
    def is_stopped(self) -> bool:
        return self.stopped_at is not None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_testing(self) -> bool:
        return self.kind == Kind.TESTING

    @property
    def caretaker_names(self) -> list[str]:
        return [name for line in self.caretakers.splitlines() if (name := " ".join(line.split()))]

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
