"""What is wrong, or may be, with an app: one list for its page, ``manage.py doctor``, enabling and linking.

It foretells what Exact would refuse, before a customer meets it. An *error* keeps the app from being enabled; a
*warning* is likely a mistake; a *note* is worth knowing. Codes are stable: scripts and tests rely on them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from integrations.exact.key_test import Verdict
from integrations.rules import gate, redirects
from integrations.rules.workflow import PermissionState

MOVED: Final = "redirect.moved"
NEEDED: Final = "permission.needed"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Field(StrEnum):
    """Where on the app's pages a finding is mended."""

    REGION = "region"
    NAME = "name"
    KIND = "kind"
    CLIENT_ID = "client_id"
    CLIENT_SECRET = "client_secret"
    REDIRECT_URI = "redirect_uri"
    REGISTERED_REDIRECT_URI = "registered_redirect_uri"
    CARETAKERS = "caretakers"
    KEY_TEST = "key_test"
    PERMISSION = "permission"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about an app: what is seen, and what to do about it."""

    code: str
    severity: Severity
    text: str
    field: Field


@dataclass(frozen=True, slots=True)
class AppFacts:
    """What the rule looks at. No secret, and no fingerprint: comparing those is the services' part."""

    region_title: str
    is_testing: bool
    is_practice: bool
    name: str
    organization: str
    names_of_others: tuple[str, ...]
    """Names of our other apps in the same region; archived ones do not count."""
    host_of: str
    """The title of another region, whose Exact the app was made for; empty where it is its own, or a practice one."""
    client_id: str | None
    has_secret: bool
    secret_opens: bool
    secret_is_client_id: bool
    secret_is_of: str
    """Another app that has the same secret; empty where none has."""
    redirect_uri: str
    our_redirect_uri: str
    """What this portal's own callback for the app is now."""
    registered_redirect_uri: str
    """What somebody entered at Exact; empty where nobody wrote it down."""
    caretakers: int
    """Colleagues who can sign in to *Manage my apps*; 0 where nobody wrote them down."""
    outside_customers: int
    """Companies of customers, not our own, that are connected through the app."""
    connected_unpermitted: int
    """Of these, companies that were connected while no permission was recorded; of a product app without it."""
    permission: PermissionState
    has_approval: bool
    """Exact approved scopes of it, as far as somebody wrote that down."""
    permission_since: date | None = None
    """The day on which the permission came to stand so; None where nobody knows."""
    keys_tested: Verdict | None = None
    """The worse of Exact's two answers about the present keys; None where there is none yet."""
    keys_refused: bool = False
    """Exact said so to a request for tokens, and no others were entered since."""
    proven_beside_newest: bool = False
    """The newest secret waits beside an older one, for which Exact gave tokens: that one is in use, and opens."""


def lint(app: AppFacts) -> tuple[Finding, ...]:
    """Return every finding, errors first, in the order of the form."""
    found = [*_region(app), *_name(app), *_keys(app), *_redirect(app), *_tested(app), *_circumstances(app)]
    return tuple(sorted(found, key=lambda finding: list(Severity).index(finding.severity)))


def errors(app: AppFacts) -> tuple[str, ...]:
    """Return in words what keeps the app from being enabled."""
    return tuple(finding.text for finding in lint(app) if finding.severity is Severity.ERROR)


def linking(app: AppFacts, *, for_customer: bool, tried_because: str = "") -> tuple[Finding, ...]:
    """Return what Exact would refuse when somebody connects, before they meet it; ``rules.gate`` has its part in it."""
    found = [finding for finding in lint(app) if finding.severity is Severity.ERROR]
    passing = gate.Passing(app.is_testing, app.permission, for_customer, app.permission_since, tried_because)
    testing = ("kind.testing_for_customer", Field.KIND)
    code, field = testing if app.is_testing else (NEEDED, Field.PERMISSION)
    return (*found, *(Finding(code, Severity.ERROR, reason, field) for reason in gate.why_not(passing)))


# --- Region and name -------------------------------------------------------------------------------------------

COMMON_WORDS: Final = frozenset(
    ("bv", "b.v.", "nv", "n.v.", "ltd", "limited", "plc", "llp", "gmbh", "group", "holding", "the", "de", "het")
)
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)*\.?")


