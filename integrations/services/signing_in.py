"""Signing in and out, and confirming who one is: throttled, recorded, and the same for names that do not exist."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.contrib.auth import authenticate
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables

from integrations.models import AuditEvent, FamiliarNetwork, Organization, SignInTally, User
from integrations.rules import signing_in as rule
from integrations.rules.actors import PORTAL, Actor
from integrations.rules.signing_in import Scope, Standing
from integrations.services import known_browsers
from integrations.services.refusals import Refused

SALT: Final = "integrations.services.signing_in."
NOT_LET_IN: Final = "The user name or the password is not right, or this account may not sign in."
WRONG_PASSWORD: Final = "The password is not right."
Taken = dict[Scope, SignInTally]
"""The tallies that a try was counted in."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a try comes from: the address that the portal believes, and the cookie of a known browser."""

    address: str
    cookie: str = field(default="", repr=False)


class Throttled(Refused):
    """The password was not looked at; a try at ``retry_at`` will be."""

    def __init__(self, reasons: tuple[str, ...], retry_at: datetime) -> None:
        self.retry_at = retry_at
        super().__init__(reasons)


# --- Verbs --------------------------------------------------------------------------------------------------


@sensitive_variables("username", "password")
def sign_in(username: str, password: str, *, at: Visitor) -> User:
    """Return whose name and password these are; log him in and call ``signed_in`` in one transaction.

    The hasher runs once whether or not there is such an account; where the try is throttled it does not run,
    whether or not there is one.

    Raises:
        Throttled: too many tries failed.
        Refused: they are nobody's, or the account may not sign in. Which of these is not said.
    """
    taken = _count(username, at)
    user = authenticate(username=username, password=password)
    if isinstance(user, User) and user.is_active and user.is_staff:
        _take_back(taken)
        return user
    _record_failure(username, at, right_password=user is not None)
    raise Refused([NOT_LET_IN])


def signed_in(user: User, *, at: Visitor) -> None:
    """Record a log-in, and that its network is familiar from now on."""
    network, now = rule.place(at.address), timezone.now()
    with transaction.atomic():
        FamiliarNetwork.objects.update_or_create(user=user, network=network, defaults={"used_at": now})
        _record("user.signed_in", user, at)


def signed_out(user: User, *, at: Visitor) -> None:
    """Record a log-out."""
    _record("user.signed_out", user, at)


@sensitive_variables("password")
def check_own_password(user: User, password: str, *, at: Visitor) -> None:
    """Check the password of who is signed in, throttled as a log-in is.

    Raises:
        Throttled: too many tries failed.
        Refused: it is not the password.
    """
    taken = _count(user.get_username(), at)
    if user.check_password(password):
        _take_back(taken)
        return
    _record("user.confirmation_failed", user, at)
    raise Refused([WRONG_PASSWORD])


def confirmed(user: User, *, at: Visitor) -> None:
    """Record that somebody gave the password again."""
    _record("user.confirmed", user, at)


def password_changed(user: User, *, at: Visitor) -> None:
    """Record that somebody changed the own password."""
    _record("user.password_changed", user, at)


def forgive(username: str) -> None:
    """Forget the failures with a name wherever they were, as after a new password; those of networks stay."""
    with transaction.atomic():
        rows = SignInTally.objects.select_for_update().filter(name_mark=_hash("name", username.casefold()))
        SignInTally.objects.filter(pk__in=[row.pk for row in rows.order_by("mark")]).delete()


# --- Counting -----------------------------------------------------------------------------------------------


def _count(username: str, at: Visitor) -> Taken:
    """Count a try before it is made, so that tries at once are no more than tries in a row.

    Raises:
        Throttled: it may not be made.
    """
    browser = known_browsers.recognise(at.cookie, username)
    standing = _standing(username, at, browser)
    with transaction.atomic():
        taken = _locked(_fresh(standing, username, at, browser))
        now = timezone.now()
        verdict = rule.decide({scope: row.tally() for scope, row in taken.items()}, standing, now)
        if verdict.retry_at is None:
            _add_one(taken, now)
        else:
            _tell_once([taken[scope] for scope in verdict.full], username, at)
    if verdict.retry_at is not None:
        raise Throttled(verdict.reasons, verdict.retry_at)
    return taken


