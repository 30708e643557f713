"""HTTP never inside a transaction: what the wire asks before it sends."""

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


class TransactionOpen(RuntimeError):
    """A programming mistake: a transaction is open, and Exact would keep its locks for up to 20 s."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"A transaction on “{alias}” is open; nothing is sent to Exact within one.")


def refuse_open_transaction() -> None:
    """Set as ``wire.before_send``; also asked by services that wait for Exact.

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
