"""Which installation owns the tokens, and the monitor outside that is told that all is well."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.actors import ActorField

ONLY_ID: Final = 1


class Installation(models.Model):
    """The installation that owns the tokens in this database, one row. A copy of the database has a copy of
    it, so it also says which database it was written in."""

    SQLITE: Final = "sqlite:"
    POSTGRESQL: Final = "postgresql:"

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    owner = models.CharField(max_length=64, editable=False, help_text="The id of the installation.")
    database = models.CharField(
        max_length=120, editable=False, help_text="What tells its database from a copy; see services.database."
    )
    database_path = models.CharField(max_length=1000, blank=True, editable=False, help_text="Of SQLite: the file.")
    public_url = models.CharField(max_length=300, editable=False, help_text="Its address when it claimed.")
    claimed_at = models.DateTimeField(default=timezone.now, editable=False)
    claimed_by = ActorField()

    class Meta:
        verbose_name = "installation"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(id=ONLY_ID), name="installation_is_one_row"),
            models.CheckConstraint(condition=~Q(owner="") & ~Q(public_url=""), name="installation_says_whose"),
            models.CheckConstraint(
                condition=(Q(database__startswith="sqlite:") & ~Q(database_path=""))
                | Q(database__startswith="postgresql:", database_path=""),
                name="installation_says_which_database",
            ),
            models.CheckConstraint(
                condition=ActorField.well_formed("claimed_by"), name="installation_claimed_by_is_known"
            ),
        ]

    def __str__(self) -> str:
        return "installation"


class MonitorCall(models.Model):
    """When the monitor outside (``HEARTBEAT_URL``) was told that all is well, one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ID, editable=False)
    tried_at = models.DateTimeField(help_text="When it was last to be told.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When it last heard us.")
    problem = models.CharField(max_length=200, blank=True, help_text="Why it was not told then.")

    class Meta:
        verbose_name = "call of the monitor"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(id=ONLY_ID), name="monitor_call_is_one_row"),
            models.CheckConstraint(
                condition=~Q(problem="") | Q(told_at__isnull=False, told_at=models.F("tried_at")),
                name="monitor_call_is_told_or_says_why",
            ),
        ]

    def __str__(self) -> str:
        return "call of the monitor"
