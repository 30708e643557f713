"""Names that a page can show."""

import pytest

from integrations.rules.names import why_not_shown


@pytest.mark.parametrize(
    "name", ["Jansen BV", "株式会社", "שלום", "مرحبا", "1", "🏠", "नमस्ते", "می\u200cخواهم", "👩\u200d🌾"]
)
def test_a_name_in_any_script_is_shown(name: str) -> None:
    assert why_not_shown(name) == ()


@pytest.mark.parametrize("name", ["\u200b", "\u2060\u00ad", "\ufe0f", " "])
def test_a_name_of_which_nothing_is_seen_is_refused(name: str) -> None:
    assert why_not_shown(name) == ("Nothing of this name can be seen.",)


@pytest.mark.parametrize("name", ["Jansen \u202eVB", "\u2066x", "a\x07b", "a\x1b[2J", "a\udcff"])
def test_a_name_that_changes_how_a_page_or_a_terminal_reads_is_refused(name: str) -> None:
    (reason,) = why_not_shown(name)
    assert reason.startswith("This name has an invisible sign")
