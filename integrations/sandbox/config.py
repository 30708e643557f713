"""What one sandbox is told when it starts."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Config:
    """`lifetime` is that of an access token in seconds; Exact's own is 600 (OAuth 2.0, "Access token").

    `country` (ISO 3166) and `currency` (ISO 4217) are what the invented companies carry. The defaults are
    the region's code and XTS, the code that ISO 4217 reserves for testing: no country is known here.
    `language` is the local one, in English ("English" where it is that); "" where nobody said.
    """

    region: str
    title: str
    database: Path
    lifetime: int = 600
    country: str = ""
    currency: str = "XTS"
    language: str = ""

    @property
    def cookie(self) -> str:
        """The session cookie's name. Cookies ignore ports, so each region needs a name of its own."""
        return f"sandbox_{self.region}_session"

    @property
    def asks_english_too(self) -> bool:
        """Forms ask for each text in the local language and in English; once, where the two are the same."""
        return self.language != "English"

    @property
    def earliest_refresh(self) -> float:
        """Seconds from one token request of a chain to the next one allowed: 95 % of the lifetime."""
        return self.lifetime * 0.95
