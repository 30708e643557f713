"""Events in words, for pages and for whoever phones."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from integrations.rules import causes, moments, review_form, workflow
from integrations.rules.actors import PORTAL

ACTIONS: Final = {
    "application.added": "added the app",
    "application.changed": "changed the app",
    "application.secret_set": "stored a Client secret",
    "application.secret_taken_back": "took back a newer Client secret; the one in use stays",
    "application.enabled": "enabled the app",
    "application.disabled": "disabled the app",
    "application.registered": "recorded which Redirect URL stands at Exact",
    "application.address_followed": "let the app come back to the portal's new address",
    "application.stopped": "pressed Emergency stop",
    "application.lifted": "lifted the Emergency stop",
    "application.archived": "archived the app",
    "application.restored": "brought the archived app back",
    "application.deleted": "deleted the app",
    "application.keys_tested": "tested the keys at Exact",
    "application.keys_refused": "found that Exact refuses the app's keys",
    "application.keys_accepted": "saw that Exact accepts the app's keys again",
    "application.secret_proven": "saw that Exact accepts a Client secret",
    "application.stood_recorded": "recorded how the app stood at Exact",
    "scopes.selected": "chose scopes",
    "review.begun": "began a round of the review",
    "review.saved": "saved a draft of the review",
    "review.stepped": "recorded a step of the review",
    "review.questioned": "recorded a question of Exact's reviewers",
    "review.question_answered": "recorded the answer to a reviewer's question",
    "review.packed": "downloaded the evidence of a review",
    "permission.stepped": "recorded a step of the permission",
    "workflow.refused": "was refused a step",
    "answer.added": "kept an answer to use again",
    "answer.changed": "changed an answer to use again",
    "answer.deleted": "deleted an answer to use again",
    "connection.made": "connected",
    "connection.renewed": "reconnected",
    "connection.checked": "checked the connection",
    "connection.refresh_asked": "asked Exact for a new token",
    "connection.reconnect_needed": "found that somebody must reconnect",
    "connection.verifying": "lost an answer of Exact; the connection is being verified",
    "connection.token_refused": "saw Exact refuse the access token; the connection is being verified",
    "connection.verified": "found the connection alive",
    "connection.imported": "brought a connection from a former system",
    "connection.given_up": "gave up tokens that Exact no longer takes; nobody knew yet whose they were",
    "connection.import_finished": "finished the import of a connection from a former system",
    "connection.import_ended": "ended an import from a former system: nothing was connected",
    "connection.found_again": "found tokens of a connection that the database had lost",
    "connection.disconnected": "disconnected",
    "calendar.made": "made a calendar feed of last possible days",
    "calendar.revoked": "revoked a calendar feed",
    "connection.replacement_asked": "made a link page by which another user takes the place of the connection",
    "connection.replacement_waits": "saw another user connect who does not reach all companies of the connection",
    "connection.replacement_renewed": "saw the same user sign in by the link page for another: nobody was replaced",
    "connection.replaced": "let another user take the place of the connection",
    "connection.companies_chosen": "chose which of the companies reached are used",
    "connection.changes_seen": "left what changed at Exact as it is",
    "company.used": "said that the company is used",
    "company.not_used": "said that the company is not used",
    "company.assigned": "said whose company it is",
    "customer.added": "added the customer",
    "customer.changed": "changed the customer",
    "customer.companies_assigned": "gave the customer the companies that were newly reached",
    "customer.companies_stayed": "left companies that were reached with those whom they belong to",
    "customer.disconnected": "disconnected the customer",
    "customer.erased": "erased the customer's personal data",
    "link.made": "made a link page",
    "link.revoked": "revoked a link page",
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
    "installation.claimed": "made this installation the owner of the tokens",
    "installation.lost": "gave the tokens to another installation",
    "organization.added": "filled in the organization",
    "organization.changed": "changed the organization",
    "keys.rotated": "sealed all secrets again with the first key",
    "keys.stored_elsewhere": "confirmed that a key is stored at another place",
    "practice.removed": "removed all practice data",
    "retention.cleared": "cleared what was older than its retention",
    "activity.exported": "exported the activity",
    "backup.made": "made a backup of the database",
}
GROUPS: Final = {
    "application": "Apps",
    "scopes": "Scopes and review",
    "review": "Scopes and review",
    "permission": "Scopes and review",
    "workflow": "Scopes and review",
    "answer": "Scopes and review",
    "connection": "Connections",
    "calendar": "Connections",
    "company": "Customers",
    "customer": "Customers",
    "link": "Customers",
    "user": "Staff",
    "role": "Staff",
    "group": "Staff",
    "installation": "Portal",
    "organization": "Portal",
    "keys": "Portal",
    "practice": "Portal",
    "retention": "Portal",
    "activity": "Portal",
    "backup": "Portal",
}
"""The heading under which the actions of a kind are offered."""
KINDS: Final = {
    "application": "App",
    "review": "Review",
    "libraryanswer": "Answer",
    "connection": "Connection",
    "company": "Company",
    "customer": "Customer",
    "user": "Member of staff",
    "group": "Group",
    "organization": "Organization",
    "installation": "Installation",
    "keyringcanary": "Keys",
    "retentionrun": "Clearing",
}
"""What events are about, by the name of the model."""
REFERENCES: Final = {
    "customer": "customer",
    "owners": "customer",
    "groups": "group",
    "connection": "connection",
    "app": "application",
}
"""Details that hold ids: of which kind."""
_BY_LINK_PAGE: Final = frozenset({"connection.made", "connection.renewed", "connection.companies_chosen"})
_LISTS: Final = frozenset({"fields", "added", "removed", "owners", "reasons", "concerned"})
_CODES: Final[Mapping[str, Mapping[str, str]]] = {
    "step": {code: step.label for code, step in workflow.BY_CODE.items()},
    "concerned": review_form.LABELS,
}
"""Details that hold codes of ours, and what pages say for each."""


def action(code: str) -> str:
    return ACTIONS.get(code, code.replace("_", " ").replace(".", ": "))


def is_of_customer(code: str, actor: str, values: Mapping[str, Any]) -> bool:
    """Tell whether a customer did it, by a link page: nobody of ours is signed in there, so the event says *portal*,
    and keeps by which page it was."""
    return code in _BY_LINK_PAGE and actor == str(PORTAL) and "link" in values


def action_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return every action under its heading, to choose from."""
    groups: dict[str, list[tuple[str, str]]] = {title: [] for title in GROUPS.values()}
    for code, words in ACTIONS.items():
        groups[GROUPS.get(code.partition(".")[0], "Portal")].append((code, words[0].upper() + words[1:]))
    return list(groups.items())


