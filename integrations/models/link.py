"""Link pages, and the states of authorizations that went to Exact from them."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations.models.actors import ActorField
from integrations.models.application import Application


class LinkPage(models.Model):
    """A page on which somebody connects: for a customer, or for us. Its token is kept as a hash only.

    An import from a former system has one too, which nobody can open: it says for whom the import is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="links")
    customer = models.ForeignKey(
        "integrations.Customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="links",
        help_text="None: for us.",
    )
    connection = models.ForeignKey(
        "integrations.Connection",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="links",
        help_text="What came of it.",
    )
    tried_because = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="Why staff let a customer try although no permission is recorded; empty: they did not.",
    )
    replaces = models.ForeignKey(
        "integrations.Connection",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="replacements",
        help_text="The connection that ends once another user has connected by this page.",
    )
    brought = models.CharField(
        max_length=9,
        blank=True,
        editable=False,
        help_text="The keyed mark of the refresh token that was brought from a former system: then it is an import, "
        "and nobody can open the page. Empty: a page on which somebody connects.",
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = ActorField()
    expires_at = models.DateTimeField()
    connected_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_by = ActorField(blank=True)

    class Meta:
        verbose_name = "link page"
        default_permissions = ()
        indexes = [models.Index(Coalesce("connected_at", "expires_at"), name="link_by_end")]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="link_expires_after_it_was_made"),
            models.CheckConstraint(condition=ActorField.well_formed("created_by"), name="link_created_by_is_known"),
            models.CheckConstraint(
                condition=Q(tried_because="") | Q(customer__isnull=False), name="link_tried_for_a_customer"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by="")
                | (Q(revoked_at__isnull=False) & ActorField.well_formed("revoked_by")),
                name="link_revoked_at_and_by",
            ),
            models.UniqueConstraint(
                "application",
                "brought",
                condition=~Q(brought="") & Q(revoked_at__isnull=True),
                name="link_brings_a_token_once",
            ),
        ]

    def __str__(self) -> str:
        return f"link page {self.pk}"


class AuthorizationState(models.Model):
    """One way to Exact and back (RFC 6749 §10.12): used once, by the browser that went."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(LinkPage, on_delete=models.CASCADE, related_name="states")
    state_hash = models.CharField(max_length=64, unique=True, editable=False)
    browser_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "authorization state"
        default_permissions = ()
        indexes = [models.Index(fields=["created_at"], name="state_by_time")]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="state_expires_after_it_was_made")
        ]

    def __str__(self) -> str:
        return f"authorization state {self.pk}"
