"""What tests of processes share: a VAR_DIR that was migrated once."""

import shutil
from pathlib import Path

import pytest

from tests.portal.processes import KEYS, manage


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated") / "var"
    folder.mkdir(mode=0o700)
    ended = manage("migrate", var=folder, **KEYS)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture
def var(migrated: Path, tmp_path: Path) -> Path:
    """Return a VAR_DIR of the test's own whose database is up to date."""
    return shutil.copytree(migrated, tmp_path / "var")
