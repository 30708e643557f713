"""What was pasted against ours: every character counts, and each that differs is shown and told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules.differences import Kind, compare, shown

OURS = "https://portal.example.com/oauth/callback/1/"
TEXT = st.text(st.characters(codec="utf-8"), max_size=80)


def edited(text: str, at: int, old: int, new: str) -> str:
    return text[:at] + new + text[at + old :]


def test_the_same_is_the_same() -> None:
    same = compare(OURS, OURS)
    assert same.sentence == ""
    assert [(segment.kind, segment.text) for segment in same.segments] == [(Kind.SAME, OURS)]


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        (OURS[:-1], "A slash is missing at the end."),
        (f"{OURS}/", "A slash is too much at the end."),
        (f"{OURS} ", "A blank is too much at the end."),
        (f"{OURS}\u200b", "Invisible (zero width space) is too much at the end."),
        (f" {OURS}", "A blank is too much at the beginning."),
        (OURS.replace("https", "http"), "“s” is missing before character 5."),
        (edited(OURS, 8, 1, "P"), "Character 9 is “P”, where “p” has to be."),
        (edited(OURS, 9, 1, "\u043e"), "Character 10 is “\u043e” (cyrillic small letter o), where “o” has to be."),
        (edited(OURS, 26, 0, "/"), "A slash is too much at character 28."),
        (edited(OURS, 14, 0, "\u00ad"), "Invisible (soft hyphen) is too much at character 15."),
        (edited(OURS, 8, 6, "admin-x"), "Characters 9 to 15 are “admin-x”, where “portal” has to be."),
        (edited(OURS[:-1], 8, 1, "P"), "Character 9 is “P”, where “p” has to be; a slash is missing at the end."),
        ("", "Nothing was pasted."),
        ("https://www.elsewhere.org/", "This is another address than the portal's."),
        ("a" * 5000, "This is another address than the portal's."),
    ],
)
def test_a_difference_is_told(pasted: str, sentence: str) -> None:
    assert compare(pasted, OURS).sentence == sentence


def test_no_more_than_three_places_are_told_and_the_rest_is_counted() -> None:
    pasted = "https://Portal.Example.Com/Oauth/Callback/1/"
    assert compare(pasted, OURS).sentence.endswith("; 2 more places differ.")
    assert compare(pasted.replace("Callback", "callback"), OURS).sentence.endswith("; 1 more place differs.")


def test_places_with_next_to_nothing_between_them_are_one() -> None:
    assert compare(OURS.replace("portal", "PoRtal"), OURS).sentence == (
        "Characters 9 to 11 are “PoR”, where “por” has to be."
    )


def test_each_piece_is_marked() -> None:
    marked = compare(edited(OURS, 8, 1, "P"), OURS).segments
    assert [(segment.kind, segment.text) for segment in marked] == [
        (Kind.SAME, "https://"),
        (Kind.EXTRA, "P"),
        (Kind.MISSING, "p"),
        (Kind.SAME, OURS[9:]),
    ]


def test_what_no_eye_sees_is_named() -> None:
    assert shown("a b\tc\u200bd\n") == "a[a blank]b[a tab]c[invisible (zero width space)]d[a line break]"
    assert shown("e\u0301") == "e[invisible (combining acute accent)]"
    assert compare(f"{OURS}\u2028", OURS).segments[-1].shown == "[invisible (line separator)]"


@given(TEXT, TEXT)
def test_the_pieces_make_up_both(pasted: str, ours: str) -> None:
    segments = compare(pasted, ours).segments
    assert "".join(segment.text for segment in segments if segment.kind is not Kind.MISSING) == pasted
    assert "".join(segment.text for segment in segments if segment.kind is not Kind.EXTRA) == ours


@given(TEXT.filter(bool), TEXT)
def test_only_the_same_is_the_same(pasted: str, ours: str) -> None:
    assert (compare(pasted, ours).sentence == "") == (pasted == ours)


@given(TEXT)
def test_whatever_was_pasted_is_compared_and_every_character_of_it_is_seen(pasted: str) -> None:
    found = compare(pasted, OURS)
    assert (found.sentence == "") == (pasted == OURS)
    assert all(char.isprintable() for segment in found.segments for char in segment.shown)
