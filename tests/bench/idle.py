"""What the portal costs while nobody asks it anything."""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests import ports
from tests.bench.figures import Figure
from tests.browser import running

SECONDS: Final = 20
SETTLES: Final = 5
GOAL: Final = 5.0


def measure() -> list[Figure]:
    """Add up the processor time of all its processes, in percent of one core."""
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        var = Path(folder) / "var"
        portal = running.start(var, ports.free_port())
        try:
            time.sleep(SETTLES)
            before, since = _spent(var), time.monotonic()
            time.sleep(SECONDS)
            after, until = _spent(var), time.monotonic()
        finally:
            running.stop(portal.process, var)
    used = {pid: (seconds - before.get(pid, (0.0, ""))[0], name) for pid, (seconds, name) in after.items()}
    percent = 100 * sum(seconds for seconds, _ in used.values()) / (until - since)
    parts = ", ".join(f"{name} {1000 * seconds / SECONDS:.1f}" for seconds, name in used.values())
    said = f"{len(used)} processes over {SECONDS} s; milliseconds a second: {parts}."
    return [Figure("Idle", said, percent, GOAL, " % of a core")]


def _spent(var: Path) -> dict[int, tuple[float, str]]:
    """Return the seconds that each process spent so far, in itself and in the kernel."""
    tick = os.sysconf("SC_CLK_TCK")
    spent = {}
    for pid in running.members(var):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
        name = next((word for word in ("portal.run", "beat", "worker", "sandbox", "portal.wsgi") if word in words), "?")
        spent[pid] = ((int(fields[11]) + int(fields[12])) / tick, name)
    return spent