def _take_back(taken: Taken) -> None:
    """Where the password was right: forget the failures with this name from here, and take back the try elsewhere."""
    for scope, row in taken.items():
        same = SignInTally.objects.filter(pk=row.pk, since=row.since)
        if scope is Scope.HERE:
            same.delete()
        else:
            same.filter(failures__gt=0).update(failures=F("failures") - 1)


def _fresh(standing: Standing, username: str, at: Visitor, browser: str) -> Taken:
    """Return the tallies of a try as they are before any; a row knows its scope and name by keyed hashes only."""
    name, now = username.casefold(), timezone.now()
    here = f"browser {browser}" if browser else rule.place(at.address)
    every = {
        Scope.HERE: SignInTally(mark=_hash("here", name, here), name_mark=_hash("name", name), since=now),
        Scope.NETWORK: SignInTally(mark=_hash("network", rule.surroundings(at.address)), since=now),
        Scope.NAME: SignInTally(mark=_hash("name", name), name_mark=_hash("name", name), since=now),
    }
    return {scope: every[scope] for scope in rule.SCOPES[standing]}


def _locked(fresh: Taken) -> Taken:
    """Return the rows, made where they were missing, and held until the transaction ends; always in one order."""
    wanted = sorted(fresh.values(), key=lambda row: row.mark)
    SignInTally.objects.bulk_create(wanted, ignore_conflicts=True)
    held = SignInTally.objects.select_for_update().filter(pk__in=[row.mark for row in wanted]).order_by("mark")
    rows = {row.mark: row for row in held}
    # One that was tidied away between the two statements begins anew.
    return {scope: rows.get(row.mark, row) for scope, row in fresh.items()}


def _add_one(taken: Taken, now: datetime) -> None:
    for row in taken.values():
        tally = rule.current(row.tally(), now)
        row.told = row.told and tally.failures > 0
        row.failures, row.since = tally.failures + 1, tally.since
    SignInTally.objects.bulk_create(
        sorted(taken.values(), key=lambda row: row.mark),
        update_conflicts=True,
        unique_fields=["mark"],
        update_fields=["failures", "since", "told"],
    )


def _standing(username: str, at: Visitor, browser: str) -> Standing:
    if browser:
        return Standing.BROWSER
    since = timezone.now() - rule.NETWORK_FAMILIAR
    rows = FamiliarNetwork.objects.filter(user__username=username, network=rule.place(at.address), used_at__gt=since)
    return Standing.FAMILIAR if rows.exists() else Standing.NEW


def _hash(scope: str, *parts: str) -> str:
    return salted_hmac(f"{SALT}{scope}", "\0".join(parts), algorithm="sha256").hexdigest()


# --- Recording ----------------------------------------------------------------------------------------------


def _tell_once(full: list[SignInTally], username: str, at: Visitor) -> None:
    """Record that tries are refused from now on; those that follow until it is over are not recorded."""
    if all(row.told for row in full):
        return
    SignInTally.objects.filter(pk__in=[row.pk for row in full]).update(told=True)
    subject = User.objects.filter(username=username).first()
    AuditEvent.objects.record("user.sign_in_throttled", subject or _nobody(), by=PORTAL, details=_where(at))


@sensitive_variables("username")
def _record_failure(username: str, at: Visitor, *, right_password: bool) -> None:
    """Record a failed log-in; a name that is nobody's is not kept, since people type passwords there."""
    user = User.objects.filter(username=username).first()
    if user is None:
        AuditEvent.objects.record("user.sign_in_unknown", _nobody(), by=PORTAL, details=_where(at))
        return
    details = _where(at)
    if not user.is_active:
        details["account"] = "deactivated"
    elif right_password:
        details["account"] = "not staff"
    AuditEvent.objects.record("user.sign_in_failed", user, by=PORTAL, details=details)


def _record(action: str, user: User, at: Visitor) -> None:
    AuditEvent.objects.record(action, user, by=Actor.person(user.pk), details=_where(at))


def _where(at: Visitor) -> dict[str, Any]:
    return {"address": at.address or "unknown"}


def _nobody() -> models.Model:
    """Return what an event is about that is about nobody: ourselves. That asks the database for nothing more."""
    return Organization()
