"""Names for the ids that rows and events hold."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connection, models

from integrations.models import (
    Application,
    AuditEvent,
    Company,
    Connection,
    Customer,
    Installation,
    Organization,
    User,
)
from integrations.rules import wording
from integrations.rules.actors import PORTAL, Actor, ActorKind

SUBJECTS: Final[dict[str, type[models.Model]]] = {
    model._meta.model_name or "": model
    for model in (Application, Company, Connection, Customer, Group, Installation, Organization, User)
}

CUSTOMER: Final = "the customer, by the link page"
MOST: Final = 500
"""Of people, among whom a page lets choose."""


def names(actors: Iterable[str]) -> dict[str, str]:
    """Return what to call each actor on a page, with one query however many there are."""
    parsed = {text: Actor.parse(text) for text in actors if text}
    users = User.objects.in_bulk({actor.user_id for actor in parsed.values() if actor.user_id})
    return {text: _name(actor, users.get(actor.user_id) if actor.user_id else None) for text, actor in parsed.items()}


def doers(events: Iterable[AuditEvent]) -> dict[UUID, str]:
    """Return what to call who did each event, by its id, with one query; a customer, where it was by a link page."""
    events = list(events)
    called = names({event.actor for event in events})
    return {event.pk: _doer(event, called) for event in events}


def _doer(event: AuditEvent, called: Mapping[str, str]) -> str:
    if wording.is_of_customer(event.action, event.actor, event.details):
        return CUSTOMER
    return called.get(event.actor, "")


def actors() -> dict[str, str]:
    """Return everybody who may have done something, to choose from: the portal, staff, and users of a terminal."""
    rows = User.objects.order_by("first_name", "last_name", "username")[:MOST]
    staff = {str(Actor.person(row.pk)): _name(Actor.person(row.pk), row) for row in rows}
    terminals = {text: _name(Actor.parse(text), None) for text in _terminals()}
    return {str(PORTAL): _name(PORTAL, None), **staff, **terminals}


def subjects(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return what to call each ``(object type, id)`` that still exists, with one query a type."""
    wanted: dict[str, set[str]] = {}
    for object_type, object_id in keys:
        if object_type in SUBJECTS and _fits(SUBJECTS[object_type], object_id):
            wanted.setdefault(object_type, set()).add(object_id)
    return {
        (kind, str(row.pk)): str(row)
        for kind, ids in wanted.items()
        for row in SUBJECTS[kind]._default_manager.filter(pk__in=ids)
    }


def _fits(model: type[models.Model], text: str) -> bool:
    """Tell whether the text can be a key of the model: an event keeps any text."""
    try:
        model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return True


def _terminals() -> list[str]:
    """Return who worked at a terminal: a step of the index for each actor, however many events there are."""
    statement = """
        WITH RECURSIVE found (actor) AS (
            SELECT min(actor) FROM integrations_auditevent
            UNION ALL
            SELECT (SELECT min(actor) FROM integrations_auditevent WHERE actor > found.actor)
            FROM found WHERE found.actor IS NOT NULL
        )
        SELECT actor FROM found WHERE actor IS NOT NULL LIMIT %s
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, [2 * MOST])
        return [actor for (actor,) in cursor.fetchall() if actor.startswith(f"{ActorKind.COMMAND}:")]


def _name(actor: Actor, user: User | None) -> str:
    if actor.kind is ActorKind.PORTAL:
        return "the portal"
    if actor.kind is ActorKind.COMMAND:
        return f"{actor.name} (terminal)"
    return (user.get_full_name() or user.get_username()) if user else "a former member of staff"
