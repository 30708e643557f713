"""A practice Exact for tests of services, and the wire as the portal sets it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from integrations.exact import wire
from integrations.services import wire_guard
from tests.services.practice import Practice, practice


@pytest.fixture(autouse=True)
def guarded(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """The hook that refuses to send within a transaction; counts the requests that it was asked about."""
    guard = Mock(side_effect=wire_guard.before_send)
    monkeypatch.setattr(wire, "before_send", guard)
    return guard


@pytest.fixture
def world(settings: Any, tmp_path: Path, db: None) -> Iterator[Practice]:
    with practice(settings, tmp_path) as made:
        yield made
