"""The sandbox's own clock, which can run ahead and stand still, so that nobody waits 30 days."""

import time


class Clock:
    """Times are seconds since 1970, UTC. `ahead` seconds are added to the machine's clock."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self._stopped_at: float | None = None

    def now(self) -> float:
        stopped_at = self._stopped_at
        return time.time() + self.ahead if stopped_at is None else stopped_at

    @property
    def stopped(self) -> bool:
        return self._stopped_at is not None

    def move(self, seconds: float) -> None:
        """Go forward (or back, when negative), also while stopped."""
        self.ahead += seconds
        if self._stopped_at is not None:
            self._stopped_at += seconds

    def stop(self, at: float | None = None) -> None:
        """Stand still, now or at a given time."""
        self._stopped_at = self.now() if at is None else at

    def go(self) -> None:
        """Run on with the machine's clock, `ahead` as it was."""
        self._stopped_at = None

    def reset(self) -> None:
        self.ahead = 0.0
        self._stopped_at = None
