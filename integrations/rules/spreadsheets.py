"""Text for the cells of a spreadsheet, which would take some texts for formulas and run them."""

from typing import Final

STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe(text: str) -> str:
    """Return the text with an apostrophe before it where a spreadsheet would calculate (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(STARTS) else text
