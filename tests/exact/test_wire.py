"""The wire against an Exact that answers every bad thing."""

import os
import socket
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.exact import connections, errors, origin, wire
from tests.exact.asking import TOKEN, ask, fails
from tests.exact.hostile import bomb, closed_port, cut, http


def test_an_answer_arrives_whole(exact):
    server = exact(http({"d": {}}, headers=("X-RateLimit-Limit: 5000",)))
    reply = ask(server, "/api/v1/123/crm/Accounts?$filter=Name eq 'x'".replace(" ", "%20"))
    assert (reply.status, reply.body) == (200, b'{"d": {}}')
    assert reply.headers["x-ratelimit-limit"] == "5000"
    assert reply.evidence.asked == "GET /api/v1/123/crm/Accounts"
    assert str(reply.evidence).startswith("GET /api/v1/123/crm/Accounts: 200 after ")
    assert "d" not in repr(reply).partition("body")[2]
    request = server.received[0]
    assert request.header("User-Agent") == wire.USER_AGENT
    assert request.header("Accept") == "application/json"
    assert request.header("Accept-Encoding") == "gzip"


def test_gzip_is_unpacked(exact):
    server = exact(bomb(0))
    assert ask(server).body == b""


def test_connections_are_kept_and_let_go_when_idle_for_long(exact, monkeypatch):
    server = exact(http({}))
    ask(server)
    ask(server)
    assert server.connections == 1
    monkeypatch.setattr(connections, "MAX_IDLE_SECONDS", -1)
    ask(server)
    assert server.connections == 2


def test_one_adapter_per_process_and_origin():
    home = origin.parse("http://127.0.0.1:9")
    assert wire.adapter(home) is wire.adapter(origin.parse("http://127.0.0.1:9"))
    assert wire.adapter(origin.parse("http://127.0.0.1:10")) is not wire.adapter(home)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_makes_its_own_adapter(exact):
    server = exact(http({}))
    ask(server)
    with wire._lock:  # held by another thread of the parent, as far as the child can tell
        child = os.fork()
        if child == 0:
            ask(server)
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    ask(server)
    assert server.connections == 2
    wire._forget()
    ask(server)
    assert server.connections == 3


def test_threads_share_the_adapter(exact):
    server = exact(http({}))
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: ask(server), range(64)))
    assert {reply.status for reply in replies} == {200}
    assert server.connections <= 8


# ── What is refused before anything is sent ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/api",
        "http://localhost:{port}/api",
        "https://127.0.0.1:{port}/api",
        "http://user@127.0.0.1:{port}/api",
        "http://127.0.0.1:{port}@example.com/api",
        "http://example.com\\@127.0.0.1:{port}/api",
        "http://127.0.0.1.:{port}/api",
    ],
)
def test_no_other_origin_is_asked(exact, url):
    server = exact(http({}))
    adapter = wire.adapter(origin.parse(server.origin))
    request = requests.Request("GET", "http://x/").prepare()
    request.url = url.format(port=server.port)
    with pytest.raises(errors.WrongHost) as caught:
        adapter.send(request)
    assert not caught.value.sent
    assert not caught.value.outcome_unknown
    assert str(caught.value.evidence).endswith(": not sent")
    assert server.received == []


@pytest.mark.parametrize("path", ["api", "//example.com/", "/a b", "/a\r\nX: y", "/a#b", "/ü", "", "/a\\b"])
def test_paths_are_plain(exact, path):
    fails(exact(http({})), errors.WrongHost, path=path)


def test_whoever_knows_of_transactions_can_refuse(exact, monkeypatch):
    class OpenTransactionError(Exception):
        pass

    def refuse() -> None:
        raise OpenTransactionError

    server = exact(http({}))
    monkeypatch.setattr(wire, "before_send", refuse)
    with pytest.raises(OpenTransactionError):
        ask(server)
    assert server.connections == 0


def test_proxies_and_credentials_of_the_environment_are_ignored(exact, monkeypatch, tmp_path):
    proxy = exact(http({"from": "proxy"}))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.origin)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server = exact(http({"from": "exact"}))
    assert b"exact" in ask(server).body
    assert server.received[0].header("Authorization") == f"Bearer {TOKEN}"
    assert proxy.received == []


def test_cookies_are_not_sent_back(exact):
    server = exact(http({}, headers=("Set-Cookie: session=1; Path=/",)))
    ask(server)
    session = requests.Session()
    wire.prepare(session, origin.parse(server.origin))
    for _ in range(2):
        session.get(server.origin + "/", timeout=5)
    assert [request.header("Cookie") for request in server.received] == [None] * 3
    session.close()
    assert ask(server).status == 200


