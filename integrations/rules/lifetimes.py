"""How long links live when nothing is refreshed any more."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from integrations.exact import limits

UNUSED: Final = timedelta(days=limits.REFRESH_TOKEN_DAYS)


def reconnect_from(last_answers: Iterable[datetime]) -> datetime | None:
    """Return the first moment at which a customer has to connect again; None where nobody is connected.

    ``last_answers``: when Exact last gave tokens to each connection (aware); the longest ago counts.
    """
    first = min(last_answers, default=None)
    return None if first is None else first + UNUSED
