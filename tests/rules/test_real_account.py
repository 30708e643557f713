"""What the page on the real account says of every standing."""

from dataclasses import replace

import pytest

from integrations.rules.real_account import Standing, findings, is_reached

READY = Standing(
    practising=False,
    public_url="https://portal.example.com",
    trusts_a_proxy=True,
    real_apps=2,
    real_apps_enabled=1,
    real_connections=1,
    apps_by_hand=0,
    organization_named=True,
    keys_unconfirmed=(),
)


def missing(standing: Standing) -> dict[str, str]:
    return {found.check: f"{found.detail} {found.mend}" for found in findings(standing) if found.warns or not found.ok}


def test_where_everything_stands_nothing_is_missing() -> None:
    assert missing(READY) == {}
    assert len(findings(READY)) == 6


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        ({"practising": True}, "Exact", "Set SANDBOX=off"),
        ({"public_url": "http://127.0.0.1:8000"}, "the portal's address", "three ways: a server"),
        ({"trusts_a_proxy": False}, "the portal's address", "TRUSTED_PROXIES"),
        ({"keys_unconfirmed": ("k1", "k2")}, "key copies", "k1, k2"),
        ({"organization_named": False}, "organization", "Fill it in"),
        ({"real_apps": 0, "real_apps_enabled": 0}, "app", "Register one"),
        ({"real_apps": 1, "real_apps_enabled": 0}, "app", "1 app of the real Exact, none enabled"),
        ({"real_connections": 0}, "connection", "Press Connect"),
    ],
)
def test_what_is_missing_is_said_with_the_step(change: dict[str, object], check: str, words: str) -> None:
    found = missing(replace(READY, **change))
    assert set(found) == {check}
    assert words in found[check]


def test_with_an_address_of_its_own_an_app_needs_no_public_portal() -> None:
    assert missing(replace(READY, public_url="http://127.0.0.1:8000", trusts_a_proxy=False, apps_by_hand=1)) == {}


def test_what_exact_can_send_browsers_to() -> None:
    assert is_reached("https://portal.example.com:8443")
    for url in ("http://portal.example.com", "https://localhost", "https://127.0.0.1:8000", "https://portal"):
        assert not is_reached(url)
