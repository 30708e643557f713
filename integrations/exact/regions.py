"""The countries whose Exact Online the portal serves.

Each country is a separate installation of Exact Online: client ids, secrets, tokens, companies and reviews
do not travel from one to another (Exact's documentation, *Getting started with the REST API*).
A further country is a further row in ``REGIONS`` and needs no migration.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit


class UnknownRegion(LookupError):
    """No region has this code."""


@dataclass(frozen=True, slots=True)
class Region:
    """One country's Exact Online."""

    code: str
    """What the portal calls it: in commands, in ``EXACT_<CODE>_URL`` and in the database."""
    name: str
    """What people call the country."""
    origin: str
    """Scheme and host of the API and of OAuth; the two share one host."""
    developer_site: str
    """Where *Manage my apps* is."""
    partner_url: str
    """Where a company becomes an App Center (App Store) partner."""
    partner_hint: str
    """What to look for behind ``partner_url``."""
    time_zone: str
    """IANA name of the time zone that people there live in."""
    language: str
    """The local language of its forms; where that is English, they ask for one text instead of two."""
    language_code: str
    """The same for browsers (BCP 47)."""

    @property
    def title(self) -> str:
        """The name on pages, such as "Exact (Netherlands)"."""
        return f"Exact ({self.name})"

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc


REGIONS: Final[tuple[Region, ...]] = (
    Region(
        code="nl",
        name="Netherlands",
        origin="https://start.exactonline.nl",
        developer_site="https://apps.exactonline.com/nl/",
        partner_url="https://www.exact.com/nl/developers",
        partner_hint="Follow the link “Exact Online partners”.",
        time_zone="Europe/Amsterdam",
        language="Dutch",
        language_code="nl",
    ),
    Region(
        code="uk",
        name="United Kingdom",
        origin="https://start.exactonline.co.uk",
        developer_site="https://apps.exactonline.com/gb/",
        partner_url=(
            "https://start.exactonline.co.uk/docs/HRMSubTrialNew.aspx"
            "?bcaction=0&type=10&language=EN&UseSimpleWizard=1&PackageSetCode=APPCENTER"
        ),
        partner_hint="Fill in the form to open a partner account.",
        time_zone="Europe/London",
        language="English",
        language_code="en",
    ),
)


def by_code(code: str) -> Region:
    """Return the region with this code.

    Raises:
        UnknownRegion: there is none; the message lists the known codes.
    """
    for region in REGIONS:
        if region.code == code:
            return region
    known = ", ".join(region.code for region in REGIONS)
    raise UnknownRegion(f"There is no region “{code[:20]}”. Known regions: {known}.")
