"""Names that a page can show, where something is seen of them and they turn no text round; texts that can be stored."""

import unicodedata
from typing import Final

SEEN: Final = frozenset("LNPS")
"""Letters, numbers, punctuation and symbols, by the first letter of Unicode's category."""
NOT_TEXT: Final = frozenset({"Cc", "Cs"})
"""Control characters, and what a terminal makes of bytes that are no text."""
TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def why_not_shown(name: str) -> tuple[str, ...]:
    """Return why no page could show the name: a link without words, or one that reads backwards."""
    conditions = (
        (not any(unicodedata.category(char)[0] in SEEN for char in name), "Nothing of this name can be seen."),
        (
            any(unicodedata.bidirectional(char) in TURNING or unicodedata.category(char) in NOT_TEXT for char in name),
            "This name has an invisible sign that changes how a page reads. Type it anew, without pasting.",
        ),
    )
    return tuple(reason for unmet, reason in conditions if unmet)


def can_be_stored(text: str) -> bool:
    """Tell whether every database keeps the text: PostgreSQL has no place for NUL, and UTF-8 none for half a pair."""
    return not any(char == "\0" or unicodedata.category(char) == "Cs" for char in text)
