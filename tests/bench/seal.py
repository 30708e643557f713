"""Reading a sealed token, against Fernet and against a ring of one key."""

import secrets
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Final

from cryptography.fernet import Fernet

from integrations.crypto import Key, KeyRing, Place
from tests.bench.figures import Figure

TURNS: Final = 300
READS: Final = 20
TOKEN: Final = secrets.token_urlsafe(450)
"""About as long as Exact's."""
GOAL: Final = 0.5
GOAL_OF_FIVE: Final = 1.1


def measure() -> list[Figure]:
    """Take turns, so that a busy machine is busy for all of them; the first key of the ring is asked for last."""
    place = Place("connection.access_token", uuid.uuid4(), 7)
    old, *others = (Key.generate(f"k{number}") for number in range(5))
    one, five = KeyRing(old), KeyRing(*others, old)
    fernet, sealed = Fernet(Fernet.generate_key()), KeyRing(old).seal(TOKEN, place)
    encrypted = fernet.encrypt(TOKEN.encode())
    times = _times(
        {
            "ours": lambda: one.open(sealed, place),
            "five keys": lambda: five.open(sealed, place),
            "Fernet": lambda: fernet.decrypt(encrypted).decode(),
        }
    )
    said = ", ".join(f"{name} {1e6 * seconds:.1f} µs" for name, seconds in times.items())
    return [
        Figure("Reading a sealed token", f"Against Fernet: {said}.", times["ours"] / times["Fernet"], GOAL, " ×"),
        Figure("Reading with five keys", "Against one.", times["five keys"] / times["ours"], GOAL_OF_FIVE, " ×"),
    ]


def _times(readers: dict[str, Callable[[], str]]) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(TURNS):
        for name, read in readers.items():
            since = time.perf_counter()
            for _ in range(READS):
                assert read() == TOKEN
            taken[name].append((time.perf_counter() - since) / READS)
    return {name: statistics.median(each) for name, each in taken.items()}