def telling_words(text: str) -> set[str]:
    """Return the words of a name that tell one organization from another, in lower case."""
    words = {word for word in _WORD.findall(text.casefold()) if word not in COMMON_WORDS}
    return {word.rstrip(".") for word in words} - COMMON_WORDS


def _region(app: AppFacts) -> Iterator[Finding]:
    if app.host_of:
        yield Finding(
            "region.other_host",
            Severity.ERROR,
            f"It is an app of {app.region_title}, made for the address of {app.host_of}. An app of one country is "
            "unknown in every other: set it up anew in the right one.",
            Field.REGION,
        )


def _name(app: AppFacts) -> Iterator[Finding]:
    if not app.organization:
        yield Finding(
            "organization.unnamed",
            Severity.NOTE,
            "The organization has no name here yet, so nobody can tell whether the App name identifies it. "
            "An administrator fills it in under Portal, Organization.",
            Field.NAME,
        )
    telling = telling_words(app.organization)
    if telling and not telling & telling_words(app.name):
        yield Finding(
            "name.not_ours",
            Severity.WARNING,
            f"The App name “{app.name}” does not name {app.organization}; customers see it while they connect, and "
            "Exact asks that it clearly identifies the organization.",
            Field.NAME,
        )
    if app.name.casefold() in {name.casefold() for name in app.names_of_others}:
        yield Finding(
            "name.twice",
            Severity.WARNING,
            f"Another app of {app.region_title} has the same name; nobody can tell the two apart.",
            Field.NAME,
        )


# --- Keys -----------------------------------------------------------------------------------------------------


def _keys(app: AppFacts) -> Iterator[Finding]:
    if not app.client_id:
        text = "The Client ID is missing. Copy it from Exact and save it here."
        yield Finding("client_id.missing", Severity.ERROR, text, Field.CLIENT_ID)
    if not app.has_secret:
        text = "The Client secret is missing. Copy it from Exact and save it here."
        yield Finding("client_secret.missing", Severity.ERROR, text, Field.CLIENT_SECRET)
    elif not app.secret_opens:
        yield Finding(
            "client_secret.closed",
            Severity.ERROR,
            "The stored Client secret cannot be opened with the present keys. Enter it again, or bring back the key.",
            Field.CLIENT_SECRET,
        )
    if app.secret_is_client_id:
        text = "The stored Client secret is the Client ID. The secret stands below it at Exact: press Show there."
        yield Finding("client_secret.is_client_id", Severity.ERROR, text, Field.CLIENT_SECRET)
    if app.secret_is_of:
        yield Finding(
            "client_secret.shared",
            Severity.WARNING,
            f"The app “{app.secret_is_of}” has the same Client secret. Each app has its own: one of the two was "
            "copied from the wrong page.",
            Field.CLIENT_SECRET,
        )


# --- Redirect URL ---------------------------------------------------------------------------------------------


def _redirect(app: AppFacts) -> Iterator[Finding]:
    # On practice, http on this machine is how it works; at Exact nobody could ever come back to it.
    severity = Severity.NOTE if app.is_practice else Severity.ERROR
    practice = " In practice that works; at Exact it is useless." if app.is_practice else ""
    if not app.redirect_uri.startswith("https://"):
        text = f"The Redirect URL is not https, which Exact asks for.{practice}"
        yield Finding("redirect.not_https", severity, text, Field.REDIRECT_URI)
    if not redirects.is_public(app.redirect_uri):
        text = f"The Redirect URL leads to a machine that only this network knows.{practice}"
        yield Finding("redirect.not_public", severity, text, Field.REDIRECT_URI)
    if app.redirect_uri != app.our_redirect_uri and _path(app.redirect_uri) == _path(app.our_redirect_uri):
        yield Finding(
            MOVED,
            Severity.WARNING,
            f"The portal has another address now. Change the Redirect URL here and at Exact: {app.our_redirect_uri}",
            Field.REDIRECT_URI,
        )
    yield from _registered(app)


def _path(url: str) -> str:
    return urlsplit(url).path


