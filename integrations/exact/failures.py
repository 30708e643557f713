"""What requests, urllib3 and the system raise, given a name of ours.

Their exceptions are looked at here and go no further: they carry the request with its secrets.
"""

import errno
import http.client
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import requests
import urllib3.exceptions

from integrations.exact import errors
from integrations.exact.redaction import reason as redacted

FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,  # e.g. of codecs and number parsers that meet an answer's headers
)

# In this order: urllib3's first two inherit from its time-out, a time-out within a handshake is a time-out,
# and http.client's RemoteDisconnected is both a lost connection and a malformed answer.
_KINDS: tuple[tuple[type[errors.WireError], tuple[type[BaseException], ...]], ...] = (
    (errors.NameNotResolved, (urllib3.exceptions.NameResolutionError,)),
    (errors.Unreachable, (urllib3.exceptions.NewConnectionError,)),
    (errors.TimedOut, (TimeoutError, urllib3.exceptions.TimeoutError, requests.Timeout)),
    (errors.TlsFailed, (ssl.SSLError, urllib3.exceptions.SSLError)),
    (errors.ConnectionLost, (ConnectionError, http.client.IncompleteRead)),
    (
        errors.MalformedAnswer,
        (
            http.client.HTTPException,
            urllib3.exceptions.DecodeError,
            urllib3.exceptions.InvalidHeader,
            requests.exceptions.InvalidHeader,
            ValueError,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """The error to raise, once no exception of theirs is being handled any more."""

    kind: type[errors.WireError]
    sent: bool = True
    reason: str = ""
    status: int | None = None


def name(failure: BaseException, *, sent: bool) -> Failure:
    chain = list(_chain(failure))
    found = [kind for kind, signs in _KINDS if any(isinstance(link, signs) for link in chain)]
    kind = found[0] if found else errors.ConnectionLost
    if kind is errors.TlsFailed and sent:
        kind = errors.ConnectionLost  # the handshake was long over: the stream was cut
    return Failure(kind, sent=sent, reason=_why(chain))


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """The failure and all that it wraps: requests and urllib3 wrap in args, in `reason` and by cause."""
    waiting: list[object] = [failure]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]


def _why(chain: list[BaseException]) -> str:
    """A word of the operating system or the certificate check; never a message of requests."""
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return redacted(link.verify_message)
        if isinstance(link, OSError) and not isinstance(link, ssl.SSLError):
            word = errno.errorcode.get(link.errno or 0)
            if word:
                return word
    return ""
