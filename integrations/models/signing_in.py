"""Failed sign-ins by hash, and the networks that accounts signed in from."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils import timezone

from integrations.models.user import User
from integrations.rules.signing_in import Tally

MARK_LENGTH: Final = 64


class SignInTally(models.Model):
    """How many tries failed for a name at a place, for a network, or for a name; which, only its keyed hash says.

    What people type as their user name may be a password, so it stands nowhere in clear.
    """

    mark = models.CharField(primary_key=True, max_length=MARK_LENGTH)
    name_mark = models.CharField(max_length=MARK_LENGTH, blank=True, db_index=True, help_text="Blank: of no name.")
    failures = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_index=True)
    told = models.BooleanField(default=False, help_text="Activity was told that further tries are refused.")

    class Meta:
        verbose_name = "tally of failed sign-ins"
        verbose_name_plural = "tallies of failed sign-ins"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(Exact(Length("mark"), MARK_LENGTH)), name="sign_in_tally_mark_is_a_hash")
        ]

    def __str__(self) -> str:
        return f"{self.failures} failed sign-ins"

    def tally(self) -> Tally:
        return Tally(self.failures, self.since)


class FamiliarNetwork(models.Model):
    """A network that an account signed in from: failures elsewhere do not hold it up there."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="familiar_networks")
    network = models.CharField(max_length=50)
    used_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "familiar network"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "network"], name="familiar_network_once_a_user"),
            models.CheckConstraint(condition=~Q(network=""), name="familiar_network_is_named"),
        ]

    def __str__(self) -> str:
        return self.network
