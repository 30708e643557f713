"""Looks at what needs the database, the broker, the keys and the files; system checks touch none of them."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from kombu.connection import Connection
from kombu.exceptions import KombuError

from integrations.models import KeyRingCanary
from integrations.rules import heartbeats as rule
from integrations.rules import moments
from integrations.rules.findings import Finding, ill, warning, well
from integrations.services import (
    app_health,
    checks,
    database,
    drifts,
    heartbeats,
    installation,
    key_copies,
    keyring,
    monitor,
    practice,
    rotation,
    sealed_rows,
    upkeep,
)

FREE_BYTES: Final = 500 * 1024 * 1024
BROKER_SECONDS: Final = 3


def doctor(*, only_looking: bool = False) -> Iterator[Finding]:
    """Yield every finding; where the database cannot be reached, what needs it is left out.

    ``only_looking`` writes nothing anywhere, and neither opens every sealed value nor reads every submitted review,
    which takes longer the more there are: for a page, which changes nothing by being read.
    """
    reachable = check_database()
    yield reachable
    if reachable.ok:
        migrations = check_migrations()
        yield migrations
        if migrations.ok:
            yield from (check_installation(), check_address(), check_heartbeats(), check_lag(), check_monitor())
            yield from (check_cache(only_looking=only_looking), check_keys())
            if not only_looking:
                yield from (check_sealed_rows(), upkeep.check_token_files(), upkeep.check_frozen_reviews())
            yield from (check_keys_needed(), check_key_copies())
            yield from (upkeep.check_activity_guard(), upkeep.check_review_guard(), upkeep.check_retention())
            yield from app_health.check_apps()
            yield drifts.check()
    yield from (check_broker(), check_files(), check_disk())


def ready() -> list[Finding]:
    """Return what keeps the portal from doing its work: an empty list where nothing does.

    To stand by counts as such: a monitor must not take a portal that asks nothing of Exact for one that works.
    """
    steps: tuple[Callable[[], Finding], ...] = (
        check_database,
        check_migrations,
        check_installation,
        check_keys,
        check_heartbeats,
    )
    findings: list[Finding] = []
    for step in steps:
        findings.append(step())
        if not findings[-1].ok:
            break
    return [finding for finding in findings if not finding.ok]


def check_database() -> Finding:
    name = "database"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()
            if connection.vendor != "sqlite":
                return well(name, f"{connection.display_name} answers.")
            cursor.execute("PRAGMA journal_mode")
            (mode,) = cursor.fetchone()
    except DatabaseError as error:
        return ill(name, f"The database does not answer ({type(error).__name__}).", "Start it, or mend DATABASE_URL.")
    if mode not in {"wal", "memory"}:
        return ill(
            name,
            f"SQLite keeps its journal as “{mode}”, not as a write-ahead log.",
            "Put the file on a local disk; network disks cannot do it.",
        )
    return well(name, f"{connection.display_name} answers.")


def check_migrations() -> Finding:
    pending = database.pending_migrations()
    if pending:
        return ill("migrations", f"{len(pending)} not applied, from {pending[0]} on.", "Run `manage.py migrate`.")
    return well("migrations", "All are applied.")


def check_installation() -> Finding:
    standing = installation.standing()
    name = "installation"
    if standing.reasons:
        return ill(
            name,
            " ".join(["This portal stands by: it asks nothing of Exact.", *(r.what for r in standing.reasons)]),
            " ".join(reason.mend for reason in standing.reasons),
        )
    since = f" since {_said(standing.row.claimed_at)}" if standing.row else ""
    return well(name, f"This one owns the tokens{since}.")


def check_address() -> Finding:
    standing = installation.standing()
    name = "address"
    if standing.address_changed and not standing.reasons and standing.row:
        return warning(
            name,
            f"Browsers reached the portal at {standing.row.public_url} when it claimed the tokens; PUBLIC_URL is "
            f"{settings.PUBLIC_URL} now. {_still_led_to_the_former()}",
            "Mend PUBLIC_URL. Or, where the new address is right, enter each app's Redirect URL anew, here and at "
            "Exact, and run `manage.py claim_installation`, which notes the address.",
        )
    return well(name, f"Browsers reach the portal at {settings.PUBLIC_URL}.")


def _still_led_to_the_former() -> str:
    moved = app_health.moved()
    if not moved:
        return "No app leads to the former address any more."
    urls = "; ".join(f"“{app.name}”, {app.region_title}: {app.default_redirect_uri()}" for app in moved)
    return f"These apps still lead to the former address, each with the Redirect URL to enter: {urls}."


def check_lag() -> Finding:
    name = "checks"
    if installation.standing().reasons:
        return well(name, "None are due while this portal stands by.")
    overdue = checks.overdue()
    if overdue.oldest is None:
        return well(name, "None is overdue.")
    minutes = round((timezone.now() - overdue.oldest).total_seconds() / 60)
    detail = f"{overdue.count:,} due; the oldest has waited {minutes:,} min."
    if rule.is_overdue(overdue.oldest, timezone.now()):
        return ill(name, detail, "See whether the worker runs. Where it does, it cannot keep up: start another one.")
    return well(name, detail)


def check_monitor() -> Finding:
    name = "monitor outside"
    if installation.standing().reasons:
        return well(name, "It is told nothing while this portal stands by.")
    seen = monitor.seen()
    if not seen.host:
        return well(name, "None is told that all is well. Set HEARTBEAT_URL, so that somebody notices silence.")
    told = _said(seen.told_at) if seen.told_at else "never"
    if seen.silent:
        return ill(
            name,
            f"{seen.host} was last told that all is well: {told}. {seen.problem}".strip(),
            "Mend what is said here; where nothing is, see whether worker and scheduler run.",
        )
    return well(name, f"{seen.host} was last told that all is well: {told}.")


def check_cache(*, only_looking: bool = False) -> Finding:
    try:
        if only_looking:
            # A key that nobody sets: even reading one that expired would delete its row.
            cache.get("doctor-only-looks")
            return well("cache", "It answers.")
        cache.set("doctor", "1", 10)
        answer = cache.get("doctor")
    except (OSError, DatabaseError, ValueError) as error:
        return ill(
            "cache",
            f"It does not answer ({type(error).__name__}).",
            "Run `manage.py migrate`, or mend CACHE_URL.",
        )
    if answer != "1":
        return ill("cache", "It forgets what it is given.", "Mend CACHE_URL; leave it out to use the database.")
    return well("cache", "It answers.")


def check_keys() -> Finding:
    if not KeyRingCanary.objects.exists() and not sealed_rows.exist():
        return well("keys", "Nothing is sealed yet.")
    keyring.forget()
    try:
        keyring.fingerprint_key()
    except keyring.WrongKeyRing:
        return ill(
            "keys",
            f"This database was sealed with other keys than {', '.join(keyring.ring().ids)}. Nothing is written.",
            "Bring the missing key back into PORTAL_KEYS. If only the canary is lost, `manage.py rotate_keys` "
            "makes a new one once every row opens.",
        )
    return well("keys", f"They fit the database: {', '.join(keyring.ring().ids)}; the first one seals.")


def check_sealed_rows() -> Finding:
    closed: list[str] = []
    total = 0
    for column in sealed_rows.COLUMNS:
        for rows in column.in_batches(column.rows(), 500):
            total += len(rows)
            closed += [
                f"{column.name} {row.pk}" for row in rows if not keyring.opens(column.token(row), column.place(row))
            ]
    if closed:
        return ill(
            "sealed rows",
            f"{len(closed)} of {total} cannot be opened with the present keys: {', '.join(closed[:5])}.",
            "Bring back the key that sealed them, or enter those secrets again.",
        )
    return well("sealed rows", f"All {total} can be opened.")


def check_keys_needed() -> Finding:
    needed = rotation.keys_needed()
    if len(needed.needed) > 1:
        return ill(
            "key rotation",
            f"Rows are sealed with {', '.join(needed.needed)}.",
            "Run `manage.py rotate_keys`, then take the older key out of PORTAL_KEYS.",
        )
    if needed.removable:
        return well("key rotation", f"Done; {', '.join(needed.removable)} can be taken out of PORTAL_KEYS.")
    return well("key rotation", "Nothing to do.")


def check_key_copies() -> Finding:
    name, unconfirmed = "key copies", key_copies.unconfirmed()
    if not unconfirmed:
        return well(name, "Of each key somebody confirmed that it is stored at another place.")
    # In practice nothing is lost with a key.
    say = warning if practice.is_on() else ill
    return say(
        name,
        f"Nobody has confirmed yet that {', '.join(unconfirmed)} of PORTAL_KEYS is stored at another place.",
        "Store it in a password manager, then confirm it: on the page Portal, Keys, or by "
        f"`manage.py keys --stored-elsewhere {unconfirmed[0]}`. {key_copies.NEVER_BESIDE}",
    )


def check_heartbeats() -> Finding:
    if installation.standing().reasons:
        return well("processes", "While this portal stands by they leave no sign of life.")
    silent = heartbeats.silence()
    if silent:
        since = f"since {_said(silent.since)}" if silent.since else "yet"
        return ill(
            "processes",
            f"Nothing has been checked {since}: {silent.what}.",
            "Start it; its log says why it stopped. `make run` starts all of them.",
        )
    return well("processes", "Worker and scheduler are at work.")


def check_broker() -> Finding:
    url = settings.CELERY_BROKER_URL
    if url.startswith("atomicfs"):
        return _check_folder("broker", settings.BROKER_DIR)
    broker: Any = Connection(url, connect_timeout=BROKER_SECONDS)  # type: ignore[no-untyped-call]
    try:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=BROKER_SECONDS)
    except (OSError, KombuError) as error:
        return ill("broker", f"It does not answer ({type(error).__name__}).", "Start it, or mend CELERY_BROKER_URL.")
    finally:
        broker.release()
    return well("broker", f"{broker.transport_cls} answers.")


def check_files() -> Finding:
    for path in (settings.VAR_DIR, settings.TOKEN_JOURNAL_DIR):
        finding = _check_folder("files", path)
        if not finding.ok:
            return finding
    open_to_others = [path for path in _private_files() if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if open_to_others:
        names = " ".join(str(path) for path in open_to_others)
        return ill("files", f"Other users of this machine can read {names}.", f"Run `chmod go= {names}`.")
    return well("files", f"{settings.VAR_DIR} can be written, by this user only.")


def check_disk() -> Finding:
    free = shutil.disk_usage(settings.VAR_DIR).free
    megabytes = f"{free // 1024**2:,} MB free"
    if free < FREE_BYTES:
        return ill("disk", f"{megabytes}.", "Make room: a full disk loses what Exact answers.")
    return well("disk", f"{megabytes}.")


def _private_files() -> list[Path]:
    """Return what others must not read; below a folder that is closed to them nothing is open."""
    if not settings.VAR_DIR.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return []
    files = [
        settings.VAR_DIR / "env",
        settings.TOKEN_JOURNAL_DIR,
        settings.BROKER_DIR,
        database.sqlite_file(),
    ]
    return [path for path in files if path is not None and path.exists()]


def _check_folder(name: str, path: Path) -> Finding:
    with suppress(OSError):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return ill(name, f"{path} cannot be written.", f"Let the user of the portal write to {path}.")
    return well(name, f"{path} can be written.")


def _said(at: datetime) -> str:
    """Return a moment in the time of whoever looks: the organization's on a page, UTC in a terminal."""
    return moments.dated(at, timezone.get_current_timezone())
