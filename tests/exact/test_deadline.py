"""The deadline, and TLS."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations.exact import deadline, errors, failures, wire
from tests.exact.asking import ask, fails
from tests.exact.hostile import Hostile, drip, http

TOLERANCE = 0.5


def in_time(server: Hostile | str, seconds: float = 0.4) -> errors.ExactError:
    started = time.monotonic()
    error = fails(server, errors.TimedOut, seconds=seconds)
    assert seconds * 0.9 <= time.monotonic() - started < seconds + TOLERANCE
    return error


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (http(b"", length=1000), b" "),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (CHUNKED, b"1\r\n \r\n"),
        (CHUNKED + b"1;", b"x"),
        (CHUNKED + b"0\r\n", b"X: y\r\n"),
    ],
    ids=["silent", "headers", "header", "continue", "body", "until-close", "chunks", "extension", "trailers"],
)
def test_a_dripping_answer_is_over_at_the_deadline(exact, start, drop):
    server = exact()
    server.answers = [drip(start, drop, server.stopped.is_set)]
    error = in_time(server)
    assert error.sent
    assert error.outcome_unknown


def test_an_endless_answer_is_too_large_before_the_deadline(exact):
    server = exact()
    server.answers = [drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, server.stopped.is_set, pause=0)]
    fails(server, errors.AnswerTooLarge)


def test_a_dead_name_server_is_over_at_the_deadline(monkeypatch):
    asked = threading.Event()

    def slow(*_args, **_options):
        asked.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    assert not in_time("https://start.exactonline.invalid").sent
    asked.set()


def test_a_connection_that_never_comes_is_over_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        error = in_time(f"http://127.0.0.1:{address[1]}")
        assert not error.sent
        for filler in fillers:
            filler.close()


def test_a_handshake_that_never_ends_was_never_sent(exact):
    server = exact()  # speaks no TLS, and says nothing
    assert not in_time(f"https://127.0.0.1:{server.port}").sent


def test_a_handshake_that_drips_was_never_sent(exact):
    server = exact()
    server.greeting = drip(b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xf0", b"\0", server.stopped.is_set)
    assert not in_time(f"https://127.0.0.1:{server.port}").sent


def test_a_timer_that_fires_after_the_last_byte_harms_nobody(exact, monkeypatch):
    class Late(deadline.Exchange):
        def __exit__(self, *raised):
            self._expire()
            super().__exit__(*raised)

    server = exact(http({}))
    monkeypatch.setattr(wire, "Exchange", Late)
    assert [ask(server).status for _ in range(3)] == [200] * 3
    assert server.connections == 1, "the connection was another's by then"


def test_too_late_before_sending_is_not_sent():
    with deadline.Exchange(0.01) as exchange, socket.socket() as sock:
        time.sleep(0.05)
        with pytest.raises(TimeoutError):
            exchange.remaining()
        with pytest.raises(TimeoutError):
            exchange.leaving(sock)
    assert exchange.expired
    assert not exchange.sent
    exchange._expire()
    with pytest.raises(RuntimeError):
        deadline.current()


def test_the_timer_may_come_late():
    exchange = deadline.Exchange(30)
    exchange._ends = time.monotonic() - 1
    with exchange, pytest.raises(TimeoutError):
        exchange.remaining()
    again = deadline.Exchange(30)
    with again, socket.socket() as sock:
        again.leaving(sock)
        again._expire()  # the socket was never connected: nothing to shut
        assert again.expired
    again._over = True
    again._expire()


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "practice")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


@pytest.fixture
def secured(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def by_name(server: Hostile) -> str:
    return f"https://localhost:{server.port}"


def test_an_unknown_certificate_is_refused_before_anything_is_sent(exact, secured):
    server = exact(http({}), context=secured)
    error = fails(by_name(server), errors.TlsFailed)
    assert not error.sent
    assert "certificate" in error.reason
    assert server.received == []


def test_another_name_is_refused(exact, secured, certificate, monkeypatch):
    monkeypatch.setattr(wire, "DEFAULT_CA_BUNDLE_PATH", certificate)
    server = exact(http({}), context=secured)
    assert not fails(server, errors.TlsFailed).sent
    assert ask(by_name(server)).status == 200


def test_dripping_over_tls_is_over_at_the_deadline(exact, secured, certificate, monkeypatch):
    monkeypatch.setattr(wire, "DEFAULT_CA_BUNDLE_PATH", certificate)
    server = exact(context=secured)
    server.answers = [http({}), drip(http(b"", length=1000), b" ", server.stopped.is_set)]
    assert ask(by_name(server)).status == 200
    assert in_time(by_name(server)).sent, "on the kept connection"
    assert server.connections == 1


def test_a_cut_stream_is_a_lost_connection():
    cause = ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
    assert failures.name(cause, sent=True).kind is errors.ConnectionLost
    assert failures.name(cause, sent=False).kind is errors.TlsFailed
    assert failures.name(requests.RequestException(), sent=True).kind is errors.ConnectionLost
