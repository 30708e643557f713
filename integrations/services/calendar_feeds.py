"""Calendar feeds: made, revoked, found by their address; and what stands in one.

An entry holds the references of customers rather than names: it is copied into programs that are not ours.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from integrations.models import AuditEvent, CalendarFeed, User
from integrations.rules import icalendar, moments
from integrations.rules.actors import Actor
from integrations.rules.last_days import WARNINGS, Step
from integrations.services import last_days, rights
from integrations.services.last_days import Line
from integrations.services.refusals import Refused

SEE: Final = "integrations.view_connection"
MOST: Final = 500
"""Connections in a feed: those whose last day is nearest."""
READ_AGAIN: Final = timedelta(minutes=15)
"""How long a feed is taken for just read: calendar programs ask often, and a row need not be written each time."""
NAME: Final = "Last possible days of Exact Online connections"


@dataclass(frozen=True, slots=True)
class MadeFeed:
    """A feed with the token that opens it, which is kept nowhere."""

    feed: CalendarFeed
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_URL}{reverse('calendar', args=[self.token])}"


def make(user: User, *, by: Actor) -> MadeFeed:
    """Make the person's own feed; an earlier one ends.

    Raises:
        Refused: no right to see connections; or it would be somebody else's.
    """
    rights.require(by, SEE)
    _refuse_others(user, by)
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        ended = _live(row).update(revoked_at=timezone.now())
        feed = CalendarFeed.objects.create(user=row, token_hash=_digest(token))
        AuditEvent.objects.record("calendar.made", row, by=by, details={"instead_of_another": bool(ended)})
    return MadeFeed(feed, token)


def revoke(user: User, *, by: Actor) -> None:
    """End the person's feed: its address is not found any more.

    Raises:
        Refused: there is none; or it is somebody else's.
    """
    _refuse_others(user, by)
    with transaction.atomic():
        if not _live(user).update(revoked_at=timezone.now()):
            raise Refused(["You have no calendar feed."])
        AuditEvent.objects.record("calendar.revoked", user, by=by)


def of(user: User) -> CalendarFeed | None:
    """Return the person's feed; None where there is none."""
    return _live(user).first()


def find(token: str) -> CalendarFeed | None:
    """Return the feed that the token opens; None where it was revoked, or where the person may not see
    connections any more."""
    feed = CalendarFeed.objects.select_related("user").filter(token_hash=_digest(token), revoked_at=None).first()
    if feed is None or not (feed.user.is_active and feed.user.is_staff and feed.user.has_perm(SEE)):
        return None
    return feed


def read(feed: CalendarFeed, *, now: datetime) -> str:
    """Return what stands in the feed, and note that it was read."""
    if feed.read_at is None or now - feed.read_at > READ_AGAIN:
        CalendarFeed.objects.filter(pk=feed.pk).update(read_at=now)
    found = last_days.lines(last_days.failing(now)[:MOST], now)
    return icalendar.calendar(NAME, _days(found, now), now=now)


def _days(lines: Iterable[Line], now: datetime) -> Iterator[icalendar.Day]:
    """Yield the last day of each, and the days ahead on which somebody is warned: many calendar programs leave
    out the alarms of a feed."""
    host = settings.PUBLIC_URL.partition("://")[2].partition(":")[0]
    for line in lines:
        pk, last = line.connection.pk, timezone.localtime(line.last_at)
        who, url = _whom(line), f"{settings.PUBLIC_URL}{reverse('admin:integrations_connection_change', args=[pk])}"
        until = f"Exact keeps its tokens until {moments.day(last)}, {last:%H:%M}."
        text = f"{line.why}\n{until}\n{line.what_to_do}"
        ahead = [step for step in WARNINGS if line.last_at - timedelta(days=step) > now]
        title = f"Last possible day: {who}"
        yield icalendar.Day(f"{pk}@{host}", last.date(), title, text, url, tuple(map(int, ahead)))
        for step in ahead:
            on = last.date() - timedelta(days=step)
            yield icalendar.Day(f"{pk}-{int(step)}@{host}", on, f"{_left(step)} left: {who}", text, url)


def _left(step: Step) -> str:
    return "1 day" if step is Step.DAY else f"{int(step)} days"


def _whom(line: Line) -> str:
    """Say whose connection it is without a name."""
    said = [f"customer {customer.reference}" for customer in line.customers if customer.reference]
    nameless = len(line.customers) - len(said) + line.more
    if nameless:
        said.append(f"{nameless} {'more ' if said else ''}customer{'' if nameless == 1 else 's'}")
    if line.ours:
        said.append("ourselves")
    return f"{', '.join(said) or 'a connection'} ({str(line.connection.pk)[:8]})"


def _refuse_others(user: User, by: Actor) -> None:
    if by != Actor.person(user.pk):
        raise Refused(["A calendar feed is made and revoked by whom it belongs to."])


def _live(user: User) -> QuerySet[CalendarFeed]:
    return CalendarFeed.objects.filter(user=user, revoked_at__isnull=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
