"""Names for the ids that rows and events hold."""

from collections.abc import Iterable
from typing import Final

from django.contrib.auth.models import Group
from django.db import models

from integrations.models import Application, Company, Connection, Customer, Organization, User
from integrations.rules.actors import Actor, ActorKind

SUBJECTS: Final[dict[str, type[models.Model]]] = {
    model._meta.model_name or "": model
    for model in (Application, Company, Connection, Customer, Group, Organization, User)
}


def names(actors: Iterable[str]) -> dict[str, str]:
    """Return what to call each actor on a page, with one query however many there are."""
    parsed = {text: Actor.parse(text) for text in actors if text}
    users = User.objects.in_bulk({actor.user_id for actor in parsed.values() if actor.user_id})
    return {text: _name(actor, users.get(actor.user_id) if actor.user_id else None) for text, actor in parsed.items()}


def subjects(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return what to call each ``(object type, id)`` that still exists, with one query a type."""
    wanted: dict[str, set[str]] = {}
    for object_type, object_id in keys:
        wanted.setdefault(object_type, set()).add(object_id)
    return {
        (kind, str(row.pk)): str(row)
        for kind, ids in wanted.items()
        if kind in SUBJECTS
        for row in SUBJECTS[kind]._default_manager.filter(pk__in=ids)
    }


def _name(actor: Actor, user: User | None) -> str:
    if actor.kind is ActorKind.PORTAL:
        return "the portal"
    if actor.kind is ActorKind.COMMAND:
        return f"{actor.name} (terminal)"
    return (user.get_full_name() or user.get_username()) if user else "a former member of staff"
