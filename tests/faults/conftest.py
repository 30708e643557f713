"""Faults: real processes that are killed, real clocks that are off. `make test-faults`; each takes a minute or more.

A test runs on SQLite; one that takes the fixture ``everywhere`` runs once more on PostgreSQL and Redis.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connection as database

from tests.faults.house import House, house
from tests.faults.outcomes import Outcome, table
from tests.practice import Practice, practising

HERE: Final = Path(__file__).parent
SERVERS: Final = pytest.param("postgresql", marks=pytest.mark.services)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(params=["sqlite", SERVERS])
def everywhere(request: pytest.FixtureRequest) -> str:
    """Name the database that this turn of the test is for."""
    return in_turn(request.param)


@pytest.fixture(params=[SERVERS])
def on_servers(request: pytest.FixtureRequest) -> str:
    return in_turn(request.param)


@pytest.fixture(params=["sqlite"])
def on_sqlite(request: pytest.FixtureRequest) -> str:
    return in_turn(request.param)


def in_turn(vendor: str) -> str:
    if database.vendor != vendor:
        pytest.skip(f"This turn is for {vendor}, and the tests' database is {database.vendor}.")
    return vendor


@pytest.fixture
def practice(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Practice]:
    """A practice Exact in this process, whose ledger and faults are at hand; other processes reach it by HTTP."""
    with practising(tmp_path, settings) as made:
        yield made


@pytest.fixture
def processes(practice: Practice, tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, practice.sandbox.url) as made:
        yield made


OUTCOMES: Final[list[Outcome]] = []


@pytest.fixture
def outcomes() -> list[Outcome]:
    """What became of connections under faults, all tests together; printed as a table at the end."""
    return OUTCOMES


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if OUTCOMES:
        terminalreporter.section("connections under faults")
        for line in table(OUTCOMES):
            terminalreporter.write_line(line)
