"""Events in words, for pages and for whoever phones."""

from typing import Any, Final

ACTIONS: Final = {
    "application.added": "added the app",
    "application.changed": "changed the app",
    "application.secret_set": "stored a Client secret",
    "application.enabled": "enabled the app",
    "application.disabled": "disabled the app",
    "application.deleted": "deleted the app",
    "application.secret_proven": "saw that Exact accepts a Client secret",
    "connection.made": "connected",
    "connection.renewed": "reconnected",
    "connection.reconnect_needed": "found that somebody must reconnect",
    "connection.verifying": "lost an answer of Exact; the connection is being verified",
    "connection.verified": "found the connection alive",
    "connection.disconnected": "disconnected",
    "company.assigned": "said whose company it is",
    "customer.added": "added the customer",
    "customer.changed": "changed the customer",
    "customer.companies_assigned": "gave the customer the companies that were newly reached",
    "customer.companies_stayed": "left companies that were reached with those whom they belong to",
    "customer.disconnected": "disconnected the customer",
    "customer.erased": "erased the customer's personal data",
    "link.made": "made a link page",
    "practice.removed": "removed all practice data",
    "keys.rotated": "sealed all secrets again with the first key",
    "keys.stored_elsewhere": "confirmed that a key is stored at another place",
    "user.added": "added a member of staff",
    "user.changed": "changed a member of staff",
    "user.password_set": "set a new password",
    "user.password_changed": "changed the own password",
    "user.signed_in": "signed in",
    "user.signed_out": "logged out",
    "user.sign_in_failed": "refused a sign-in",
    "user.sign_in_unknown": "refused a sign-in with an unknown user name",
    "user.sign_in_throttled": "refuses further sign-ins for a while, since too many failed",
    "user.confirmed": "confirmed who they are by password",
    "user.confirmation_failed": "gave a wrong password when asked to confirm",
    "role.brought_in_line": "gave a role the rights of this release",
    "group.added": "added a group",
    "group.changed": "changed a group",
    "group.deleted": "deleted a group",
    "organization.added": "filled in the organization",
    "organization.changed": "changed the organization",
}


def action(code: str) -> str:
    return ACTIONS.get(code, code.replace("_", " ").replace(".", ": "))


def details(values: dict[str, Any]) -> str:
    """Return what an event recorded, such as ``name: “A” → “B”``."""
    return "; ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in values.items())


def _value(value: Any) -> str:
    match value:
        case [before, after]:
            return f"{_value(before)} → {_value(after)}"
        case None | "":
            return "nothing"
        case True | False:
            return "yes" if value else "no"
        case list():
            return ", ".join(_value(item) for item in value)
        case _:
            return str(value)
