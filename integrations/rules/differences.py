"""Two addresses compared character by character: Exact takes a Redirect URL only where every one is the same.

What was pasted is shown in pieces, each the same as ours, missing, or too much, and told in a sentence. Characters
that no eye sees are named.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

LONGEST: Final = 1000
"""Beyond, whatever was pasted is no address; comparing it would take long and show nothing."""
TOLD: Final = 3
"""So many places are told in words; the marks show all of them."""
ALIKE: Final = 0.6
"""Below, two addresses have letters in common by chance only, and pieces of them would show nothing."""
BY_CHANCE: Final = 2
"""So many characters in a row are the same by chance, between two places that differ."""
NAMES: Final = {
    " ": "a blank",
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a line break",
    "/": "a slash",
    ".": "a dot",
    ":": "a colon",
}
Code = tuple[bool, int, int, int, int]
"""Whether a piece is the same in both, and from where to where it reaches: in what was pasted, and in ours."""


class Kind(StrEnum):
    SAME = "same"
    MISSING = "missing"
    """It stands in ours, and not in what was pasted."""
    EXTRA = "extra"
    """It stands in what was pasted, and not in ours."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the two: the same pieces with the extra ones are what was pasted, with the missing ones ours."""

    kind: Kind
    text: str

    @property
    def shown(self) -> str:
        """The text with a name in brackets for each character that no eye sees."""
        return shown(self.text)


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, in pieces to mark and in a sentence; the sentence is empty where nothing does."""

    segments: tuple[Segment, ...]
    sentence: str


def compare(pasted: str, ours: str) -> Difference:
    """Compare what stands at Exact with what the portal sends."""
    matcher = SequenceMatcher(None, pasted[:LONGEST], ours[:LONGEST], autojunk=False)
    if not pasted:
        return Difference(_whole(pasted, ours), "Nothing was pasted.")
    if len(pasted) > LONGEST or matcher.ratio() < ALIKE:
        return Difference(_whole(pasted[:LONGEST], ours), "This is another address than the portal's.")
    codes = _joined(matcher.get_opcodes())
    changes = [_Change(pasted, ours, *bounds) for is_same, *bounds in codes if not is_same]
    segments = [segment for code in codes for segment in _segments(pasted, ours, *code)]
    return Difference(tuple(segments), _sentence(changes))


def shown(text: str) -> str:
    """Return the text with a name in brackets for each character that no eye sees."""
    return "".join(char if _is_seen(char) else f"[{name_of(char)}]" for char in text)


def name_of(char: str) -> str:
    """Return what a character is called: the sign itself; its name where an eye misses it, or takes it for another."""
    if char in NAMES:
        return NAMES[char]
    if char.isascii() and _is_seen(char):
        return f"“{char}”"
    name = unicodedata.name(char, f"U+{ord(char):04X}").lower()
    return f"“{char}” ({name})" if _is_seen(char) else f"invisible ({name})"


def _is_seen(char: str) -> bool:
    """Tell whether a character has a shape of its own: no blank, no control or format sign, no mark upon another."""
    return unicodedata.category(char)[0] not in "CZM"


def _whole(pasted: str, ours: str) -> tuple[Segment, ...]:
    pieces = (Segment(Kind.EXTRA, pasted), Segment(Kind.MISSING, ours))
    return tuple(piece for piece in pieces if piece.text)


def _joined(opcodes: Iterable[tuple[str, int, int, int, int]]) -> list[Code]:
    """Take changes with next to nothing in common between them for one, as a reader does."""
    codes: list[Code] = []
    for tag, p1, p2, o1, o2 in opcodes:
        is_same = tag == "equal"
        if len(codes) > 1 and not is_same and codes[-1][0] and codes[-1][2] - codes[-1][1] <= BY_CHANCE:
            codes.pop()
            _, first_p, _, first_o, _ = codes.pop()
            codes.append((False, first_p, p2, first_o, o2))
        else:
            codes.append((is_same, p1, p2, o1, o2))
    return codes


def _segments(pasted: str, ours: str, is_same: bool, p1: int, p2: int, o1: int, o2: int) -> tuple[Segment, ...]:  # noqa: FBT001
    return (Segment(Kind.SAME, ours[o1:o2]),) if is_same else _whole(pasted[p1:p2], ours[o1:o2])


class _Change:
    """One place where the two differ."""

    def __init__(self, pasted: str, ours: str, p1: int, p2: int, o1: int, o2: int) -> None:
        self.extra, self.missing = pasted[p1:p2], ours[o1:o2]
        self.first, self.last, self.length = p1 + 1, p2, len(pasted)

    def __str__(self) -> str:
        if self.extra and self.missing:
            return f"{self._place()} {_named(self.extra)}, where {_named(self.missing)} has to be"
        if self.missing:
            return f"{_named(self.missing)} is missing {self._where('before')}"
        return f"{_named(self.extra)} is too much {self._where('at')}"

    def _place(self) -> str:
        if len(self.extra) == 1:
            return f"character {self.first} is"
        return f"characters {self.first} to {self.last} are"

    def _where(self, word: str) -> str:
        if self.last == self.length:
            return "at the end"
        return f"{word} character {self.first}" if self.first > 1 else "at the beginning"


def _named(text: str) -> str:
    return name_of(text) if len(text) == 1 else f"“{shown(text)}”"


def _sentence(changes: list[_Change]) -> str:
    told = [*map(str, changes[:TOLD])]
    if more := len(changes) - len(told):
        told.append(f"{more} more {'place differs' if more == 1 else 'places differ'}")
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}." if text else ""
