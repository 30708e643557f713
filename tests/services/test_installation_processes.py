"""Two installations on one database, as processes: only the owner asks Exact, before and after a claim."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.services import tokens
from tests.services.asking import mark
from tests.services.practice import Practice, database_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


class Beside:
    """Another installation on the database of this one, with the same keys and the same practice Exact."""

    def __init__(self, world: Practice, url: str, var: Path) -> None:
        self.world = world
        chosen = {"TEST_DATABASE_URL": url, "EXACT_NL_URL": world.exact.url, "VAR_DIR": str(var)}
        self.environment = {**os.environ, **chosen, "DJANGO_SETTINGS_MODULE": "tests.settings_beside"}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ask(self, count: int = 3) -> list[dict[str, Any]]:
        done = self.run("-m", "tests.services.asking", str(self.world.connection.pk), str(count))
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def claim(self) -> dict[str, Any]:
        done = self.run("manage.py", "claim_installation", "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        line: dict[str, Any] = json.loads(done.stdout)
        return line


@pytest.fixture
def beside(world: Practice, tmp_path: Path) -> Iterator[Beside]:
    with database_file(tmp_path) as url:
        (tmp_path / "beside").mkdir()
        yield Beside(world, url, tmp_path / "beside")


def test_the_second_installation_asks_nothing_until_it_claims_and_then_the_first(
    world: Practice, beside: Beside
) -> None:
    world.later(601)
    assert beside.ask() == [{"error": "StandingBy"}] * 3
    assert world.refreshes() == []
    token = world.ask()
    assert len(world.refreshes()) == 1

    assert beside.claim()["original"] == "shared"
    with pytest.raises(tokens.StandingBy):
        world.ask()
    assert beside.ask() == [{"token": mark(token)}] * 3  # it is on hand, and good
    world.later(601)
    with pytest.raises(tokens.StandingBy):
        world.ask()
    assert len(world.refreshes()) == 1
    answers = beside.ask()
    assert len({answer["token"] for answer in answers}) == 1
    assert [entry["status"] for entry in world.refreshes()] == [200, 200]
    assert world.row().token_generation == 3
