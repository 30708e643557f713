"""What the wire asks before it sends: no transaction is open, and the tokens are ours."""

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from integrations.services import installation


class TransactionOpen(RuntimeError):
    """A programming mistake: a transaction is open, and Exact would keep its locks for up to 20 s."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"A transaction on “{alias}” is open; nothing is sent to Exact within one.")


def before_send() -> None:
    """Set as ``wire.before_send``.

    Raises:
        TransactionOpen, StandingBy: nothing was sent.
    """
    refuse_open_transaction()
    installation.refuse_standby()


def refuse_open_transaction() -> None:
    """Asked by services that wait for Exact, too.

    The transaction in which a TestCase, or pytest-django's ``db``, wraps a whole test does not count.

    Raises:
        TransactionOpen: nothing was sent.
    """
    for connection in connections.all(initialized_only=True):
        if _is_open(connection):
            raise TransactionOpen(connection.alias)


def _is_open(connection: BaseDatabaseWrapper) -> bool:
    if not connection.in_atomic_block:
        return connection.connection is not None and not connection.get_autocommit()
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
