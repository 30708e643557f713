"""Why a verb was not done."""

from collections.abc import Iterable


class Refused(Exception):
    """Nothing was changed; ``reasons`` lists every unmet condition, each a sentence for whoever asked."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))
