"""Redirect URLs: which address an app may have, and what somebody pastes who comes back from Exact by hand.

Exact sends the browser to the app's redirect URL, which it compares letter by letter; only the browser has to reach
that address, never Exact. Where no browser can reach the portal, the app has any https address that its owner has,
and the person copies where the browser ended. No reason repeats what was pasted: a code may stand in it.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from integrations.rules.keys import Cleaned
from integrations.rules.link_words import Reason

LONGEST: Final = 500
LONGEST_PASTED: Final = 4000
HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.ASCII)
LOCAL: Final = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".invalid")
"""Endings of names that a network keeps to itself, or that are never given to anybody."""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Pasted:
    """The query of Exact's answer (RFC 6749 §4.1.2), or the reasons why this is none."""

    query: str = field(default="", repr=False)
    reasons: tuple[str, ...] = ()


def clean_redirect_url(text: str, *, practice: bool = False) -> Cleaned:
    """Check a redirect URL: https, or for a practice app also plain http on this machine."""
    value = text.strip()
    parts = _split(value)
    if parts is None or not value.isascii() or any(not "!" <= char <= "~" for char in value):
        return Cleaned(reasons=("This is no web address. An example: https://www.your-company.example/",))
    reasons = [
        reason
        for wrong, reason in (
            (len(value) > LONGEST, f"It has {len(value)} characters; a redirect URL has {LONGEST} at most."),
            (
                parts.scheme != "https" and not (practice and parts.scheme == "http" and _loopback(parts)),
                "Exact accepts https addresses only.",
            ),
            ("@" in parts.netloc, "It holds a user or a password. Leave them out."),
            (bool(parts.query) or "?" in value, "It has a part behind “?”. Leave it out: Exact adds its answer there."),
            (bool(parts.fragment) or "#" in value, "It has a part behind “#”. Leave it out."),
            (
                not practice and not is_public(value),
                "Exact needs the name of a host that the whole internet knows, such as www.your-company.example.",
            ),
        )
        if wrong
    ]
    return Cleaned(reasons=tuple(reasons)) if reasons else Cleaned(value, trimmed=value != text)


def is_web_address(text: str) -> bool:
    """Tell whether a page may lead to it: a browser opens it, and runs nothing."""
    return text.startswith(("https://", "http://"))


def is_public(url: str) -> bool:
    """Tell whether the whole internet may know the host of a URL by its name; it is not looked up."""
    parts = _split(url)
    host = (parts.hostname or "") if parts else ""
    return "." in host and parts is not None and not _address(parts) and not host.endswith(LOCAL)


def clean_registered_url(text: str) -> Cleaned:
    """Check what somebody says stands at Exact: a web address, right or wrong; it is kept as it stands there."""
    value = text.strip()
    if reasons := why_not_kept(value):
        return Cleaned(reasons=reasons)
    if _split(value) is None or len(value) > LONGEST or any(char.isspace() or not char.isprintable() for char in value):
        reason = (
            "This is no web address. Copy the Redirect URL from the app's page at Exact, from its beginning to its end."
        )
        return Cleaned(reasons=(reason,))
    return Cleaned(value, trimmed=value != text)


def why_not_kept(text: str) -> tuple[str, ...]:
    """Return why what was pasted as a Redirect URL is neither kept nor shown again: it may hold a secret."""
    if _ANSWER.search(text):
        led = "This is an address to which Exact led a browser, with its answer in it."
        return (f"{led} Copy the Redirect URL from the app's page at Exact instead.",)
    if _USER.match(text):
        return ("It holds a user or a password in front of “@”. Leave them out, here and at Exact.",)
    return ()


_ANSWER = re.compile(r"[?&#;](?:code|state)=", re.IGNORECASE)
_USER = re.compile(r"\s*[a-z]+://[^/?#]*@", re.IGNORECASE)


def read_pasted(text: str, *, redirect_url: str) -> Pasted:
    """Read the address at which the browser ended after Exact; everything but its query has to be the redirect URL."""
    value = "".join(text.split())
    if not value:
        return Pasted(reasons=(Reason("paste_nothing"),))
    if len(value) > LONGEST_PASTED:
        return Pasted(reasons=(Reason("paste_long"),))
    parts, expected = _split(value if "://" in value else f"https://{value}"), _split(redirect_url)
    if parts is None or expected is None:
        return Pasted(reasons=(Reason("paste_no_address"),))
    if _place(parts) != _place(expected):
        return Pasted(reasons=(_elsewhere(parts, redirect_url),))
    parameters = parse_qs(parts.query)
    if not {"code", "error"} & set(parameters):
        return Pasted(reasons=(Reason("paste_no_code"),))
    return Pasted(parts.query)


def _elsewhere(parts: SplitResult, redirect_url: str) -> Reason:
    expected = _split(redirect_url)
    if expected is not None and parts.hostname == expected.hostname:
        return Reason("paste_other_page", host=parts.hostname or "", redirect_url=redirect_url)
    if "/oauth2/" in parts.path:
        return Reason("paste_of_exact")
    host = (parts.hostname or "")[:100]
    return Reason("paste_elsewhere", host=host, redirect_url=redirect_url)


def _split(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in DEFAULT_PORTS and HOST.fullmatch(parts.hostname or "") else None


def _place(parts: SplitResult) -> tuple[str, str | None, int, str]:
    """Return what browsers make of an address: the host in lower case, no port where it is the usual one, a path."""
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme], parts.path or "/"


def _address(parts: SplitResult) -> bool:
    try:
        ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return False
    return True


def _loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return host == "localhost" or (_address(parts) and ipaddress.ip_address(host).is_loopback)
