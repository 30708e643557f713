"""What customers read: every sentence in both languages, with the same names in it, and every one of them used."""

import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from integrations.models import Language
from integrations.rules import link_words
from integrations.rules.link_texts import DUTCH, ENGLISH, HTML, LETTER, MONTHS, NAMES, PAGE, REASONS, TEXTS
from integrations.rules.link_words import Reason, Words, only_ours

ROOT = Path(__file__).parents[2]
EVERY = {"we", "app", "customer", "on", "name", "host", "redirect_url", "who", "contact", "url", "until", "support"}
EVERY |= {"clock", "zone", "city", "replaces", "count"}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", TEXTS)
def test_both_languages_say_it_with_the_same_names(code: str) -> None:
    text = TEXTS[code]
    assert text.en.strip()
    assert text.nl.strip()
    assert text.en != text.nl
    assert names(text.en) == names(text.nl) <= EVERY


def test_no_code_stands_for_two_texts() -> None:
    assert len(TEXTS) == len(REASONS) + len(PAGE) + len(LETTER)


def test_the_languages_are_those_that_customers_have() -> None:
    assert set(NAMES) == set(HTML) == set(MONTHS) == set(Language.values)


def test_the_pages_say_no_text_that_is_not_there_and_leave_none_out() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "templates" / "connect").glob("*.html"))
    said = set(re.findall(r"\bt\.(\w+)", templates)) - {"html", "language"}
    assert said <= PAGE.keys()
    assert said == PAGE.keys() - {"sender"}


def test_every_reason_is_given_somewhere() -> None:
    files = [path for path in (ROOT / "integrations").rglob("*.py") if path.name != "link_texts.py"]
    source = "".join(path.read_text() for path in files)
    made = {f"gate_{state}" for state in ("none", "requested", "requested_on", "refused", "withdrawn", "taken_back")}
    unsaid = {code for code in REASONS.keys() - made if f'"{code}"' not in source}
    assert not unsaid - {"expired", "revoked", "used"}, "these three are the states of a page"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", ENGLISH), ("nl", DUTCH), ("nl-NL,nl;q=0.9,en;q=0.8", DUTCH), ("NL-be", DUTCH), ("en,nl", ENGLISH),
        ("nl,en", DUTCH), ("en;q=0.5, nl;q=0.9", DUTCH), ("de,nl;q=0.9", ENGLISH), ("nl;q=0, en;q=0.1", ENGLISH),
        ("nl;q=0", ENGLISH), ("nl;q=2", ENGLISH), ("*", ENGLISH), ("nlx", ENGLISH), (",;=\x00nl", ENGLISH),
        ("nl;q=٣", ENGLISH), ("en," * 4000 + "nl", ENGLISH),
    ],
)  # fmt: skip
def test_the_language_is_the_one_that_the_browser_ranks_first(accepted: str, language: str) -> None:
    assert link_words.preferred(accepted) == language


@pytest.mark.parametrize(("asked", "language"), [("nl", DUTCH), ("en", ENGLISH), ("fr", DUTCH), ("", DUTCH)])
def test_who_asks_for_one_of_ours_gets_it(asked: str, language: str) -> None:
    assert link_words.chosen(asked, "nl-NL") == language


def test_a_reason_is_read_in_english_and_said_in_either_language() -> None:
    reason = Reason("gate_requested_on", we="Meridian", on="2026-05-03")
    assert "Meridian has asked Exact for permission on 3 May 2026." in reason
    assert "Meridian heeft Exact op 3 mei 2026 om toestemming gevraagd." in reason.in_language(DUTCH)
    assert Reason.read(reason.kept()).in_language(DUTCH) == reason.in_language(DUTCH)


def test_a_name_with_braces_stands_as_it_is() -> None:
    assert Words(ENGLISH, we="{we}", customer="{0}", app="")["asks"].startswith("{we} asks")
    assert "{0}" in Words(ENGLISH, we="{we}", customer="{0}", app="")["asks"]


def test_a_name_that_ends_in_a_full_stop_gets_no_second_one() -> None:
    said = Words(ENGLISH, we="Meridian", customer="Jansen B.V.", app="")["asks"]
    assert said.endswith(" companies of Jansen B.V.")
    assert not said.endswith("..")
    assert Words(ENGLISH, we="Meridian", customer="Jansen", app="")["asks"].endswith(" of Jansen.")


def test_nobody_wrote_down_what_we_are_called() -> None:
    assert Words(DUTCH, we="", customer="Jansen", app="")["asks"].startswith("De afzender van deze link vraagt")


def test_what_is_staffs_to_know_a_customer_does_not_read() -> None:
    told = only_ours(["The app is disabled.", Reason("expired"), "The app has no secret."])
    assert [one.code for one in told] == ["not_now", "expired"]


def test_names_are_listed_as_a_sentence_does() -> None:
    assert link_words.listed([], DUTCH) == ""
    assert link_words.listed(["A"], DUTCH) == "A"
    assert link_words.listed(["A", "B", "C"], DUTCH) == "A, B en C"
    many = link_words.listed([f"C{number}" for number in range(22)], ENGLISH)
    assert many.endswith("C18, C19 and 2 others")


def test_days_are_said_in_words() -> None:
    assert link_words.day(date(2026, 3, 1), DUTCH) == "1 maart 2026"
    assert [len(MONTHS[language]) for language in NAMES] == [12, 12]
