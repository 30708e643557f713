"""Why there is no access token. What Exact or the wire says beside these is raised as the `ExactError` it is."""

from datetime import datetime
from typing import ClassVar

from integrations.exact.errors import ExactError, Who


class TokenUnavailable(Exception):
    """The root. ``reason`` is a sentence, without any token; ``until`` the first moment (UTC) at which it can
    be otherwise, None where waiting does not help; ``error`` what Exact or the wire said, where it did."""

    who: ClassVar[Who] = Who.NOBODY

    def __init__(self, reason: str, *, until: datetime | None = None, error: ExactError | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.until = until
        self.error = error


class NotYet(TokenUnavailable):
    """No token before ``until``; the connection is as it was."""


class OutcomeUnknown(NotYet):
    """Exact may have spent the refresh token in an answer that was lost; at ``until`` it can be told."""


class ReconnectNeeded(TokenUnavailable):
    """The chain of tokens has ended; only a new consent starts another."""

    who = Who.CUSTOMER


class CannotOpenTokens(TokenUnavailable):
    """What is stored does not open with the present keys; it was left as it is."""

    who = Who.OPERATOR


class JournalUnwritable(TokenUnavailable):
    """New tokens could not be kept on the disk, so Exact was not asked."""

    who = Who.OPERATOR


class JournalBehind(JournalUnwritable):
    """Exact was asked and answered: the row has the new tokens, but the disk refused their file. Nothing is lost."""


class KeysRefused(NotYet):
    """Exact said ``invalid_client`` to all of the app's secrets; it is asked again at ``until``, or with other keys."""

    who = Who.APP_OWNER


class KeysMissing(TokenUnavailable):
    """The app has no Client ID, or no Client secret that opens."""

    who = Who.APP_OWNER


class AppAsleep(TokenUnavailable):
    """The app was made for another Exact (practice or real) than this portal talks to now."""

    who = Who.OPERATOR


class AppStopped(TokenUnavailable):
    """The app is under Emergency stop, or archived: nothing was asked of Exact, and nothing changed."""

    who = Who.APP_OWNER


class StandingBy(TokenUnavailable):
    """This portal does not own the tokens: nothing was asked of Exact, and nothing changed."""

    who = Who.OPERATOR
