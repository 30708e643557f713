"""The sentences of ``rules.link_texts`` with names in them; and in which language somebody reads.

A ``Reason`` is an English sentence that knows its code: staff, logs and commands read it as it is, and customers in
the language that they chose.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, Self

from integrations.rules.link_texts import ENGLISH, HTML, MONTHS, NAMES, REASONS, TEXTS

LONGEST_ACCEPTED: Final = 500
_NAME_AND_STOP: Final = re.compile(r"\{(\w+)\}\.")
MOST_LISTED: Final = 20
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")


class Reason(str):
    """Why something is not possible, for a customer: the sentence in English, with the code that says it in others."""

    __slots__ = ("code", "values")
    code: str
    values: dict[str, str]

    def __new__(cls, code: str, **values: str) -> Self:
        if code not in REASONS:
            raise KeyError(code)
        made = super().__new__(cls, say(code, ENGLISH, **values))
        made.code, made.values = code, values
        return made

    def in_language(self, language: str) -> str:
        return say(self.code, language, **self.values)

    def kept(self) -> list[Any]:
        """Return what a session can keep."""
        return [self.code, self.values]

    @classmethod
    def read(cls, kept: Any) -> Self:
        """Return the reason that was kept.

        Raises:
            KeyError: an older release kept it, and knew another code.
        """
        code, values = kept
        return cls(code, **values)


class Words(Mapping[str, str]):
    """The texts of one page in one language, by their codes, with the names of that page in them."""

    def __init__(self, language: str, **values: str) -> None:
        self.language = language
        self.html = HTML[language]
        self._values = values

    def __getitem__(self, code: str) -> str:
        return say(code, self.language, **self._values)

    def __iter__(self) -> Any:
        return iter(TEXTS)

    def __len__(self) -> int:
        return len(TEXTS)


def say(code: str, language: str, **values: str) -> str:
    """Return the text. Where ``we`` is empty nobody wrote down what we are called; ``on`` is a day in ISO's form."""
    text = _ending(getattr(TEXTS[code], language), values)
    if on := values.get("on"):
        values["on"] = day(date.fromisoformat(on), language)
    if "we" in values and not values["we"]:
        values["we"] = getattr(TEXTS["sender"], language)
        said = text.format(**values)
        return said[0].upper() + said[1:]
    return text.format(**values)


def _ending(text: str, values: Mapping[str, str]) -> str:
    """Return the text without a full stop behind a name that ends in its own, such as *Jansen B.V.*"""

    def ended(found: re.Match[str]) -> str:
        return found[0].removesuffix(".") if values.get(found[1], "").endswith(".") else found[0]

    return _NAME_AND_STOP.sub(ended, text)


def listed(names: Sequence[str], language: str) -> str:
    """Return names as a sentence lists them: ``Jansen BV, Smit BV and De Boer``; of many the first, and how many."""
    shown = list(names[:MOST_LISTED])
    if more := len(names) - len(shown):
        shown.append(say("others", language, count=str(more)))
    *first, last = shown or [""]
    return f"{', '.join(first)} {say('and', language)} {last}" if first else last


def day(on: date, language: str) -> str:
    """Return a day in words, such as ``5 March 2026`` or ``5 maart 2026``."""
    return f"{on.day} {MONTHS[language][on.month - 1]} {on.year}"


def chosen(asked: str, accepted: str) -> str:
    """Return the language: the one asked for, where it is one of ours; else the browser's."""
    return asked if asked in NAMES else preferred(accepted)


def preferred(accepted: str) -> str:
    """Read Accept-Language (RFC 9110 §12.5.4): the language that ranks first, where that is ours; else English."""
    read = (_RANGE.fullmatch(part) for part in accepted[:LONGEST_ACCEPTED].split(","))
    ranked = [(float(match[2] or 1), match[1].lower()) for match in read if match and float(match[2] or 1) > 0]
    first = max(ranked, key=lambda one: one[0])[1] if ranked else ENGLISH  # of equals the first
    return first if first in NAMES else ENGLISH


def only_ours(reasons: Iterable[str]) -> tuple[Reason, ...]:
    """Return what a customer may read: what is staff's to know and to mend becomes *not now*."""
    found = [reason if isinstance(reason, Reason) else Reason("not_now") for reason in reasons]
    return tuple(dict.fromkeys(found))
