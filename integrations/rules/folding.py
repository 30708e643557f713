"""Names as people type them: one form under which they are kept for searching, whatever case or accent."""

import unicodedata


def fold(text: str) -> str:
    """Return the text without case, accents and surplus blanks: “  Café  Jansén” → “cafe jansen”."""
    parts = unicodedata.normalize("NFKD", " ".join(text.split()))
    bare = "".join(character for character in parts if not unicodedata.combining(character))
    return unicodedata.normalize("NFKC", bare.casefold())
