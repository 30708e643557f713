"""Every column that holds something sealed: what ``rotate_keys`` and ``doctor`` go through."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from django.db import models

from integrations.crypto import VERSION, Place
from integrations.models import ClientSecret, KeyRingCanary


class SealedRow(Protocol):
    """A row with something sealed in ``sealed``, bound to ``place()``."""

    pk: UUID
    sealed: str

    def place(self) -> Place: ...


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column of one table."""

    name: str
    model: type[models.Model]

    def rows(self) -> models.QuerySet[Any]:
        return self.model._default_manager.exclude(sealed="").order_by("pk")

    def sealed_by(self, key_id: str) -> models.QuerySet[Any]:
        return self.rows().filter(sealed__startswith=f"{VERSION}.{key_id}.")

    def in_batches(self, rows: models.QuerySet[Any], size: int) -> Iterator[list[SealedRow]]:
        """Yield lists of at most ``size`` rows in the order of their ids, each by a query of its own."""
        batch = list(rows[:size])
        while batch:
            yield batch
            batch = list(rows.filter(pk__gt=batch[-1].pk)[:size])


CANARY: Final = SealedColumn("key_ring_canary.sealed", KeyRingCanary)
COLUMNS: Final = (SealedColumn("client_secret.sealed", ClientSecret),)


def exist() -> bool:
    """Tell whether anything but the canary is sealed in this database."""
    return any(column.rows().exists() for column in COLUMNS)
