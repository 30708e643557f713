"""Why a check failed, or a connection ended, in words: rows and events keep the name of the error alone."""

from collections.abc import Iterator
from typing import Final

from integrations.exact.errors import ExactError


def words(cause: str) -> str:
    """Return what pages say for the name of an error; the name itself where nobody knows it any more."""
    return _WORDS.get(cause, cause)


def _kinds(root: type[ExactError]) -> Iterator[type[ExactError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


def _short(message: str) -> str:
    """Return what happened, without what is to be done now: an event tells of the past."""
    return message.partition(";")[0].rstrip(".")


_WORDS: Final = {
    **{kind.__name__: _short(kind.message) for kind in _kinds(ExactError)},
    "AppAsleep": "The app was made for another Exact than the one in use here",
    "AppDisabled": "The app is disabled",
    "AppStopped": "The app is under Emergency stop, or archived",
    "CannotOpenTokens": "The stored tokens do not open with the present keys",
    "JournalBehind": "New tokens are stored, and could not be kept on the disk beside the database",
    "JournalUnwritable": "New tokens could not be kept on the disk, so Exact was not asked",
    "KeysMissing": "The app has no Client ID, or no Client secret that opens",
    "KeysRefused": "Exact does not accept the app's Client ID or Client secret",
    "LimitReached": "A limit of Exact is reached",
    "NotConnected": "No connection reaches the company",
    "NotTheNewest": "Exact does not know the refresh token as the newest one",
    "NotUsed": "The company is not one of those that we use",
    "NotYet": "Exact gives no new token yet",
    "OutcomeUnknown": "An answer of Exact was lost",
    "RanOut": "Exact did not say within a day whose the connection is",
    "ReconnectNeeded": "The connection has ended",
    "StandingBy": "Another portal owns the tokens",
    "TooSlow": "The database took too long to count a call",
    "WrongPath": "The path is not one of Exact's API",
}
