"""The endpoints of Exact's REST API with their methods, and the scopes that each needs.

The table is ``endpoints.txt`` beside this file, which says where it comes from: a line an endpoint, so that a reader
and a diff see one endpoint at a time.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GET: Final = "GET"
WRITE_METHODS: Final = ("POST", "PUT", "DELETE")

_BASE: Final = "api/v1/"
_COMPANY: Final = re.compile(r"(^|/)(?:\{division\}|current|[0-9]+)/")
_REST: Final = re.compile(r"[?#(]")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address, with ``{division}`` where the number of a company stands."""

    uri: str
    methods: tuple[str, ...]
    """Empty where nobody has written them down: it may read, write or both."""
    scopes: tuple[str, ...]
    """One of them is enough (an assumption: the reference only lists them); empty where none is needed."""

    @property
    def reads(self) -> bool:
        return GET in self.methods

    @property
    def writes(self) -> bool:
        return any(method in self.methods for method in WRITE_METHODS)

    @property
    def path(self) -> str:
        """What follows the company, such as "crm/Accounts": calls are counted by it."""
        return path_of(self.uri)


def path_of(address: str) -> str:
    """Return what follows the company in an address, or in a part of one: without host, company, key and query."""
    path = _REST.split(address.strip(), maxsplit=1)[0]
    _, base, after = path.partition(_BASE)
    return _COMPANY.sub(r"\1", after if base else path, count=1)


def _parse(line: str) -> Endpoint:
    uri, methods, scopes = line.split()
    return Endpoint(
        uri,
        () if methods == "?" else tuple(methods.split(",")),
        () if scopes == "-" else tuple(scopes.split(",")),
    )


def _read(table: Path) -> tuple[Endpoint, ...]:
    lines = table.read_text(encoding="utf-8").splitlines()
    return tuple(_parse(line) for line in lines if line and not line.startswith("#"))


ENDPOINTS: Final = _read(Path(__file__).with_name("endpoints.txt"))
