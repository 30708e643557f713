"""Values of Exact's JSON, read strictly: what the reference does not allow is a `MalformedAnswer`.

Shapes: OData v3, `{"d":{"results":[…],"__next":"…"}}`, sometimes `{"d":[…]}` or `{"d":{…}}`; dates as
`/Date(milliseconds)/`. Source: Exact's page *Exact Online REST API – reference documentation*.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from integrations.exact import errors
from integrations.exact.evidence import Evidence

LONGEST_TEXT: Final = 500
LARGEST_INTEGER: Final = 2**63 - 1

_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/\Z")
_DIGITS = re.compile(r"[0-9]{1,19}\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_date(text: str) -> datetime | None:
    """`/Date(1700000000000)/` → UTC. None for anything else, and for years that Python has not."""
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(match[1]))
    except OverflowError:
        return None


def results(document: dict[str, object] | None, evidence: Evidence) -> tuple[list["Fields"], str | None]:
    """The objects of an answer and its `__next` URL. Raises `MalformedAnswer`."""
    found = (document or {}).get("d")
    after = None
    if isinstance(found, dict) and "results" in found:
        after, found = found.get("__next"), found["results"]
    elif isinstance(found, dict):
        found = [found]
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        _refuse(evidence, "d")
    if after is not None and not isinstance(after, str):
        _refuse(evidence, "__next")
    return [Fields(item, evidence) for item in found], after


class Fields:
    """One object of an answer. Absent and null are the same; both are refused only where `needed`."""

    def __init__(self, values: dict[str, object], evidence: Evidence) -> None:
        self._values = values
        self._evidence = evidence

    def text(self, name: str, *, needed: bool = False) -> str:
        """At most 500 characters, without controls (a NUL breaks databases, CR and LF break logs and
        headers); empty when absent."""
        value = self._values.get(name)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or len(value) > LONGEST_TEXT or (needed and not value.strip()):
            _refuse(self._evidence, name)
        if any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000 for sign in value):
            _refuse(self._evidence, name)
        return value.strip()

    def integer(self, name: str) -> int | None:
        """0 or more, also as a string of digits (OData writes 64-bit numbers so); None when absent."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and _DIGITS.match(value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_INTEGER:
            _refuse(self._evidence, name)
        return value

    def division(self, name: str) -> int:
        """The number of a company: more than 0, and there."""
        value = self.integer(name)
        if not value:
            _refuse(self._evidence, name)
        return value

    def flag(self, name: str) -> bool | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            _refuse(self._evidence, name)
        return value

    def date(self, name: str) -> datetime | None:
        """UTC; None when absent."""
        value = self._values.get(name)
        if value is None:
            return None
        date = parse_date(value) if isinstance(value, str) else None
        if date is None:
            _refuse(self._evidence, name)
        return date


def _refuse(evidence: Evidence, name: str) -> NoReturn:
    raise errors.MalformedAnswer(evidence, reason=f"{name} is not as published")
