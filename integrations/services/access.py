"""Access: what staff may give to one another, asked before it is saved and within its transaction."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import Q

from integrations.models import User
from integrations.rules import access
from integrations.rules.access import Account
from integrations.rules.roles import RIGHTS
from integrations.services import rights


def why_not_edited(actor: User, target: User) -> tuple[str, ...]:
    """Return why nothing of this account may be changed."""
    return access.why_not_edited(_seen(actor), _seen(target))


def why_not_changed(
    actor: User,
    target: User,
    *,
    active: bool,
    administrator: bool,
    groups: Iterable[Group],
    single: Iterable[Permission],
) -> tuple[str, ...]:
    """Return why an account may not become what is asked for; call it inside the transaction that saves it.

    The administrators are locked until then, so that no two of them take it from each other at once.
    """
    others = _other_administrators(target)
    before = rights.account(User.objects.get(pk=target.pk))
    after = Account(administrator=administrator, active=active, rights=rights.of_choice(groups, single))
    return access.why_not_changed(
        rights.account(actor), before, after, own=actor.pk == target.pk, other_administrators=others
    )


def why_no_password(actor: User, target: User) -> tuple[str, ...]:
    """Return why the password of this account may not be set."""
    return access.why_no_password(rights.account(actor), rights.account(target), own=actor.pk == target.pk)


def why_not_given(actor: User, codes: frozenset[str]) -> tuple[str, ...]:
    return access.why_not_given(rights.account(actor), codes)


def why_not_regrouped(actor: User, group: Group, single: Iterable[Permission]) -> tuple[str, ...]:
    """Return why a group of our own may not hold these rights."""
    stored = Permission.objects.filter(group=group) if group.pk else Permission.objects.none()
    member = bool(group.pk) and actor.groups.filter(pk=group.pk).exists()
    return access.why_not_regrouped(
        rights.account(actor), rights.codes(stored), rights.of_choice((), single), member=member
    )


def locked_groups(actor: User, groups: Iterable[Group]) -> frozenset[int]:
    """Return the keys of the groups that somebody may not give, with two queries."""
    own = rights.account(actor)
    return frozenset(pk for pk, held in rights.of_groups(groups).items() if access.why_not_given(own, held))


def locked_rights(actor: User) -> frozenset[str]:
    """Return the codes of the rights that somebody may not give."""
    may_give = access.givable(rights.account(actor))
    return frozenset() if may_give is None else frozenset(RIGHTS) - may_give


def _seen(user: User) -> Account:
    """See no more than whether it is an administrator: no query."""
    return Account(administrator=user.is_superuser, active=user.is_active and user.is_staff)


def _other_administrators(target: User) -> int:
    active = Q(is_superuser=True, is_active=True, is_staff=True)
    locked = User.objects.select_for_update().filter(active).order_by("pk")
    return sum(pk != target.pk for pk in locked.values_list("pk", flat=True))
