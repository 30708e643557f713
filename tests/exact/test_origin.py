"""Origins and evidence."""

import pytest

from integrations.exact import origin
from integrations.exact.evidence import Evidence
from tests.exact.asking import named_error


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://start.exactonline.nl", "https://start.exactonline.nl"),
        ("https://START.exactonline.nl:443/", "https://start.exactonline.nl"),
        ("https://start.exactonline.co.uk:8443", "https://start.exactonline.co.uk:8443"),
        ("http://127.0.0.1:8101", "http://127.0.0.1:8101"),
        ("http://localhost", "http://localhost"),
        ("http://[::1]:8101", "http://[::1]:8101"),
    ],
)
def test_origins(text, shown):
    home = origin.parse(text)
    assert str(home) == shown
    assert home.path_of(home.url("/a?b=c")) == "/a?b=c"
    assert home.path_of(shown) == "/"
    assert home.path_of("https://example.com/") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "start.exactonline.nl",
        "ftp://start.exactonline.nl",
        "http://start.exactonline.nl",
        "http://10.0.0.1",
        "https://user@start.exactonline.nl",
        "https://start.exactonline.nl/api",
        "https://start.exactonline.nl?x",
        "https://start.exactonline.nl#x",
        "https://start.exactonline.nl:0",
        "https://start.exactonline.nl:x",
        "https://start.exactonline.nl\n",
        "https://stårt.exactonline.nl",
        "https://[::1",
        "https://",
    ],
)
def test_what_is_no_origin(text):
    assert not named_error(lambda: origin.parse(text)).sent


@pytest.mark.parametrize(
    ("evidence", "shown"),
    [
        (Evidence.of("GET", "https://h.example/a/b?code=1#x"), "GET /a/b: not sent"),
        (Evidence.of("GET", "https://h.example"), "GET /: not sent"),
        (Evidence.of("GET", "/a?next=http://x/"), "GET /a: not sent"),
        (Evidence.of("GET", "/a").answered(None, 20_003), "GET /a: no answer after 20003 ms"),
    ],
)
def test_evidence(evidence, shown):
    assert str(evidence) == shown
