"""Staff accounts that a terminal makes: the first administrator, and a new password."""

import secrets
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction

from integrations.models import AuditEvent, User
from integrations.rules.actors import Actor
from integrations.services import signing_in
from integrations.services.refusals import Refused

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread
FIRST_NAME: Final = "admin"


@dataclass(frozen=True, slots=True)
class Login:
    """What a person signs in with."""

    username: str
    password: str = field(repr=False)


def first_administrator(*, by: Actor) -> Login | None:
    """Make the first administrator, where there is no active one; otherwise change nothing."""
    with transaction.atomic():
        if User.objects.filter(is_superuser=True, is_active=True).exists():
            return None
        username = _free_name()
        login = Login(username, _password())
        user = User.objects.create_superuser(username=username, password=login.password)
        AuditEvent.objects.record("user.added", user, by=by, details={"superuser": True})
        return login


def new_password(username: str | None, *, by: Actor) -> Login:
    """Set a new random password for ``username``, or for the first administrator.

    Raises:
        Refused: there is no such account.
    """
    with transaction.atomic():
        users = User.objects.select_for_update().order_by("date_joined")
        user = (
            users.filter(username=username) if username else users.filter(is_superuser=True, is_active=True)
        ).first()
        if user is None:
            raise Refused([f"There is no account “{username or FIRST_NAME}”."])
        login = Login(user.username, _password())
        user.set_password(login.password)
        user.save(update_fields=["password"])
        signing_in.forgive(user.username)
        AuditEvent.objects.record("user.password_set", user, by=by)
        return login


def _free_name() -> str:
    taken = {*User.objects.filter(username__startswith=FIRST_NAME).values_list("username", flat=True)}
    names = (FIRST_NAME, *(f"{FIRST_NAME}{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _password() -> str:
    """Return 80 random bits or so, in four groups that can be read aloud."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
