"""Every column that holds something sealed: what ``rotate_keys`` and ``doctor`` go through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.db import models

from integrations.crypto import VERSION, Place
from integrations.models import ClientSecret, Connection, KeyRingCanary


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column of one table; ``name`` is the purpose that its tokens are bound to."""

    name: str
    model: type[models.Model]
    field: str
    place: Callable[[Any], Place]

    def rows(self) -> models.QuerySet[Any]:
        return self.model._default_manager.exclude(**{self.field: ""}).order_by("pk")

    def sealed_by(self, key_id: str) -> models.QuerySet[Any]:
        return self.rows().filter(**{f"{self.field}__startswith": f"{VERSION}.{key_id}."})

    def token(self, row: models.Model) -> str:
        return str(getattr(row, self.field))

    def in_batches(self, rows: models.QuerySet[Any], size: int) -> Iterator[list[Any]]:
        """Yield lists of at most ``size`` rows in the order of their ids, each by a query of its own."""
        batch = list(rows[:size])
        while batch:
            yield batch
            batch = list(rows.filter(pk__gt=batch[-1].pk)[:size])


def _token(name: str, field: str) -> SealedColumn:
    return SealedColumn(name, Connection, field, partial(Connection.place, column=name))


CANARY: Final = SealedColumn(KeyRingCanary.PURPOSE, KeyRingCanary, "sealed", KeyRingCanary.place)
COLUMNS: Final = (
    SealedColumn(ClientSecret.PURPOSE, ClientSecret, "sealed", ClientSecret.place),
    _token(Connection.REFRESH_TOKEN, "refresh_token"),
    _token(Connection.ACCESS_TOKEN, "access_token"),
)


def exist() -> bool:
    """Tell whether anything but the canary is sealed in this database."""
    return any(column.rows().exists() for column in COLUMNS)
