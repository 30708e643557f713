"""What may be kept of what the other side said."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.exact.redaction import REASON_LENGTH, reason, visible

SCOPE = "Forbidden - Application Scope Violated. Cannot read 'organization.administration' scope."


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit exceeded: access_token not expired",
        "The refresh token expired at 10/27/2026 05:00:00 and it is now 11/27/2026 05:00:01",
        "Token is not allowed, because of invalid or empty chainId",
        "TooEarlyToRefreshTokens",
        SCOPE,
        "Gebruiker heeft geen rechten voor Jansen & Söhne",
    ],
)
def test_ordinary_words_stay(text):
    assert reason(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("access_token=abc", "access_token=[hidden]"),
        ('"refresh_token": "abc", x', '"refresh_token": "[hidden]", x'),
        ("client_secret:abc&x=y", "client_secret:[hidden]&x=y"),
        ("Authorization: Bearer abc", "Authorization: [hidden] [hidden]"),
        ("Bearer abc.def", "Bearer [hidden]"),
        ("id 3f6b1c9e-0000-4000-8000-123456789abc", "id [hidden]"),
        ("stampNL001.gAAAA!IAAAAJxyz0123456789", "[hidden]"),
        ("x" * 40, "[hidden]"),
        ("a\0b\r\nc\u202ed\ud800e", "a b c d e"),
    ],
)
def test_what_may_be_a_token_does_not(text, kept):
    assert reason(text) == kept


def test_a_short_secret_does_not_blot_out_the_text():
    assert reason("a banana", ("a",)) == "a banana"


def test_long_texts_are_cut():
    assert len(reason("word " * 1000)) == REASON_LENGTH
    assert visible("word word", 5) == "word…"


SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40)


@settings(deadline=None)
@given(before=st.text(), secret=SECRETS, after=st.text())
def test_no_secret_of_the_request_is_kept(before, secret, after):
    for form in (secret, quote(secret), quote(secret, safe="")):
        kept = reason(f"{before}{form}{after}", (secret,))
        assert len(kept) <= REASON_LENGTH
        assert kept.isprintable()
        assert secret not in kept.replace("[hidden]", "") or secret in before + after
