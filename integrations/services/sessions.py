"""Sessions in the database that end twelve hours after the log-in, and know when they were last used.

This is Django's ``SESSION_ENGINE``: whatever logs somebody in, the session notes when. A session that holds a user
and does not say since when is none.
"""

from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from integrations.rules import signing_in as rule

BEGAN: Final = "_signed_in_at"
SEEN: Final = "_seen_at"


class SessionStore(db.SessionStore):
    """Django's sessions in the database, with an end that using them does not move."""

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if key == SESSION_KEY:
            self[BEGAN] = self[SEEN] = timezone.now().timestamp()

    def load(self) -> dict[str, Any]:
        data: dict[str, Any] = super().load()
        if SESSION_KEY in data and (BEGAN not in data or rule.is_over(_moment(data[BEGAN]), timezone.now())):
            self._session_key = None
            return {}
        return data

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        ends_at = self._ends_at()
        return ends_at if ends_at else super().get_expiry_date(**kwargs)

    def get_expiry_age(self, **kwargs: Any) -> int:
        ends_at = self._ends_at()
        return max(0, int((ends_at - timezone.now()).total_seconds())) if ends_at else super().get_expiry_age(**kwargs)

    def _ends_at(self) -> datetime | None:
        began = self.get(BEGAN)
        return _moment(began) + rule.SESSION_LASTS if began else None


def note_use(session: SessionBase) -> None:
    """Note that a signed-in person is there; to the minute, and not where 30 minutes have gone by meanwhile."""
    now = timezone.now()
    if rule.is_worth_noting(_seen(session), now):
        session[SEEN] = now.timestamp()


def may_set_keys(session: SessionBase) -> bool:
    """Tell whether keys may be set without asking for the password again."""
    return rule.may_set_keys(_seen(session), timezone.now())


def confirm(session: SessionBase) -> None:
    """Note that the person gave the password again; the session gets a new key, as at a log-in."""
    session.cycle_key()
    session[SEEN] = timezone.now().timestamp()


def _seen(session: SessionBase) -> datetime:
    return _moment(session.get(SEEN, 0))


def _moment(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)
