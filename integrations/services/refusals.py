"""Why a verb was not done."""

from collections.abc import Iterable


class Refused(Exception):
    """Nothing was changed; ``reasons`` lists every unmet condition, each a sentence for whoever asked."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))


class Conflict(Refused):
    """Somebody else changed it after the form was opened; ``version`` is the one that it has now."""

    def __init__(self, reasons: Iterable[str], *, version: int) -> None:
        super().__init__(reasons)
        self.version = version