def _registered(app: AppFacts) -> Iterator[Finding]:
    if not app.registered_redirect_uri:
        text = "Nobody wrote down which Redirect URL was entered at Exact. Paste it here, to have it compared."
        yield Finding("redirect.not_recorded", Severity.NOTE, text, Field.REGISTERED_REDIRECT_URI)
    elif app.registered_redirect_uri != app.redirect_uri:
        yield Finding(
            "redirect.differs",
            Severity.NOTE if app.is_practice else Severity.ERROR,
            "The Redirect URL at Exact is not the one that the portal sends; Exact compares them letter by letter. "
            "Enter the portal's at Exact.",
            Field.REGISTERED_REDIRECT_URI,
        )


# --- What Exact said, and what surrounds the app --------------------------------------------------------------


def _tested(app: AppFacts) -> Iterator[Finding]:
    if app.keys_refused:
        text = (
            "Exact refuses these keys (invalid_client), so its connections stand still as they are. Enter the "
            "Client secret that Exact shows; until then Exact is asked once an hour."
        )
        yield Finding("keys.refused", Severity.ERROR, text, Field.CLIENT_SECRET)
    match app.keys_tested:
        case Verdict.UNKNOWN_CLIENT:
            yield Finding(
                "client_id.unknown",
                Severity.ERROR,
                f"{app.region_title} does not know this Client ID. Either it was copied wrongly, or the app is "
                "registered in another country: an app of one country is unknown in every other.",
                Field.CLIENT_ID,
            )
        case Verdict.REDIRECT_REFUSED:
            # Concluded from a page that is not made for it: a likely mistake, and no reason to keep an app disabled.
            text = "Exact seems to know the app, but not its Redirect URL. Enter the portal's there, letter by letter."
            yield Finding("redirect.refused", Severity.WARNING, text, Field.REDIRECT_URI)
        case Verdict.SECRET_REFUSED:
            yield _secret_refused(app)
        case Verdict.UNCLEAR:
            text = "Exact gave no clear answer when the keys were tested. Test them again later."
            yield Finding("keys.unclear", Severity.NOTE, text, Field.KEY_TEST)
        case None:
            if app.client_id and app.has_secret:
                text = "No test of these keys has an answer yet. A test asks Exact two questions and changes nothing."
                yield Finding("keys.untested", Severity.NOTE, text, Field.KEY_TEST)


def _secret_refused(app: AppFacts) -> Finding:
    if app.proven_beside_newest:  # the test asked about the newest one, by which nothing lives yet
        return Finding(
            "client_secret.refused",
            Severity.WARNING,
            "Exact does not accept the newest Client secret; the older one, for which Exact gave tokens, stays in use. "
            "Press Show at Exact, copy the secret again, and save it here.",
            Field.CLIENT_SECRET,
        )
    text = "Exact does not accept this Client secret. Press Show at Exact, copy it again, and save it here."
    return Finding("client_secret.refused", Severity.ERROR, text, Field.CLIENT_SECRET)


def _circumstances(app: AppFacts) -> Iterator[Finding]:
    if app.is_testing and app.outside_customers:
        yield Finding(
            "kind.testing_with_customers",
            Severity.WARNING,
            "A testing app works for your own Exact subscription only, yet customers are connected through it. "
            "Register a product app for them.",
            Field.KIND,
        )
    if gate.waits(is_testing=app.is_testing, permission=app.permission):
        yield _without_permission(app)
    if app.caretakers == 1:
        yield Finding(
            "caretakers.one",
            Severity.WARNING,
            "One colleague only can sign in to Manage my apps. When that person leaves, nobody can reach the app.",
            Field.CARETAKERS,
        )


def _without_permission(app: AppFacts) -> Finding:
    if number := app.connected_unpermitted:
        whose = "A company of a customer was" if number == 1 else f"{number} companies of customers were"
        text = f"{whose} connected although no permission is recorded: Exact has granted it, it seems. Record it."
        return Finding("permission.not_recorded", Severity.WARNING, text, Field.PERMISSION)
    text = f"{gate.stage(app.permission, app.permission_since)} {gate.ONLY_OURS}"
    return Finding("permission.not_granted", Severity.NOTE, text, Field.PERMISSION)
