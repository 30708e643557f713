"""Nobody climbs: what may be given, to whom, and by which detours it may not."""

from typing import Any

import pytest

from integrations.rules import access
from integrations.rules.access import ADMINISTRATORS_ONLY, LAST, NOT_OWN, OPEN_TO_OFFICERS, OWN_PASSWORD, Account
from integrations.rules.roles import INTEGRATIONS_MANAGER, OPERATOR, RIGHTS, ROLES, SECURITY_OFFICER, SUPPORT, VIEWER

ADMINISTRATOR = Account(administrator=True)
OFFICER = Account(rights=SECURITY_OFFICER.rights)
NOBODY = Account()
GONE = Account(active=False)
SUPPORTER = Account(rights=SUPPORT.rights)
MANAGER = Account(rights=INTEGRATIONS_MANAGER.rights)


def why(actor: Account, before: Account, after: Account, **more: Any) -> tuple[str, ...]:
    return access.why_not_changed(actor, before, after, **{"own": False, "other_administrators": 1, **more})


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_an_officer_gives_the_roles_without_keys_and_installation(role: Any) -> None:
    refused = why(OFFICER, NOBODY, Account(rights=role.rights))
    assert bool(refused) is role.guarded
    if role.guarded:
        assert refused[0].startswith("Only an administrator can give this: ")


def test_an_officer_takes_anything_from_anybody_but_administrators() -> None:
    for held in (*(role.rights for role in ROLES), frozenset(RIGHTS)):
        assert why(OFFICER, Account(rights=held), NOBODY) == ()
        assert why(OFFICER, Account(rights=held), Account(active=False, rights=held)) == ()
    assert why(OFFICER, ADMINISTRATOR, NOBODY) == (ADMINISTRATORS_ONLY,)
    assert why(OFFICER, ADMINISTRATOR, Account(administrator=True, active=False)) == (ADMINISTRATORS_ONLY,)


def test_nobody_makes_administrators_but_administrators() -> None:
    for actor in (OFFICER, MANAGER, Account(rights=frozenset(RIGHTS))):
        assert why(actor, NOBODY, ADMINISTRATOR) == (ADMINISTRATORS_ONLY,)
        assert access.why_not_edited(actor, ADMINISTRATOR) == (ADMINISTRATORS_ONLY,)
    assert why(ADMINISTRATOR, NOBODY, ADMINISTRATOR) == ()
    assert access.why_not_edited(ADMINISTRATOR, ADMINISTRATOR) == ()


def test_nobody_changes_what_he_himself_may_do() -> None:
    more = Account(rights=SECURITY_OFFICER.rights | SUPPORT.rights)
    less = Account(rights=VIEWER.rights)
    for after in (more, less, Account(active=False, rights=SECURITY_OFFICER.rights)):
        assert why(OFFICER, OFFICER, after, own=True) == (NOT_OWN,)
    assert why(OFFICER, OFFICER, OFFICER, own=True) == ()
    assert why(ADMINISTRATOR, ADMINISTRATOR, MANAGER, own=True) == ()


def test_letting_somebody_in_again_is_giving_what_the_account_holds() -> None:
    assert why(OFFICER, Account(active=False, rights=SUPPORT.rights), SUPPORTER) == ()
    assert why(OFFICER, Account(active=False, rights=INTEGRATIONS_MANAGER.rights), MANAGER) != ()
    assert why(OFFICER, Account(active=False, rights=INTEGRATIONS_MANAGER.rights), SUPPORTER) == ()


def test_what_somebody_holds_already_may_stay_beside_what_is_given() -> None:
    both = Account(rights=INTEGRATIONS_MANAGER.rights | VIEWER.rights | SECURITY_OFFICER.rights)
    assert why(OFFICER, MANAGER, both) == ()


def test_who_does_not_manage_staff_gives_only_what_he_has() -> None:
    grouper = Account(rights=frozenset({"auth.change_group", "integrations.view_application"}))
    assert access.givable(grouper) == grouper.rights
    assert access.why_not_regrouped(grouper, frozenset(), frozenset({"integrations.connect"}), member=False)
    assert not access.why_not_regrouped(
        grouper, frozenset(), frozenset({"integrations.view_application"}), member=False
    )


def test_a_group_is_not_changed_by_its_members() -> None:
    held = frozenset({"integrations.connect"})
    assert access.why_not_regrouped(OFFICER, held, frozenset(), member=True) == (NOT_OWN,)
    assert access.why_not_regrouped(OFFICER, held, frozenset(), member=False) == ()
    assert access.why_not_regrouped(OFFICER, held, held, member=True) == ()
    assert access.why_not_regrouped(ADMINISTRATOR, held, frozenset(RIGHTS), member=True) == ()


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        (NOBODY, False), (SUPPORTER, False), (Account(rights=VIEWER.rights), False), (OFFICER, False),
        (Account(active=False, rights=SUPPORT.rights), False),
        (MANAGER, True), (Account(rights=OPERATOR.rights), True), (ADMINISTRATOR, True),
        (Account(active=False, rights=INTEGRATIONS_MANAGER.rights), True),
        (Account(administrator=True, active=False), True),
    ],
)  # fmt: skip
def test_a_password_opens_no_account_that_holds_more(target: Account, refused: bool) -> None:
    assert bool(access.why_no_password(OFFICER, target, own=False)) is refused
    assert access.why_no_password(ADMINISTRATOR, target, own=False) == ()


def test_ones_own_password_is_changed_where_the_present_one_is_asked() -> None:
    assert access.why_no_password(OFFICER, OFFICER, own=True) == (OWN_PASSWORD,)
    assert access.why_no_password(ADMINISTRATOR, ADMINISTRATOR, own=True) == ()


def test_no_detour_over_other_accounts_leads_an_officer_to_more() -> None:
    """Whatever accounts he can get into, and whatever those give in turn, it is never keys or installation."""
    reach = OFFICER.rights
    while True:
        givable = access.givable(Account(rights=reach))
        assert givable is not None
        if givable <= reach:
            break
        reach |= givable
    assert reach == OPEN_TO_OFFICERS
    assert not reach & {
        "integrations.set_keys", "integrations.enable_application", "integrations.claim_installation",
        "integrations.operate_portal", "auth.add_group", "auth.change_group", "integrations.delete_application",
    }  # fmt: skip


@pytest.mark.parametrize("after", [GONE, NOBODY, Account(administrator=True, active=False), MANAGER])
def test_the_last_active_administrator_stays(after: Account) -> None:
    for actor in (ADMINISTRATOR, OFFICER):
        for own in (True, False):
            assert why(actor, ADMINISTRATOR, after, own=own, other_administrators=0) == (LAST,)
    assert why(ADMINISTRATOR, ADMINISTRATOR, after, other_administrators=1) == ()


def test_a_deactivated_administrator_is_not_the_last_one() -> None:
    inactive = Account(administrator=True, active=False)
    assert why(ADMINISTRATOR, inactive, NOBODY, other_administrators=0) == ()
    assert why(ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR, other_administrators=0) == ()
