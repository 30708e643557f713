"""Whom support phones."""

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.actors import ActorField
from integrations.models.folded import FoldedField
from integrations.rules.customers import ERASED


class Language(models.TextChoices):
    DUTCH = "nl", "Dutch"
    ENGLISH = "en", "English"


class Customer(models.Model):
    """Somebody whom we serve; owns companies. Never deleted: an erased one keeps its id and nothing else."""

    PERSONAL: Final = ("reference", "contact_name", "contact_email", "contact_phone", "note")
    """What erasing empties, beside the name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    name_key = FoldedField(source="name")
    reference = models.CharField(
        "our reference", max_length=60, blank=True, help_text="Your own number or code of this customer."
    )
    reference_key = FoldedField(source="reference")
    language = models.CharField(
        max_length=2, choices=Language.choices, default=Language.DUTCH, help_text="What you write to them in."
    )
    contact_name = models.CharField("contact", max_length=120, blank=True, help_text="Whom support asks for.")
    contact_email = models.EmailField("contact's e-mail", blank=True)
    contact_phone = models.CharField("contact's phone", max_length=40, blank=True)
    note = models.TextField(max_length=2000, blank=True, help_text="For your colleagues; the customer never sees it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = ActorField()
    disconnected_at = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "customer"
        ordering = ["name_key", "id"]
        default_permissions = ("view", "add", "change")
        permissions = [("erase_customer", "Can erase a customer's personal data")]
        indexes = [
            models.Index(fields=["name_key"], name="customer_gone", condition=Q(disconnected_at__isnull=False))
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="customer_has_a_name"),
            models.CheckConstraint(condition=ActorField.well_formed("created_by"), name="customer_created_by_is_known"),
            models.UniqueConstraint(
                fields=["reference_key"],
                condition=~Q(reference_key=""),
                name="customer_reference_once",
                violation_error_message="Another customer has this reference already.",
            ),
            models.CheckConstraint(condition=Q(language__in=["nl", "en"]), name="customer_language_is_known"),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True)
                | Q(
                    name=ERASED,
                    reference="",
                    contact_name="",
                    contact_email="",
                    contact_phone="",
                    note="",
                    disconnected_at__isnull=False,
                ),
                name="customer_erased_holds_nothing",
            ),
        ]

    def __str__(self) -> str:
        return self.name
