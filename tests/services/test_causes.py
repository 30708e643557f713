"""What a check may find, and a connection may end by, has words."""

from collections.abc import Iterator

import pytest

from integrations.exact.errors import ExactError
from integrations.rules import causes
from integrations.services.calls import CallRefused
from integrations.services.token_errors import TokenUnavailable
from integrations.services.usage import LimitReached


def kinds(root: type[Exception]) -> Iterator[type[Exception]]:
    for kind in root.__subclasses__():
        if kind.__module__.startswith("integrations."):
            yield kind
            yield from kinds(kind)


@pytest.mark.parametrize("root", [ExactError, TokenUnavailable, CallRefused])
def test_every_error_that_rows_and_events_keep_by_name_has_words(root: type[Exception]) -> None:
    assert [kind.__name__ for kind in kinds(root) if causes.words(kind.__name__) == kind.__name__] == []


def test_a_limit_has_words_too() -> None:
    assert causes.words(LimitReached.__name__) != LimitReached.__name__
