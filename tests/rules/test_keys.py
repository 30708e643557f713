"""What a client id and a client secret must look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules.keys import clean_client_id, clean_client_secret

GUID = "1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a001"


@given(st.text(alphabet=[chr(code) for code in range(33, 127) if chr(code) not in "\"'`*.<>[]=:"], min_size=8))
def test_a_plain_secret_is_stored_as_it_is(secret: str) -> None:
    if secret.strip("x_#-X"):
        assert clean_client_secret(secret).value == secret


@given(st.text())
def test_any_text_is_either_stored_or_refused_with_a_reason(text: str) -> None:
    cleaned = clean_client_secret(text)
    assert bool(cleaned.value) != bool(cleaned.reasons)


@given(st.text(max_size=60))
def test_any_client_id_is_either_stored_or_refused_with_a_reason(text: str) -> None:
    cleaned = clean_client_id(text)
    assert bool(cleaned.value) != bool(cleaned.reasons)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   \t ", "empty"),
        ("abc def", "Character 4 is a space"),
        ("abc\tdef", "Character 4 is a tab"),
        ("abc\ndef", "Character 4 is a line break"),
        ("abc\r\ndef", "Character 4 is a line break"),
        ("abc\u2028def", "Character 4 is a line break"),
        ("abc\u200bdef", "Character 4 is invisible"),
        ("\ufeffabcdef", "Character 1 is invisible"),
        ("abc\u00a0def", "Character 4 is a blank"),
        ("abcdéf", "Character 5 is “é”"),
        ("abc\u0430def", "cyrillic"),
        ("abc\x00def", "Character 4 is a control character"),
        ('"abcdef"', "quotes around it"),
        ("'abcdef'", "quotes around it"),
        ("“abcdef”", "quotes around it"),
        ("abcdef'", "the last character"),
        ("Bearer abcdef", "starts with “Bearer”"),
        ("authorization: bearer abcdef", "starts with “Bearer”"),
        ("Basic YWJj", "starts with “Basic”"),
        ("CLIENT_SECRET=abcdef", "line of a settings file"),
        ("export EXACT_SECRET=abcdef", "line of a settings file"),
        ("client_secret: abcdef", "line of a settings file"),
        ("••••••••", "masked"),
        ("********", "masked"),
        ("ab12********", "From character 5 on"),
        ("xxxxxxxxxxxx", "masked"),
        ("abc...xyz", "masked"),
        ("<your secret>", "masked"),
        ("[hidden]", "masked"),
        ("a" * 513, "513 characters"),
        (GUID, "This is the Client ID"),
        (f"{{{GUID.upper()}}}", "This is the Client ID"),
    ],
)
def test_a_mangled_secret_is_refused_with_the_reason_and_the_place(text: str, reason: str) -> None:
    cleaned = clean_client_secret(text, client_id=GUID)
    assert reason in " ".join(cleaned.reasons)
    assert not cleaned.value


@pytest.mark.parametrize("text", ["abc=def", "a=b", "=abc"])
def test_an_equals_sign_alone_does_not_make_a_settings_line_of_every_secret(text: str) -> None:
    # `a=b` reads like NAME=value; whoever really has such a secret is told why it is refused.
    assert bool(clean_client_secret(text).reasons) == (text != "=abc")


@pytest.mark.parametrize("text", ["  abcdef", "abcdef \n", "\tabcdef\r\n"])
def test_blanks_around_a_secret_are_trimmed_and_that_is_said(text: str) -> None:
    cleaned = clean_client_secret(text)
    assert (cleaned.value, cleaned.trimmed, cleaned.reasons) == ("abcdef", True, ())


def test_many_odd_characters_are_counted_not_listed() -> None:
    reasons = clean_client_secret("é" * 10).reasons
    assert len(reasons) == 4
    assert "7 more" in reasons[-1]


@given(st.text(min_size=8))
def test_no_reason_repeats_the_secret(text: str) -> None:
    assert not any(text in reason for reason in clean_client_secret(text).reasons)
    assert text not in repr(clean_client_secret(text))


@pytest.mark.parametrize("text", [GUID, GUID.upper(), f" {GUID} ", f"{{{GUID}}}"])
def test_a_guid_is_a_client_id_in_the_case_in_which_it_came(text: str) -> None:
    cleaned = clean_client_id(text)
    assert cleaned.value == text.strip(" {}")
    assert cleaned.trimmed == (text != text.strip())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("1b0a6d1e9c0f4f558d2b6a54c1f1a001", "in other groups"),
        ("1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a00g", "Character 36 (“g”"),
        ("1b0a6d1e-9c0f-4f55-8d2b-6a54c1f1a0\u0661\u0661", "arabic-indic digit"),
        ("00000000-0000-0000-0000-000000000000", "all zeros"),
        ("https://apps.exactonline.com", "Character 1"),
    ],
)
def test_anything_else_is_no_client_id(text: str, reason: str) -> None:
    assert reason in clean_client_id(text).reasons[0]
