"""Rights: who holds them, and the check that every verb makes of whoever asks for it."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from integrations.models import User
from integrations.rules import roles
from integrations.rules.access import Account
from integrations.rules.actors import Actor, ActorKind
from integrations.services.refusals import Refused


class NotPermitted(Refused):
    """Whoever asked has no right to it; the reason names the roles that have."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__([roles.refusal(code)])


def require(by: Actor, code: str) -> None:
    """Let a person pass who has the right. Commands act as whoever runs the portal; the portal as itself.

    Raises:
        NotPermitted: the person has it not, was deactivated, or is gone.
    """
    if by.kind is not ActorKind.PERSON:
        return
    user = User.objects.filter(pk=by.name).first()
    if user is None or not user.has_perm(code):
        raise NotPermitted(code)


def listed() -> QuerySet[Permission]:
    """Return the rights that pages of ours ask for; those of tables that have no page are no rights of people."""
    return permissions(roles.RIGHTS)


def permissions(codes: Iterable[str]) -> QuerySet[Permission]:
    """Return Django's rows of these rights."""
    wanted = Q(pk__in=[])
    by_app: dict[str, list[str]] = {}
    for right in (roles.RIGHTS[code] for code in codes):
        by_app.setdefault(right.app, []).append(right.codename)
    for app, codenames in by_app.items():
        wanted |= Q(content_type__app_label=app, codename__in=codenames)
    return Permission.objects.filter(wanted).select_related("content_type")


def account(user: User) -> Account:
    """Return a member of staff as the rules see him: what he holds, whether he may sign in or not."""
    return Account(
        administrator=user.is_superuser,
        active=user.is_active and user.is_staff,
        rights=codes(Permission.objects.filter(Q(user=user) | Q(group__user=user))),
    )


def of_choice(groups: Iterable[Group], single: Iterable[Permission]) -> frozenset[str]:
    """Return the rights that groups and single rights give together."""
    chosen = Q(group__in=list(groups)) | Q(pk__in=[row.pk for row in single])
    return codes(Permission.objects.filter(chosen))


def of_groups(groups: Iterable[Group]) -> dict[int, frozenset[str]]:
    """Return what each group holds, with one query."""
    found: dict[int, set[str]] = {group.pk: set() for group in groups}
    rows = Permission.objects.filter(group__in=list(found))
    for group, app, codename in rows.values_list("group", "content_type__app_label", "codename"):
        found[group].add(f"{app}.{codename}")
    return {pk: frozenset(held) for pk, held in found.items()}


def codes(rows: QuerySet[Permission]) -> frozenset[str]:
    pairs = rows.order_by().values_list("content_type__app_label", "codename")
    return frozenset(f"{app}.{codename}" for app, codename in pairs)
