"""Whom support phones."""

import uuid
from typing import Any, Final

from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Subquery, Value, When
from django.utils import timezone

from integrations.models.actors import ActorField
from integrations.models.checked import CheckedTogether
from integrations.models.connection import Access, Company, Connection, ConnectionCheck
from integrations.models.folded import FoldedField
from integrations.rules.customers import ERASED, State


class Language(models.TextChoices):
    DUTCH = "nl", "Dutch"
    ENGLISH = "en", "English"


class CustomerQuerySet(models.QuerySet["Customer"]):
    def in_state(self, state: State) -> "CustomerQuerySet":
        """Return those of whom ``rules.customers.state`` says this."""
        if state is State.ERASED:
            return self.filter(erased_at__isnull=False)
        if state is State.DISCONNECTED:
            return self.filter(disconnected_at__isnull=False, erased_at__isnull=True)
        worse = Q(pk__in=[])
        for present, condition in _conditions():
            if present is state:
                return self.filter(condition, ~worse, disconnected_at__isnull=True)
            worse |= condition
        return self.filter(~worse, disconnected_at__isnull=True)

    def counted_by_state(self) -> dict[State, int]:
        """Return of how many ``rules.customers.state`` says what, by one statement. Erased ones are left out."""
        gone = When(disconnected_at__isnull=False, then=Value(State.DISCONNECTED.value))
        cases = (When(condition, then=Value(state.value)) for state, condition in _conditions())
        state = Case(gone, *cases, default=Value(State.CONNECTED.value))
        rows = self.filter(erased_at__isnull=True).order_by().annotate(state=state).values_list("state")
        return {State(name): count for name, count in rows.annotate(Count("pk"))}


def _conditions() -> list[tuple[State, Q]]:
    """Return the states of who is not disconnected: the first that holds; where none does, he is connected."""
    unreached = Q(Exists(_companies().filter(~Exists(_living().filter(company=OuterRef("pk")))))) | ~Q(
        Exists(_companies())
    )
    return [
        (State.NOT_CONNECTED, ~Q(Exists(_accesses()))),
        (State.RECONNECT, Q(Exists(_telling().filter(connection__status="reconnect"))) & unreached),
        (State.VERIFYING, Q(Exists(_telling().filter(connection__status="verifying")))),
        (State.TROUBLE, unreached | Q(Exists(_failing()))),
    ]


def _companies() -> models.QuerySet[Company]:
    return Company.objects.filter(customer=OuterRef("pk"), use=Company.Use.USED)


def _accesses() -> models.QuerySet[Access]:
    return Access.objects.filter(company__customer=OuterRef("pk"), withdrawn_at__isnull=True)


def _telling() -> models.QuerySet[Access]:
    """Return accesses by connections that serve used companies; of whoever has none, all."""
    serving = Access.objects.filter(
        company__customer=OuterRef("company__customer"), company__use=Company.Use.USED, withdrawn_at__isnull=True
    )
    return _accesses().filter(Q(company__use=Company.Use.USED) | ~Q(Exists(serving)))


def _living() -> models.QuerySet[Access]:
    return Access.objects.filter(withdrawn_at__isnull=True).exclude(connection__status__in=Connection.ENDED)


def _failing() -> models.QuerySet[Any, Any]:
    """Return accesses by living connections whose last check failed."""
    last = ConnectionCheck.objects.filter(connection=OuterRef("connection")).order_by("-checked_at", "-id").values("ok")
    living = _telling().exclude(connection__status__in=Connection.ENDED)
    return living.annotate(last_ok=Subquery(last[:1])).filter(last_ok=False)


class Customer(CheckedTogether):
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

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = "customer"
        ordering = ["name_key", "id"]
        default_permissions = ("view", "add", "change")
        permissions = [("erase_customer", "Can erase a customer's personal data")]
        indexes = [models.Index(fields=["name_key"], name="customer_gone", condition=Q(disconnected_at__isnull=False))]
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
