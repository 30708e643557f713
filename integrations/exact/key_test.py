"""Two questions to Exact that tell, before any customer does, whether an app's keys are right.

Neither is an interface that Exact offers for this: the first looks at the page on which customers begin, the
second is a token request with a code that cannot exist. What an answer proves, and what it does not, is said with
it; whatever is not clear stays unclear. Sources: Exact's page *OAuth on Exact Online*; RFC 6749, sections 4.1.2.1
(what an authorize page does when it does not trust the request) and 5.2.
"""

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urljoin, urlsplit

from integrations.exact import answers, errors, oauth, origin, redaction, wire
from integrations.exact.evidence import Evidence

SECONDS: Final = 15.0
_LOOKED_AT = 256 * 1024


class Verdict(StrEnum):
    """What a question came to."""

    ACCEPTED = "accepted"
    UNKNOWN_CLIENT = "unknown_client"
    """The authorize page of this region does not know the Client ID."""
    REDIRECT_REFUSED = "redirect_refused"
    """It knows the Client ID, and not the Redirect URL."""
    SECRET_REFUSED = "secret_refused"
    """The token endpoint answers `invalid_client`."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its verdict; ``said`` is what Exact said, visible, redacted, ≤ 200 characters."""

    verdict: Verdict
    evidence: Evidence | None
    said: str = ""


def authorize_page(region_origin: str, *, client_id: str, redirect_uri: str, seconds: float = SECONDS) -> Answer:
    """Ask the page on which people consent whether it knows this Client ID with this Redirect URL.

    One GET of the authorize URL with a made-up ``state``, without cookies. A login page, or a redirect to one, is
    what a person gets whose app is known. Whether Exact compares the Redirect URL before or after the login is not
    published. Raises ``ValueError`` for values that cannot stand in the URL; network failures are `UNCLEAR`.
    """
    state = secrets.token_urlsafe(16)
    url = oauth.authorization_url(region_origin, client_id=client_id, redirect_uri=redirect_uri, state=state)
    home = origin.parse(region_origin)
    path = home.path_of(url) or ""
    try:
        reply = wire.request(home, "GET", path, headers={"Accept": "text/html"}, seconds=seconds)
    except errors.RedirectRefused as redirect:
        return Answer(_led_to(redirect.location, url, home, redirect_uri), redirect.evidence)
    except errors.ExactError as error:
        return _unclear(error)
    return _page(reply, (client_id, state))


def client_secret(
    region_origin: str, *, client_id: str, client_secret: str, redirect_uri: str, seconds: float = SECONDS
) -> Answer:
    """Ask the token endpoint whether it takes this secret, by one request with a code that cannot exist.

    `invalid_client` means that id or secret is wrong. A refusal of the code means that the request got past them:
    every server that follows RFC 6749 §3.2.1 authenticates the client first. Nothing can be issued by it.
    """
    code = f"portal-key-test!{secrets.token_urlsafe(16)}"
    try:
        oauth.exchange_code(
            region_origin,
            client_id=client_id,
            client_secret=client_secret,
            redirect_uri=redirect_uri,
            code=code,
            seconds=seconds,
        )
    except errors.BadCode as refusal:
        return Answer(Verdict.ACCEPTED, refusal.evidence, refusal.reason)
    except errors.InvalidClient as refusal:
        return Answer(Verdict.SECRET_REFUSED, refusal.evidence, refusal.reason)
    except errors.ExactError as error:
        return _unclear(error)
    return Answer(Verdict.UNCLEAR, None, "Exact gave tokens for a code that cannot exist.")


def _unclear(error: errors.ExactError) -> Answer:
    return Answer(Verdict.UNCLEAR, error.evidence, redaction.visible(str(error), redaction.REASON_LENGTH))


_NOT_FOUND: Final = re.compile(r"client with identifier .{0,200}not found", re.DOTALL)
_REDIRECT: Final = re.compile(r"redirect[ _]?(uri|url)")
_LOGIN: Final = re.compile(r"""type\s*=\s*["']?password|name\s*=\s*["']?user""")
"""A field for a password or a user name; error pages of Exact's framework carry a form, too."""
_UNAUTHORIZED: Final = 401


def _page(reply: wire.Reply, asked: tuple[str, ...]) -> Answer:
    text = reply.body[:_LOOKED_AT].decode("utf-8", "replace").lower()
    said = redaction.reason(answers.said(reply), asked)
    return Answer(_verdict(reply.status, text), reply.evidence, said)


def _verdict(status: int, text: str) -> Verdict:
    if status >= 500:
        return Verdict.UNCLEAR
    if _NOT_FOUND.search(text):
        return Verdict.UNKNOWN_CLIENT
    if status < 400 and _LOGIN.search(text):
        return Verdict.ACCEPTED
    # 401 has been seen with a Redirect URL that is http.
    refused = status == _UNAUTHORIZED or _REDIRECT.search(text)
    return Verdict.REDIRECT_REFUSED if refused else Verdict.UNCLEAR


def _led_to(location: str, asked: str, home: origin.Origin, redirect_uri: str) -> Verdict:
    """Exact leads to its own login, or back to the Redirect URL with an error: both only where it knows the app."""
    target = urljoin(asked, location)
    if home.holds(target) and "login" in urlsplit(target).path.lower():
        return Verdict.ACCEPTED
    if target.partition("?")[0] == redirect_uri.partition("?")[0]:
        return Verdict.ACCEPTED
    return Verdict.UNCLEAR
