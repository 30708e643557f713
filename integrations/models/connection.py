"""A connection: the consent of one Exact user to one app, its chain of tokens, and its checks."""

import uuid
from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from integrations.crypto import Place
from integrations.models.actors import ActorField
from integrations.models.application import Application
from integrations.models.folded import FoldedField
from integrations.models.scopes import ScopeApproval
from integrations.rules import company_use


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def linked(self) -> "ConnectionQuerySet":
        """Return those whose tokens live, or may live."""
        return self.filter(status__in=[Connection.Status.CONNECTED, Connection.Status.VERIFYING])

    def pending(self) -> "ConnectionQuerySet":
        """Return those whose tokens are nobody's yet."""
        return self.filter(status=Connection.Status.PENDING)

    def fall_due(self, now: datetime) -> int:
        """Let those whose tokens live be checked at once, also where a worker has taken one; return how many."""
        return self.linked().update(next_check_at=now, claimed_until=None)


class Connection(models.Model):
    """The consent of one Exact user to one app: one chain of tokens. May serve several customers.

    The chain: ``token_generation`` grows with every new refresh token and nothing else; whoever wants to
    write a token compares on it. A refresh is asked for under a lease (``lease_owner``, ``lease_until``),
    and the intent (``refresh_asked_at``) is written before the request leaves.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Being set up"
        CONNECTED = "connected", "Connected"
        VERIFYING = "verifying", "Being verified"
        RECONNECT = "reconnect", "Reconnect needed"
        DISCONNECTED = "disconnected", "Disconnected"

    ENDED: Final = frozenset({"reconnect", "disconnected"})
    """Only a new consent helps: by the customer's doing or Exact's, or because staff disconnected it."""
    REFRESH_TOKEN: Final = "connection.refresh_token"
    ACCESS_TOKEN: Final = "connection.access_token"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="connections")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    status_reason = models.CharField(max_length=300, blank=True)
    exact_user_id = models.CharField(max_length=40, null=True, blank=True)
    user_name = models.CharField(max_length=200, blank=True)
    full_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    email_key = FoldedField(source="email")
    division = models.PositiveIntegerField(
        null=True, blank=True, help_text="The company that checks ask, pinned when the connection was made."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    consented_at = models.DateTimeField(default=timezone.now, editable=False)
    scope_approval = models.ForeignKey(
        ScopeApproval,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="connections",
        help_text="What Exact had approved when the consent was given; none where nobody knew.",
    )

    refresh_token = models.TextField(blank=True, editable=False)
    access_token = models.TextField(blank=True, editable=False)
    token_generation = models.PositiveIntegerField(default=0, editable=False)
    token_lifetime = models.PositiveIntegerField(default=600, editable=False, help_text="Seconds.")
    token_answered_at = models.DateTimeField(null=True, blank=True, editable=False)
    refresh_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    token_not_before = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Exact refused a token request for no reason that we know."
    )
    token_calls = models.PositiveIntegerField(default=0, editable=False, help_text="Token requests of that day.")
    token_calls_on = models.DateField(null=True, blank=True, editable=False, help_text="The day, in UTC.")

    next_check_at = models.DateTimeField(null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = "connection"
        ordering = ["-consented_at", "id"]
        default_permissions = ("view",)
        permissions = [
            ("connect", "Can connect companies"),
            ("check_connection", "Can check a connection now"),
            ("disconnect_connection", "Can disconnect a customer"),
        ]
        indexes = [
            models.Index(fields=["next_check_at"], name="connection_due", condition=Q(next_check_at__isnull=False)),
            models.Index(fields=["status"], name="connection_not_well", condition=~Q(status="connected")),
            models.Index(fields=["lease_until"], name="connection_asked_for", condition=Q(lease_until__isnull=False)),
            models.Index(fields=["consented_at"], name="connection_unfinished", condition=Q(status="pending")),
            models.Index(
                fields=["token_answered_at"],
                name="connection_last_answer",
                condition=Q(status__in=["connected", "verifying"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint("application", "exact_user_id", name="connection_one_an_app_and_user"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "connected", "verifying", "reconnect", "disconnected"]),
                name="connection_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status="pending") | Q(exact_user_id__isnull=False), name="connection_has_a_user"
            ),
            models.CheckConstraint(
                condition=Q(lease_owner__isnull=True, lease_until__isnull=True)
                | Q(lease_owner__isnull=False, lease_until__isnull=False),
                name="connection_lease_owner_and_until",
            ),
            models.CheckConstraint(
                condition=(Q(refresh_token="") | Q(refresh_token__startswith="v1."))
                & (Q(access_token="") | Q(access_token__startswith="v1.")),
                name="connection_tokens_are_sealed",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["reconnect", "disconnected"]) | ~Q(refresh_token=""),
                name="connection_alive_has_a_token",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["reconnect", "disconnected"]) | Q(next_check_at__isnull=True),
                name="connection_dead_is_not_due",
            ),
            models.CheckConstraint(
                condition=~Q(status="disconnected") | Q(refresh_token="", access_token="", lease_owner__isnull=True),
                name="connection_disconnected_holds_no_token",
            ),
            models.CheckConstraint(
                condition=Q(token_lifetime__gte=1) & Q(token_lifetime__lte=3600), name="connection_token_lifetime"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.user_name or "Connection"

    def __repr__(self) -> str:
        return f"<Connection {self.pk} {self.status}>"

    @staticmethod
    def unclaimed(now: datetime) -> Q:
        """Return the condition that no worker has taken it."""
        return Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)

    @property
    def reach_label(self) -> str:
        """Say how many companies it reaches; the query annotates ``reach``."""
        reach: int = getattr(self, "reach", 0)
        return f"{reach} {'company' if reach == 1 else 'companies'}"

    def place(self, column: str, generation: int | None = None) -> Place:
        return Place(column, self.pk, self.token_generation if generation is None else generation)


class StatusChange(models.Model):
    """A connection's status changed: from what to what, why, by what evidence, and by whom. Nothing else changes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="status_changes")
    at = models.DateTimeField(default=timezone.now, editable=False)
    before = models.CharField(max_length=12, choices=Connection.Status.choices, blank=True)
    after = models.CharField(max_length=12, choices=Connection.Status.choices)
    cause = models.CharField(max_length=300)
    evidence = models.CharField(max_length=300, blank=True, help_text="What was asked, and what came back.")
    by = ActorField()

    class Meta:
        verbose_name = "change of status"
        verbose_name_plural = "changes of status"
        ordering = ["-at", "-id"]
        default_permissions = ()
        indexes = [models.Index(fields=["connection", "-at"], name="status_change_by_connection")]
        constraints = [
            models.CheckConstraint(condition=~Q(before=F("after")), name="status_change_changes"),
            models.CheckConstraint(
                condition=Q(before__in=["", *Connection.Status.values]) & Q(after__in=Connection.Status.values),
                name="status_change_is_known",
            ),
            models.CheckConstraint(condition=~Q(cause=""), name="status_change_has_a_cause"),
            models.CheckConstraint(condition=ActorField.well_formed("by"), name="status_change_by_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_after_display()}: {self.cause}"


class CompanyQuerySet(models.QuerySet["Company"]):
    def told_whose(self) -> "CompanyQuerySet":
        """Tell of each whether a connection that reaches it serves customers, as ``Company.is_nobodys`` asks."""
        serving = Access.objects.filter(company=OuterRef("pk"), connection__accesses__company__customer__isnull=False)
        return self.annotate(for_customers=Exists(serving))

    def owned(self) -> "CompanyQuerySet":
        """Return those that are a customer's, or ours."""
        return self.told_whose().filter(Q(customer__isnull=False) | Q(use=company_use.USED) | Q(for_customers=False))


class Company(models.Model):
    """An Exact division as one app sees it; Exact counts calls per app and company."""

    class Use(models.TextChoices):
        USED = "used", "Used"
        NOT_USED = "not_used", "Not used"
        TO_CONFIRM = "to_confirm", "To be confirmed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="companies")
    division = models.PositiveIntegerField(help_text="Exact's number: division in its API, administratie on its pages.")
    name = models.CharField(max_length=200)
    name_key = FoldedField(source="name")
    customer = models.ForeignKey(
        "integrations.Customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="companies",
        help_text="None for our own companies.",
    )
    use = models.CharField(
        max_length=10, choices=Use.choices, default=Use.USED, help_text="Only what is used is called and checked."
    )
    primary_access = models.ForeignKey(
        "integrations.Access",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose token a call uses.",
    )

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name = "company"
        verbose_name_plural = "companies"
        ordering = ["name", "division"]
        default_permissions = ("view",)
        indexes = [models.Index(fields=["division"], name="company_by_division")]
        constraints = [
            models.UniqueConstraint("application", "division", name="company_once_an_app"),
            models.CheckConstraint(condition=Q(division__gte=1), name="company_division_is_a_number"),
            models.CheckConstraint(
                condition=Q(use__in=["used", "not_used", "to_confirm"]), name="company_use_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.division})"

    @property
    def is_nobodys(self) -> bool:
        """Tell whether nobody has said yet whose it is; the query says it by ``told_whose``."""
        for_customers: bool = getattr(self, "for_customers", False)
        return company_use.is_nobodys(owned=self.customer_id is not None, use=self.use, for_customers=for_customers)


class Access(models.Model):
    """A connection reaches a company, from when it was granted until it was withdrawn: by Exact, which no
    longer shows the company, or by us, which only a new consent of the customer ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="accesses")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="accesses")
    granted_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = ActorField(blank=True, help_text="Who of us withdrew it; empty where Exact did.")

    class Meta:
        verbose_name = "access"
        verbose_name_plural = "accesses"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint("company", "connection", name="access_once_a_company_and_connection"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("granted_at")),
                name="access_withdrawn_after_granted",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_by="") | (Q(withdrawn_at__isnull=False) & ActorField.well_formed("withdrawn_by")),
                name="access_withdrawn_at_and_by",
            ),
        ]

    def __str__(self) -> str:
        return f"access {self.pk}"


class ConnectionCheck(models.Model):
    """One check of a connection, with its evidence."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="checks")
    checked_at = models.DateTimeField(default=timezone.now)
    milliseconds = models.PositiveIntegerField()
    ok = models.BooleanField()
    cause = models.CharField(max_length=60, blank=True, help_text="Why it failed, by the name of the error.")
    detail = models.CharField(max_length=500, blank=True)
    who = models.CharField(max_length=20, blank=True, help_text="Who must act.")
    evidence = models.JSONField(default=list, help_text="A line for each request: what was asked, what came back.")
    calls = models.PositiveSmallIntegerField(default=0, help_text="Calls that Exact counts.")
    next_check_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "check"
        ordering = ["-checked_at", "-id"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["connection", "-checked_at"], name="check_by_connection"),
            models.Index(fields=["checked_at"], name="check_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ok=True, cause="") | (Q(ok=False) & ~Q(cause="")), name="check_failed_has_a_cause"
            )
        ]

    def __str__(self) -> str:
        return "well" if self.ok else self.cause