# ── Bad answers ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 T", "308 P", "304 Not", "300 M"])
def test_redirects_are_refused(exact, status):
    elsewhere = exact(http({}))
    server = exact(http("", status=status, headers=(f"Location: {elsewhere.origin}/",)))
    error = fails(server, errors.RedirectRefused)
    assert error.status == int(status[:3])
    assert elsewhere.received == []


def test_a_redirect_with_a_bomb_is_only_too_large(exact):
    answer = bomb(8).replace(b"200 OK", b"302 Found", 1)
    fails(exact(answer.replace(b"\r\n", b"\r\nLocation: http://[/\r\n", 1)), errors.AnswerTooLarge)


def test_huge_answers_are_refused(exact):
    error = fails(exact(http(b"x" * (wire.MAX_ANSWER_BYTES + 1))), errors.AnswerTooLarge)
    assert error.status == 200
    assert len(ask(exact(http(b"x" * wire.MAX_ANSWER_BYTES))).body) == wire.MAX_ANSWER_BYTES


def test_a_gzip_bomb_takes_no_memory(exact):
    answer = bomb(64)
    server = exact(answer)
    tracemalloc.start()
    try:
        fails(server, errors.AnswerTooLarge)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(b"{}", length=100), errors.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", errors.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", errors.ConnectionLost),
        (b"", errors.ConnectionLost),
        (b"220 mail.example.com ESMTP\r\n\r\n", errors.MalformedAnswer),
        (b"HTTP/1.1 abc OK\r\n\r\n", errors.MalformedAnswer),
        (b"HTTP/1.1 200 " + b"x" * 70_000, errors.MalformedAnswer),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", errors.MalformedAnswer),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", errors.MalformedAnswer),
        (http(b"not gzip", headers=("Content-Encoding: gzip", "Connection: close")), errors.MalformedAnswer),
        (http(b"{}", headers=("Content-Length: 7",)), errors.MalformedAnswer),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\n", errors.MalformedAnswer),
        (b"HTTP/1.1 999 What\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", errors.MalformedAnswer),
    ],
)
def test_broken_http_is_one_named_error_and_the_next_good_answer_is_well(exact, answer, kind):
    server = exact(cut(answer), http({"d": {}}))
    error = fails(server, kind)
    assert error.sent
    assert error.outcome_unknown
    assert ask(server).status == 200


def test_a_cut_header_block_is_an_empty_answer(exact):
    assert ask(exact(cut(b"HTTP/1.1 200 OK\r\nConte"))).body == b"", "http.client takes the end for a blank line"


def test_a_malformed_header_block_is_not_logged(exact, caplog):
    server = exact(cut(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon " + TOKEN.encode() + b"\r\n\r\n{}"))
    ask(server)
    assert TOKEN not in caplog.text


def test_a_connection_closed_before_the_request_was_read(exact):
    error = fails(exact(greeting=cut(b"")), errors.ConnectionLost)
    assert error.sent, "our bytes may have been read: who can tell"


def test_a_refused_port_was_never_sent():
    with closed_port() as home:
        error = fails(home, errors.Unreachable)
    assert error.reason == "ECONNREFUSED"
    assert not error.sent
    assert not error.outcome_unknown


def test_an_unknown_host_was_never_sent(monkeypatch):
    def unknown(*_args, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert not fails("https://start.exactonline.invalid", errors.NameNotResolved).sent


def test_the_second_address_is_tried(exact, monkeypatch):
    server = exact(http({}))
    addresses = ["::1", "127.0.0.1"]
    monkeypatch.setattr(connections, "resolve", lambda *_: addresses)
    assert ask(server).status == 200
    monkeypatch.setattr(connections, "resolve", lambda *_: [])
    server.answers = [cut(b"")]
    fails("http://localhost:1", errors.Unreachable)


# ── Anything at all ──────────────────────────────────────────────────────────────────────────────────

LINES = st.one_of(
    st.sampled_from([b"Content-Length: 2", b"Content-Length: -1", b"Transfer-Encoding: chunked", b"Location: /"]),
    st.sampled_from([b"Content-Encoding: gzip", b"Content-Type: a; charset=\0", b"Connection: close", b" folded"]),
    st.binary(max_size=30),
)
HEADS = st.tuples(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 302 F", b"HTTP/2 200", b"HTTP/1.1 -1 x"]),
    st.lists(LINES, max_size=4),
    st.binary(max_size=40),
).map(lambda parts: b"\r\n".join([parts[0], *parts[1], b"", parts[2]]))


def test_any_bytes_are_a_reply_or_a_named_error(exact):
    server = exact(b"")

    @settings(deadline=None, max_examples=200)
    @given(data=st.one_of(HEADS, HEADS, st.binary(max_size=60)))
    def property_(data):
        server.answers = [cut(data)]
        try:
            ask(server)
        except errors.ExactError as error:
            kind = type(error)
            assert kind in {errors.ConnectionLost, errors.MalformedAnswer, errors.RedirectRefused}

    property_()
