"""Ports on loopback that tests may take."""

import itertools
import os
import socket
from typing import Final

BESIDE: Final = (0, 101, 102)
"""A portal takes its own port, and those of the practice Exacts beside it."""
# Below the range from which the system takes ports for outgoing connections; each process begins elsewhere.
_candidates = itertools.cycle(range(18_000 + os.getpid() * 37 % 6_000, 32_000, 7))


def free_port() -> int:
    """Return a port that is free, and never twice the same, together with those beside it."""
    return next(port for port in _candidates if not any(taken(port + step) for step in BESIDE))


def taken(port: int) -> bool:
    """Tell whether something holds the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
