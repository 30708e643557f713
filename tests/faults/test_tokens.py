"""The token protocol under faults: the connection lives, or it says that it needs a consent, and why. Never silence."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.crew import Crew, crew
from tests.faults.outcomes import Outcome, turn
from tests.faults.plays import TOGETHER
from tests.faults.stage import Stage, stage
from tests.faults.times import SEEDS

ONLY = os.environ.get("FAULT", "")
"""A part of the names of those that are wanted."""


@pytest.fixture(scope="module")
def workers() -> Iterator[Crew]:
    with crew() as made:
        yield made


@pytest.fixture
def scene(workers: Crew, transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Stage]:
    with stage(workers, tmp_path, settings) as made:
        yield made


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_no_fault_loses_a_connection_silently(scene: Stage, seed: int, outcomes: list[Outcome]) -> None:
    found = turn(scene, seed, [fault for fault in TOGETHER if ONLY in fault.name])
    outcomes += found
    assert [str(outcome) for outcome in found if outcome.wrong] == []
