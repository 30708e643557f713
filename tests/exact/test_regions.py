"""Regions, and that nothing else knows a country."""

import re
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from integrations.exact.regions import REGIONS, UnknownRegion, by_code

ROOT = Path(__file__).parents[2]
COUNTRY = re.compile(
    r"netherlands|dutch|united kingdom|british|exactonline\.(?!com)|\bexact_(nl|uk)\b|['\"](nl|uk|gb|NL|UK|GB)['\"]",
    re.IGNORECASE,
)


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.code)
def test_a_region_is_complete(region) -> None:
    assert region.title == f"Exact ({region.name})"
    for url in (region.origin, region.developer_site, region.partner_url):
        assert urlsplit(url).scheme == "https"
    assert region.origin == f"https://{region.host}"
    assert ZoneInfo(region.time_zone)
    assert region.language
    assert by_code(region.code) is region


def test_codes_are_unique_and_short_enough_for_their_column() -> None:
    codes = [region.code for region in REGIONS]
    assert len(set(codes)) == len(codes)
    assert max(map(len, codes)) <= 10


def test_the_facts_of_the_two_regions() -> None:
    assert [(region.code, region.origin, region.developer_site) for region in REGIONS] == [
        ("nl", "https://start.exactonline.nl", "https://apps.exactonline.com/nl/"),
        ("uk", "https://start.exactonline.co.uk", "https://apps.exactonline.com/gb/"),
    ]


def test_an_unknown_region_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownRegion, match="Known regions: nl, uk"):
        by_code("fr")


def test_no_other_file_names_a_country() -> None:
    files = [path for folder in ("portal", "integrations", "templates") for path in (ROOT / folder).rglob("*")]
    naming = {
        str(path.relative_to(ROOT))
        for path in [*files, ROOT / "manage.py", ROOT / "Makefile"]
        if path.suffix in {".py", ".html", ".js", ".css", ""} and path.is_file() and COUNTRY.search(path.read_text())
    }
    languages = {
        "integrations/exact/review.py",
        "integrations/models/customer.py",
        "integrations/migrations/0004_customers.py",
        "integrations/rules/link_texts.py",
        "integrations/rules/workflow.py",
        "integrations/sandbox/languages.py",
    }
    assert naming - languages == {"integrations/exact/regions.py"}, "a language is no country"
