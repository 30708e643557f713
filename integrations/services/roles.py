"""Roles as groups: brought in line with the table of the release after every migration."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from integrations.models import AuditEvent
from integrations.rules import roles
from integrations.rules.actors import PORTAL
from integrations.services import rights


def bring_in_line() -> list[str]:
    """Give every role exactly the rights of the table, and return the names of those that differed.

    A role that is not there is made. One that held other rights was changed by a release, or by hand: the event
    says which rights came and went.
    """
    differed = []
    with transaction.atomic():
        for role in roles.ROLES:
            group, _ = Group.objects.get_or_create(name=role.name)
            held = rights.codes(Permission.objects.filter(group=group))
            if held == role.rights:
                continue
            differed.append(role.name)
            group.permissions.set(rights.permissions(role.rights))
            if held:
                details = {"added": sorted(role.rights - held), "removed": sorted(held - role.rights)}
                AuditEvent.objects.record("role.brought_in_line", group, by=PORTAL, details=details)
    return differed


def of(group: Group) -> roles.Role | None:
    """Return the role that a group is; None for a group of our own."""
    return roles.BY_NAME.get(group.name)
