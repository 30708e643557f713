"""Whose word is taken for where a request comes from: chains, spoofed headers, IPv6, and headers that come twice."""

import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser, wsgi

from integrations.middleware import TrustedProxies

Seen = Callable[..., tuple[str, bool]]
OURS = ["10.0.0.0/8", "2001:db8:ffff::/48"]


@pytest.fixture
def seen(settings: Any, rf: Any) -> Seen:
    """Return the address and whether it is https, as the pages see them."""

    def see(peer: str, forwarded: str | None = None, trusted: list[str] = OURS, **headers: str) -> tuple[str, bool]:
        settings.TRUSTED_PROXIES = trusted
        said = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
        request = rf.get("/", REMOTE_ADDR=peer, **said, **headers)
        TrustedProxies(lambda request: request)(request)  # type: ignore[arg-type, return-value]
        assert not [name for name in request.META if "FORWARDED" in name], "nothing further down may believe them"
        return request.META["REMOTE_ADDR"], request.is_secure()

    return see


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        # chains
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "203.0.113.9, 10.1.1.1, 10.2.2.2", "203.0.113.9"),
        ("10.0.0.5", "203.0.113.9, 198.51.100.4, 10.2.2.2", "198.51.100.4"),
        ("10.0.0.5", "10.1.1.1, 10.2.2.2", "10.0.0.5"),
        # what the client wrote himself stands to the left, and is never reached
        ("10.0.0.5", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "1.1.1.1, nonsense, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("203.0.113.9", "10.0.0.1", "203.0.113.9"),
        # what is no address makes nobody of it, and nothing to its left counts
        ("10.0.0.5", "203.0.113.9, unknown", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.9, _hidden", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.9, 300.1.1.1", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.9, <script>", "10.0.0.5"),
        ("10.0.0.5", " , ,", "10.0.0.5"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", None, "10.0.0.5"),
        # IPv6, ports, and IPv4 within IPv6
        ("2001:db8:ffff::1", "2001:db8:1::9", "2001:db8:1::9"),
        ("2001:db8:ffff::1", "2001:DB8:1:0::9, 2001:db8:ffff::2", "2001:db8:1::9"),
        ("2001:db8:fffe::1", "203.0.113.9", "2001:db8:fffe::1"),
        ("10.0.0.5", "[2001:db8:1::9]:41234", "2001:db8:1::9"),
        ("10.0.0.5", "[2001:db8:1::9]", "2001:db8:1::9"),
        ("10.0.0.5", "203.0.113.9:41234", "203.0.113.9"),
        ("::ffff:10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "203.0.113.9, ::ffff:10.0.0.7", "203.0.113.9"),
        ("10.0.0.5", "203.0.113.9, 10.0.0.7:99", "203.0.113.9"),
        # a Unix socket has no address
        ("", "203.0.113.9", ""),
    ],
)
def test_the_last_hop_that_is_not_ours_is_the_client(
    seen: Seen, peer: str, forwarded: str | None, address: str
) -> None:
    assert seen(peer, forwarded)[0] == address


@pytest.mark.parametrize(
    ("peer", "proto", "https"),
    [
        ("10.0.0.5", "https", True),
        ("10.0.0.5", " HTTPS ", True),
        ("10.0.0.5", "http", False),
        ("10.0.0.5", "https,http", False),
        ("10.0.0.5", "https, https", False),
        ("203.0.113.9", "https", False),
    ],
)
def test_https_is_believed_from_our_proxies_and_said_once(seen: Seen, peer: str, proto: str, https: bool) -> None:
    assert seen(peer, "203.0.113.9", HTTP_X_FORWARDED_PROTO=proto)[1] is https


def test_without_proxies_nothing_is_believed(seen: Seen) -> None:
    said = {
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_FORWARDED": "for=1.1.1.1;proto=https",
        "HTTP_X_FORWARDED_HOST": "x",
    }
    assert seen("127.0.0.1", "1.1.1.1", [], **said) == ("127.0.0.1", False)


def environ(*headers: str) -> dict[str, Any]:
    """Return what the web server makes of a request that has these header lines."""
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        theirs.sendall("\r\n".join(["GET / HTTP/1.1", "Host: testserver", *headers, "", ""]).encode())
        config = Config()
        config.set("forwarded_allow_ips", "")
        request = next(get_parser(config, ours, ("10.0.0.5", 41234)))
        _, made = wsgi.create(request, ours, ("10.0.0.5", 41234), ("127.0.0.1", 8000), config)
    return dict(made)


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.9"], "203.0.113.9"),
        (["X-Forwarded-For: 6.6.6.6, 7.7.7.7", "X-Forwarded-For: 203.0.113.9, 10.0.0.8"], "203.0.113.9"),
        (["x-forwarded-for: 203.0.113.9"], "203.0.113.9"),
        (["X-Forwarded-For: 203.0.113.9", "X_Forwarded_For: 6.6.6.6"], "203.0.113.9"),
        (["X-Real-IP: 6.6.6.6", "Forwarded: for=6.6.6.6"], "10.0.0.5"),
    ],
)
def test_several_headers_are_one_list_as_the_web_server_joins_them(
    seen: Seen, headers: list[str], address: str
) -> None:
    made = environ(*headers)
    assert made["REMOTE_ADDR"] == "10.0.0.5"
    assert seen("10.0.0.5", made.get("HTTP_X_FORWARDED_FOR"))[0] == address


def test_a_second_header_cannot_add_https(seen: Seen) -> None:
    made = environ("X-Forwarded-Proto: https", "X-Forwarded-Proto: http")
    assert seen("10.0.0.5", "203.0.113.9", HTTP_X_FORWARDED_PROTO=made["HTTP_X_FORWARDED_PROTO"])[1] is False
