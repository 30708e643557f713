"""Where an application's Exact lives: scheme, host and port, and nothing else."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from integrations.exact.errors import WrongHost

_PORTS = {"https": 443, "http": 80}
# Parsers disagree about backslashes, white space and controls: what two of them read differently is refused.
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]{1,4096}\Z")
_HOST = re.compile(r"[a-z0-9.\-]{1,253}\Z|[0-9a-f:.]{2,45}\Z")


@dataclass(frozen=True, slots=True)
class Origin:
    """RFC 6454's triple. Make it with `parse`, which refuses what may not be used."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def url(self, path: str) -> str:
        """The URL of a path (with query) here. Raises `WrongHost` for what is not one absolute path."""
        if not _PLAIN.match(path) or not path.startswith("/") or path.startswith("//") or "#" in path:
            raise WrongHost(reason="not a path")
        return f"{self}{path}"

    def holds(self, url: str) -> bool:
        """Whether the URL lies here, and every parser would say so."""
        parts = _split(url)
        return parts is not None and _triple(parts) == (self.scheme, self.host, self.port)

    def path_of(self, url: str) -> str | None:
        """Path and query of a URL that lies here, else None."""
        if not self.holds(url):
            return None
        parts = urlsplit(url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@lru_cache(maxsize=64)
def parse(text: str) -> Origin:
    """`https://exact.example`, `http://127.0.0.1:8101`. Raises `WrongHost`.

    Plain http only on loopback: everywhere else secrets would travel in the clear.
    """
    parts = _split(text)
    triple = _triple(parts) if parts else None
    if parts is None or triple is None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise WrongHost(reason="not an origin")
    origin = Origin(*triple)
    if origin.scheme == "http" and not _loopback(origin.host):
        raise WrongHost(reason="plain http outside loopback")
    return origin


def _split(url: str) -> SplitResult | None:
    if not _PLAIN.match(url):
        return None
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _triple(parts: SplitResult) -> tuple[str, str, int] | None:
    try:
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or "@" in parts.netloc or not _HOST.match(host) or port == 0:
        return None
    return parts.scheme, host, port or _PORTS[parts.scheme]


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
