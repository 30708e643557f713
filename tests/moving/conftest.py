"""A lived-in house on SQLite, and new databases on the PostgreSQL of TEST_DATABASE_URL."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from tests.portal.processes import KEYS, manage


def house(verb: str, var: Path, **chosen: str) -> dict[str, Any]:
    script = f"from tests.moving import house; house.{verb}()"
    done = manage("shell", "--no-imports", "-c", script, var=var, **KEYS, **chosen)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else {}


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived-in") / "var"
    folder.mkdir(mode=0o700)
    done = manage("migrate", var=folder, **KEYS)
    assert done.returncode == 0, done.stderr
    house("fill", folder)
    return folder


@pytest.fixture
def sqlite(lived_in: Path, tmp_path: Path) -> Path:
    """Return a VAR_DIR of the test's own, with a house in it."""
    return shutil.copytree(lived_in, tmp_path / "var")


class Server:
    """The PostgreSQL of TEST_DATABASE_URL: databases and users of the test's own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.made: list[str] = []

    def new(self) -> str:
        """Make an empty database and return its URL."""
        name = f"moving_{uuid4().hex}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE template0')
        self.made.append(name)
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def drop_all(self) -> None:
        for name in self.made:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture
def postgresql() -> Iterator[Server]:
    url = os.environ.get("TEST_DATABASE_URL", "")
    if not url.startswith("postgres"):
        pytest.fail("This test needs PostgreSQL: make test-services", pytrace=False)
    server = Server(url)
    yield server
    server.drop_all()
