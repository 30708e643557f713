"""A database that was restored: over the original it lives on, beside the original it asks for nothing."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from django.db import connection as database

from tests.databases import database_url
from tests.faults.crew import crew
from tests.faults.outcomes import Outcome, judged
from tests.faults.plays import COPIED, RESTORED
from tests.faults.stage import Case, stage


@pytest.fixture
def case(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Case]:
    with crew() as workers, stage(workers, tmp_path, settings) as scene, ExitStack() as stack:
        yield scene.case("Restored", random.Random(1), stack)


@pytest.mark.usefixtures("everywhere")
def test_a_restored_copy_beside_the_original_asks_for_nothing(
    case: Case, tmp_path: Path, outcomes: list[Outcome]
) -> None:
    witness = case.stored(case.witness)
    with copied(tmp_path) as name:
        said = [case.ask(database={"NAME": name}) for _ in range(3)]
        assert {each["error"] for each in said} == {"StandingBy"}
        assert case.requests() == []
    outcomes.append(judged(case, COPIED, 1, witness))
    assert outcomes[-1].wrong == ()


@pytest.mark.usefixtures("on_sqlite")
def test_a_file_that_was_restored_lives_on(case: Case, tmp_path: Path, outcomes: list[Outcome]) -> None:
    """Yesterday's file in place of today's, as an operator puts it there; the tokens' own files stayed."""
    witness = case.stored(case.witness)
    file, backup = Path(database.settings_dict["NAME"]), tmp_path / "backup.sqlite3"
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    for _ in range(2):
        assert "token" in case.ask()
        case.due()
    database.close()
    shutil.copyfile(backup, file)
    for leftover in ("-wal", "-shm"):
        Path(f"{file}{leftover}").unlink(missing_ok=True)
    outcomes.append(judged(case, RESTORED, 1, witness))
    assert outcomes[-1].wrong == ()


@contextmanager
def copied(folder: Path) -> Iterator[str]:
    """Yield the name of a copy of the tests' database, which goes again."""
    if database.vendor == "sqlite":
        copy = folder / "copy.sqlite3"
        with (
            closing(sqlite3.connect(database.settings_dict["NAME"])) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        yield str(copy)
        return
    original, name = database.settings_dict["NAME"], f"copy_{uuid4().hex}"
    database.close()
    url = urlunsplit(urlsplit(database_url())._replace(path="/postgres"))
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        try:
            yield name
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
