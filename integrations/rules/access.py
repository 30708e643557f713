"""Who may give what to whom: nobody climbs, and somebody is always left who can let others in.

One principle holds it together: what somebody without the administrator's right can give, set a password for or
reactivate, together, is never more than ``givable``. So no detour over a second account leads further.
"""

from dataclasses import dataclass
from typing import Final

from integrations.rules.roles import ROLES, in_words

MANAGE_STAFF: Final = "integrations.change_user"
OPEN_TO_OFFICERS: Final = frozenset[str]().union(*(role.rights for role in ROLES if not role.guarded))

LAST: Final = "This is the last active administrator. Make somebody else an administrator first."
ADMINISTRATORS_ONLY: Final = "Only an administrator makes or changes an administrator."
NOT_OWN: Final = "You cannot change what you may do yourself. Ask an administrator."
OWN_PASSWORD: Final = "Change your own password by “Change password”, which asks for the present one."


@dataclass(frozen=True, slots=True)
class Account:
    """A member of staff as the rules see him."""

    administrator: bool = False
    active: bool = True
    rights: frozenset[str] = frozenset()

    @property
    def is_active_administrator(self) -> bool:
        return self.administrator and self.active


def givable(actor: Account) -> frozenset[str] | None:
    """Return the rights that somebody may give to others; None for an administrator, who may give all.

    What one has himself; and who manages staff also what the roles without keys and installation hold.
    """
    if actor.administrator:
        return None
    return actor.rights | OPEN_TO_OFFICERS if MANAGE_STAFF in actor.rights else actor.rights


def why_not_given(actor: Account, rights: frozenset[str]) -> tuple[str, ...]:
    """Return why somebody may not give these rights; an empty tuple where he may."""
    may_give = givable(actor)
    if may_give is None or rights <= may_give:
        return ()
    return (f"Only an administrator can give this: {'; '.join(in_words(rights - may_give))}.",)


def why_not_edited(actor: Account, target: Account) -> tuple[str, ...]:
    """Return why somebody may change nothing at all of an account."""
    return (ADMINISTRATORS_ONLY,) if target.administrator and not actor.administrator else ()


def why_not_changed(
    actor: Account, before: Account, after: Account, *, own: bool, other_administrators: int
) -> tuple[str, ...]:
    """Return every reason against a change of what an account may do; for a new one, ``before`` is not active."""
    if before.is_active_administrator and not after.is_active_administrator and not other_administrators:
        return (LAST,)
    if actor.administrator or before == after:
        return ()
    if before.administrator or after.administrator:
        return (ADMINISTRATORS_ONLY,)
    if own:
        return (NOT_OWN,)
    reactivated = after.active and not before.active
    return why_not_given(actor, after.rights if reactivated else after.rights - before.rights)


def why_no_password(actor: Account, target: Account, *, own: bool) -> tuple[str, ...]:
    """Return why somebody may not set the password of an account: with it he could sign in as that person."""
    if own and not actor.administrator:
        return (OWN_PASSWORD,)
    may_give = givable(actor)
    if may_give is None:
        return ()
    if target.administrator:
        return (ADMINISTRATORS_ONLY,)
    beyond = target.rights - may_give
    if not beyond:
        return ()
    return (f"Only an administrator sets the password of who has this right: {'; '.join(in_words(beyond))}.",)


def why_not_regrouped(
    actor: Account, before: frozenset[str], after: frozenset[str], *, member: bool
) -> tuple[str, ...]:
    """Return why somebody may not change what a group of our own holds."""
    if actor.administrator or before == after:
        return ()
    return (NOT_OWN,) if member else why_not_given(actor, after - before)
