"""From practice to a real Exact account: what is true now, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.rules import redirects
from integrations.rules.findings import Finding, ill, warning, well


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rule looks at."""

    practising: bool
    public_url: str
    trusts_a_proxy: bool
    real_apps: int
    real_apps_enabled: int
    real_connections: int
    apps_by_hand: int
    """Real apps whose redirect URL is not the portal's: there people paste the address."""
    organization_named: bool
    keys_unconfirmed: Sequence[str]


def is_reached(public_url: str) -> bool:
    """Tell whether Exact would accept a redirect URL below this address: https, and the public name of a host."""
    return public_url.startswith("https://") and redirects.is_public(public_url)


def findings(now: Standing) -> list[Finding]:
    """Return everything that has to stand before a real account is connected, in the order of the steps."""
    return [_exact(now), _address(now), _keys(now), _organization(now), _apps(now), _connected(now)]


def before_real_keys(now: Standing) -> list[Finding]:
    """Return what is missing before the keys of a real app are of any use here."""
    return [finding for finding in (_exact(now), _address(now)) if finding.warns or not finding.ok]


def _exact(now: Standing) -> Finding:
    if now.practising:
        return warning("Exact", "SANDBOX is on: apps made now belong to the practice Exact.", "Set SANDBOX=off.")
    return well("Exact", "SANDBOX is off: apps made now belong to the real Exact.")


def _address(now: Standing) -> Finding:
    name = "the portal's address"
    if not is_reached(now.public_url):
        if now.apps_by_hand:
            return well(name, f"{now.public_url} is reached from here only. Your app has an address of its own.")
        return warning(
            name,
            f"PUBLIC_URL is {now.public_url}. Exact accepts https addresses only, with the name of a host.",
            "Choose one of the three ways: a server with a domain, a tunnel, or an address of your own.",
        )
    if not now.trusts_a_proxy:
        return ill(
            name,
            f"PUBLIC_URL is {now.public_url}, and no proxy is trusted: browsers would be redirected for ever.",
            "Set TRUSTED_PROXIES to the address of what ends TLS; 127.0.0.1 where it runs on this machine.",
        )
    return well(name, f"PUBLIC_URL is {now.public_url}. Exact can send browsers back there.")


def _keys(now: Standing) -> Finding:
    if now.keys_unconfirmed:
        return warning(
            "key copies",
            f"Nobody has confirmed yet that {', '.join(now.keys_unconfirmed)} is stored at another place.",
            "Store it in a password manager, then confirm it under Portal, Keys.",
        )
    return well("key copies", "Each key is stored at another place too.")


def _organization(now: Standing) -> Finding:
    if not now.organization_named:
        return warning("organization", "It has no name yet; customers read it while they connect.", "Fill it in.")
    return well("organization", "Customers read its name while they connect.")


def _apps(now: Standing) -> Finding:
    if not now.real_apps:
        return warning("app", "No app of the real Exact is here yet.", "Register one at Exact, then add it here.")
    if not now.real_apps_enabled:
        return warning("app", f"{_count(now.real_apps, 'app')} of the real Exact, none enabled.", "Enable it.")
    return well("app", f"{now.real_apps_enabled} of {_count(now.real_apps, 'app')} of the real Exact enabled.")


def _connected(now: Standing) -> Finding:
    if not now.real_connections:
        return warning("connection", "Nothing is connected to the real Exact yet.", "Press Connect beside the app.")
    return well("connection", f"{_count(now.real_connections, 'connection')} to the real Exact.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
