"""Set up as a journey: which steps there are, which are done, which comes next, and which still have to wait.

Nothing is remembered but the app itself. Whoever left it in the middle goes on where the app says that something is
missing, and any step can be visited again at any time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from integrations.exact.key_test import Verdict
from integrations.rules.lint import MOVED, AppFacts, Field, Severity, lint
from integrations.rules.workflow import PermissionState


class Step(StrEnum):
    """A step, as it stands in addresses."""

    BEFORE = "before-you-start"
    NAME = "kind-and-name"
    AS_IT_STOOD = "as-it-stood"
    REGISTER = "register"
    KEYS = "keys"
    TEST = "test-keys"
    ENABLE = "enable"


TITLES: Final = {
    Step.BEFORE: "Before you start",
    Step.NAME: "Kind and name",
    Step.AS_IT_STOOD: "As it stood",
    Step.REGISTER: "Register at Exact",
    Step.KEYS: "Keys",
    Step.TEST: "Test keys",
    Step.ENABLE: "Enable now or later",
}
TITLE_OF_REGISTERED: Final = "Redirect URL at Exact"
"""What *Register at Exact* is called for an app that Exact has already."""
NEEDS_AN_ADDRESS: Final = frozenset({"redirect.not_https", "redirect.not_public"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule looks at."""

    exists: bool = False
    """It is here, with a kind and a name."""
    existed_before: bool = False
    """Exact had it before it was added here."""
    stood_recorded: bool = False
    """How it stood at Exact then was written down."""
    address_accepted: bool = True
    """Exact would take its Redirect URL; without one it would be in vain to enter keys."""
    registered: bool = False
    """What was entered at Exact is written down, and is what the portal sends."""
    has_keys: bool = False
    tested: Verdict | None = None
    """What Exact said of the present keys; None where they were never tested."""
    enabled: bool = False


def facts_of(app: AppFacts, *, existed_before: bool, enabled: bool) -> Facts:
    """Return what the journey asks of an app that is here."""
    errors = {finding.code for finding in lint(app) if finding.severity is Severity.ERROR}
    accepted = not errors & NEEDS_AN_ADDRESS
    return Facts(
        exists=True,
        existed_before=existed_before,
        stood_recorded=app.has_approval or app.permission is not PermissionState.NONE,
        address_accepted=accepted,
        registered=accepted and app.registered_redirect_uri == app.redirect_uri and not has_moved(app),
        has_keys=bool(app.client_id) and app.has_secret and app.secret_opens,
        tested=app.keys_tested,
        enabled=enabled,
    )


def has_moved(app: AppFacts) -> bool:
    """Tell whether the Redirect URL is the one that the portal had under an earlier address."""
    return any(finding.code == MOVED for finding in lint(app))


def steps(facts: Facts) -> tuple[Step, ...]:
    """Return the steps in their order; *As it stood* only where Exact had the app before."""
    return tuple(step for step in Step if step is not Step.AS_IT_STOOD or facts.existed_before)


def title(step: Step, facts: Facts) -> str:
    return TITLE_OF_REGISTERED if step is Step.REGISTER and facts.existed_before else TITLES[step]


# --- Done, and next -------------------------------------------------------------------------------------------


def is_done(step: Step, facts: Facts) -> bool:
    return facts.exists and _DONE[step](facts)


_UNCERTAIN: Final = frozenset({Verdict.UNCLEAR, Verdict.REDIRECT_REFUSED})
_DONE: Final[dict[Step, Callable[[Facts], bool]]] = {
    Step.BEFORE: lambda facts: True,
    Step.NAME: lambda facts: True,
    # An app may have stood at Exact with nothing granted: then what follows shows that it was passed.
    Step.AS_IT_STOOD: lambda facts: facts.stood_recorded or facts.registered or facts.has_keys,
    Step.REGISTER: lambda facts: facts.registered,
    Step.KEYS: lambda facts: facts.has_keys,
    # What is not certain holds nobody up: enabling it all the same is what shows that it was passed over.
    Step.TEST: lambda facts: (
        facts.has_keys and (facts.tested is Verdict.ACCEPTED or (facts.tested in _UNCERTAIN and facts.enabled))
    ),
    Step.ENABLE: lambda facts: facts.enabled,
}


def next_step(facts: Facts) -> Step:
    """Return where the journey goes on: the first step that is not done; of an enabled app the last."""
    if facts.enabled:
        return Step.ENABLE
    return next(step for step in steps(facts) if not is_done(step, facts))


def why_not_yet(step: Step, facts: Facts) -> tuple[str, ...]:
    """Return why a step would make no sense now; an empty tuple where it can be visited."""
    if step in {Step.BEFORE, Step.NAME}:
        return ()
    if not facts.exists:
        return ("First give the app its kind and its name.",)
    if step is Step.KEYS and not facts.address_accepted:
        return ("Exact would not accept the app's Redirect URL. Give it an address that Exact accepts first.",)
    if step is Step.TEST and not facts.has_keys:
        return ("Enter both keys first: without them there is nothing to test.",)
    return ()


def nearest(step: Step, facts: Facts) -> Step:
    """Return the step itself where it can be visited, otherwise the one that has to come first."""
    while why_not_yet(step, facts):
        step = _NEEDS.get(step, Step.NAME) if facts.exists else Step.NAME
    return step


_NEEDS: Final = {Step.KEYS: Step.REGISTER, Step.TEST: Step.KEYS}


def mended_at(field: Field, facts: Facts) -> Step | None:
    """Return the step at which a finding about the app is mended; None where the journey has none."""
    return Step.AS_IT_STOOD if field is Field.PERMISSION and facts.existed_before else _MENDED_AT.get(field)


_MENDED_AT: Final = {
    Field.NAME: Step.NAME,
    Field.KIND: Step.NAME,
    Field.REDIRECT_URI: Step.REGISTER,
    Field.REGISTERED_REDIRECT_URI: Step.REGISTER,
    Field.CARETAKERS: Step.REGISTER,
    Field.CLIENT_ID: Step.KEYS,
    Field.CLIENT_SECRET: Step.KEYS,
    Field.KEY_TEST: Step.TEST,
}


# --- The list beside each step --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """One step in the list that stands beside all of them."""

    step: Step
    title: str
    number: int
    current: bool
    done: bool
    reachable: bool


def places(facts: Facts, current: Step) -> tuple[Place, ...]:
    """Return the steps as the list shows them to somebody who is at one of them."""
    order = steps(facts)
    return tuple(
        Place(
            step=step,
            title=title(step, facts),
            number=number,
            current=step is current,
            # Of an app that is not here yet nothing is done; what one has read, one has read.
            done=is_done(step, facts) or (step is Step.BEFORE and current is not Step.BEFORE),
            reachable=not why_not_yet(step, facts),
        )
        for number, step in enumerate(order, start=1)
    )


def before(step: Step, facts: Facts) -> Step | None:
    """Return the step before, for *Back*; None before the first."""
    order = steps(facts)
    place = order.index(step)
    return order[place - 1] if place else None


def after(step: Step, facts: Facts) -> Step:
    """Return the step after; the last one stays."""
    order = steps(facts)
    return order[min(order.index(step) + 1, len(order) - 1)]
