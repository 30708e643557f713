"""The table of roles: who holds what, and what nobody holds together."""

from itertools import pairwise

import pytest

from integrations.rules import roles, sections
from integrations.rules.roles import INTEGRATIONS_MANAGER, OPERATOR, RIGHTS, ROLES, SECURITY_OFFICER, SUPPORT, VIEWER

LOOKING = {"view_application", "view_connection", "view_company", "view_customer"}
HELD = {
    "Viewer": LOOKING,
    "Support": LOOKING | {"add_customer", "change_customer", "connect", "check_connection"},
    "Integrations manager": LOOKING | {
        "connect", "check_connection", "add_application", "change_application", "set_keys", "enable_application",
        "disconnect_connection", "view_organization", "change_organization", "select_scopes", "prepare_review",
        "record_review", "link_without_permission",
    },
    "Security officer": LOOKING | {
        "view_auditevent", "export_auditevent", "view_user", "add_user", "change_user", "auth.view_group",
        "erase_customer",
    },
    "Operator": {
        "view_application", "view_connection", "view_portal", "operate_portal", "claim_installation",
        "view_organization", "add_organization", "change_organization",
    },
}  # fmt: skip
ASK = "Ask somebody who has this role, or an administrator to give it to you."
ASK_ONE_OF = "Ask somebody who has one of these roles, or an administrator to give it to you."
APART = [
    ("set_keys", "change_user", "who guards access holds no keys"),
    ("set_keys", "view_auditevent", "who holds the keys does not watch himself"),
    ("set_keys", "erase_customer", "who holds the keys erases nothing"),
    ("enable_application", "change_user", "who guards access enables no app"),
    ("claim_installation", "set_keys", "who runs the portal holds no keys"),
    ("claim_installation", "change_user", "who runs the portal gives no access"),
    ("operate_portal", "view_auditevent", "who sets how long events are kept does not watch them"),
    ("operate_portal", "change_user", "who runs the portal gives no access"),
    ("erase_customer", "change_customer", "who erases customers does not write them"),
]


def full(codename: str) -> str:
    return codename if "." in codename else f"integrations.{codename}"


def test_each_role_holds_exactly_what_is_written_here() -> None:
    assert {role.name: role.rights for role in ROLES} == {
        name: {full(codename) for codename in held} for name, held in HELD.items()
    }


@pytest.mark.parametrize(("one", "other", "why"), APART)
def test_no_role_holds_both(one: str, other: str, why: str) -> None:
    assert [role.name for role in ROLES if {full(one), full(other)} <= role.rights] == [], why


def test_nobody_but_an_administrator_deletes_or_changes_groups() -> None:
    for code in RIGHTS:
        if "delete_" in code or code in {"auth.add_group", "auth.change_group"}:
            assert roles.holding(code) == (), code


def test_every_right_of_a_role_is_in_words_and_every_other_is_the_administrators() -> None:
    held = frozenset().union(*(role.rights for role in ROLES))
    assert held <= RIGHTS.keys()
    assert RIGHTS.keys() - held == {
        "integrations.delete_application", "auth.add_group", "auth.change_group", "auth.delete_group",
    }  # fmt: skip


def test_who_may_do_something_may_see_it() -> None:
    for role in ROLES:
        for code in role.rights:
            app, _, codename = code.partition(".")
            verb, _, model = codename.partition("_")
            seen = f"{app}.view_{model}"
            if verb in {"add", "change", "delete", "erase", "export", "enable", "disconnect"} and seen in RIGHTS:
                assert seen in role.rights, (role.name, code)


def test_descriptions_are_one_sentence_each() -> None:
    for role in ROLES:
        assert role.description.endswith(".")
        assert ". " not in role.description
        assert len(role.description) < 120


def test_keys_and_installation_are_guarded() -> None:
    assert {role for role in ROLES if role.guarded} == {INTEGRATIONS_MANAGER, OPERATOR}
    for role in (VIEWER, SUPPORT, SECURITY_OFFICER):
        assert not role.rights & {full("set_keys"), full("enable_application"), full("claim_installation")}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "integrations.connect",
            "Connect, and make link pages: Support and Integrations manager may do this. " + ASK_ONE_OF,
        ),
        (
            "integrations.set_keys",
            "Enter, replace and test an app's keys: Integrations manager may do this. " + ASK,
        ),
        ("auth.add_group", "Add groups of our own: only an administrator may do this."),
    ],
)
def test_a_refusal_names_the_roles_that_may(code: str, said: str) -> None:
    assert roles.refusal(code) == said


def test_rights_stand_under_their_headings_in_the_order_of_the_table() -> None:
    found = roles.by_section()
    assert list(found) == [
        "Apps", "Connections and companies", "Customers", "Activity", "Staff", "Portal",
    ]  # fmt: skip
    assert [right.code for rights in found.values() for right in rights] == list(RIGHTS)
    assert roles.by_section({"integrations.set_keys"}) == {"Apps": (RIGHTS["integrations.set_keys"],)}
    assert roles.in_words({"x.unknown", "integrations.connect"}) == ("Connect, and make link pages", "x.unknown")


def test_the_sidebar_shows_what_a_role_may_open() -> None:
    def labels(rights: frozenset[str]) -> list[str]:
        return [section.label for section in sections.open_to(rights.__contains__)]

    assert labels(VIEWER.rights) == labels(SUPPORT.rights) == ["Integrations", "Customers"]
    assert labels(INTEGRATIONS_MANAGER.rights) == ["Integrations", "Customers", "Organization"]
    assert labels(SECURITY_OFFICER.rights) == ["Integrations", "Customers", "Activity", "Staff"]
    assert labels(OPERATOR.rights) == ["Integrations", "Portal"]
    assert labels(frozenset(RIGHTS)) == ["Integrations", "Customers", "Activity", "Portal"]
    assert labels(frozenset()) == []
    assert all(one.label != other.label for one, other in pairwise(sections.SECTIONS))
