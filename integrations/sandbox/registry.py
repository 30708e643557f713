"""Apps as registered in the sandbox's App Center."""

import ipaddress
import json
import secrets
import sqlite3
import uuid
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

KINDS = ("product", "testing")
LEVELS = ("Read", "Manage")

# What Exact's set-up article recommends for an accounting integration; the rest stays None.
DEFAULT_SCOPES = {
    "crm.accounts": "Manage",
    "sales.orders": "Manage",
    "sales.invoices": "Manage",
    "purchase.orders": "Manage",
    "purchase.invoices": "Manage",
    "logistics.items": "Manage",
    "financial.generalledgers": "Read",
    "financial.accounting": "Read",
    "financial.receivables": "Read",
    "financial.payables": "Read",
    "organization.administration": "Read",
    "organization.documents": "Manage",
}


class RegistrationRefusedError(Exception):
    """The App Center does not take this registration; the message says why, for people, `field` where."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class App:
    """One registration. `scopes` maps `group.resource` to Read or Manage; a scope not there is None."""

    client_id: str
    client_secret: str
    name: str
    kind: str
    redirect_url: str
    granted: bool
    scopes: dict[str, str]
    minutely_limit: int
    daily_limit: int
    created_at: float

    def __repr__(self) -> str:
        """Without the secret: reprs end in logs."""
        return f"App({self.name!r}, {self.client_id})"

    def may_read(self, scope: str) -> bool:
        """Testing apps are not limited by scopes (contested; Exact App Center, "Scopes")."""
        return self.kind == "testing" or self.scopes.get(scope) in LEVELS

    def may_write(self, scope: str) -> bool:
        """POST, PUT and DELETE need Manage."""
        return self.kind == "testing" or self.scopes.get(scope) == "Manage"


def apps(db: sqlite3.Connection) -> list[App]:
    return [_app(row) for row in db.execute("SELECT * FROM app ORDER BY name")]


def app(db: sqlite3.Connection, client_id: str) -> App | None:
    """Case does not count: it is a GUID."""
    row = db.execute("SELECT * FROM app WHERE client_id = ?", (client_id.lower(),)).fetchone()
    return None if row is None else _app(row)


def app_named(db: sqlite3.Connection, name: str) -> App | None:
    row = db.execute("SELECT * FROM app WHERE name = ?", (name,)).fetchone()
    return None if row is None else _app(row)


def register(
    db: sqlite3.Connection, *, name: str, kind: str, redirect_url: str, now: float, granted: bool = False
) -> App:
    """A new registration with a Client ID and a Client secret of its own.

    Raises RegistrationRefusedError.
    """
    name = name.strip()
    if not name or len(name) > 100:
        raise RegistrationRefusedError("Give the app a name of at most 100 characters.", "name")
    if kind not in KINDS:
        raise RegistrationRefusedError("Choose a product app or a testing app.", "kind")
    if app_named(db, name) is not None:
        raise RegistrationRefusedError("There is already an app with this name.", "name")
    new = App(
        client_id=str(uuid.uuid4()),
        client_secret=_new_secret(),
        name=name,
        kind=kind,
        redirect_url=checked_redirect_url(redirect_url),
        granted=granted,
        scopes=DEFAULT_SCOPES,
        minutely_limit=60,
        daily_limit=5_000,
        created_at=now,
    )
    db.execute(
        "INSERT INTO app VALUES (:client_id, :client_secret, :name, :kind, :redirect_url, :granted, :scopes,"
        " :minutely_limit, :daily_limit, :created_at)",
        _row(new),
    )
    return new


def register_or_update(
    db: sqlite3.Connection, *, name: str, kind: str, redirect_url: str, now: float, granted: bool = False
) -> App:
    """Like register; of an app that exists by this name, bring redirect URL and permission up to date.

    Raises RegistrationRefusedError, also when the existing one is of the other kind.
    """
    existing = app_named(db, name.strip())
    if existing is None:
        return register(db, name=name, kind=kind, redirect_url=redirect_url, now=now, granted=granted)
    if existing.kind != kind:
        raise RegistrationRefusedError(f"There is already a {existing.kind} app with this name.", "name")
    return change(
        db,
        replace(
            existing,
            redirect_url=checked_redirect_url(redirect_url),
            granted=existing.granted or granted,
        ),
    )


def change(db: sqlite3.Connection, changed: App) -> App:
    """Store redirect URL, permission, scopes and limits of an app as they are in `changed`."""
    db.execute(
        "UPDATE app SET redirect_url = :redirect_url, granted = :granted, scopes = :scopes,"
        " minutely_limit = :minutely_limit, daily_limit = :daily_limit WHERE client_id = :client_id",
        _row(changed),
    )
    return changed


def replace_secret(db: sqlite3.Connection, of: App) -> None:
    """A new Client secret; the old one stops at once. Tokens survive it here: what Exact does is not published."""
    db.execute("UPDATE app SET client_secret = ? WHERE client_id = ?", (_new_secret(), of.client_id))


def delete(db: sqlite3.Connection, of: App) -> None:
    """Remove the registration with every consent given to it; its Client ID is unknown from then on."""
    db.execute("DELETE FROM app WHERE client_id = ?", (of.client_id,))


def _new_secret() -> str:
    return secrets.token_urlsafe(24).replace("-", "x").replace("_", "y")


def checked_redirect_url(text: str) -> str:
    """An absolute http or https URL, as typed. Whether http is served is decided when a user authorizes."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        complete = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete or parts.fragment or not text.isascii() or not text.isprintable() or " " in text:
        example = "https://example.com/callback/"
        raise RegistrationRefusedError(f"Give the whole redirect URL, as in {example}.", "redirect_url")
    return text


def is_loopback(url: SplitResult) -> bool:
    host = url.hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _app(row: sqlite3.Row) -> App:
    return App(**{**dict(row), "scopes": json.loads(row["scopes"]), "granted": bool(row["granted"])})


def _row(of: App) -> dict[str, object]:
    return {**vars(of), "scopes": json.dumps(of.scopes)}