def references(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every ``(kind, id)`` that the details of an event hold."""
    for name, value in details.items():
        if name in REFERENCES:
            yield from ((REFERENCES[name], str(leaf)) for leaf in _leaves(value) if leaf is not None)


def details(
    values: Mapping[str, Any], names: Mapping[tuple[str, str], str] | None = None, *, zone: tzinfo = UTC
) -> str:
    """Return what an event recorded, such as ``name: A → B``; ids that have a name in ``names`` by that, and moments
    by the clock of ``zone``."""
    return "; ".join(
        f"{name.replace('_', ' ')}: "
        + _value(_said(name, value, zone), REFERENCES.get(name, ""), names or {}, listed=name in _LISTS)
        for name, value in values.items()
    )


def _value(value: Any, kind: str, names: Mapping[tuple[str, str], str], *, listed: bool = False) -> str:
    match value:
        case [before, after] if not listed:
            return f"{_value(before, kind, names)} → {_value(after, kind, names)}"
        case None | "" | []:
            return "nothing"
        case True | False:
            return "yes" if value else "no"
        case list():
            return ", ".join(_value(item, kind, names) for item in value)
        case dict():
            parts = ((name, _value(part, kind, names, listed=name in _LISTS)) for name, part in value.items())
            return ", ".join(f"{name.replace('_', ' ')} {part}" for name, part in parts)
        case _:
            return names.get((kind, str(value)), str(value))


def _said(name: str, value: Any, zone: tzinfo) -> Any:
    """Return a detail with words in the place of codes and of moments."""
    if name == "until":
        return _moment(value, zone)
    if name == "cause":
        return causes.words(str(value))
    words = _CODES.get(name)
    if words is None:
        return value
    return [words.get(str(one), one) for one in value] if isinstance(value, list) else words.get(str(value), value)


def _moment(value: Any, zone: tzinfo) -> Any:
    """Return a moment in words; a mere day, as an export was asked for, as it is."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return value
    return moments.moment(at, zone) if at.tzinfo is not None else value


def _leaves(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for part in value.values():
                yield from _leaves(part)
        case list():
            for part in value:
                yield from _leaves(part)
        case _:
            yield value
