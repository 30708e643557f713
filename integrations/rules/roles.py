"""Who may do what: every right in words, and the five roles that are made of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that may be allowed; ``code`` is what Django calls it."""

    code: str
    section: str
    phrase: str

    @property
    def app(self) -> str:
        return self.code.partition(".")[0]

    @property
    def codename(self) -> str:
        return self.code.partition(".")[2]


def _section(name: str, app: str, **phrases: str) -> tuple[Right, ...]:
    return tuple(Right(f"{app}.{codename}", name, phrase) for codename, phrase in phrases.items())


_TABLE: Final = (
    *_section(
        "Apps",
        "integrations",
        view_application="See apps",
        add_application="Add apps",
        change_application="Change apps",
        set_keys="Enter, replace and test an app's keys",
        enable_application="Enable, disable, stop and archive apps",
        select_scopes="Choose an app's scopes",
        prepare_review="Fill in a review, and keep answers to use again",
        record_review="Record what was submitted, what Exact decided, and permission",
        link_without_permission="Let a customer try to connect although no permission is recorded",
        delete_application="Delete disabled apps, and all practice data",
    ),
    *_section(
        "Connections and companies",
        "integrations",
        view_connection="See connections and their checks",
        connect="Connect, and make link pages",
        check_connection="Check a connection now",
        disconnect_connection="Disconnect a connection",
        view_company="See companies and their calls",
    ),
    *_section(
        "Customers",
        "integrations",
        view_customer="See customers",
        add_customer="Add customers",
        change_customer="Change customers",
        erase_customer="Erase what a customer is called and how to reach it",
    ),
    *_section(
        "Activity",
        "integrations",
        view_auditevent="See the activity",
        export_auditevent="Export the activity",
    ),
    *_section(
        "Staff",
        "integrations",
        view_user="See staff accounts",
        add_user="Add staff accounts",
        change_user="Change staff accounts, their passwords and what they may do",
    ),
    *_section(
        "Staff",
        "auth",
        view_group="See roles and groups",
        add_group="Add groups of our own",
        change_group="Change groups of our own",
        delete_group="Delete groups of our own",
    ),
    *_section(
        "Portal",
        "integrations",
        view_organization="See the organization's details",
        add_organization="Fill in the organization's details",
        change_organization="Change the organization's details",
        view_portal="See the portal's own health",
        operate_portal="Set retention and notices, and confirm where keys are kept",
        claim_installation="Let this installation take over all connections",
    ),
)
RIGHTS: Final = {right.code: right for right in _TABLE}


@dataclass(frozen=True, slots=True)
class Role:
    """What somebody is here for; a group of the same name holds its rights."""

    name: str
    description: str
    rights: frozenset[str]
    guarded: bool = False
    """Given by an administrator only: it holds the keys, or the installation."""


def _rights(*codenames: str) -> frozenset[str]:
    return frozenset(code if "." in code else f"integrations.{code}" for code in codenames)


_LOOKING: Final = _rights("view_application", "view_connection", "view_company", "view_customer")
_CONNECTING: Final = _rights("connect", "check_connection")

VIEWER: Final = Role("Viewer", "Looks at apps, customers, companies and connections, and changes nothing.", _LOOKING)
SUPPORT: Final = Role(
    "Support",
    "Helps customers: keeps their details, sends link pages, connects and checks connections.",
    _LOOKING | _CONNECTING | _rights("add_customer", "change_customer"),
)
INTEGRATIONS_MANAGER: Final = Role(
    "Integrations manager",
    "Sets up the apps at Exact: their keys and enabling; connects and disconnects, and keeps our own details.",
    _LOOKING
    | _CONNECTING
    | _rights("add_application", "change_application", "set_keys", "enable_application", "disconnect_connection")
    | _rights("select_scopes", "prepare_review", "record_review", "link_without_permission")
    | _rights("view_organization", "change_organization"),
    guarded=True,
)
SECURITY_OFFICER: Final = Role(
    "Security officer",
    "Watches what was done and who may do what, and erases customers; has no access to keys.",
    _LOOKING
    | _rights("view_auditevent", "export_auditevent", "view_user", "add_user", "change_user", "auth.view_group")
    | _rights("erase_customer"),
)
OPERATOR: Final = Role(
    "Operator",
    "Keeps the portal itself well: its health, notices, retention and installation.",
    _rights("view_application", "view_connection", "view_portal", "operate_portal", "claim_installation")
    | _rights("view_organization", "add_organization", "change_organization"),
    guarded=True,
)
ROLES: Final = (VIEWER, SUPPORT, INTEGRATIONS_MANAGER, SECURITY_OFFICER, OPERATOR)
BY_NAME: Final = {role.name: role for role in ROLES}


def holding(code: str) -> tuple[str, ...]:
    """Return the names of the roles that hold a right, in the order of the table."""
    return tuple(role.name for role in ROLES if code in role.rights)


def who_may(code: str) -> str:
    """Say who may, as a sentence: for a next step that is somebody else's."""
    names = holding(code)
    return f"{_joined(names)} may do this." if names else "Only an administrator may do this."


def refusal(code: str) -> str:
    """Say what was refused, which roles may do it, and whom to ask."""
    right = RIGHTS[code]
    names = holding(code)
    if not names:
        return f"{right.phrase}: only an administrator may do this."
    kind = "this role" if len(names) == 1 else "one of these roles"
    return f"{right.phrase}: {who_may(code)} Ask somebody who has {kind}, or an administrator to give it to you."


def in_words(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the phrases of some rights, in the order of the table; unknown ones come last, by their code."""
    wanted = set(codes)
    known = [right.phrase for right in _TABLE if right.code in wanted]
    return (*known, *sorted(wanted - RIGHTS.keys()))


def by_section(codes: Iterable[str] = RIGHTS) -> dict[str, tuple[Right, ...]]:
    """Return the rights among ``codes`` under their headings, in the order of the table."""
    wanted = set(codes)
    found: dict[str, tuple[Right, ...]] = {}
    for right in _TABLE:
        if right.code in wanted:
            found[right.section] = (*found.get(right.section, ()), right)
    return found


def _joined(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
