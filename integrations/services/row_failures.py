"""Rows that are looked after one by one: what is wrong with one of them keeps no other waiting, and is not hidden."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

logger = logging.getLogger(__name__)
LOGGED: Final = 20
"""Of one run; where the database is gone every row fails alike."""


class Incomplete(Exception):
    """Some rows could not be looked after; the others were. The log says which, and where it went wrong."""


@dataclass(slots=True)
class Failures:
    """What went wrong in one run; ``tell`` ends it."""

    count: int = 0

    @contextmanager
    def apart(self, row_id: UUID) -> Iterator[None]:
        """Go on after whatever goes wrong within.

        What it is called and where it was is logged, and not what it says: a database's errors quote rows.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 (it is told once the others had their turn)
            self.count += 1
            if self.count <= LOGGED:
                name, where = type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
                logger.error("Connection %s could not be looked after: %s\n%s", row_id, name, where)  # noqa: TRY400

    def tell(self) -> None:
        """
        Raises:
            Incomplete: something went wrong, so that whoever asked for the run fails, too.
        """
        if self.count:
            raise Incomplete(f"{self.count} connections could not be looked after; the log says which.")
