"""The canary of the key ring."""

from typing import Final
from uuid import UUID

from django.db import models

from integrations.crypto import Place


class KeyRingCanary(models.Model):
    """One sealed value that tells whether the present keys are the ones that this database was written with.

    What it holds is the key of the fingerprints: those stay the same when the ring's keys are rotated.
    """

    PURPOSE: Final = "key_ring_canary.sealed"
    ROW: Final = UUID(int=1)

    id = models.UUIDField(primary_key=True, default=ROW, editable=False)
    sealed = models.TextField(editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(id=UUID(int=1)), name="key_ring_canary_is_one_row"),
            models.CheckConstraint(condition=models.Q(sealed__startswith="v1."), name="key_ring_canary_is_sealed"),
        ]

    def __str__(self) -> str:
        return "canary of the key ring"

    def __repr__(self) -> str:
        return "<KeyRingCanary>"

    def place(self) -> Place:
        return Place(self.PURPOSE, self.ROW)
