"""A signed cookie by which a browser is known again that somebody signed in with.

It lets nobody in. It only keeps a person's tries apart from those of strangers who type the same name.
"""

import secrets
from typing import Any, Final

from django.core import signing
from django.utils.crypto import salted_hmac

from integrations.rules.signing_in import BROWSER_KNOWN

SALT: Final = "integrations.services.known_browsers"
MOST_NAMES: Final = 5


def recognise(cookie: str, username: str) -> str:
    """Return the id of the browser where this account signed in with it; "" elsewhere."""
    known = _read(cookie)
    return str(known["id"]) if _mark(username) in known["names"] else ""


def remember(cookie: str, username: str) -> str:
    """Return the cookie of a browser that this account just signed in with; it keeps its other accounts."""
    known = _read(cookie)
    mark = _mark(username)
    names = [*(name for name in known["names"] if name != mark), mark][-MOST_NAMES:]
    return signing.dumps({"id": known["id"] or secrets.token_urlsafe(16), "names": names}, salt=SALT)


def _read(cookie: str) -> dict[str, Any]:
    try:
        known: dict[str, Any] = signing.loads(cookie, salt=SALT, max_age=BROWSER_KNOWN)
    except signing.BadSignature:
        return {"id": "", "names": []}
    return known


def _mark(username: str) -> str:
    return salted_hmac(SALT, username.casefold(), algorithm="sha256").hexdigest()[:16]
