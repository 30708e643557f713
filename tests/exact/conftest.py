import logging
from collections.abc import Callable, Iterator

import pytest

from integrations.exact import wire
from tests.exact.asking import HIDDEN
from tests.exact.hostile import Answer, Hostile


@pytest.fixture
def exact() -> Iterator[Callable[..., Hostile]]:
    """Starts a hostile Exact that gives these answers."""
    started: list[Hostile] = []

    def start(*answers: bytes | Answer, **options) -> Hostile:
        started.append(Hostile(list(answers), **options))
        return started[-1]

    yield start
    for one in list(wire._adapters.values()):
        one.poolmanager.clear()
    wire._adapters.clear()
    for server in started:
        server.close()


@pytest.fixture(autouse=True)
def no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the wire is alone: no database says whose the tokens are."""
    monkeypatch.setattr(wire, "before_send", wire._allow)


@pytest.fixture(autouse=True)
def nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Not even where somebody turned every level to DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(("requests_oauthlib", "oauthlib", "urllib3.connectionpool", "requests")):
            caplog.set_level(logging.DEBUG, logger=name)
    yield
    assert not [secret for secret in HIDDEN if secret in caplog.text]
