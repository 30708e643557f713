"""Redirect URLs, and the address that somebody pastes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.rules.redirects import clean_redirect_url, clean_registered_url, read_pasted

OWNED = "https://www.owned.example/back"
CODE = "code=stampNL001.a!b&state=xyz"


@pytest.mark.parametrize(
    "url", [OWNED, "https://owned.example", "https://owned.example:8443/a/b", "https://xn--bcher-kva.example/"]
)
def test_an_https_address_is_taken_as_it_stands(url: str) -> None:
    assert clean_redirect_url(url).value == url
    assert clean_redirect_url(f" {url}\n") == clean_redirect_url(f"\t{url}")
    assert clean_redirect_url(f" {url}\n").value == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no web address"), ("owned.example", "no web address"), ("ftp://owned.example/", "no web address"),
        ("https://", "no web address"), ("https://[::1", "no web address"), ("https://a b.example/", "no web address"),
        ("https://bücher.example/", "no web address"), ("https://owned.example:99999/", "no web address"),
        ("javascript:alert(1)", "no web address"), ("https://owned.example/\r\nX: y", "no web address"),
        ("http://owned.example/", "https addresses only"), ("http://127.0.0.1:8000/", "https addresses only"),
        ("https://user:pw@owned.example/", "a user or a password"), ("https://owned.example/?a=1", "behind “?”"),
        ("https://owned.example/?", "behind “?”"), ("https://owned.example/#a", "behind “#”"),
        ("https://localhost/", "name of a host"), ("https://10.0.0.5/", "name of a host"),
        ("https://owned.example/" + "a" * 500, "500 at most"),
    ],
)  # fmt: skip
def test_what_exact_would_not_accept_is_refused(url: str, words: str) -> None:
    cleaned = clean_redirect_url(url)
    assert cleaned.value == ""
    assert words in " ".join(cleaned.reasons)


def test_practice_may_come_back_to_this_machine() -> None:
    for url in ("http://127.0.0.1:8000/oauth/callback/x/", "http://localhost:8000/", "http://[::1]:8000/"):
        assert clean_redirect_url(url, practice=True).value == url
    assert clean_redirect_url("http://owned.example/", practice=True).reasons


@pytest.mark.parametrize("url", [OWNED, "http://owned.example", f"{OWNED}?decode=1", f"{OWNED}//@me", f"{OWNED}?a=b@c"])
def test_what_stands_at_exact_is_kept_right_or_wrong(url: str) -> None:
    assert clean_registered_url(f" {url}\n").value == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"{OWNED}?{CODE}", "led a browser"), (f"{OWNED}?state=xyz", "led a browser"),
        (f"{OWNED}?a=1&CODE=xyz", "led a browser"), (f"{OWNED}#code=xyz", "led a browser"),
        (f"{OWNED}?{CODE}{'x' * 600}", "led a browser"), (f"not an address ?{CODE}", "led a browser"),
        ("https://user:xyz@owned.example/", "a user or a password"), ("https://xyz@owned.example", "a user or"),
    ],
)  # fmt: skip
def test_what_holds_a_code_or_a_password_is_not_kept_and_not_repeated(url: str, words: str) -> None:
    cleaned = clean_registered_url(url)
    assert cleaned.value == ""
    assert words in " ".join(cleaned.reasons)
    assert "xyz" not in repr(cleaned)


@pytest.mark.parametrize(
    "pasted",
    [
        f"{OWNED}?{CODE}", f"  {OWNED}?{CODE}\n", f"HTTPS://WWW.Owned.Example:443/back?{CODE}",
        f"www.owned.example/back?{CODE}",
        f"{OWNED}?{CODE}#anything", f"https://www.owned.example/ba\nck?{CODE}",
    ],
)  # fmt: skip
def test_the_address_where_the_browser_ended_is_read(pasted: str) -> None:
    assert read_pasted(pasted, redirect_url=OWNED).query == CODE


def test_a_refusal_of_exact_is_an_answer_too() -> None:
    assert read_pasted(f"{OWNED}?error=access_denied&state=x", redirect_url=OWNED).query
    assert read_pasted(f"https://owned.example/?{CODE}", redirect_url="https://owned.example").query == CODE


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "Nothing was pasted"), ("   \n", "Nothing was pasted"), ("x" * 5000, "far longer"),
        (f"https://other.example/back?{CODE}", "an address of other.example"),
        (f"http://www.owned.example/back?{CODE}", "another page of www.owned.example"),
        (f"https://www.owned.example/?{CODE}", "another page of www.owned.example"),
        (f"https://www.owned.example:444/back?{CODE}", "another page"),
        (f"https://www.owned.example@evil.example/back?{CODE}", "an address of evil.example"),
        ("https://start.exactonline.nl/api/oauth2/auth?client_id=x&state=y", "a page of Exact itself"),
        (OWNED, "carries no code"), (f"{OWNED}?", "carries no code"), (f"{OWNED}?state=x", "carries no code"),
        (f"{OWNED}?code=&state=x", "carries no code"), ("mailto:a@b.example", "an address of b.example"),
        ("two words", "an address of twowords"),
        (f"https://[::1?{CODE}", "no web address"), ("ftp://owned.example/", "no web address"),
        ("\x00\x01", "no web address"),
    ],
)  # fmt: skip
def test_anything_else_says_what_is_wrong_and_never_repeats_the_code(pasted: str, words: str) -> None:
    read = read_pasted(pasted, redirect_url=OWNED)
    assert read.query == ""
    assert words in " ".join(read.reasons)
    assert "stampNL001" not in " ".join(read.reasons) + repr(read)


@given(st.text(max_size=200))
def test_whatever_is_typed_there_is_an_answer(text: str) -> None:
    for read in (read_pasted(text, redirect_url=OWNED), read_pasted(f"{OWNED}?{text}", redirect_url=OWNED)):
        assert bool(read.query) != bool(read.reasons)
    cleaned = clean_redirect_url(text)
    assert bool(cleaned.value) != bool(cleaned.reasons)
