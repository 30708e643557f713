import pytest

from integrations.sandbox.server import running
from tests.sandbox.client import Client


@pytest.fixture
def sandbox(tmp_path):
    with running(database=tmp_path / "sandbox.sqlite3", region="xx", title="Exact Practice") as running_one:
        yield running_one


@pytest.fixture
def client(sandbox):
    with_session = Client(sandbox)
    yield with_session
    with_session.http.close()


@pytest.fixture
def connected(client):
    """The accountant has allowed the app all of his companies."""
    return client.connect()
